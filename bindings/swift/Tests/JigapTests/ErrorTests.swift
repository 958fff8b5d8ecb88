import Foundation
import Testing

@testable import Jigap

extension Tests {
    @Suite struct Errors {
        @Test func eachBadDayHasItsError() async throws {
            let phone = try await Phone.enrolled("unionpay")
            let (wallet, sandbox) = (phone.wallet, phone.sandbox)
            let order = try await sandbox.code(shop: "kuromon", network: "unionpay", amount: "1280")
            let preview = try await wallet.prepare(Checkout(code: order))

            let wrongPin = await error { try await phone.key.prove(preview, pin: "097531") }
            #expect(wrongPin?.code == .pinWrong && wrongPin?.next == .authenticate)
            let empty = try PinKey(file: phone.folder.url.appending(path: "other"))
            #expect(await error { try await empty.create(pin: "12345") }?.code == .pinFormat)

            let other = try await wallet.prepare(Checkout(code: order))
            let misplaced = await error { try await wallet.pay(preview, proof: try await phone.prove(other)) }
            #expect(misplaced?.code == .proofInvalid && misplaced?.retryable == false)

            let unknown = await error { try await wallet.consentRequest(for: "nowhere", locale: "en") }
            #expect(unknown?.code == .networkUnknown && unknown?.next == .chooseNetwork)
            let choice = Checkout(code: order, network: "nowhere")
            #expect(await error { try await wallet.prepare(choice) }?.code == .codeUnsupported)

            let damaged = String(order.dropLast()) + (order.last == "0" ? "1" : "0")
            guard case .malformed(let problem, _) = try wallet.read(damaged) else {
                Issue.record("a code with a bad CRC was read as \(try wallet.read(damaged))")
                return
            }
            #expect(problem.code == .codeMalformed && problem.next == .scanAgain && !problem.fields.isEmpty)
            #expect(await error { try await wallet.prepare(Checkout(code: damaged)) } == problem)

            // Two codes of PromptPay (dtinth/promptpay-qr, maythiwat/promptparse): a person's, and a shop's that no network of the
            // sandbox carries.
            let person = "00020101021129370016A000000677010111011300668012345675802TH530376463046197"
            guard case .notPayable(let kind, _) = try wallet.read(person) else {
                Issue.record("a person's code was read as \(try wallet.read(person))")
                return
            }
            #expect(kind.code == .codeNotPayable && kind["kind"] == "personal")
            let foreign =
                "00020101021230650016A00000067701011201150994000165501000212123456789012030667042953037645802TH54073649.2263044534"
            guard case .unsupported(let reason, _) = try wallet.read(foreign) else {
                Issue.record("a code of no network of ours was read as \(try wallet.read(foreign))")
                return
            }
            #expect(reason.code == .codeUnsupported)
            #expect(await error { try await wallet.prepare(Checkout(code: foreign)) }?.code == .codeUnsupported)

            let unasked = try await sandbox.code(shop: "kuromon", network: "alipayplus", amount: "1")
            let consent = await error { try await wallet.prepare(Checkout(code: unasked)) }
            #expect(consent?.code == .consentNeeded && consent?.next == .askConsent)
            #expect(consent?["network"] == "alipayplus" && consent?.fields.count == 1)
            #expect(await error { try await wallet.show("alipayplus", region: "JP") } == consent)

            #expect(await error { try wallet.payment("0123") }?.code == .argumentInvalid)
            #expect(await error { try wallet.payment(String(repeating: "0", count: 32)) }?.code == .paymentUnknown)
            #expect(try await sandbox.charges().isEmpty)
            #expect(try wallet.history().payments.isEmpty)
        }

        @Test func aDeclinedPaymentSaysWhy() async throws {
            let phone = try await Phone.enrolled("alipayplus")
            try await phone.sandbox.fault("set_balance", ["user": .text("demo"), "value": .number(10)])
            let preview = try await phone.preview()
            let begun = try await phone.wallet.pay(preview, proof: try await phone.prove(preview))
            let payment = try await phone.wallet.settled(begun.id)
            guard case .declined(let problem) = payment.status else {
                Issue.record("paid without money: \(payment.status)")
                return
            }
            #expect(problem.code == .balanceInsufficient && problem.next == .topUp)
            #expect(try await phone.sandbox.charges().isEmpty)
        }

        @Test func anAmountIsTypedWhereTheCodeLeavesItOpen() async throws {
            let phone = try await Phone.enrolled("unionpay")
            let wall = try await phone.sandbox.code(shop: "hefang", network: "unionpay")
            #expect(await error { try await phone.wallet.prepare(Checkout(code: wall)) }?.code == .amountNeeded)
            let currency = try #require(try phone.wallet.read(wall).facts.currency)
            #expect(await error { try Money(typed: "28,50", currency: currency) }?.code == .amountInvalid)
            #expect(await error { try Money(typed: "1", currency: "XYZ") }?.code == .currencyUnknown)
            let amount = try Money(typed: "28.5", currency: currency)
            #expect(amount == Money(currency: "CNY", minor: 2_850) && "\(amount)" == "CNY 28.50")
            let preview = try await phone.wallet.prepare(Checkout(code: wall, amount: amount))
            #expect(preview.amount == amount && preview.home.currency == "KRW")
            #expect(preview.expiresIn > .seconds(100) && preview.expires > .now)
        }

        @Test func aPanicInRustIsAnErrorAndTheWalletGoesOn() async throws {
            let phone = try await Phone.enrolled("alipayplus")
            let panic = await error { try phone.wallet.read("jigap:panic") }
            #expect(panic?.code == .internal && panic?.next == .contactSupport)
            #expect(panic.map { !"\($0)".contains("planted") } == true)

            let preview = try await phone.preview()
            let begun = try await phone.wallet.pay(preview, proof: try await phone.prove(preview))
            #expect(try await phone.wallet.settled(begun.id).status.receipt != nil)
            #expect(try await phone.sandbox.charges().count == 1)
        }

        @Test func aClosedWalletSaysSo() async throws {
            let phone = try await Phone.enrolled("alipayplus")
            let wallet = phone.wallet
            let preview = try await phone.preview()
            let proof = try await phone.prove(preview)
            try await phone.sandbox.fault("delay_ms", ["path": .text("/v1/payments"), "value": .number(1_500)])
            let begun = try await wallet.pay(preview, proof: proof)
            let waiting = Task { await error { try await wallet.settled(begun.id) } }
            try await Task.sleep(for: .milliseconds(200))

            wallet.close()
            wallet.close()
            #expect(await waiting.value?.code == .closed)
            #expect(await error { try wallet.enrolled }?.code == .closed)
            #expect(await error { try wallet.balance }?.code == .closed)
            #expect(await error { try wallet.read("") }?.code == .closed)
            #expect(await error { try wallet.history() }?.code == .closed)
            #expect(await error { try wallet.changes() }?.code == .closed)
            #expect(await error { try await wallet.refresh() }?.code == .closed)
            #expect(await error { try await wallet.pay(preview, proof: proof) }?.code == .closed)
            #expect(await error { try await wallet.settled(begun.id) }?.code == .closed)

            // What was owed is taken up by the next one.
            let next = try await Phone.open(phone.sandbox, phone.folder)
            #expect(try await next.settled(begun.id).status.receipt != nil)
            #expect(try await phone.sandbox.charges().count == 1)
        }

        @Test func aServerThatIsNotTheRightOneGetsNothing() async throws {
            let (sandbox, other, folder) = (try Sandbox(), try Sandbox(), try Folder())
            let wallet = try await Wallet.open(
                folder: folder.url, trust: sandbox.trust, vault: try FileVault(folder: folder.url),
                gateway: GatewayAddress(url: sandbox.gateway.url, roots: other.gateway.roots))
            let key = try await PinKey(file: folder.url.appending(path: "pin")).create(pin: Phone.pin)
            let untrusted = await error { try await wallet.enrol(userToken: "demo", userKey: key) }
            #expect(untrusted?.code == .gatewayUntrusted)
            #expect(try !wallet.enrolled)
            #expect(await error { try wallet.networks }?.code == .enrolmentNeeded)
        }

        /// Over and over, since it is a matter of microseconds whether the wallet writes to a connection that is closed. On Linux that
        /// raises SIGPIPE, which ended this process about one time in five.
        @Test func aServerThatGoesAwayIsAnErrorAndNotTheEnd() async throws {
            for count in 0..<8 {
                var sandbox: Sandbox? = try Sandbox()
                let folder = try Folder()
                let wallet = try await Phone.open(try #require(sandbox), folder)
                let user = try await PinKey(file: folder.url.appending(path: "pin")).create(pin: Phone.pin)
                try await wallet.enrol(userToken: "demo", userKey: user)
                let busy = (0..<count % 3).map { _ in Task { try? await wallet.refresh() } }
                sandbox = nil
                let gone = await error { try await wallet.refresh() }
                #expect(gone?.code == .gatewayUnreachable && gone?.retryable == true)
                for task in busy { await task.value }
            }
        }

        /// The names apps switch on are those of the Rust source, one for one.
        @Test func theCatalogueIsThatOfRust() throws {
            let source = URL(filePath: #filePath).appending(path: "../../../../../core/src/error.rs").standardized
            let rust = try String(contentsOf: source, encoding: .utf8)
            var names: [String: String] = [:]
            for row in rust.matches(of: /(?m)^    (\w+), "([A-Z_]+)", (?:true|false), \w+, ".*";$/) {
                names[String(row.1)] = String(row.2)
            }
            for row in rust.matches(of: /(?m)^            Self::(\w+) => "([a-z_]+)",$/) {
                names["next \(row.1)"] = String(row.2)
            }
            func upper(_ name: Any) -> String { "\(name)".prefix(1).uppercased() + "\(name)".dropFirst() }
            var ours: [String: String] = [:]
            for code in JigapError.Code.allCases { ours[upper(code)] = code.rawValue }
            for next in JigapError.NextAction.allCases { ours["next \(upper(next))"] = next.rawValue }
            #expect(ours == names)
        }
    }
}
