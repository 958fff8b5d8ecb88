package io.jigap

import java.time.Instant
import io.jigap.ffi.Finding as CoreFinding

/** A kind of movement that is added up. */
typealias Moved = io.jigap.ffi.Moved

/**
 * A day on which the wallet's payments and the server's statement do not come to the same.
 *
 * @property day its beginning, midnight at UTC+8
 * @property moved what differs
 * @property here what the wallet's payments come to, a sum a currency
 * @property there what the server says
 */
data class Finding(val day: Instant, val moved: Moved, val here: List<Money>, val there: List<Money>) {
    /** Day and kind alone. */
    override fun toString(): String = "Finding($day, $moved, …)"
}

internal fun CoreFinding.toPublic() =
    Finding(Instant.ofEpochMilli(dayMs), moved, here.map { it.toPublic() }, there.map { it.toPublic() })
