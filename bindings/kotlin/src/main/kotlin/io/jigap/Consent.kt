package io.jigap

import kotlin.time.Duration
import io.jigap.ffi.ConsentAnswer as CoreAnswer
import io.jigap.ffi.ConsentRequest as CoreRequest

/** One item of a consent document: its stable name, its text, and whether it has to stand out. */
typealias ConsentSection = io.jigap.ffi.ConsentSection

/** How one network stands with this user. */
typealias Network = io.jigap.ffi.NetworkInfo

/**
 * What has to be shown before a user can agree that data goes to a network.
 *
 * @property network for which network
 * @property networkName what people call it
 * @property document names the exact text; the answer is bound to it
 * @property controller who asks
 * @property locale the language of the texts, which may be another than the one asked for
 * @property title what this is
 * @property sections the five items of PIPA 28-8(2), in the order in which they are to be shown
 * @property granted whether it is agreed to already
 */
data class ConsentRequest(
    val network: String,
    val networkName: String,
    val document: String,
    val controller: String,
    val locale: String,
    val title: String,
    val sections: List<ConsentSection>,
    val granted: Boolean,
)

/**
 * How a [ConsentRequest] was on screen when the user answered. It becomes part of the signed record.
 *
 * @property fontPoints size of the body text in points
 * @property scrolledToEnd whether the user reached the end of the text
 * @property dwell how long it was on screen
 */
data class ConsentDisplay(val fontPoints: Int, val scrolledToEnd: Boolean, val dwell: Duration)

internal fun CoreRequest.toPublic() =
    ConsentRequest(network, networkName, document, controller, locale, title, sections, granted)

internal fun ConsentRequest.answer(agreed: Boolean, display: ConsentDisplay) = CoreAnswer(
    network,
    document,
    agreed,
    locale,
    display.fontPoints.coerceAtLeast(0).toUInt(),
    display.scrolledToEnd,
    display.dwell.millis(),
)

/** Whole milliseconds; a negative duration is none. */
internal fun Duration.millis(): ULong = inWholeMilliseconds.coerceAtLeast(0).toULong()
