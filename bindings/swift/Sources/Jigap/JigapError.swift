import Foundation
internal import JigapFFI

/// The one error of the wallet: a stable code, details, whether a retry can help, and what to do next.
///
/// Switch on ``code`` or, better, act on ``next``. No part of an error holds text from outside: fields are numbers, words of the
/// wallet's own, or a network's name. So an error may be logged.
public struct JigapError: Error, Sendable, Hashable {
    /// Which error it is.
    public let code: Code
    /// What happened, in one English sentence; for developers, not for the screen.
    public let cause: String
    /// The details. A name can come more than once: each network to choose from is a field `network`.
    public let fields: [Field]
    /// Whether the same call can succeed later without anything else being done.
    public let retryable: Bool
    /// What the user, or the app for them, can do.
    public let next: NextAction

    /// A detail of an error.
    public struct Field: Sendable, Hashable {
        /// The field's stable name, such as `offset`.
        public let name: String
        /// A number, a word of the wallet's own, or a network.
        public let value: String
    }

    /// The first field of this name.
    public subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value
    }
}

extension JigapError: CustomStringConvertible, LocalizedError {
    /// The code, the sentence and the fields.
    public var description: String {
        let details = fields.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
        return "\(code.rawValue): \(cause)" + (details.isEmpty ? "" : " (\(details))")
    }

    /// The sentence of ``cause``. English; apps show their own words for ``code``.
    public var errorDescription: String? { cause }
}

extension JigapError {
    init(_ problem: JigapFFI.Problem) {
        code = Code(problem.code)
        cause = problem.cause
        fields = problem.fields.map { Field(name: $0.name, value: $0.value) }
        retryable = problem.retryable
        next = NextAction(problem.next)
    }

    /// Whatever a call into Rust threw. A panic arrives as an error of UniFFI's own; its text stays where it is, since it may
    /// hold anything.
    init(_ error: any Error) {
        switch error {
        case let error as JigapError: self = error
        case JigapFFI.JigapError.Failed(let problem): self.init(problem)
        default: self = .fault
        }
    }

    /// A fault inside the wallet.
    static let fault = JigapError(
        code: .internal, cause: "A fault inside the wallet; it was stopped before it did harm.", fields: [],
        retryable: false, next: .contactSupport)
}

/// A call into Rust that gives its answer at once.
func calling<Value>(_ call: () throws -> Value) throws(JigapError) -> Value {
    do { return try call() } catch { throw JigapError(error) }
}
