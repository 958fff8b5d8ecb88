package io.jigap

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertTrue

class ChangesTest {
    private suspend fun pay(sandbox: Sandbox, phone: Phone): Payment {
        val preview = phone.wallet.prepare(sandbox.code("kuromon", "alipayplus", "500"))
        return phone.wallet.settled(phone.wallet.pay(preview, phone.prove(preview)).id)
    }

    /** Collects from now on: when this returns, the wallet knows of the collector. */
    private fun CoroutineScope.collecting(wallet: Wallet, take: suspend (Change) -> Unit): Job =
        launch(start = CoroutineStart.UNDISPATCHED) { wallet.changes.collect { take(it) } }

    @Test
    fun `a collector hears of what happens, and stops when it is cancelled`() = ready { sandbox, phone ->
        val heard = Channel<Change>(Channel.UNLIMITED)
        val collector = collecting(phone.wallet) { heard.send(it) }
        phone.agree("unionpay")
        assertEquals(Change.Consent("unionpay"), heard.receive())
        val payment = pay(sandbox, phone)
        assertEquals(Change.Payment(payment.id), generateSequence { Unit }.firstNotNullOf {
            heard.receive().takeIf { it is Change.Payment }
        })
        collector.cancelAndJoin()
        while (heard.tryReceive().isSuccess) Unit
        // Whoever collects now hears of it, so the news has passed; the one that was cancelled does not.
        val next = async(start = CoroutineStart.UNDISPATCHED) { phone.wallet.changes.first { it is Change.Payment } }
        val second = pay(sandbox, phone)
        assertEquals(Change.Payment(second.id), next.await())
        assertTrue(heard.tryReceive().isFailure)
    }

    @Test
    fun `a slow collector blocks nobody and misses nothing`() = ready { sandbox, phone ->
        val gate = CompletableDeferred<Unit>()
        val heard = mutableListOf<Change>()
        val slow = collecting(phone.wallet) {
            gate.await()
            heard += it
        }
        val payments = List(3) { pay(sandbox, phone) }
        payments.forEach { assertIs<PaymentStatus.Paid>(it.status) }
        assertTrue(heard.isEmpty())
        gate.complete(Unit)
        phone.wallet.close()
        slow.join()
        assertContains(1..2, heard.count { it == Change.Payment(payments[0].id) }, "once before the gate, once behind it")
        for (payment in payments.drop(1)) assertEquals(1, heard.count { it == Change.Payment(payment.id) })
    }

    @Test
    fun `the flow ends with the wallet`() = ready { _, phone ->
        val collected = async(start = CoroutineStart.UNDISPATCHED) { phone.wallet.changes.toList() }
        phone.wallet.close()
        assertTrue(collected.await().size < 10)
    }

    @Test
    fun `a collector that throws harms nobody`() = ready { sandbox, phone ->
        val failure = async(start = CoroutineStart.UNDISPATCHED) {
            runCatching { phone.wallet.changes.collect { error("mine") } }.exceptionOrNull()
        }
        assertIs<PaymentStatus.Paid>(pay(sandbox, phone).status)
        assertEquals("mine", failure.await()?.message)
        assertIs<PaymentStatus.Paid>(pay(sandbox, phone).status)
    }
}
