package io.jigap

import java.time.Instant
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import io.jigap.ffi.HistoryPage as CoreHistoryPage
import io.jigap.ffi.Payment as CorePayment
import io.jigap.ffi.PaymentStatus as CoreStatus
import io.jigap.ffi.Preview as CorePreview

/** How the user proved who they are. */
typealias ProofMethod = io.jigap.ffi.ProofMethod

/** Where a user's wish for a refund stands. */
typealias RefundRequest = io.jigap.ffi.RefundRequest

/**
 * The terms of a payment, before anything is agreed. They do not change any more: what is shown is what is paid.
 *
 * @property id names the preview
 * @property network who carries it
 * @property networkName what people call the network
 * @property merchant the shop, as the network names it
 * @property amount what the shop asks for
 * @property rate the rate between the two amounts
 * @property home what the user will be charged
 * @property expiresIn how long the terms held from the moment that [Wallet.prepare] returned
 */
class Preview internal constructor(
    val id: String,
    val network: String,
    val networkName: String,
    val merchant: Merchant,
    val amount: Money,
    val rate: Rate,
    val home: Money,
    val expiresIn: Duration,
    private val challengeBytes: ByteArray,
) {
    /**
     * What the user's key has to sign to agree: ECDSA P-256 with SHA-256, as it is. For a key that the platform guards, such
     * as one of Android Keystore behind biometrics. A [PinKey] signs it by [PinKey.prove].
     */
    val challenge: ByteArray get() = challengeBytes.clone()

    /** Network and amounts' currencies alone. */
    override fun toString(): String = "Preview($network, ${amount.currency} for ${home.currency}, …)"
}

/**
 * The user's word for one preview.
 *
 * @property method how the user proved who they are
 * @property signature over [Preview.challenge] by the user's key: ECDSA P-256 with SHA-256, ASN.1 DER
 */
class Proof(val method: ProofMethod, val signature: ByteArray) {
    /** The method alone. */
    override fun toString(): String = "Proof($method, …)"
}

/** How a payment stands, as it is told to the person who made it. */
sealed interface PaymentStatus {
    /** It has ended or not: why it is not paid, and what can be done. */
    sealed interface NotPaid : PaymentStatus {
        /** Why, and what can be done. */
        val problem: Problem
    }

    /** Not known yet. Never say "failed": money may have moved. The wallet keeps asking, and never pays twice. */
    data class Checking(override val problem: Problem) : NotPaid

    /**
     * Charged.
     *
     * @property reference the network's number of the payment, for the receipt; not printed by [toString]
     * @property paidAt when it was charged, by the server's clock
     */
    data class Paid(val reference: String, val paidAt: Instant) : PaymentStatus {
        /** When it was charged. */
        override fun toString(): String = "Paid($paidAt, …)"
    }

    /** Not charged; the gateway said why. */
    data class Declined(override val problem: Problem) : NotPaid

    /** Not charged; it never reached the gateway. May be paid again. */
    data class NotSent(override val problem: Problem) : NotPaid

    /** Contradictory answers; people are looking into it. */
    data class Conflict(override val problem: Problem) : NotPaid

    /** It is to be cancelled; whether it still can be is not known yet. */
    data class Cancelling(override val problem: Problem) : NotPaid

    /** Not charged; cancelled before it was. */
    data object Cancelled : PaymentStatus

    /**
     * Charged, and then cancelled by the network: the money is back.
     *
     * @property reference the network's number of the payment; not printed by [toString]
     * @property paidAt when it was charged, by the server's clock
     * @property reversedAt when it was cancelled
     */
    data class Reversed(val reference: String, val paidAt: Instant, val reversedAt: Instant) : PaymentStatus {
        /** When it was cancelled. */
        override fun toString(): String = "Reversed($reversedAt, …)"
    }
}

/**
 * What was given back of a payment, the sum of all parts.
 *
 * @property amount in the shop's currency
 * @property home in the user's, each part at its own rate
 * @property whole whether it is all of it
 */
data class Refunded(val amount: Money, val home: Money, val whole: Boolean) {
    /** Nothing of it. */
    override fun toString(): String = "Refunded(…)"
}

/**
 * A payment, as history and receipt show it.
 *
 * @property id names the payment
 * @property status how it stands
 * @property network who carries it
 * @property scanned whether the user scanned the shop; else the shop scanned the user
 * @property merchant the shop, as far as it is known
 * @property amount what the shop asks for, as far as it is known
 * @property home what the user is or would be charged
 * @property rate the rate between the two
 * @property createdAt when it began, by the server's clock
 * @property refunded what was given back so far; the payment stays paid
 * @property refundRequest where the user's wish for a refund stands
 */
data class Payment(
    val id: String,
    val status: PaymentStatus,
    val network: String,
    val scanned: Boolean,
    val merchant: Merchant?,
    val amount: Money?,
    val home: Money?,
    val rate: Rate?,
    val createdAt: Instant,
    val refunded: Refunded?,
    val refundRequest: RefundRequest,
) {
    /** Network and status alone. */
    override fun toString(): String = "Payment($network, $status, …)"
}

/** Where a page of history begins. Only valid in the wallet that gave it. */
@JvmInline
value class HistoryCursor internal constructor(internal val position: Long)

/**
 * A page of history.
 *
 * @property payments newest first
 * @property next where the next page begins; `null` on the last one
 */
data class HistoryPage(val payments: List<Payment>, val next: HistoryCursor?)

internal fun CorePreview.toPublic() = Preview(
    id,
    network,
    networkName,
    merchant.toPublic(),
    amount.toPublic(),
    rate,
    home.toPublic(),
    expiresInMs.milliseconds,
    challenge,
)

internal fun CorePayment.toPublic(): Payment {
    fun why() = problem?.toPublic() ?: throw internalFault()
    fun charged() = Pair(reference ?: throw internalFault(), Instant.ofEpochMilli(paidAtMs ?: throw internalFault()))
    val status = when (status) {
        CoreStatus.CHECKING -> PaymentStatus.Checking(why())
        CoreStatus.PAID -> charged().let { (reference, paidAt) -> PaymentStatus.Paid(reference, paidAt) }
        CoreStatus.DECLINED -> PaymentStatus.Declined(why())
        CoreStatus.NOT_SENT -> PaymentStatus.NotSent(why())
        CoreStatus.CONFLICT -> PaymentStatus.Conflict(why())
        CoreStatus.CANCELLING -> PaymentStatus.Cancelling(why())
        CoreStatus.CANCELLED -> PaymentStatus.Cancelled
        CoreStatus.REVERSED -> charged().let { (reference, paidAt) ->
            PaymentStatus.Reversed(reference, paidAt, Instant.ofEpochMilli(reversedAtMs ?: throw internalFault()))
        }
    }
    return Payment(
        id,
        status,
        network,
        scanned,
        merchant?.toPublic(),
        amount?.toPublic(),
        home?.toPublic(),
        rate,
        Instant.ofEpochMilli(createdMs),
        refunded?.let { Refunded(it.amount.toPublic(), it.home.toPublic(), it.whole) },
        refundRequest,
    )
}

internal fun CoreHistoryPage.toPublic() = HistoryPage(payments.map { it.toPublic() }, next?.let(::HistoryCursor))
