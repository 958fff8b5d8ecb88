import Foundation
internal import JigapFFI

/// A payment as history and receipt show it.
public struct Payment: Sendable, Hashable, Identifiable, Redacted {
    /// What a payment looks like to the person who made it.
    public enum Status: Sendable, Hashable, Redacted {
        /// Not known yet. Never "failed": money may have moved. The wallet goes on asking by itself.
        case checking(JigapError)
        /// Charged.
        case paid(Receipt)
        /// Not charged; the gateway said why.
        case declined(JigapError)
        /// Not charged; it never reached the gateway. May be paid again.
        case notSent(JigapError)
        /// Contradictory answers; people are looking into it.
        case conflict(JigapError)
        /// It is to be cancelled; whether it still can be is not known yet.
        case cancelling(JigapError)
        /// Not charged; cancelled before it was.
        case cancelled
        /// Charged, and then cancelled by the network: the money is back.
        case reversed(Receipt, at: Date)

        /// The receipt, once charged.
        public var receipt: Receipt? {
            switch self {
            case .paid(let receipt), .reversed(let receipt, _): receipt
            default: nil
            }
        }

        /// Why it was not charged, or is not known to be, and what can be done.
        public var problem: JigapError? {
            switch self {
            case .paid, .cancelled, .reversed: nil
            case .checking(let problem), .declined(let problem), .notSent(let problem), .conflict(let problem),
                .cancelling(let problem):
                problem
            }
        }
    }

    /// Names the payment.
    public let id: String
    /// What it looks like.
    public let status: Status
    /// Who carries it.
    public let network: Network
    /// Whether the user scanned the shop (else the shop scanned the user).
    public let scanned: Bool
    /// The shop, as far as it is known.
    public let merchant: Merchant?
    /// What the shop asks for, as far as it is known.
    public let amount: Money?
    /// What the user is or would be charged.
    public let home: Money?
    /// The rate between the two.
    public let rate: Rate?
    /// When it began.
    public let created: Date
    /// What was given back so far; the payment stays paid.
    public let refunded: Refunded?
    /// Where the user's wish for a refund stands.
    public let refundRequest: RefundRequest
}

/// What was given back of a payment, the sum of all parts.
public struct Refunded: Sendable, Hashable, Redacted {
    /// In the shop's currency.
    public let amount: Money
    /// In the user's, each part at its own rate.
    public let home: Money
    /// Whether it is all of it.
    public let whole: Bool
}

/// Where a user's wish for a refund stands.
public enum RefundRequest: Sendable, Hashable {
    /// Nobody asked.
    case none
    /// The user asked; the gateway has not answered yet.
    case wanted
    /// A person decides.
    case open
    /// It was refused.
    case refused
    /// It was granted; what comes back is in ``Payment/refunded``.
    case granted
}

/// The evidence of a charge.
public struct Receipt: Sendable, Hashable, Redacted {
    /// The network's number.
    public let reference: String
    /// When it was charged.
    public let paidAt: Date
}

/// A page of history, newest first.
public struct HistoryPage: Sendable, Hashable {
    /// The payments.
    public let payments: [Payment]
    /// Where the next page begins; nothing when there is none.
    public let next: HistoryCursor?
}

/// A place in the history. It stays right while new payments arrive.
public struct HistoryCursor: Sendable, Hashable {
    let place: Int64
}

extension Payment {
    init(_ payment: JigapFFI.Payment) throws(JigapError) {
        self.init(
            id: payment.id, status: try Status(payment), network: Network(rawValue: payment.network),
            scanned: payment.scanned, merchant: payment.merchant.map(Merchant.init),
            amount: payment.amount.map(Money.init), home: payment.home.map(Money.init),
            rate: payment.rate.map(Rate.init), created: Date(milliseconds: payment.createdMs),
            refunded: payment.refunded.map {
                Refunded(amount: Money($0.amount), home: Money($0.home), whole: $0.whole)
            },
            refundRequest: RefundRequest(payment.refundRequest))
    }
}

extension Payment.Status {
    fileprivate init(_ payment: JigapFFI.Payment) throws(JigapError) {
        let problem = payment.problem.map(JigapError.init) ?? .fault
        switch payment.status {
        case .checking: self = .checking(problem)
        case .declined: self = .declined(problem)
        case .notSent: self = .notSent(problem)
        case .conflict: self = .conflict(problem)
        case .cancelling: self = .cancelling(problem)
        case .cancelled: self = .cancelled
        case .paid: self = .paid(try Receipt(payment))
        case .reversed:
            guard let reversedAt = payment.reversedAtMs else { throw .fault }
            self = .reversed(try Receipt(payment), at: Date(milliseconds: reversedAt))
        }
    }
}

extension Receipt {
    fileprivate init(_ payment: JigapFFI.Payment) throws(JigapError) {
        guard let reference = payment.reference, let paidAt = payment.paidAtMs else { throw .fault }
        self.init(reference: reference, paidAt: Date(milliseconds: paidAt))
    }
}

extension RefundRequest {
    fileprivate init(_ request: JigapFFI.RefundRequest) {
        self =
            switch request {
            case .none: .none
            case .wanted: .wanted
            case .open: .open
            case .refused: .refused
            case .granted: .granted
            }
    }
}

extension HistoryPage {
    init(_ page: JigapFFI.HistoryPage) throws(JigapError) {
        var payments: [Payment] = []
        for payment in page.payments { payments.append(try Payment(payment)) }
        self.init(payments: payments, next: page.next.map(HistoryCursor.init(place:)))
    }
}
