import Foundation
import Testing

@testable import Jigap

extension Tests {
    /// R11: cancelling a task gives up the news and nothing else.
    @Suite struct Cancellation {
        @Test func aPaymentWhoseTaskIsCancelledIsMadeOnce() async throws {
            let phone = try await Phone.enrolled("alipayplus")
            let wallet = phone.wallet
            let preview = try await phone.preview()
            let proof = try await phone.prove(preview)
            // Both threads that take user actions wait for the server, so that `pay` is still under way when it is cancelled.
            try await phone.sandbox.fault(
                "delay_ms", ["path": .text("/v1/config"), "times": .number(2), "value": .number(6_000)])
            let busy = [Task { try await wallet.refresh() }, Task { try await wallet.refresh() }]
            try await Task.sleep(for: .seconds(1))

            let paying = Task { try await wallet.pay(preview, proof: proof) }
            try await Task.sleep(for: .milliseconds(300))
            #expect(try wallet.history().payments.isEmpty)
            let took = await ContinuousClock().measure {
                paying.cancel()
                await #expect(throws: CancellationError.self) { try await paying.value }
            }
            #expect(took < .seconds(2))

            for task in busy { try await task.value }
            let begun = try await firstPayment(of: wallet)
            #expect(try await wallet.settled(begun.id).status.receipt != nil)
            // The user who taps again gets the same payment.
            #expect(try await wallet.pay(preview, proof: proof).id == begun.id)
            #expect(try wallet.history().payments.map(\.id) == [begun.id])
            #expect(try await phone.sandbox.charges().count == 1)
        }

        @Test func waitingIsGivenUpAndThePaymentGoesOn() async throws {
            let phone = try await Phone.enrolled("alipayplus")
            let wallet = phone.wallet
            let preview = try await phone.preview()
            try await phone.sandbox.fault("delay_ms", ["path": .text("/v1/payments"), "value": .number(6_000)])
            let begun = try await wallet.pay(preview, proof: try await phone.prove(preview))

            let waiting = Task { try await wallet.settled(begun.id) }
            try await Task.sleep(for: .milliseconds(300))
            let took = await ContinuousClock().measure {
                waiting.cancel()
                await #expect(throws: CancellationError.self) { try await waiting.value }
            }
            #expect(took < .seconds(2))
            guard case .checking(let problem) = try wallet.payment(begun.id).status else {
                Issue.record("the payment had ended before its waiting was cancelled")
                return
            }
            #expect(problem.next == .wait)

            #expect(try await wallet.settled(begun.id).status.receipt != nil)
            #expect(try wallet.history().payments.map(\.id) == [begun.id])
            #expect(try await phone.sandbox.charges().count == 1)
        }

        @Test func aTaskThatIsCancelledAlreadyBeginsNothing() async throws {
            let phone = try await Phone.enrolled("alipayplus")
            let wallet = phone.wallet
            let preview = try await phone.preview()
            let proof = try await phone.prove(preview)
            let paying = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await wallet.pay(preview, proof: proof)
            }
            await #expect(throws: CancellationError.self) { try await paying.value }
            try await Task.sleep(for: .milliseconds(300))
            #expect(try wallet.history().payments.isEmpty)
            #expect(try await phone.sandbox.charges().isEmpty)
        }

        /// Whenever the cancelling comes: what history says is what was charged.
        @Test func cancelledAtAnyMomentHistoryAndBooksAgree() async throws {
            let phone = try await Phone.enrolled("alipayplus")
            let wallet = phone.wallet
            for microseconds in [0, 50, 200, 500, 1_000, 3_000, 10_000] {
                let preview = try await phone.preview(amount: "100")
                let proof = try await phone.prove(preview)
                let paying = Task { try await wallet.pay(preview, proof: proof) }
                try await Task.sleep(for: .microseconds(microseconds))
                paying.cancel()
                _ = await paying.result
            }
            // What was begun has long been committed by then.
            try await wallet.refresh()
            try await Task.sleep(for: .seconds(1))
            var paid = 0
            for payment in try wallet.history().payments {
                if try await wallet.settled(payment.id).status.receipt != nil { paid += 1 }
            }
            #expect(try wallet.history().payments.count == paid)
            #expect(try await phone.sandbox.charges().count == paid)
        }

        private func firstPayment(of wallet: Wallet) async throws -> Payment {
            for _ in 0..<100 {
                if let payment = try wallet.history().payments.first { return payment }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw Failure("the cancelled payment never appeared")
        }
    }
}
