import Foundation
internal import JigapFFI

/// Where the wallet company's gateway is, and whom to believe that it is the one.
public struct GatewayAddress: Sendable, Hashable {
    /// `https://host[:port]`, without a path.
    public let url: URL
    /// The roots its certificate may descend from, PEM. The phone's own roots are not asked.
    public let roots: Data
    /// SHA-256 of the public keys (SPKI, DER), one of which the chain has to hold: 32 bytes each. None: any key under the roots.
    public let pins: [Data]
    /// How long a whole exchange may take.
    public let timeout: Duration

    /// An address, with the usual time-out.
    public init(url: URL, roots: Data, pins: [Data] = [], timeout: Duration = .seconds(15)) {
        self.url = url
        self.roots = roots
        self.pins = pins
        self.timeout = timeout
    }
}

/// Whose configuration and whose consent documents count. Built into the app.
public struct Trust: Sendable, Hashable {
    /// Signs the configuration: a P-256 point of 65 bytes, uncompressed.
    public let configKey: Data
    /// Signs the consent documents: a P-256 point of 65 bytes, uncompressed.
    public let controllerKey: Data

    /// The two keys.
    public init(configKey: Data, controllerKey: Data) {
        self.configKey = configKey
        self.controllerKey = controllerKey
    }
}

extension GatewayAddress {
    /// The wallet's own HTTPS: rustls, HTTP/1.1, no redirects, no retries.
    func port() throws -> any JigapFFI.TransportPort {
        try JigapFFI.httpsTransport(
            url: url.absoluteString, rootsPem: roots, pins: pins, timeoutMs: timeout.milliseconds)
    }
}
