package io.jigap

import io.jigap.ffi.VaultPort
import java.nio.file.Path
import java.time.Instant

/**
 * How the wallet's own records are.
 *
 * @property behind they are older than what the key store or the gateway has seen of them, or were begun anew: nothing is paid until
 * the gateway's were taken in. The wallet does that by itself
 * @property damaged something in them does not verify. Nothing is paid; payments that had not ended are still asked about. Only closing
 * the wallet and [setAside] helps
 * @property spoiled rows of what is owed that cannot be believed and are left alone
 * @property setAside databases that lie aside
 * @property salvaging payments of those that are still being asked about
 * @property changingKeys the root key is being changed
 */
data class Condition(
    val behind: Boolean,
    val damaged: Boolean,
    val spoiled: Int,
    val setAside: Int,
    val salvaging: Int,
    val changingKeys: Boolean,
)

/**
 * What was erased, and what the law has kept.
 *
 * @property payments payments that are gone
 * @property codes codes that are gone
 * @property kept payments that are kept: Electronic Financial Transactions Act (Korea), Article 22, and its decree
 * @property keptUntil when the last of those may go; `null` when there are none, or one has not ended
 */
data class Erased(val payments: Int, val codes: Int, val kept: Int, val keptUntil: Instant?)

/**
 * Sets a database aside that does not open any more ([ErrorCode.STORE_DAMAGED], [ErrorCode.VAULT_KEY_LOST]), or that was found
 * [damaged][Condition.damaged]. It is renamed, never deleted; the next [Wallet.open] begins anew. A decision of the user's: it is never made
 * by opening. The wallet must be closed.
 *
 * @return the number it lies aside under
 * @throws JigapException [ErrorCode.STORE_IN_USE] when there is nothing wrong with it
 */
suspend fun setAside(folder: Path, vault: Vault): Int {
    CoreThreads.ready()
    val port: VaultPort = (vault as? FileVault)?.port ?: HostVault(vault)
    return calling { io.jigap.ffi.setAside(folder.toString(), port) }.toInt()
}
