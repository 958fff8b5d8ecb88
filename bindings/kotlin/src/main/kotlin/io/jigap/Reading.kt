package io.jigap

import io.jigap.ffi.Verdict
import io.jigap.ffi.Reading as CoreReading

/** What a scanned text is. An unreadable code is a reading too, never an exception. */
sealed interface Reading {
    /** What the text says about itself, as far as it could be read. Not yet what the network says. */
    val facts: CodeFacts

    /**
     * It can be paid.
     *
     * @property network the one network that carries it
     */
    data class Payable(val network: String, override val facts: CodeFacts) : Reading

    /**
     * The user has to choose who carries it: pass the choice to [Wallet.prepare].
     *
     * @property networks those that can
     */
    data class NeedsChoice(val networks: List<String>, override val facts: CodeFacts) : Reading

    /** It cannot be paid as it is. */
    sealed interface Refused : Reading {
        /** Why, and what can be done. */
        val problem: Problem
    }

    /** No shop's payment code: a web page, a contact, a person's code. */
    data class NotPayable(override val problem: Problem, override val facts: CodeFacts) : Refused

    /** A payment code, but of no network of this wallet's here. */
    data class Unsupported(override val problem: Problem, override val facts: CodeFacts) : Refused

    /** Damaged, or not built as its format asks. */
    data class Malformed(override val problem: Problem, override val facts: CodeFacts) : Refused

    /** Its parts contradict each other. */
    data class Suspicious(override val problem: Problem, override val facts: CodeFacts) : Refused
}

/**
 * What a scanned text says about itself. [toString] does not print names.
 *
 * @property country ISO 3166-1 alpha-2
 * @property currency ISO 4217 alphabetic code
 * @property amount where the code fixes it
 * @property merchantName the shop as the code names it; the network's name for it comes with the preview
 * @property localName the name in the shop's own script
 */
data class CodeFacts(
    val country: String?,
    val currency: String?,
    val amount: Money?,
    val merchantName: String?,
    val localName: String?,
) {
    /** Country and currency alone. */
    override fun toString(): String = "CodeFacts($country, $currency, …)"
}

internal fun CoreReading.toPublic(): Reading {
    val facts = CodeFacts(country, currency, amount?.toPublic(), merchantName, localName)
    fun why() = problem?.toPublic() ?: throw internalFault()
    return when (verdict) {
        Verdict.PAYABLE -> Reading.Payable(networks.singleOrNull() ?: throw internalFault(), facts)
        Verdict.NEEDS_CHOICE -> Reading.NeedsChoice(networks, facts)
        Verdict.NOT_PAYABLE -> Reading.NotPayable(why(), facts)
        Verdict.UNSUPPORTED -> Reading.Unsupported(why(), facts)
        Verdict.MALFORMED -> Reading.Malformed(why(), facts)
        Verdict.SUSPICIOUS -> Reading.Suspicious(why(), facts)
    }
}
