package io.jigap

import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime

/** R11: whoever stops waiting gives up the news and nothing else. */
class CancellationTest {
    private suspend fun assertPaidOnce(sandbox: Sandbox, wallet: Wallet) {
        val payment = wallet.history().payments.single()
        assertIs<PaymentStatus.Paid>(wallet.settled(payment.id).status)
        assertIs<PaymentStatus.Paid>(wallet.history().payments.single().status)
        assertEquals(1, sandbox.soundCharges())
    }

    @Test
    fun `cancelled while pay is awaited`() = ready { sandbox, phone ->
        val wallet = phone.wallet
        val preview = wallet.prepare(sandbox.code("kuromon", "alipayplus", "1280"))
        val proof = phone.prove(preview)
        // Runs to where it waits for the core, and is cancelled there.
        val paying = launch(start = CoroutineStart.UNDISPATCHED) { wallet.pay(preview, proof) }
        paying.cancelAndJoin()
        assertTrue(paying.isCancelled)
        while (wallet.history().payments.isEmpty()) delay(10.milliseconds)
        assertPaidOnce(sandbox, wallet)
        // Asked for again, it is the same payment.
        assertEquals(wallet.history().payments.single().id, wallet.pay(preview, proof).id)
        assertEquals(1, sandbox.soundCharges())
    }

    @Test
    fun `cancelled before pay began`() = ready { sandbox, phone ->
        val wallet = phone.wallet
        val preview = wallet.prepare(sandbox.code("kuromon", "alipayplus", "1280"))
        val proof = phone.prove(preview)
        val paying = launch { wallet.pay(preview, proof) }
        paying.cancelAndJoin()
        assertTrue(wallet.history().payments.isEmpty())
        assertIs<PaymentStatus.Paid>(wallet.settled(wallet.pay(preview, proof).id).status)
        assertEquals(1, sandbox.soundCharges())
    }

    @ParameterizedTest
    @ValueSource(strings = ["delay_ms", "drop_answer", "drop_request", "answer_500"])
    fun `cancelled while the result is awaited`(fault: String) = ready { sandbox, phone ->
        val wallet = phone.wallet
        val preview = wallet.prepare(sandbox.code("kuromon", "alipayplus", "1280"))
        sandbox.fault(fault, path = "/v1/payments", value = if (fault == "delay_ms") 800 else null)
        val payment = wallet.pay(preview, phone.prove(preview))
        val waiting = launch(start = CoroutineStart.UNDISPATCHED) { wallet.settled(payment.id, 20.seconds) }
        yield()
        val took = measureTime { waiting.cancelAndJoin() }
        assertTrue(waiting.isCancelled)
        assertTrue(took < 5.seconds, "cancelling waited: $took")
        assertPaidOnce(sandbox, wallet)
    }

    @Test
    fun `eight calls of pay are one payment`() = ready { sandbox, phone ->
        val preview = phone.wallet.prepare(sandbox.code("kuromon", "alipayplus", "1280"))
        val proof = phone.prove(preview)
        val ids = List(8) { async { phone.wallet.pay(preview, proof).id } }.awaitAll()
        assertEquals(1, ids.toSet().size)
        assertPaidOnce(sandbox, phone.wallet)
    }

    @Test
    fun `closed in the middle, and taken up again`() = ready { sandbox, phone ->
        val preview = phone.wallet.prepare(sandbox.code("kuromon", "alipayplus", "1280"))
        sandbox.fault("drop_answer", path = "/v1/payments")
        phone.wallet.pay(preview, phone.prove(preview))
        phone.wallet.close()
        assertPaidOnce(sandbox, phone.open())
    }
}
