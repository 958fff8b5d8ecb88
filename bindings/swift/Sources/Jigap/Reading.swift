internal import JigapFFI

/// What a scanned text is. Reading charges nothing, sends nothing and opens nothing.
public enum Reading: Sendable, Hashable {
    /// This network carries it.
    case payable(Network, CodeFacts)
    /// Several networks can carry it; the user chooses one for ``Checkout/network``.
    case needsChoice([Network], CodeFacts)
    /// It is not a shop's payment code: a link, a contact, a card.
    case notPayable(JigapError, CodeFacts)
    /// A payment code that no network of this wallet carries here.
    case unsupported(JigapError, CodeFacts)
    /// A payment code that is damaged or not built as its format asks.
    case malformed(JigapError, CodeFacts)
    /// It can be read, but something in it does not fit together.
    case suspicious(JigapError, CodeFacts)

    /// The networks that can carry it.
    public var networks: [Network] {
        switch self {
        case .payable(let network, _): [network]
        case .needsChoice(let networks, _): networks
        case .notPayable, .unsupported, .malformed, .suspicious: []
        }
    }

    /// Why it cannot be paid; nothing when it can.
    public var problem: JigapError? {
        switch self {
        case .payable, .needsChoice: nil
        case .notPayable(let problem, _), .unsupported(let problem, _), .malformed(let problem, _),
            .suspicious(let problem, _):
            problem
        }
    }

    /// What the code says about itself, as far as it could be read.
    public var facts: CodeFacts {
        switch self {
        case .payable(_, let facts), .needsChoice(_, let facts), .notPayable(_, let facts),
            .unsupported(_, let facts), .malformed(_, let facts), .suspicious(_, let facts):
            facts
        }
    }
}

/// What a code says about itself. It only drives the screen: what counts comes with the ``Preview``.
public struct CodeFacts: Sendable, Hashable, Redacted {
    /// The country of the code: ISO 3166-1 alpha-2.
    public let country: String?
    /// The currency of the code: ISO 4217.
    public let currency: String?
    /// The amount, where the code fixes it; without one the user types it.
    public let amount: Money?
    /// The shop's name as the code says it.
    public let merchantName: String?
    /// The name in the shop's own script.
    public let localName: String?
}

extension Reading {
    init(_ reading: JigapFFI.Reading) throws(JigapError) {
        let networks = reading.networks.map(Network.init(rawValue:))
        let problem = reading.problem.map(JigapError.init)
        let facts = CodeFacts(
            country: reading.country, currency: reading.currency, amount: reading.amount.map(Money.init),
            merchantName: reading.merchantName, localName: reading.localName)
        switch (reading.verdict, problem, networks.first) {
        case (.payable, _, let network?): self = .payable(network, facts)
        case (.needsChoice, _, _): self = .needsChoice(networks, facts)
        case (.notPayable, let problem?, _): self = .notPayable(problem, facts)
        case (.unsupported, let problem?, _): self = .unsupported(problem, facts)
        case (.malformed, let problem?, _): self = .malformed(problem, facts)
        case (.suspicious, let problem?, _): self = .suspicious(problem, facts)
        default: throw .fault
        }
    }
}
