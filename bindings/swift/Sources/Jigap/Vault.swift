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
    /// Keeps these bytes, at most 64 and not secret, in place of the ones before, where no backup of the wallet's folder reaches: they
    /// show an older copy of the database. A key store without such a place does nothing; then the gateway alone notices.
    func keepWitness(_ witness: Data) throws(VaultFailure)
    /// What ``keepWitness(_:)`` kept last, or `nil`.
    func witness() throws(VaultFailure) -> Data?
    /// Whether what ``wrap(_:)`` made should be made anew, because the key store's own key was replaced. The old wrapping must still open.
    func isStale(_ wrapped: Data) throws(VaultFailure) -> Bool
}

extension Vault {
    public func keepWitness(_ witness: Data) throws(VaultFailure) {}
    public func witness() throws(VaultFailure) -> Data? { nil }
    public func isStale(_ wrapped: Data) throws(VaultFailure) -> Bool { false }
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
    public func keepWitness(_ witness: Data) throws(VaultFailure) {
        try asking { try port.keepWitness(witness: witness) }
    }
    public func witness() throws(VaultFailure) -> Data? { try asking { try port.witness() } }
    public func isStale(_ wrapped: Data) throws(VaultFailure) -> Bool {
        try asking { try port.isStale(wrapped: wrapped) }
    }

    private func asking<T>(_ call: () throws -> T) throws(VaultFailure) -> T {
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
    func keepWitness(witness: Data) throws {
        try asking { () throws(VaultFailure) in try vault.keepWitness(witness) }
    }
    func witness() throws -> Data? { try asking { () throws(VaultFailure) in try vault.witness() } }
    func isStale(wrapped: Data) throws -> Bool {
        try asking { () throws(VaultFailure) in try vault.isStale(wrapped) }
    }

    private func asking<T>(_ call: () throws(VaultFailure) -> T) throws(JigapFFI.VaultFailure) -> T {
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
