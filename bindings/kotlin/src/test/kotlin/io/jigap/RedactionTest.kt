package io.jigap

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue

/** What is printed may be logged. */
class RedactionTest {
    @Test
    fun `no value prints a code, a name or a reference`() = ready { sandbox, phone ->
        val wallet = phone.wallet
        val shown = wallet.show("alipayplus", "JP")
        sandbox.scan(shown.digits, "640")
        val result = wallet.shownResult(shown.id)
        phone.agree("unionpay")
        val code = sandbox.code("westlake", "unionpay", "28.50")
        val reading = wallet.read(code)
        val preview = wallet.prepare(code)
        val proof = phone.prove(preview)
        val payment = wallet.settled(wallet.pay(preview, proof).id)
        val history = wallet.history()

        val references = history.payments.map { assertIs<PaymentStatus.Paid>(it.status).reference }
        assertEquals(2, references.size)
        val secrets = references + listOf(
            code, shown.digits, shown.masked, shown.digits.takeLast(4), "Kuromon", "黒門", "West Lake", "西湖", "Hangzhou", Phone.PIN,
        )
        val printed = listOf(
            shown, shown.qr, shown.bars, result, reading, reading.facts, preview, preview.merchant, proof, payment,
            payment.status, history, wallet, phone.pinKey, sandbox.gateway, sandbox.trust,
        ).map { it.toString() }
        for (text in printed) {
            assertFalse(text.isEmpty())
            for (secret in secrets) assertFalse(secret in text, "$secret is in $text")
        }
        assertTrue("ShownCode(alipayplus, JP, …)" in printed)
    }

    @Test
    fun `an error prints its name, its cause and its fields`() = ready { sandbox, phone ->
        val error = failing { phone.wallet.prepare(sandbox.code("westlake", "unionpay", "28.50")) }
        assertEquals(
            "CONSENT_NEEDED: The user has not agreed that data may go to this network. network=unionpay",
            error.message,
        )
    }
}
