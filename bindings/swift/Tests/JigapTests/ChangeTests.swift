import Foundation
import Testing

@testable import Jigap

extension Tests {
    @Suite struct Changes {
        @Test func aPaymentIsHeardOfUntilTheWalletCloses() async throws {
            let phone = try await Phone.enrolled("alipayplus")
            let wallet = phone.wallet
            let changes = try wallet.changes()
            let hearing = Task {
                var heard: [Change] = []
                for await change in changes { heard.append(change) }
                return heard
            }
            let preview = try await phone.preview()
            let begun = try await wallet.pay(preview, proof: try await phone.prove(preview))
            #expect(try await wallet.settled(begun.id).status.receipt != nil)
            try await wallet.refresh()
            try await wallet.withdrawConsent(for: "alipayplus")
            try await Task.sleep(for: .milliseconds(300))
            wallet.close()

            let heard = await soon(hearing)
            #expect(heard.contains(.payment(id: begun.id)))
            #expect(heard.contains(.balance))
            #expect(heard.contains(.consent("alipayplus")))
            #expect(!heard.contains(.everything))
            #expect(wallet.listeners.count == 0)
        }

        @Test func aReaderThatStopsEndsTheSubscription() async throws {
            let phone = try await Phone.enrolled("alipayplus")
            let wallet = phone.wallet

            let cancelled = Task { for await _ in try wallet.changes() {} }
            try await until { wallet.listeners.count == 1 }
            cancelled.cancel()
            try await cancelled.value
            #expect(wallet.listeners.count == 0)

            let contented = Task {
                for await change in try wallet.changes() where change == .balance { break }
            }
            try await until { wallet.listeners.count == 1 }
            try await wallet.refresh()
            try await contented.value
            #expect(wallet.listeners.count == 0)

            _ = try wallet.changes()
            #expect(wallet.listeners.count == 0)
        }

        @Test func aWalletThatIsLetGoEndsItsStreams() async throws {
            let (sandbox, folder) = (try Sandbox(), try Folder())
            var wallet: Wallet? = try await Phone.open(sandbox, folder)
            let changes = try #require(try wallet?.changes())
            wallet = nil
            await soon(Task { for await _ in changes {} })
            // It was closed as well: the folder is free for the next one.
            _ = try await Phone.open(sandbox, folder)
        }

        @Test func aReaderThatNeverReadsHoldsNothingUp() async throws {
            let phone = try await Phone.enrolled("alipayplus")
            let unread = try phone.wallet.changes()
            for _ in 0..<3 {
                let preview = try await phone.preview(amount: "100")
                let begun = try await phone.wallet.pay(preview, proof: try await phone.prove(preview))
                #expect(try await phone.wallet.settled(begun.id).status.receipt != nil)
            }
            var reader = unread.makeAsyncIterator()
            #expect(await reader.next() != nil)
        }

        @Test func whatIsDroppedIsSaid() async throws {
            let (stream, continuation) = AsyncStream.makeStream(of: Change.self, bufferingPolicy: .bufferingNewest(4))
            let listener = Listener(continuation)
            listener.tell((1...3).map { .payment(id: "\($0)") })
            listener.tell([.balance])
            listener.tell((4...9).map { .payment(id: "\($0)") })
            listener.tell([.config])
            continuation.finish()
            var heard: [Change] = []
            for await change in stream { heard.append(change) }
            #expect(heard.count == 4)
            #expect(heard.last == .everything)
        }

        @Test func whatIsReadInTimeIsWhole() async throws {
            let (stream, continuation) = AsyncStream.makeStream(of: Change.self, bufferingPolicy: .bufferingNewest(4))
            let listener = Listener(continuation)
            let all: [Change] = [.payment(id: "a"), .code(id: "b"), .consent("c"), .balance]
            listener.tell(all)
            continuation.finish()
            var heard: [Change] = []
            for await change in stream { heard.append(change) }
            #expect(heard == all)
        }

        /// Waits for a reader whose stream has to end, and gives up on one that does not.
        @discardableResult
        private func soon<Value: Sendable>(_ reader: Task<Value, Never>) async -> Value {
            let patience = Task {
                try await Task.sleep(for: .seconds(5))
                Issue.record("the stream did not end")
                reader.cancel()
            }
            defer { patience.cancel() }
            return await reader.value
        }

        private func until(_ holds: () -> Bool) async throws {
            for _ in 0..<100 where !holds() { try await Task.sleep(for: .milliseconds(20)) }
            #expect(holds())
        }
    }
}
