package io.jigap

import io.jigap.ffi.Checkout
import io.jigap.ffi.CoreWallet
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import java.nio.file.Path
import java.time.Instant
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * One user's wallet on this device.
 *
 * Every call throws [JigapException] and nothing else, apart from `CancellationException`. Suspending calls may be made from any
 * thread, the main one too. Cancelling one gives up the news and nothing else: what was begun goes on, and [history] shows it.
 */
class Wallet private constructor(private val core: CoreWallet) : AutoCloseable {
    private val life = Job()

    /** Whether this device is enrolled. */
    val enrolled: Boolean get() = calling { core.enrolled() }

    /**
     * What changes, from the moment of collecting on: collect first, then read. A slow collector blocks nobody and misses
     * nothing; it hears of each thing once. Ends when the wallet is closed. May be collected more than once.
     */
    val changes: Flow<Change> = flow {
        val backlog = Backlog()
        val subscription = calling { core.observe(backlog) }
        val end = life.invokeOnCompletion { backlog.signal.close() }
        try {
            for (signal in backlog.signal) {
                backlog.drain().forEach { emit(it) }
            }
        } finally {
            end.dispose()
            subscription.use { it.end() }
        }
    }

    /**
     * Makes this device known to the gateway.
     *
     * @param userToken the company's login of the user; the wallet does not look into it
     * @param userKey the user's P-256 public key (65 bytes), whose proofs count: [PinKey.create], or a key of the platform's
     */
    suspend fun enrol(userToken: String, userKey: ByteArray): Unit = calling { core.enrol(userToken, userKey) }

    /** Fetches configuration and balance anew. */
    suspend fun refresh(): Unit = calling { core.refresh() }

    /** The balance as the gateway last gave it. */
    suspend fun balance(): Money = reading { core.balance().amount.toPublic() }

    /**
     * What a scanned text is. Takes microseconds and touches neither disk nor network: it may be called for every frame of a
     * camera.
     *
     * @param code the exact text
     */
    fun read(code: String): Reading = calling { core.read(code) }.toPublic()

    /** Every network, and whether its consent is given. */
    suspend fun networks(): List<Network> = reading { core.networks() }

    /**
     * What has to be shown before a user can agree that data goes to a network.
     *
     * @param locale BCP 47, such as `ko-KR`
     */
    suspend fun consentRequest(network: String, locale: String): ConsentRequest =
        calling { core.consentRequest(network, locale) }.toPublic()

    /**
     * Keeps the user's answer as a signed record. Durable when this returns.
     *
     * @param display how the request was on screen
     */
    suspend fun answerConsent(request: ConsentRequest, agreed: Boolean, display: ConsentDisplay): Unit =
        calling { core.answerConsent(request.answer(agreed, display)) }

    /** Takes a consent back: durable when this returns, in force at once. Payments already sent are finished. */
    suspend fun withdrawConsent(network: String): Unit = calling { core.withdrawConsent(network) }

    /**
     * Resolves a scanned code into terms that do not change any more. Charges nothing.
     *
     * @param code the exact text that was scanned
     * @param network the user's choice, after [Reading.NeedsChoice]
     * @param amount what the user typed, where the code leaves the amount open
     */
    suspend fun prepare(code: String, network: String? = null, amount: Money? = null): Preview =
        calling { core.prepare(Checkout(code, network, amount?.toCore())) }.toPublic()

    /**
     * Pays exactly what a preview showed. When this returns, the intent to pay is on disk; the result comes by [settled].
     * Calling it twice is one payment. After a cancelled call, [history] knows whether the payment was begun.
     */
    suspend fun pay(preview: Preview, proof: Proof): Payment =
        calling { core.pay(preview.id, proof.method, proof.signature) }.toPublic()

    /** A payment as it stands. Never waits for the network. */
    suspend fun payment(id: String): Payment = reading { core.payment(id).toPublic() }

    /** Waits until a payment has ended, at most so long; then gives it as it stands, perhaps still checking. */
    suspend fun settled(id: String, patience: Duration = 30.seconds): Payment =
        calling { core.settled(id, patience.millis()) }.toPublic()

    /**
     * Payments, newest first.
     *
     * @param before [HistoryPage.next] of the page before; `null` for the newest
     * @param limit at most so many, 1 to 200
     */
    suspend fun history(before: HistoryCursor? = null, limit: Int = 50): HistoryPage =
        reading { core.history(before?.position, limit.coerceAtLeast(0).toUInt()).toPublic() }

    /**
     * Puts the next code of a network on screen. It is never given out again.
     *
     * @param region the country the user is in, ISO 3166-1 alpha-2
     */
    suspend fun show(network: String, region: String): ShownCode = calling { core.show(network, region) }.toPublic()

    /**
     * What is to be on screen now, by the clock: the next code, the same one a step later, or `null` when nothing changes. To be
     * called when [ShownCode.renewIn] has passed.
     */
    suspend fun renew(): ShownCode? = calling { core.renew() }?.toPublic()

    /** Another code: the shop's scan failed, or the user wants one. The one on screen is not shown again. */
    suspend fun newCode(): ShownCode? = calling { core.newCode() }?.toPublic()

    /** The page is covered, or the app leaves the screen: nothing of a code may stay visible. */
    suspend fun cover(): Unit = calling { core.cover() }

    /** The page is visible again: the same code while it lives, else the next one. */
    suspend fun uncover(): ShownCode? = calling { core.uncover() }?.toPublic()

    /** The user leaves the page. */
    suspend fun leavePage(): Unit = calling { core.leavePage() }

    /**
     * The network whose code the user showed last in a country.
     *
     * @param region ISO 3166-1 alpha-2
     */
    suspend fun chosenNetwork(region: String): String? = reading { core.chosenNetwork(region) }

    /** Waits until a shown code has been used or is over, at most so long. */
    suspend fun shownResult(id: String, patience: Duration = 60.seconds): ShownResult =
        calling { core.shownResult(id, patience.millis()) }.toPublic()

    /**
     * The app goes to the background: finishes what is being written and closes every file. Nothing more is sent until [resumed]. Calls
     * still work. Needed on systems that end an app which is suspended with a file lock; harmless elsewhere.
     */
    suspend fun suspend(): Unit = calling { core.suspend() }

    /** Erases what no law has kept, and says what stays and how long. */
    suspend fun erase(): Erased = calling { core.erase() }.let {
        Erased(it.payments.toInt(), it.codes.toInt(), it.kept.toInt(), it.keptUntil?.let(Instant::ofEpochMilli))
    }

    /** Begins to change the wallet's root key. Everything is sealed anew in the background; a kill at any time does no harm. */
    suspend fun changeKeys(): Unit = calling { core.changeKeys() }

    /** How the wallet's own records are. */
    suspend fun condition(): Condition = reading {
        core.condition().let {
            Condition(it.behind, it.damaged, it.spoiled.toInt(), it.setAside.toInt(), it.salvaging.toInt(), it.changingKeys)
        }
    }

    /**
     * The app is in front again: looks at once at what is due. Without it the wallet may be up to a minute late, since a phone's
     * sleep does not count for threads.
     */
    fun resumed(): Unit = calling { core.resumed() }

    /**
     * Closes the wallet: calls already taken are still done, and what is owed is on disk for the next [open]. [changes] end. Calls after
     * this one throw [ErrorCode.CLOSED]. Closing twice does nothing.
     */
    override fun close() {
        life.complete()
        // Not destroyed but left to the garbage collector, so that later calls say CLOSED; the core keeps nothing open.
        calling { core.shut() }
    }

    /** Reads from the wallet's database. Seldom more than a millisecond, but not for a main thread. */
    private suspend inline fun <T> reading(crossinline read: () -> T): T =
        withContext(Dispatchers.IO) { calling { read() } }

    companion object {
        /**
         * Opens the wallet in a folder of the app's own, and takes up what was left unfinished.
         *
         * @param folder only for the wallet, and excluded from backups
         * @param trust whose signatures count
         * @param gateway the server: a [GatewayAddress], or a [GatewayTransport]
         * @param vault the key store
         */
        suspend fun open(folder: Path, trust: Trust, gateway: Gateway, vault: Vault): Wallet = calling {
            val port = if (vault is FileVault) vault.port else HostVault(vault)
            Wallet(CoreWallet.open(folder.toString(), trust.configKey, trust.controllerKey, port, gateway.port()))
        }
    }
}
