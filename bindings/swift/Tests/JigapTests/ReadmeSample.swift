import Foundation
import Jigap

/// The sample of the project's README, as it stands there. `ReadmeTests` runs it.
enum ReadmeSample {
    // readme:begin
    static func pay(_ scanned: String, with wallet: Wallet, key: PinKey, pin: String) async throws -> Receipt? {
        guard case .payable(let network, _) = try wallet.read(scanned) else { return nil }
        let consent = try await wallet.consentRequest(for: network, locale: "ko-KR")
        if !consent.granted { try await ask(consent, wallet) }  // show it, keep the user's answer
        let preview = try await wallet.prepare(Checkout(code: scanned))  // terms that do not change any more
        print(preview.merchant.name, preview.amount, preview.home)  // Kuromon Takoyaki JPY 1,280 KRW 11,678
        let proof = try await key.prove(preview, pin: pin)  // or Face ID over preview.challenge
        let payment = try await wallet.pay(preview, proof: proof)  // on disk; cancelling loses nothing
        return try await wallet.settled(payment.id).status.receipt
    }
    // readme:end

    static func ask(_ request: ConsentRequest, _ wallet: Wallet) async throws {
        let shown = ConsentPresentation(fontPoints: 14, scrolledToEnd: true, dwell: .seconds(5))
        try await wallet.answer(request, agreed: true, shown: shown)
    }
}
