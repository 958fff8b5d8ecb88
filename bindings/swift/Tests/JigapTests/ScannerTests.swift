import Foundation
import Testing

@testable import Jigap

extension Tests {
    @Suite struct Scanners {
        /// The drawing as a camera would see it: a few pixels a module, on paper, with some bytes between the rows.
        func photographed(_ picture: Picture, scale: Int = 4, tall: Int? = nil) -> Frame {
            let tall = tall ?? scale
            let (width, height) = (picture.width * scale + 40, picture.height * tall + 40)
            let stride = width + 16
            let pixels = [UInt8](picture.pixels)
            var luma = [UInt8](repeating: 230, count: stride * height)
            for y in 0..<picture.height * tall {
                for x in 0..<picture.width * scale {
                    luma[(y + 20) * stride + x + 20] = pixels[y / tall * picture.width + x / scale]
                }
            }
            return Frame(luma: Data(luma), width: width, height: height, stride: stride)
        }

        @Test func whatTheWalletDrawsIsReadOnce() async throws {
            let phone = try await Phone.enrolled("alipayplus")
            let shown = try await phone.wallet.show("alipayplus", region: "JP")
            let scanner = try Scanner()
            let blank = Frame(luma: Data(repeating: 255, count: 100 * 100), width: 100, height: 100)
            #expect(try scanner.offer(blank) == .nothing)
            var found: ScannedCode?
            for _ in 1...6 where found == nil {
                if case .one(let code) = try scanner.offer(photographed(shown.qr)) { found = code }
            }
            let code = try #require(found)
            #expect(code.text == shown.digits && code.kind == .qr && code.corners.count == 4)
            #expect((30...42).contains(code.corners[0].x) && (30...42).contains(code.corners[0].y))
            #expect(!"\(code) \(Sighting.one(code))".contains(shown.digits))

            guard case .again(let codes) = try scanner.offer(photographed(shown.qr)) else {
                Issue.record("the same text in a row was news")
                return
            }
            #expect(codes.map(\.text) == [shown.digits])
            try scanner.forget()
            guard case .one = try scanner.offer(photographed(shown.qr)) else {
                Issue.record("what was forgotten was no news")
                return
            }
            let bars = try Scanner.read(photographed(#require(shown.bars), scale: 2, tall: 80))
            #expect(bars.map(\.text) == [shown.digits] && bars.map(\.kind) == [.code128])
        }

        @Test func aFrameThatCannotBeIsAnError() async throws {
            let scanner = try Scanner()
            let luma = Data(count: 100)
            for frame in [
                Frame(luma: luma, width: 0, height: 10), Frame(luma: luma, width: 10, height: -1),
                Frame(luma: luma, width: 10, height: 11), Frame(luma: luma, width: 10, height: 10, stride: 9),
                Frame(luma: luma, width: 10, height: 10, rotation: 45),
                Frame(luma: luma, width: 10, height: 10, rotation: -90), Frame(luma: luma, width: .max, height: .max),
            ] {
                #expect(await error { try scanner.offer(frame) }?.code == .argumentInvalid)
            }
        }
    }
}
