import Foundation
import Testing

@testable import Jigap

/// A wallet in an empty folder, and the user in front of it.
struct Phone {
    static let pin = "135790"

    let sandbox: Sandbox
    let folder: Folder
    let wallet: Wallet
    let key: PinKey

    /// An enrolled wallet, with its user's consent to these networks.
    static func enrolled(_ networks: Network...) async throws -> Phone {
        let sandbox = try Sandbox()
        let folder = try Folder()
        let wallet = try await open(sandbox, folder)
        let key = try PinKey(file: folder.url.appending(path: "pin"))
        try await wallet.enrol(userToken: "demo", userKey: try await key.create(pin: pin))
        let phone = Phone(sandbox: sandbox, folder: folder, wallet: wallet, key: key)
        for network in networks { try await phone.agree(network) }
        return phone
    }

    static func open(_ sandbox: Sandbox, _ folder: Folder) async throws -> Wallet {
        try await Wallet.open(
            folder: folder.url.appending(path: "wallet"), trust: sandbox.trust,
            vault: try FileVault(folder: folder.url.appending(path: "vault")), gateway: sandbox.gateway)
    }

    static let shown = ConsentPresentation(fontPoints: 14, scrolledToEnd: true, dwell: .seconds(5))

    func agree(_ network: Network) async throws {
        let request = try await wallet.consentRequest(for: network, locale: "ko-KR")
        try await wallet.answer(request, agreed: true, shown: Self.shown)
    }

    /// The terms for an order of the shop in Osaka.
    func preview(amount: String = "1280") async throws -> Preview {
        let code = try await sandbox.code(shop: "kuromon", network: "alipayplus", amount: amount)
        return try await wallet.prepare(Checkout(code: code))
    }

    func prove(_ preview: Preview) async throws -> Proof { try await key.prove(preview, pin: Self.pin) }
}

/// The error that a call has to end with.
func error(
    of call: () async throws -> some Any, sourceLocation: SourceLocation = #_sourceLocation
) async -> JigapError? {
    do {
        _ = try await call()
        Issue.record("succeeded, but had to fail", sourceLocation: sourceLocation)
    } catch let error as JigapError {
        return error
    } catch {
        Issue.record("failed with \(type(of: error)), which is no JigapError", sourceLocation: sourceLocation)
    }
    return nil
}

/// All tests run one after another: each has a server of its own, and some look at how long a call takes.
@Suite(.serialized, .timeLimit(.minutes(2))) enum Tests {}
