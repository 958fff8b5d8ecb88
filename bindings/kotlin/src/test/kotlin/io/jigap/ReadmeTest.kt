package io.jigap

import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs

class ReadmeTest {
    @Test
    fun `the lines of the README pay`(@TempDir folder: Path) = journey { sandbox, _ ->
        val code = sandbox.code("kuromon", "alipayplus", "1280")
        val payment = payAbroad(folder, sandbox.trust, sandbox.gateway, code)
        assertIs<PaymentStatus.Paid>(payment.status)
        assertEquals("KRW 11,678", payment.home?.format())
        assertEquals(1, sandbox.soundCharges())
    }
}
