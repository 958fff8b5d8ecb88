import Foundation
internal import JigapFFI

/// How the wallet's own records are.
public struct Condition: Sendable, Hashable {
    /// They are older than what the key store or the gateway has seen of them, or were begun anew: nothing is paid until the gateway's were
    /// taken in. The wallet does that by itself.
    public let behind: Bool
    /// Something in them does not verify. Nothing is paid; payments that had not ended are still asked about. Only closing the wallet and
    /// ``Wallet/setAside(folder:vault:)`` helps.
    public let damaged: Bool
    /// Rows of what is owed that cannot be believed and are left alone.
    public let spoiled: Int
    /// Databases that lie aside.
    public let setAside: Int
    /// Payments of those that are still being asked about.
    public let salvaging: Int
    /// The root key is being changed.
    public let changingKeys: Bool

    init(_ condition: JigapFFI.Condition) {
        behind = condition.behind
        damaged = condition.damaged
        spoiled = Int(condition.spoiled)
        setAside = Int(condition.setAside)
        salvaging = Int(condition.salvaging)
        changingKeys = condition.changingKeys
    }
}

/// What was erased, and what the law has kept.
public struct Erased: Sendable, Hashable {
    /// Payments that are gone.
    public let payments: Int
    /// Codes that are gone.
    public let codes: Int
    /// Payments that are kept: Electronic Financial Transactions Act (Korea), Article 22, and its decree.
    public let kept: Int
    /// When the last of those may go; `nil` when there are none, or one has not ended.
    public let keptUntil: Date?

    init(_ erased: JigapFFI.Erased) {
        payments = Int(erased.payments)
        codes = Int(erased.codes)
        kept = Int(erased.kept)
        keptUntil = erased.keptUntil.map { Date(timeIntervalSince1970: Double($0) / 1000) }
    }
}
