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

            silent(shown)
            silent(shown.qr)
            silent(payment)
            silent(payment.status)
            silent(payment.merchant as Any)
            silent(payment.status.receipt as Any)
            silent(result)
            silent([preview])
            silent(proof)
            silent(reading)
            silent(Checkout(code: order))
            silent(["key": shown])
            silent(GatewayRequest(method: "GET", path: "/v1/payments/1", headers: ["a": "1"], body: Data([1])))
        }

        private func silent(_ value: Any, sourceLocation: SourceLocation = #_sourceLocation) {
            var dumped = ""
            dump(value, to: &dumped)
            // `dump` numbers the elements it shows; those are its own.
            dumped.replace("1 element", with: "")
            dumped.replace("1 key/value pair", with: "")
            for text in [String(describing: value), String(reflecting: value), "\(value)", dumped] {
                let digits = text.filter(\.isNumber)
                #expect(digits.isEmpty, sourceLocation: sourceLocation)
                for name in ["Tea House", "Kuromon", "JPY", "KRW", "Osaka"] {
                    #expect(!text.contains(name), sourceLocation: sourceLocation)
                }
            }
        }
    }
}
