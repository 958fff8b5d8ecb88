import Foundation
import Testing

@testable import Jigap

extension Tests {
    @Suite struct Readme {
        @Test func theSamplePays() async throws {
            let phone = try await Phone.enrolled()
            let code = try await phone.sandbox.code(shop: "kuromon", network: "alipayplus", amount: "1280")
            let receipt = try await ReadmeSample.pay(code, with: phone.wallet, key: phone.key, pin: Phone.pin)
            #expect(receipt?.reference.isEmpty == false)
            #expect(try await phone.sandbox.charges().count == 1)
            #expect(try await ReadmeSample.pay("hello", with: phone.wallet, key: phone.key, pin: Phone.pin) == nil)
        }
    }
}
