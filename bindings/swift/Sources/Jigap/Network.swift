internal import JigapFFI

/// Who carries a payment, by its name in the signed configuration, such as `alipayplus` or `unionpay`.
public struct Network: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name.
    public let rawValue: String

    /// The network of this name. Whether the wallet has it is asked where it is used.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The network of this name.
    public init(stringLiteral name: String) { rawValue = name }

    public var description: String { rawValue }
}

/// How one network stands with this user.
public struct NetworkInfo: Sendable, Hashable, Identifiable {
    /// The network.
    public let network: Network
    /// What people call it.
    public let name: String
    /// Where a shop's code can be scanned: ISO 3166-1 alpha-2.
    public let scan: [String]
    /// Where a code can be shown: ISO 3166-1 alpha-2.
    public let show: [String]
    /// Whether the consent that is required now is given.
    public let consented: Bool

    public var id: Network { network }
}

extension NetworkInfo {
    init(_ info: JigapFFI.NetworkInfo) {
        self.init(
            network: Network(rawValue: info.network), name: info.name, scan: info.scan, show: info.show,
            consented: info.consented)
    }
}
