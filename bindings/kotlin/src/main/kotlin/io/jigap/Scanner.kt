package io.jigap

import io.jigap.ffi.CoreScanner
import io.jigap.ffi.GreyPicture
import io.jigap.ffi.PicturePoint
import io.jigap.ffi.scanPicture
import io.jigap.ffi.Sighting as CoreSighting
import io.jigap.ffi.ScannedCode as CoreScannedCode

/** What kind of symbol a text was in. */
typealias SymbolKind = io.jigap.ffi.SymbolKind

/**
 * Grey pixels: a frame of a camera, or a picture that the platform opened. On Android the first plane of a `YUV_420_888`
 * image as it is, with its `rowStride`, and `ImageInfo.rotationDegrees`.
 *
 * @property luma one byte a pixel, 0 is black. Not kept after the call
 * @property width pixels in a row
 * @property height rows
 * @property stride bytes from the beginning of a row to that of the next
 * @property rotation degrees clockwise that make it stand upright: 0, 90, 180 or 270
 */
class Frame(val luma: ByteArray, val width: Int, val height: Int, val stride: Int = width, val rotation: Int = 0) {
    /** The size alone. */
    override fun toString(): String = "Frame($width × $height)"
}

/**
 * A place in the upright picture. May lie outside by a little.
 *
 * @property x pixels from the left
 * @property y pixels from the top
 */
data class PixelPoint(val x: Int, val y: Int)

/**
 * A text that was read from a picture. What it means is not looked at: give it to [Wallet.read]. [toString] does not print it.
 *
 * @property text the exact text
 * @property kind what it was in
 * @property corners four, clockwise from the symbol's own upper left
 */
class ScannedCode internal constructor(val text: String, val kind: SymbolKind, val corners: List<PixelPoint>) {
    /** The kind alone. */
    override fun toString(): String = "ScannedCode($kind, …)"
}

/** What came of an offered frame. */
sealed interface Sighting {
    /** Another frame is being looked at; this one was dropped. */
    data object Busy : Sighting

    /** Nothing was read. The next frame is looked at in another way. */
    data object Nothing : Sighting

    /**
     * The same as the last finding: nothing to do, but the corners may have moved.
     *
     * @property codes what was read
     */
    data class Again(val codes: List<ScannedCode>) : Sighting

    /**
     * One text, and not the last one.
     *
     * @property code what was read
     */
    data class One(val code: ScannedCode) : Sighting

    /**
     * Several texts: let the user say which is meant, and take none without asking.
     *
     * @property codes what was read
     */
    data class Several(val codes: List<ScannedCode>) : Sighting
}

/**
 * Reads QR and Code 128 from the frames of one camera. Needs no wallet, opens nothing and keeps no picture.
 *
 * Offer each frame as it comes, from the camera's own thread, and let the camera drop frames while a call runs (CameraX:
 * `STRATEGY_KEEP_ONLY_LATEST`). Each call looks in one of six ways, the one that worked last first; six frames of one scene are
 * all of them. May be called from several threads.
 */
class Scanner : AutoCloseable {
    private val core: CoreScanner = calling { CoreScanner.begin() }

    /**
     * Looks at a frame.
     *
     * @throws JigapException [ErrorCode.ARGUMENT_INVALID] when the sizes do not fit the bytes
     */
    fun offer(frame: Frame): Sighting = when (val sighting = calling { core.offer(frame.toCore()) }) {
        is CoreSighting.Busy -> Sighting.Busy
        is CoreSighting.Nothing -> Sighting.Nothing
        is CoreSighting.Again -> Sighting.Again(sighting.codes.map { it.toPublic() })
        is CoreSighting.One -> Sighting.One(sighting.code.toPublic())
        is CoreSighting.Several -> Sighting.Several(sighting.codes.map { it.toPublic() })
    }

    /** Forgets the last finding, so that the same text is news again: the user put it away and scans anew. */
    fun forget(): Unit = calling { core.forget() }

    /** Frees it. Calls after this one fail. */
    override fun close(): Unit = core.close()

    companion object {
        /**
         * Every text in one picture, such as one of the gallery that the platform opened. Takes as long as six frames of its size:
         * open a picture at most 2,000 pixels wide or high.
         *
         * @throws JigapException [ErrorCode.ARGUMENT_INVALID] when the sizes do not fit the bytes
         */
        fun read(picture: Frame): List<ScannedCode> = calling { scanPicture(picture.toCore()) }.map { it.toPublic() }
    }
}

/** A negative number is none that the core takes; it must not become a large one. */
private fun Frame.toCore() =
    GreyPicture(luma, width.orNone(), height.orNone(), stride.orNone(), if (rotation < 0) UInt.MAX_VALUE else rotation.toUInt())

private fun Int.orNone(): UInt = coerceAtLeast(0).toUInt()

private fun PicturePoint.toPublic() = PixelPoint(x, y)

private fun CoreScannedCode.toPublic() = ScannedCode(text, kind, corners.map { it.toPublic() })
