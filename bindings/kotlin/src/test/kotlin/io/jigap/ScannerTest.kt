package io.jigap

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertTrue

class ScannerTest {
    /** The drawing as a camera would see it: a few pixels a module, on paper, with some bytes between the rows. */
    private fun photographed(picture: Picture, scale: Int = 4, tall: Int = scale): Frame {
        val (width, height) = picture.width * scale + 40 to picture.height * tall + 40
        val stride = width + 16
        val luma = ByteArray(stride * height) { 230.toByte() }
        for (y in 0 until picture.height * tall) {
            for (x in 0 until picture.width * scale) {
                luma[(y + 20) * stride + x + 20] = picture.pixels[y / tall * picture.width + x / scale]
            }
        }
        return Frame(luma, width, height, stride)
    }

    @Test
    fun `what the wallet draws is read, once`() = ready { _, phone ->
        val shown = phone.wallet.show("alipayplus", "JP")
        val blank = Frame(ByteArray(100 * 100) { -1 }, 100, 100)
        Scanner().use { scanner ->
            assertEquals(Sighting.Nothing, scanner.offer(blank))
            val code = (1..6).firstNotNullOf { scanner.offer(photographed(shown.qr)) as? Sighting.One }.code
            assertEquals(shown.digits to SymbolKind.QR, code.text to code.kind)
            assertEquals(4, code.corners.size)
            val (left, top) = code.corners.first()
            assertTrue(left in 30..42 && top in 30..42, "${code.corners}")
            assertFalse(shown.digits in "$code ${Sighting.One(code)}")

            assertEquals(shown.digits, assertIs<Sighting.Again>(scanner.offer(photographed(shown.qr))).codes.single().text)
            scanner.forget()
            assertIs<Sighting.One>(scanner.offer(photographed(shown.qr)))
        }
        val bars = Scanner.read(photographed(assertNotNull(shown.bars), 2, 80)).single()
        assertEquals(shown.digits to SymbolKind.CODE128, bars.text to bars.kind)
    }

    @Test
    fun `a frame that cannot be is an error`() {
        val luma = ByteArray(100)
        Scanner().use { scanner ->
            for (frame in listOf(
                Frame(luma, 0, 10), Frame(luma, 10, -1), Frame(luma, 10, 11), Frame(luma, 10, 10, 9), Frame(luma, 10, 10, 10, 45),
                Frame(luma, 10, 10, 10, -90), Frame(luma, Int.MAX_VALUE, Int.MAX_VALUE),
            )) {
                assertEquals(ErrorCode.ARGUMENT_INVALID, failing { scanner.offer(frame) }.code, "$frame")
            }
        }
    }
}
