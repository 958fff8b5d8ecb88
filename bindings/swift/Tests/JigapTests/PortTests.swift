import Foundation
import Testing

@testable import Jigap

/// A key store written in Swift: a file vault that can be told to refuse.
private final class MoodyVault: Vault, @unchecked Sendable {
    private let vault: FileVault
    private let lock = NSLock()
    private var mood: VaultFailure?
    private var asked = 0

    init(_ folder: Folder) throws { vault = try FileVault(folder: folder.url.appending(path: "vault")) }

    func become(_ mood: VaultFailure?) { lock.withLock { self.mood = mood } }
    var calls: Int { lock.withLock { asked } }

    func wrap(_ key: Data) throws(VaultFailure) -> Data { try willing().wrap(key) }
    func unwrap(_ wrapped: Data) throws(VaultFailure) -> Data { try willing().unwrap(wrapped) }
    func deviceKey() throws(VaultFailure) -> Data { try willing().deviceKey() }
    func sign(_ data: Data) throws(VaultFailure) -> Data { try willing().sign(data) }

    private func willing() throws(VaultFailure) -> FileVault {
        let mood = lock.withLock {
            asked += 1
            return self.mood
        }
        if let mood { throw mood }
        return vault
    }
}

/// No network at all.
private struct Offline: Transport {
    let failure: TransportFailure
    func send(_ request: GatewayRequest) throws(TransportFailure) -> GatewayResponse { throw failure }
}

/// An HTTP client that answers nonsense.
private struct Nonsense: Transport {
    func send(_ request: GatewayRequest) throws(TransportFailure) -> GatewayResponse {
        GatewayResponse(status: 200, serverMilliseconds: 1, body: Data(request.method.utf8))
    }
}

extension Tests {
    /// What the app brings: its key store and its HTTP client.
    @Suite struct Ports {
        @Test(arguments: [
            (VaultFailure.refused, JigapError.Code.vaultRefused, false), (.unavailable, .vaultUnavailable, true),
            (.keyLost, .vaultKeyLost, false),
        ])
        func aVaultThatRefusesIsAnErrorAndNothingIsLost(
            mood: VaultFailure, code: JigapError.Code, retryable: Bool
        ) async throws {
            let (sandbox, folder) = (try Sandbox(), try Folder())
            let vault = try MoodyVault(folder)
            func open() async throws -> Wallet {
                try await Wallet.open(
                    folder: folder.url.appending(path: "wallet"), trust: sandbox.trust, vault: vault,
                    gateway: sandbox.gateway)
            }
            vault.become(mood)
            let refused = await error { try await open() }
            #expect(refused?.code == code && refused?.retryable == retryable)

            vault.become(nil)
            let wallet = try await open()
            let user = try await PinKey(file: folder.url.appending(path: "pin")).create(pin: Phone.pin)
            try await wallet.enrol(userToken: "demo", userKey: user)
            let request = try await wallet.consentRequest(for: "unionpay", locale: "en")
            #expect(vault.calls > 1)

            // A consent is signed by the device: without the key store there is none.
            vault.become(mood)
            let unsigned = await error { try await wallet.answer(request, agreed: true, shown: Phone.shown) }
            #expect(unsigned?.code == code)
            vault.become(nil)
            #expect(try wallet.networks.first { $0.network == "unionpay" }?.consented == false)
            try await wallet.answer(request, agreed: true, shown: Phone.shown)
            #expect(try wallet.networks.first { $0.network == "unionpay" }?.consented == true)
        }

        @Test func whatAnHttpClientOfTheAppSaysIsBelieved() async throws {
            let (sandbox, folder) = (try Sandbox(), try Folder())
            let user = try await PinKey(file: folder.url.appending(path: "pin")).create(pin: Phone.pin)
            func enrolling(_ transport: some Transport) async throws -> JigapError.Code? {
                let wallet = try await Wallet.open(
                    folder: folder.url.appending(path: "wallet"), trust: sandbox.trust,
                    vault: try FileVault(folder: folder.url), transport: transport)
                return await error { try await wallet.enrol(userToken: "demo", userKey: user) }?.code
            }
            #expect(try await enrolling(Offline(failure: .unreachable)) == .gatewayUnreachable)
            #expect(try await enrolling(Offline(failure: .untrusted)) == .gatewayUntrusted)
            #expect(try await enrolling(Nonsense()) == .gatewayAnswer)
        }

        @Test func aWalletOpensWithGoodKeysOnly() async throws {
            let (sandbox, folder) = (try Sandbox(), try Folder())
            let opened = await error {
                try await Wallet.open(
                    folder: folder.url, trust: Trust(configKey: Data([4, 1, 2]), controllerKey: Data()),
                    vault: try FileVault(folder: folder.url), gateway: sandbox.gateway)
            }
            #expect(opened?.code == .argumentInvalid && opened?.next == .fixCaller)
        }

        @Test func durationsAreWholeMillisecondsThatRustCanCount() {
            #expect(Duration.seconds(2).milliseconds == 2_000)
            #expect(Duration.microseconds(1_999).milliseconds == 1)
            #expect(Duration.zero.milliseconds == 0)
            #expect(Duration.milliseconds(-1).milliseconds == 0)
            #expect(Duration.seconds(-5).milliseconds == 0)
            #expect(Duration.seconds(Int64.max).milliseconds == .max)
            #expect(Date(milliseconds: 1_500).timeIntervalSince1970 == 1.5)
        }
    }
}
