import Foundation
internal import JigapFFI

/// The silent operations of the phone's key store: Keychain and Secure Enclave. Nothing here may ask the user.
///
/// The wallet calls these from threads of its own; they may take their time. An error other than ``VaultFailure`` cannot be thrown.
public protocol Vault: Sendable {
    /// Encrypts a key with one that never leaves the key store.
    func wrap(_ key: Data) throws(VaultFailure) -> Data
    /// Decrypts what ``wrap(_:)`` made.
    func unwrap(_ wrapped: Data) throws(VaultFailure) -> Data
    /// The device's P-256 public key: 65 bytes, uncompressed. The key is made at the first call.
    func deviceKey() throws(VaultFailure) -> Data
    /// Signs as the device: ECDSA P-256 with SHA-256, ASN.1 DER.
    func sign(_ data: Data) throws(VaultFailure) -> Data
}

/// Why a key store did not do what it was asked.
public enum VaultFailure: Error, Sendable, Hashable {
    /// Not now: the phone is locked, the secure element is busy.
    case unavailable
    /// No: not allowed.
    case refused
    /// Never again: the key is gone.
    case keyLost
}

/// A vault in a folder, for hosts without a key store: terminals, servers, tests. Never for a phone.
public struct FileVault: Vault {
    fileprivate let port: any JigapFFI.VaultPort

    /// The vault in this folder; both are made when they are not there.
    ///
    /// - Throws: ``JigapError/Code/vaultUnavailable`` when the folder cannot be used.
    public init(folder: URL) throws(JigapError) {
        port = try calling { try JigapFFI.fileVault(folder: folder.path(percentEncoded: false)) }
    }

    public func wrap(_ key: Data) throws(VaultFailure) -> Data { try asking { try port.wrap(key: key) } }
    public func unwrap(_ wrapped: Data) throws(VaultFailure) -> Data {
        try asking { try port.unwrap(wrapped: wrapped) }
    }
    public func deviceKey() throws(VaultFailure) -> Data { try asking { try port.deviceKey() } }
    public func sign(_ data: Data) throws(VaultFailure) -> Data { try asking { try port.sign(data: data) } }

    private func asking(_ call: () throws -> Data) throws(VaultFailure) -> Data {
        do { return try call() } catch {
            switch error as? JigapFFI.VaultFailure {
            case .Refused: throw .refused
            case .KeyLost: throw .keyLost
            case .Unavailable, nil: throw .unavailable
            }
        }
    }
}

/// A vault of the app's own, as Rust calls it.
private final class HostVault: JigapFFI.VaultPort {
    private let vault: any Vault

    init(_ vault: any Vault) { self.vault = vault }

    func wrap(key: Data) throws -> Data { try asking { () throws(VaultFailure) in try vault.wrap(key) } }
    func unwrap(wrapped: Data) throws -> Data {
        try asking { () throws(VaultFailure) in try vault.unwrap(wrapped) }
    }
    func deviceKey() throws -> Data { try asking { () throws(VaultFailure) in try vault.deviceKey() } }
    func sign(data: Data) throws -> Data { try asking { () throws(VaultFailure) in try vault.sign(data) } }

    private func asking(_ call: () throws(VaultFailure) -> Data) throws(JigapFFI.VaultFailure) -> Data {
        do { return try call() } catch {
            switch error {
            case .unavailable: throw .Unavailable
            case .refused: throw .Refused
            case .keyLost: throw .KeyLost
            }
        }
    }
}

/// The file vault goes back to Rust as it came; another one is called from there.
func port(of vault: some Vault) -> any JigapFFI.VaultPort {
    (vault as? FileVault)?.port ?? HostVault(vault)
}
