package io.jigap

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue

/** The example at the end of the EMVCo MPM specification: a sound code, of networks that this wallet does not have. */
private const val FOREIGN =
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT" +
        "6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME" +
        "91320016A0112233449988770708123456786304A13A"

class ErrorsTest {
    @Test
    fun `a wrong PIN charges nothing, and five of them lock the key`() = ready { sandbox, phone ->
        val preview = phone.wallet.prepare(sandbox.code("kuromon", "alipayplus", "300"))
        repeat(4) {
            val error = failing { phone.prove(preview, "000000") }
            assertEquals(ErrorCode.PIN_WRONG to NextAction.AUTHENTICATE, error.code to error.next)
        }
        failing { phone.prove(preview, "000000") }
        assertEquals(ErrorCode.PIN_LOCKED, failing { phone.prove(preview) }.code)
        assertEquals(0, sandbox.soundCharges())
    }

    @Test
    fun `a PIN is ASCII digits`() = journey { _, phone ->
        // U+0131 loses its upper byte to become the digit 1.
        for (pin in listOf("12345", "\u0131\u0132\u0133\u0134\u0135\u0136", "12345a", "")) {
            assertEquals(ErrorCode.PIN_FORMAT, failing { phone.pinKey.create(pin.toCharArray()) }.code)
        }
    }

    @Test
    fun `a proof for another preview does not pay`() = ready { sandbox, phone ->
        val cheap = phone.wallet.prepare(sandbox.code("kuromon", "alipayplus", "100"))
        val dear = phone.wallet.prepare(sandbox.code("kuromon", "alipayplus", "9000"))
        val error = failing { phone.wallet.pay(dear, phone.prove(cheap)) }
        assertEquals(ErrorCode.PROOF_INVALID to NextAction.AUTHENTICATE, error.code to error.next)
        assertTrue(phone.wallet.history().payments.isEmpty())
        assertEquals(0, sandbox.soundCharges())
    }

    @Test
    fun `a code of a network that this wallet does not have`() = ready { _, phone ->
        val reading = assertIs<Reading.Unsupported>(phone.wallet.read(FOREIGN))
        assertEquals("CN" to Money("CNY", 2372), reading.facts.country to reading.facts.amount)
        val error = failing { phone.wallet.prepare(FOREIGN) }
        assertEquals(reading.problem, error.problem)
        assertEquals(ErrorCode.CODE_UNSUPPORTED to NextAction.CHOOSE_NETWORK, error.code to error.next)
    }

    @Test
    fun `a network that this wallet does not have`() = ready { _, phone ->
        val error = failing { phone.wallet.consentRequest("zoopay", "ko") }
        assertEquals(ErrorCode.NETWORK_UNKNOWN to NextAction.CHOOSE_NETWORK, error.code to error.next)
    }

    @Test
    fun `a code with a wrong check sum`() = ready { sandbox, phone ->
        val sound = sandbox.code("westlake", "unionpay", "28.50")
        assertEquals("unionpay", assertIs<Reading.Payable>(phone.wallet.read(sound)).network)
        val broken = sound.dropLast(1) + if (sound.last() == '0') '1' else '0'
        assertIs<Reading.Malformed>(phone.wallet.read(broken))
        val error = failing { phone.wallet.prepare(broken) }
        assertEquals(ErrorCode.CODE_MALFORMED to NextAction.SCAN_AGAIN, error.code to error.next)
        assertFalse(error.retryable)
    }

    @Test
    fun `without a consent nothing leaves`() = ready { sandbox, phone ->
        val error = failing { phone.wallet.prepare(sandbox.code("westlake", "unionpay", "28.50")) }
        assertEquals(ErrorCode.CONSENT_NEEDED to NextAction.ASK_CONSENT, error.code to error.next)
        assertEquals(mapOf("network" to "unionpay"), error.problem.fields)
    }

    @Test
    fun `an amount is needed, fixed, or not one`() = ready { sandbox, phone ->
        phone.agree("unionpay")
        val open = sandbox.code("hefang", "unionpay", null)
        assertEquals(NextAction.ENTER_AMOUNT, failing { phone.wallet.prepare(open) }.next)
        val typed = Money.parse("CNY", "88.8")
        assertEquals(Money("CNY", 8880) to "CNY 88.80", typed to typed.format())
        assertEquals(typed, phone.wallet.prepare(open, amount = typed).amount)
        val fixed = sandbox.code("westlake", "unionpay", "28.50")
        assertEquals(ErrorCode.AMOUNT_FIXED, failing { phone.wallet.prepare(fixed, amount = typed) }.code)
        assertEquals(ErrorCode.AMOUNT_INVALID, failing { Money.parse("CNY", "1.234") }.code)
        assertEquals(ErrorCode.CURRENCY_UNKNOWN, failing { Money("ZZZ", 1).format() }.code)
    }

    @Test
    fun `a declined payment says why`() = ready { sandbox, phone ->
        sandbox.admin("/admin/fault", json("kind" to "set_balance", "user" to "demo", "value" to 10))
        val preview = phone.wallet.prepare(sandbox.code("kuromon", "alipayplus", "1280"))
        val payment = phone.wallet.settled(phone.wallet.pay(preview, phone.prove(preview)).id)
        val declined = assertIs<PaymentStatus.Declined>(payment.status)
        assertEquals(ErrorCode.BALANCE_INSUFFICIENT to NextAction.TOP_UP, declined.problem.code to declined.problem.next)
        assertEquals(0, sandbox.soundCharges())
    }

    @Test
    fun `a server with a certificate of somebody else's hears nothing`() = journey { sandbox, phone ->
        Sandbox().use { other ->
            phone.open(GatewayAddress(sandbox.gateway.url, other.rootsPem))
            assertEquals(ErrorCode.GATEWAY_UNTRUSTED, failing { phone.enrol() }.code)
        }
        phone.open()
        phone.wallet.enrol("demo", phone.pinKey.publicKey())
        assertTrue(phone.wallet.enrolled)
    }

    @Test
    fun `a panic in Rust is an error, and the wallet goes on`() = ready { sandbox, phone ->
        val error = failing { phone.wallet.read("jigap:panic") }
        assertEquals(ErrorCode.INTERNAL to NextAction.CONTACT_SUPPORT, error.code to error.next)
        assertFalse("planted" in error.stackTraceToString(), "what a panic says stays where it is")
        val preview = phone.wallet.prepare(sandbox.code("kuromon", "alipayplus", "300"))
        val payment = phone.wallet.settled(phone.wallet.pay(preview, phone.prove(preview)).id)
        assertIs<PaymentStatus.Paid>(payment.status)
    }

    @Test
    fun `after closing, every call says so`() = ready { _, phone ->
        val wallet = phone.wallet
        wallet.close()
        wallet.close()
        val errors = listOf(
            failing { wallet.balance() },
            failing { wallet.read("x") },
            failing { wallet.enrolled },
            failing { wallet.history() },
            failing { wallet.prepare("x") },
            failing { wallet.show("alipayplus", "JP") },
            failing { wallet.settled("0".repeat(32)) },
            failing { wallet.changes.collect {} },
            failing { wallet.resumed() },
        )
        assertEquals(setOf(ErrorCode.CLOSED to NextAction.FIX_CALLER), errors.map { it.code to it.next }.toSet())
    }
}
