package io.jigap

import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds

// The lines between the marks stand in README.md; a check compares them. They run in ReadmeTest.

private fun draw(request: ConsentRequest): Boolean = request.sections.size == 5

private fun draw(preview: Preview): CharArray = if (preview.home.minor > 0) "135790".toCharArray() else CharArray(0)

internal suspend fun payAbroad(folder: Path, trust: Trust, gateway: Gateway, scanned: String): Payment {
    val key = PinKey(folder.resolve("pin.key"))
    // readme:begin
    val wallet = Wallet.open(folder.resolve("wallet"), trust, gateway, FileVault(folder.resolve("keys")))
    wallet.enrol(userToken = "demo", userKey = key.create(pin = "135790".toCharArray()))

    val request = wallet.consentRequest(network = "alipayplus", locale = "ko")
    wallet.answerConsent(request, agreed = draw(request), ConsentDisplay(14, scrolledToEnd = true, dwell = 8.seconds))

    val preview = wallet.prepare(scanned)               // shop, JPY 1,280, the rate, KRW 11,678
    val proof = key.prove(preview, pin = draw(preview)) // the user's word for exactly this
    val payment = wallet.pay(preview, proof)            // on disk before anything is sent
    val receipt = wallet.settled(payment.id)            // Paid, Declined, NotSent – or still Checking
    // readme:end
    wallet.close()
    return receipt
}
