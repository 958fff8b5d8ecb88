import Foundation
internal import JigapFFI

/// The app's own HTTP client, if it has to be that one; else give ``GatewayAddress`` to the wallet.
///
/// It must check the server's certificate, and must never send twice, follow a redirect or retry: the wallet decides when a request
/// goes out again. Called from the wallet's own threads.
public protocol Transport: Sendable {
    /// Sends a request and waits for the whole answer.
    func send(_ request: GatewayRequest) throws(TransportFailure) -> GatewayResponse
}

/// A request, ready to go.
public struct GatewayRequest: Sendable, Hashable, Redacted {
    /// `GET` or `POST`.
    public let method: String
    /// Path and query.
    public let path: String
    /// Header names in lower case, and their values.
    public let headers: [String: String]
    /// The body; empty for `GET`.
    public let body: Data
}

/// An answer that arrived whole.
public struct GatewayResponse: Sendable, Hashable, Redacted {
    /// The HTTP status.
    public let status: UInt16
    /// The value of the header `jigap-time`: milliseconds since 1970-01-01 UTC.
    public let serverMilliseconds: Int64?
    /// The body.
    public let body: Data
    /// The value of the header `retry-after`, where it is a number: seconds.
    public let retryAfterSeconds: Int64?

    /// An answer.
    public init(status: UInt16, serverMilliseconds: Int64?, body: Data, retryAfterSeconds: Int64? = nil) {
        self.status = status
        self.serverMilliseconds = serverMilliseconds
        self.body = body
        self.retryAfterSeconds = retryAfterSeconds
    }
}

/// Why there is no answer. When in doubt: ``maybeSent``.
public enum TransportFailure: Error, Sendable, Hashable {
    /// Surely not sent: name look-up or connecting failed.
    case unreachable
    /// Surely not sent: the server's certificate is not the right one.
    case untrusted
    /// It may have arrived.
    case maybeSent
}

/// A transport of the app's own, as Rust calls it.
final class HostTransport: JigapFFI.TransportPort {
    private let transport: any Transport

    init(_ transport: any Transport) { self.transport = transport }

    func send(request: JigapFFI.TransportRequest) throws -> JigapFFI.TransportResponse {
        let headers = Dictionary(zip(request.headerNames, request.headerValues), uniquingKeysWith: { $1 })
        let request = GatewayRequest(
            method: request.method, path: request.path, headers: headers, body: request.body)
        do {
            let answer = try transport.send(request)
            return .init(
                status: answer.status, serverMs: answer.serverMilliseconds, body: answer.body,
                retryAfterS: answer.retryAfterSeconds)
        } catch {
            switch error {
            case .unreachable: throw JigapFFI.TransportFailure.Unreachable
            case .untrusted: throw JigapFFI.TransportFailure.Untrusted
            case .maybeSent: throw JigapFFI.TransportFailure.MaybeSent
            }
        }
    }
}
