package io.jigap

import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import io.jigap.ffi.OfflineCode as CoreOfflineCode
import io.jigap.ffi.Picture as CorePicture
import io.jigap.ffi.ShownCode as CoreShownCode
import io.jigap.ffi.ShownHints as CoreShownHints
import io.jigap.ffi.ShownResult as CoreShownResult
import io.jigap.ffi.ShownState as CoreShownState

/**
 * A code to put on screen for a shop to scan. Whoever has its digits can charge the user once: keep the screen out of
 * screenshots and recordings, and keep the value out of logs, saved state and the clipboard. [toString] does not print it.
 *
 * @property id names the code without being it
 * @property network whose code
 * @property networkName what people call the network
 * @property region for which country, ISO 3166-1 alpha-2
 * @property digits the digits in full. Sensitive
 * @property masked the digits as they are shown at first
 * @property qr the QR code, one pixel a module, with its quiet zone
 * @property bars the bar code (Code 128), one pixel a module, one row, with its quiet zone; `null` where tills read QR only
 * @property expiresIn how long it could be scanned from the moment that [Wallet.show] returned
 * @property renewIn when to call [Wallet.renew], from the same moment
 * @property sensitive whether the page is to stay out of screenshots, recordings and the app switcher
 * @property hints how large and how bright
 * @property offline set when the code was made without network: the screen has to say so
 */
class ShownCode internal constructor(
    val id: String,
    val network: String,
    val networkName: String,
    val region: String,
    val digits: String,
    val masked: String,
    val qr: Picture,
    val bars: Picture?,
    val expiresIn: Duration,
    val renewIn: Duration,
    val sensitive: Boolean,
    val hints: ShownHints,
    val offline: OfflineCode?,
) {
    /** Network and region alone. */
    override fun toString(): String = "ShownCode($network, $region, …)"
}

/**
 * How a code is to be put on a screen. Lengths in tenths of a millimetre.
 *
 * @property brightnessPercent least brightness of the screen
 * @property qrSide side of the QR code without quiet zone
 * @property barsWidth width of the bar code
 * @property barsHeightLeast least height of the bar code
 */
class ShownHints internal constructor(
    val brightnessPercent: Int,
    val qrSide: IntRange,
    val barsWidth: IntRange,
    val barsHeightLeast: Int,
)

/**
 * What the screen has to say about a code that was made without network. The result comes when there is one again.
 *
 * @property limit the most that one payment may charge now
 * @property perDay how many payments without network there may be in 24 hours
 * @property sureOfTime whether the phone can be sure of the time; if not, the limit is lower
 * @property keysLeft how many keys have never been on a screen
 * @property validFor how long the keys are good
 */
class OfflineCode internal constructor(
    val limit: Money,
    val perDay: Int,
    val sureOfTime: Boolean,
    val keysLeft: Int,
    val validFor: Duration,
)

/**
 * A grey picture. To be scaled by whole factors, without smoothing.
 *
 * @property width pixels in a row
 * @property height rows
 * @property pixels one byte a pixel, rows from the top: 0 dark, 255 (as [Byte] -1) light
 */
class Picture internal constructor(val width: Int, val height: Int, val pixels: ByteArray) {
    /**
     * Whether a pixel is dark.
     *
     * @throws IndexOutOfBoundsException outside of the picture
     */
    fun isDark(x: Int, y: Int): Boolean {
        if (x !in 0 until width || y !in 0 until height) throw IndexOutOfBoundsException()
        return pixels[y * width + x] >= 0
    }

    /** The size alone. */
    override fun toString(): String = "Picture($width × $height)"
}

/** What became of a shown code. */
sealed interface ShownResult {
    /** On screen, or not known yet what became of it. */
    data object Waiting : ShownResult

    /**
     * A shop scanned it.
     *
     * @property payment what came of that; it may have been declined
     */
    data class Used(val payment: Payment) : ShownResult

    /** Nobody scanned it, and nobody can any more. */
    data object Expired : ShownResult
}

internal fun CoreShownCode.toPublic() = ShownCode(
    id,
    network,
    networkName,
    region,
    digits,
    masked,
    qr.toPublic(),
    bars?.toPublic(),
    expiresInMs.milliseconds,
    renewInMs.milliseconds,
    sensitive,
    hints.toPublic(),
    offline?.toPublic(),
)

private fun CoreShownHints.toPublic() = ShownHints(
    brightnessPercent.toInt(),
    qrSideLeast.toInt()..qrSideMost.toInt(),
    barsWidthLeast.toInt()..barsWidthMost.toInt(),
    barsHeightLeast.toInt(),
)

private fun CoreOfflineCode.toPublic() =
    OfflineCode(limit.toPublic(), perDay.toInt(), sureOfTime, keysLeft.toInt(), validForMs.milliseconds)

private fun CorePicture.toPublic() = Picture(width.toInt(), height.toInt(), pixels)

internal fun CoreShownResult.toPublic() = when (state) {
    CoreShownState.WAITING -> ShownResult.Waiting
    CoreShownState.USED -> ShownResult.Used(payment?.toPublic() ?: throw internalFault())
    CoreShownState.EXPIRED -> ShownResult.Expired
}
