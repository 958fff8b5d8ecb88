import Foundation
internal import JigapFFI

/// A code to put on screen. It pays: never log it, and keep it off screenshots.
public struct ShownCode: Sendable, Hashable, Identifiable, Redacted {
    /// Names the code without being it.
    public let id: String
    /// Whose code.
    public let network: Network
    /// What people call the network.
    public let networkName: String
    /// For which country: ISO 3166-1 alpha-2.
    public let region: String
    /// The digits in full. Sensitive.
    public let digits: String
    /// The digits as they are shown at first.
    public let masked: String
    /// The QR code, one pixel a module, with its quiet zone.
    public let qr: Picture
    /// The bar code, one pixel a module, one row, with its quiet zone.
    public let bars: Picture
    /// How long it may be scanned.
    public let expires: ContinuousClock.Instant

    /// How long it may be scanned from now; zero when it is over.
    public var expiresIn: Duration { expires.remaining }
}

/// A grey picture, to be scaled without smoothing.
public struct Picture: Sendable, Hashable, Redacted {
    /// Pixels in a row.
    public let width: Int
    /// Rows.
    public let height: Int
    /// One byte a pixel, rows from the top: 0 dark, 255 light.
    public let pixels: Data
}

/// What became of a shown code.
public enum ShownResult: Sendable, Hashable {
    /// On screen, or not yet known what became of it.
    case waiting
    /// A shop scanned it, and this came of it.
    case used(Payment)
    /// Nobody scanned it, and nobody can any more.
    case expired
}

extension ShownCode {
    init(_ code: JigapFFI.ShownCode) {
        self.init(
            id: code.id, network: Network(rawValue: code.network), networkName: code.networkName,
            region: code.region, digits: code.digits, masked: code.masked, qr: Picture(code.qr),
            bars: Picture(code.bars), expires: .init(fromNow: code.expiresInMs))
    }
}

extension Picture {
    init(_ picture: JigapFFI.Picture) {
        self.init(width: Int(picture.width), height: Int(picture.height), pixels: picture.pixels)
    }
}

extension ShownResult {
    init(_ result: JigapFFI.ShownResult) throws(JigapError) {
        switch result.state {
        case .waiting: self = .waiting
        case .expired: self = .expired
        case .used:
            guard let payment = result.payment else { throw .fault }
            self = .used(try Payment(payment))
        }
    }
}
