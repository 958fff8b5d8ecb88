import Foundation
import Testing

@testable import Jigap

extension Tests {
    /// What is printed by accident says nothing.
    @Suite struct Redaction {
        @Test func nothingOfAUserIsPrinted() async throws {
            let phone = try await Phone.enrolled("alipayplus", "unionpay")
            let wallet = phone.wallet
            let shown = try await wallet.show("unionpay", region: "CN")
            _ = try await phone.sandbox.ask(
                "POST", "/admin/scan", .object(["digits": .text(shown.digits), "amount": .text("28.50")]))
            let result = try await wallet.result(of: shown.id)
            guard case .used(let payment) = result else {
                Issue.record("the shown code was not used")
                return
            }
            let order = try await phone.sandbox.code(shop: "kuromon", network: "unionpay", amount: "1280")
            let reading = try wallet.read(order)
            let preview = try await wallet.prepare(Checkout(code: order, network: "unionpay"))
            let proof = try await phone.prove(preview)

            // Each would be worth printing.
            #expect(shown.digits.count == 19 && shown.qr.pixels.count > 100)
            #expect(payment.merchant?.name == "West Lake Tea House" && payment.status.receipt != nil)
            #expect(preview.merchant.name == "Kuromon Takoyaki" && !preview.challenge.isEmpty)
            #expect(reading.facts.currency == "JPY")

            var secrets = [shown.digits, shown.masked, String(shown.digits.suffix(4)), order, "28.50", "2850", "1280"]
            secrets += ["Tea House", "Kuromon", "Osaka", "JPY", "KRW", try #require(payment.status.receipt).reference]
            let (merchant, receipt) = (payment.merchant as Any, payment.status.receipt as Any)
            let values: [Any] = [
                shown, shown.qr, payment, payment.status, merchant, receipt, result, [preview], proof, reading,
                Checkout(code: order), ["key": shown],
                GatewayRequest(method: "GET", path: "/v1/payments/1", headers: ["a": "1"], body: Data([1])),
            ]
            for value in values {
                for text in [String(describing: value), String(reflecting: value), "\(value)"] {
                    let digits = text.filter(\.isNumber)
                    #expect(digits.isEmpty, "\(text)")
                    #expect(!secrets.contains(where: text.contains), "\(text)")
                }
                // `dump` counts and numbers what it shows, so digits alone mean nothing here.
                var dumped = ""
                dump(value, to: &dumped)
                #expect(!secrets.contains(where: dumped.contains), "\(dumped)")
            }
            var dumped = ""
            dump(shown, to: &dumped)
            #expect(dumped == "- ShownCode(…)\n")
        }
    }
}
