internal import JigapFFI

/// An amount: minor units (yen, fen, cents) of a currency. There are no fractions and no floats.
public struct Money: Sendable, Hashable {
    /// ISO 4217 alphabetic code.
    public let currency: String
    /// Minor units.
    public let minor: Int64

    /// An amount in minor units. Whether the currency exists is asked where the amount is used.
    public init(currency: String, minor: Int64) {
        self.currency = currency
        self.minor = minor
    }

    /// Reads what a user typed, in major units: digits with at most one point.
    ///
    /// - Throws: ``JigapError/Code/currencyUnknown``, ``JigapError/Code/amountInvalid``, ``JigapError/Code/moneyOutOfRange``.
    public init(typed text: String, currency: String) throws(JigapError) {
        self.init(try calling { try JigapFFI.parseMoney(currency: currency, text: text) })
    }

    /// The amount for people who read English, such as `JPY 1,280`.
    ///
    /// - Throws: ``JigapError/Code/currencyUnknown``.
    public func formatted() throws(JigapError) -> String {
        try calling { try JigapFFI.formatMoney(money: ffi) }
    }
}

extension Money: CustomStringConvertible {
    /// As ``formatted()``; the minor units when the currency is unknown.
    public var description: String {
        (try? formatted()) ?? "\(currency) \(minor) minor units"
    }
}

/// An exchange rate: what one major unit of ``from`` costs in major units of ``to``.
public struct Rate: Sendable, Hashable {
    /// ISO 4217 alphabetic code.
    public let from: String
    /// ISO 4217 alphabetic code.
    public let to: String
    /// The price as decimal text: exact, never a float.
    public let price: String
}

/// A shop.
public struct Merchant: Sendable, Hashable, Redacted {
    /// The name in Latin letters, or the only one.
    public let name: String
    /// The name in the shop's own script.
    public let localName: String?
    /// The city.
    public let city: String?
    /// ISO 3166-1 alpha-2.
    public let country: String
}

extension Money {
    init(_ money: JigapFFI.Money) {
        self.init(currency: money.currency, minor: money.minor)
    }

    var ffi: JigapFFI.Money { .init(currency: currency, minor: minor) }
}

extension Rate {
    init(_ rate: JigapFFI.Rate) {
        self.init(from: rate.from, to: rate.to, price: rate.price)
    }
}

extension Merchant {
    init(_ merchant: JigapFFI.Merchant) {
        self.init(
            name: merchant.name, localName: merchant.localName, city: merchant.city, country: merchant.country)
    }
}
