import Foundation

/// Waits for a call into Rust, but not for longer than the caller's task wants to.
///
/// Cancelling a Swift task does not reach Rust, and must not: what was begun there goes on to its end. So the call runs in a task
/// of its own, and a cancelled caller only stops waiting for its news.
///
/// - Throws: ``JigapError``, or `CancellationError` as soon as the caller's task is cancelled. A task that is cancelled already
///   begins nothing.
func abandonable<Value: Sendable>(_ call: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try Task.checkCancellation()
    let news = News<Value>()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            news.wanted(by: continuation)
            Task {
                do { news.arrived(.success(try await call())) } catch { news.arrived(.failure(JigapError(error))) }
            }
        }
    } onCancel: {
        news.arrived(.failure(CancellationError()))
    }
}

/// The first result that arrives is given to the one who waits; later ones are nobody's.
private final class News<Value: Sendable>: @unchecked Sendable {
    private enum State {
        case quiet
        case wanted(CheckedContinuation<Value, any Error>)
        case arrived(Result<Value, any Error>)
        case told
    }

    // Every use of `state` is inside the lock; nothing foreign runs there.
    private let lock = NSLock()
    private var state = State.quiet

    func wanted(by continuation: CheckedContinuation<Value, any Error>) {
        let early: Result<Value, any Error>? = lock.withLock {
            guard case .arrived(let result) = state else {
                state = .wanted(continuation)
                return nil
            }
            state = .told
            return result
        }
        if let early { continuation.resume(with: early) }
    }

    func arrived(_ result: Result<Value, any Error>) {
        let waiting: CheckedContinuation<Value, any Error>? = lock.withLock {
            switch state {
            case .quiet:
                state = .arrived(result)
                return nil
            case .wanted(let continuation):
                state = .told
                return continuation
            case .arrived, .told:
                return nil
            }
        }
        waiting?.resume(with: result)
    }
}
