import Foundation
internal import JigapFFI

/// A day on which the wallet's payments and the gateway's statement do not come to the same.
public struct Finding: Sendable, Hashable, Redacted {
    /// A kind of movement that is added up.
    public enum Moved: Sendable, Hashable {
        /// Charged.
        case charged
        /// Given back by refunds.
        case refunded
        /// Given back by the networks' late cancels.
        case reversed
    }

    /// The day's beginning, midnight at UTC+8.
    public let day: Date
    /// What differs.
    public let moved: Moved
    /// What the wallet's payments come to, a sum a currency.
    public let here: [Money]
    /// What the gateway says.
    public let there: [Money]
}

extension Finding {
    init(_ finding: JigapFFI.Finding) {
        let moved: Moved =
            switch finding.moved {
            case .charged: .charged
            case .refunded: .refunded
            case .reversed: .reversed
            }
        self.init(
            day: Date(milliseconds: finding.dayMs), moved: moved, here: finding.here.map(Money.init),
            there: finding.there.map(Money.init))
    }
}
