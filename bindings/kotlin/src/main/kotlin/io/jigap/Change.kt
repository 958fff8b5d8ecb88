package io.jigap

import io.jigap.ffi.Observer
import kotlinx.coroutines.channels.Channel
import io.jigap.ffi.Change as CoreChange

/** What changed. A screen that shows it reads it anew. */
sealed interface Change {
    /**
     * A payment.
     *
     * @property id which
     */
    data class Payment(val id: String) : Change

    /**
     * A shown code.
     *
     * @property id which: [ShownCode.id], not its digits
     */
    data class Code(val id: String) : Change

    /**
     * A network's consent.
     *
     * @property network whose
     */
    data class Consent(val network: String) : Change

    /** The balance. */
    data object Balance : Change

    /** The configuration, and with it the networks. */
    data object Config : Change

    /** How the wallet's own records are: see [Wallet.condition]. */
    data object Condition : Change
}

/**
 * Changes that a collector has not heard of yet. The wallet's thread only notes them and goes on; a slow collector hears of
 * each thing once, however often it changed meanwhile. So nothing blocks, nothing is lost and nothing grows without end.
 */
internal class Backlog : Observer {
    private val pending = LinkedHashSet<Change>()

    /** Something is pending. Closed when the wallet is. */
    val signal = Channel<Unit>(Channel.CONFLATED)

    override fun changed(changes: List<CoreChange>) {
        synchronized(pending) { changes.mapTo(pending) { it.toPublic() } }
        signal.trySend(Unit)
    }

    fun drain(): List<Change> = synchronized(pending) { pending.toList().also { pending.clear() } }
}

private fun CoreChange.toPublic(): Change = when (this) {
    is CoreChange.Payment -> Change.Payment(id)
    is CoreChange.Code -> Change.Code(id)
    is CoreChange.Consent -> Change.Consent(network)
    is CoreChange.Balance -> Change.Balance
    is CoreChange.Config -> Change.Config
    is CoreChange.Condition -> Change.Condition
}
