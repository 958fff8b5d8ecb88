package io.jigap

import io.jigap.ffi.formatMoney
import io.jigap.ffi.parseMoney
import io.jigap.ffi.Merchant as CoreMerchant
import io.jigap.ffi.Money as CoreMoney

/**
 * An amount of money.
 *
 * @property currency ISO 4217 alphabetic code
 * @property minor minor units: yen, fen, cents. Never a floating-point number
 */
data class Money(val currency: String, val minor: Long) {
    /**
     * For people who read English, such as `JPY 1,280`.
     *
     * @throws JigapException [ErrorCode.CURRENCY_UNKNOWN]
     */
    fun format(): String = calling { formatMoney(toCore()) }

    companion object {
        /**
         * Reads what a user typed, in major units: digits with at most one point. Nothing is ever rounded.
         *
         * @throws JigapException [ErrorCode.AMOUNT_INVALID], [ErrorCode.CURRENCY_UNKNOWN], [ErrorCode.MONEY_OUT_OF_RANGE]
         */
        fun parse(currency: String, text: String): Money = calling { parseMoney(currency, text) }.toPublic()
    }
}

/** An exchange rate: what one major unit of `from` costs in major units of `to`, as decimal text. */
typealias Rate = io.jigap.ffi.Rate

/**
 * A shop. Its name is personal data of the user's: [toString] does not print it.
 *
 * @property name in Latin letters, or the only one there is
 * @property localName in the shop's own script
 * @property city the city
 * @property country ISO 3166-1 alpha-2
 */
data class Merchant(val name: String, val localName: String?, val city: String?, val country: String) {
    /** The country alone. */
    override fun toString(): String = "Merchant($country, …)"
}

internal fun Money.toCore() = CoreMoney(currency, minor)

internal fun CoreMoney.toPublic() = Money(currency, minor)

internal fun CoreMerchant.toPublic() = Merchant(name, localName, city, country)
