import Foundation
internal import JigapFFI

/// What changed. A screen that shows it reads it anew.
public enum Change: Sendable, Hashable {
    /// A payment.
    case payment(id: Payment.ID)
    /// A shown code.
    case code(id: ShownCode.ID)
    /// A network's consent.
    case consent(Network)
    /// The balance.
    case balance
    /// The configuration.
    case config
    /// How the wallet's own records are: see ``Wallet/condition``.
    case condition
    /// More than was kept for a reader this slow: read anew whatever is on screen.
    case everything
}

extension Change {
    init(_ change: JigapFFI.Change) {
        self =
            switch change {
            case .payment(let id): .payment(id: id)
            case .code(let id): .code(id: id)
            case .consent(let network): .consent(Network(rawValue: network))
            case .balance: .balance
            case .config: .config
            case .condition: .condition
            }
    }
}

/// Puts the wallet's news into a stream, and never waits for whoever reads it.
final class Listener: JigapFFI.Observer {
    private let stream: AsyncStream<Change>.Continuation

    init(_ stream: AsyncStream<Change>.Continuation) { self.stream = stream }

    func changed(changes: [JigapFFI.Change]) {
        tell(changes.map(Change.init))
    }

    /// The stream drops its oldest news when it is full. Then the newest says so: whatever was dropped, a `.everything` follows it.
    func tell(_ changes: [Change]) {
        for change in changes {
            if case .dropped = stream.yield(change) { stream.yield(.everything) }
        }
    }
}

/// The open streams of a wallet, so that closing it ends them.
final class Listeners: @unchecked Sendable {
    // Every use of the two is inside the lock; nothing foreign runs there.
    private let lock = NSLock()
    private var streams: [ObjectIdentifier: AsyncStream<Change>.Continuation] = [:]
    private var closed = false

    /// Keeps a stream; one that comes too late ends at once.
    func add(_ stream: AsyncStream<Change>.Continuation, of listener: Listener) {
        let late = lock.withLock {
            if !closed { streams[ObjectIdentifier(listener)] = stream }
            return closed
        }
        if late { stream.finish() }
    }

    func remove(_ listener: Listener) {
        lock.withLock { _ = streams.removeValue(forKey: ObjectIdentifier(listener)) }
    }

    /// How many are open.
    var count: Int { lock.withLock { streams.count } }

    func close() {
        let ended = lock.withLock {
            closed = true
            defer { streams = [:] }
            return streams
        }
        for stream in ended.values { stream.finish() }
    }
}
