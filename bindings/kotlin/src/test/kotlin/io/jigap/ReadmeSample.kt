package io.jigap

import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds

// The lines between the marks stand in README.md too; a check compares them. ReadmeTest runs them.

private val pin = "135790".toCharArray()

private fun userAgrees(request: ConsentRequest): Boolean = request.sections.size == 5

private fun askForPin(preview: Preview): CharArray = if (preview.home.minor > 0) pin else CharArray(0)

internal suspend fun payAbroad(folder: Path, trust: Trust, gateway: Gateway, scanned: String): Payment {
    // readme:begin
    val key = PinKey(folder.resolve("user.key")) // on a phone: a key behind biometrics
    val wallet = Wallet.open(folder.resolve("wallet"), trust, gateway, FileVault(folder.resolve("keys")))
    wallet.enrol(userToken = "demo", userKey = key.create(pin))

    val request = wallet.consentRequest("alipayplus", locale = "ko")
    wallet.answerConsent(request, userAgrees(request), ConsentDisplay(fontPoints = 14, scrolledToEnd = true, dwell = 8.seconds))

    val preview = wallet.prepare(scanned) // the shop, JPY 1,280, the rate, KRW 11,678
    val payment = wallet.pay(preview, key.prove(preview, askForPin(preview))) // on disk before anything is sent
    val receipt = wallet.settled(payment.id) // paid, declined, not sent – or still checking, never "perhaps twice"
    // readme:end
    wallet.close()
    return receipt
}
