import Foundation
internal import JigapFFI

/// The user's signing key behind a PIN, in a file: for hosts whose platform has no user-authenticated key.
///
/// On a phone use a Secure Enclave key with an access control instead, and make the ``Proof`` from its signature.
/// Wrong tries are counted on disk before they are made; too many in a row lock the key.
public final class PinKey: Sendable {
    private let core: JigapFFI.CorePinKey

    /// The key kept in this file; ``create(pin:)`` makes it.
    public init(file: URL) throws(JigapError) {
        core = try calling { try JigapFFI.CorePinKey(path: file.path(percentEncoded: false)) }
    }

    /// Makes a new key and gives its public half. One that was there before is replaced.
    ///
    /// - Parameter pin: six to twelve ASCII digits.
    /// - Throws: ``JigapError/Code/pinFormat``, ``JigapError/Code/vaultUnavailable``; `CancellationError`.
    @discardableResult
    public func create(pin: String) async throws -> Data {
        let core = core
        return try await abandonable { try await core.create(pin: Data(pin.utf8)) }
    }

    /// The public half: 65 bytes, uncompressed.
    ///
    /// - Throws: ``JigapError/Code/vaultUnavailable`` when there is no key yet.
    public func publicKey() throws(JigapError) -> Data {
        try calling { try core.publicKey() }
    }

    /// The user's agreement to a preview, if the PIN is right.
    ///
    /// - Throws: ``JigapError/Code/pinWrong``, ``JigapError/Code/pinLocked``, ``JigapError/Code/pinFormat``; `CancellationError`.
    public func prove(_ preview: Preview, pin: String) async throws -> Proof {
        let core = core
        return try await abandonable {
            Proof(method: .pin, signature: try await core.sign(pin: Data(pin.utf8), challenge: preview.challenge))
        }
    }
}
