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
    /// The bar code, one pixel a module, one row, with its quiet zone; nothing where tills read QR only.
    public let bars: Picture?
    /// How long it may be scanned.
    public let expires: ContinuousClock.Instant
    /// When to call ``Wallet/renew()``.
    public let renews: ContinuousClock.Instant
    /// Whether the page is to stay out of screenshots, recordings and the app switcher.
    public let isSensitive: Bool
    /// How large and how bright.
    public let hints: ShownHints
    /// Set when the code was made without network: the screen has to say so.
    public let offline: OfflineCode?

    /// How long it may be scanned from now; zero when it is over.
    public var expiresIn: Duration { expires.remaining }
}

/// How a code is to be put on a screen. Lengths in tenths of a millimetre.
public struct ShownHints: Sendable, Hashable {
    /// Least brightness of the screen.
    public let brightnessPercent: Int
    /// Side of the QR code without quiet zone.
    public let qrSide: ClosedRange<Int>
    /// Width of the bar code.
    public let barsWidth: ClosedRange<Int>
    /// Least height of the bar code.
    public let barsHeightLeast: Int
}

/// What the screen has to say about a code that was made without network. The result comes when there is one again.
public struct OfflineCode: Sendable, Hashable {
    /// The most that one payment may charge now.
    public let limit: Money
    /// How many payments without network there may be in 24 hours.
    public let perDay: Int
    /// Whether the phone can be sure of the time. If not, the limit is lower.
    public let isSureOfTime: Bool
    /// How many keys have never been on a screen.
    public let keysLeft: Int
    /// How long the keys are good.
    public let validFor: Duration
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
            bars: code.bars.map(Picture.init), expires: .init(fromNow: code.expiresInMs),
            renews: .init(fromNow: code.renewInMs), isSensitive: code.sensitive, hints: ShownHints(code.hints),
            offline: code.offline.map(OfflineCode.init))
    }
}

extension ShownHints {
    init(_ hints: JigapFFI.ShownHints) {
        self.init(
            brightnessPercent: Int(hints.brightnessPercent),
            qrSide: Int(hints.qrSideLeast)...Int(hints.qrSideMost),
            barsWidth: Int(hints.barsWidthLeast)...Int(hints.barsWidthMost),
            barsHeightLeast: Int(hints.barsHeightLeast))
    }
}

extension OfflineCode {
    init(_ code: JigapFFI.OfflineCode) {
        self.init(
            limit: Money(code.limit), perDay: Int(code.perDay), isSureOfTime: code.sureOfTime,
            keysLeft: Int(code.keysLeft), validFor: .milliseconds(code.validForMs))
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
