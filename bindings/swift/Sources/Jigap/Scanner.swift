import Foundation
internal import JigapFFI

/// Reads QR and Code 128 from the frames of one camera. Needs no wallet, opens nothing and keeps no picture.
///
/// Offer each frame as it comes, from the camera's own queue, and let the camera drop frames while a call runs
/// (`alwaysDiscardsLateVideoFrames`). Each call looks in one of six ways, the one that worked last first; six frames of one scene
/// are all of them. May be called from several threads.
public final class Scanner: Sendable {
    private let core: JigapFFI.CoreScanner

    /// A scanner that has seen nothing.
    public init() throws(JigapError) {
        core = try calling { try JigapFFI.CoreScanner.begin() }
    }

    /// Looks at a frame. What a text means is not looked at: give it to ``Wallet/read(_:)``.
    ///
    /// - Throws: ``JigapError/Code/argumentInvalid`` when the sizes do not fit the bytes.
    public func offer(_ frame: Frame) throws(JigapError) -> Sighting {
        Sighting(try calling { try core.offer(frame: frame.core) })
    }

    /// Forgets the last finding, so that the same text is news again: the user put it away and scans anew.
    public func forget() throws(JigapError) {
        try calling { try core.forget() }
    }

    /// Every text in one picture, such as one of the gallery that the platform opened. Takes as long as six frames of its size:
    /// open a picture at most 2,000 pixels wide or high.
    ///
    /// - Throws: ``JigapError/Code/argumentInvalid`` when the sizes do not fit the bytes.
    public static func read(_ picture: Frame) throws(JigapError) -> [ScannedCode] {
        try calling { try scanPicture(picture: picture.core) }.map(ScannedCode.init)
    }
}

/// Grey pixels: a frame of a camera, or a picture that the platform opened. On iOS plane 0 of a
/// `kCVPixelFormatType_420YpCbCr8BiPlanarFullRange` buffer as it is, with its bytes per row.
public struct Frame: Sendable, Redacted {
    /// One byte a pixel, 0 is black. Not kept after the call.
    public var luma: Data
    /// Pixels in a row.
    public var width: Int
    /// Rows.
    public var height: Int
    /// Bytes from the beginning of a row to that of the next.
    public var stride: Int
    /// Degrees clockwise that make it stand upright: 0, 90, 180 or 270.
    public var rotation: Int

    /// A frame; without a stride its rows follow each other without gaps.
    public init(luma: Data, width: Int, height: Int, stride: Int? = nil, rotation: Int = 0) {
        self.luma = luma
        self.width = width
        self.height = height
        self.stride = stride ?? width
        self.rotation = rotation
    }

    /// A number that is none becomes one that the core does not take.
    var core: JigapFFI.GreyPicture {
        JigapFFI.GreyPicture(
            luma: luma, width: UInt32(exactly: width) ?? 0, height: UInt32(exactly: height) ?? 0,
            stride: UInt32(exactly: stride) ?? 0, rotation: UInt32(exactly: rotation) ?? .max)
    }
}

/// A text that was read from a picture. What it means is not looked at.
public struct ScannedCode: Sendable, Hashable, Redacted {
    /// The exact text.
    public let text: String
    /// What it was in.
    public let kind: Kind
    /// Four, clockwise from the symbol's own upper left.
    public let corners: [Corner]

    /// A kind of symbol.
    public enum Kind: Sendable, Hashable {
        /// QR code.
        case qr
        /// Code 128.
        case code128
    }

    /// A place in the upright picture; it may lie outside by a little.
    public struct Corner: Sendable, Hashable {
        /// Pixels from the left.
        public let x: Int
        /// Pixels from the top.
        public let y: Int
    }
}

/// What came of an offered frame.
public enum Sighting: Sendable, Hashable {
    /// Another frame is being looked at; this one was dropped.
    case busy
    /// Nothing was read. The next frame is looked at in another way.
    case nothing
    /// The same as the last finding: nothing to do, but the corners may have moved.
    case again([ScannedCode])
    /// One text, and not the last one.
    case one(ScannedCode)
    /// Several texts: let the user say which is meant, and take none without asking.
    case several([ScannedCode])
}

extension ScannedCode {
    init(_ code: JigapFFI.ScannedCode) {
        self.init(
            text: code.text, kind: code.kind == .qr ? .qr : .code128,
            corners: code.corners.map { Corner(x: Int($0.x), y: Int($0.y)) })
    }
}

extension Sighting {
    init(_ finding: JigapFFI.Sighting) {
        switch finding {
        case .busy: self = .busy
        case .nothing: self = .nothing
        case .again(let codes): self = .again(codes.map(ScannedCode.init))
        case .one(let code): self = .one(ScannedCode(code))
        case .several(let codes): self = .several(codes.map(ScannedCode.init))
        }
    }
}
