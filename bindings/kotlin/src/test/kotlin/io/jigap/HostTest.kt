package io.jigap

import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue

/** What the app brings: its own key store, its own HTTP client. */
class HostTest {
    /** A key store that can be told to say no. */
    private class FussyVault(private val inner: Vault) : Vault {
        @Volatile
        var says: (() -> Throwable)? = null
        val threads: MutableSet<Thread> = ConcurrentHashMap.newKeySet()
        val calls = AtomicInteger()

        private fun <T> answering(answer: () -> T): T {
            calls.incrementAndGet()
            threads += Thread.currentThread()
            says?.let { throw it() }
            return answer()
        }

        override fun wrap(key: ByteArray) = answering { inner.wrap(key) }
        override fun unwrap(wrapped: ByteArray) = answering { inner.unwrap(wrapped) }
        override fun deviceKey() = answering { inner.deviceKey() }
        override fun sign(data: ByteArray) = answering { inner.sign(data) }
    }

    private fun withFussyVault(test: suspend (Sandbox, Phone, FussyVault) -> Unit) = journey { sandbox, phone ->
        val vault = FussyVault(phone.fileVault)
        phone.open(vault = vault)
        phone.enrol()
        phone.agree("alipayplus")
        test(sandbox, phone, vault)
    }

    @Test
    fun `a vault in Kotlin pays`() = withFussyVault { sandbox, phone, vault ->
        val preview = phone.wallet.prepare(sandbox.code("kuromon", "alipayplus", "700"))
        val payment = phone.wallet.settled(phone.wallet.pay(preview, phone.prove(preview)).id)
        assertIs<PaymentStatus.Paid>(payment.status)
        assertTrue(vault.calls.get() > 5)
        assertTrue(vault.threads.size < vault.calls.get(), "each call got a Java thread of its own")
        assertTrue(vault.threads.all { it.isDaemon }, "the wallet's threads must not keep the program running")
    }

    @Test
    fun `a vault that says no is an error, and nothing is lost`() = withFussyVault { sandbox, phone, vault ->
        val answers = mapOf(
            VaultException::Unavailable to (ErrorCode.VAULT_UNAVAILABLE to NextAction.UNLOCK_DEVICE),
            VaultException::Refused to (ErrorCode.VAULT_REFUSED to NextAction.UNLOCK_DEVICE),
            VaultException::KeyLost to (ErrorCode.VAULT_KEY_LOST to NextAction.ENROL),
        )
        for ((says, expected) in answers) {
            vault.says = says
            val error = failing { phone.agree("unionpay") }
            assertEquals(expected, error.code to error.next)
            assertEquals(error.code, failing { phone.wallet.prepare(sandbox.code("kuromon", "alipayplus", "1")) }.code)
        }
        vault.says = null
        assertEquals(listOf(true, false), phone.wallet.networks().map { it.consented })
        phone.agree("unionpay")
        assertEquals(listOf(true, true), phone.wallet.networks().map { it.consented })
    }

    @Test
    fun `a vault that says no at the moment of sending charges nothing, and the order can be paid again`() =
        withFussyVault { sandbox, phone, vault ->
            val code = sandbox.code("kuromon", "alipayplus", "700")
            val preview = phone.wallet.prepare(code)
            vault.says = VaultException::Refused
            val refused = phone.wallet.settled(phone.wallet.pay(preview, phone.prove(preview)).id)
            assertIs<PaymentStatus.NotSent>(refused.status)
            vault.says = null
            val again = phone.wallet.prepare(code)
            val paid = phone.wallet.settled(phone.wallet.pay(again, phone.prove(again)).id)
            assertIs<PaymentStatus.Paid>(paid.status)
            assertEquals(listOf(paid.id, refused.id), phone.wallet.history().payments.map { it.id })
            assertEquals(1, sandbox.soundCharges())
        }

    @Test
    fun `what a vault throws by mistake goes nowhere`() = withFussyVault { _, phone, vault ->
        vault.says = { IllegalStateException("secret 4711") }
        val error = failing { phone.agree("unionpay") }
        assertEquals(ErrorCode.VAULT_UNAVAILABLE, error.code)
        assertFalse("4711" in error.stackTraceToString())
    }

    @Test
    fun `a file vault signs by the key that it names`(@TempDir folder: Path) {
        val vault = FileVault(folder.resolve("a"))
        assertEquals(65, vault.deviceKey().size)
        assertEquals(vault.deviceKey().toList(), FileVault(folder.resolve("a")).deviceKey().toList())
        assertEquals(listOf<Byte>(1, 2, 3), vault.unwrap(vault.wrap(byteArrayOf(1, 2, 3))).toList())
        val other = FileVault(folder.resolve("b"))
        assertIs<VaultException>(runCatching { other.unwrap(vault.wrap(ByteArray(32))) }.exceptionOrNull())
    }

    @Test
    fun `a transport in Kotlin says what became of a request`() = journey { _, phone ->
        val answers: Map<() -> Throwable, ErrorCode> = mapOf(
            { TransportException.Unreachable() } to ErrorCode.GATEWAY_UNREACHABLE,
            { TransportException.Untrusted() } to ErrorCode.GATEWAY_UNTRUSTED,
            { TransportException.MaybeSent() } to ErrorCode.GATEWAY_UNREACHABLE,
            { IllegalStateException("secret 4711") } to ErrorCode.GATEWAY_UNREACHABLE,
        )
        val key = phone.pinKey.create(Phone.PIN.toCharArray())
        for ((thrown, expected) in answers) {
            var asked: Transport.Request? = null
            phone.open(GatewayTransport { asked = it; throw thrown() })
            val error = failing { phone.wallet.enrol("demo", key) }
            assertEquals(expected, error.code)
            assertFalse("4711" in error.stackTraceToString())
            assertEquals("POST" to "/v1/enrol", asked?.run { method to path })
            assertTrue(asked!!.headers.any { it.first == "jigap-signature" })
        }
        phone.open(GatewayTransport { Transport.Response(200, 0, "{}".toByteArray()) })
        assertEquals(ErrorCode.GATEWAY_ANSWER, failing { phone.wallet.enrol("demo", key) }.code)
    }
}
