package io.jigap

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.nio.file.Path
import java.util.Base64
import java.util.concurrent.TimeUnit
import kotlin.io.path.createTempDirectory
import kotlin.io.path.readBytes
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** A gateway of its own for one test: a process that ends with its standard input, and so with this one. */
internal class Sandbox : AutoCloseable {
    private val folder: Path = createTempDirectory("jigap-sandbox")
    private val process: Process = ProcessBuilder(
        program(), "serve", "--listen", "127.0.0.1:0", "--state", folder.toString(), "--stop-with-stdin",
    ).redirectError(ProcessBuilder.Redirect.DISCARD).start()
    private val addresses: JsonObject =
        Json.parseToJsonElement(process.inputReader().readLine() ?: error("the sandbox did not start")).jsonObject
    private val http: HttpClient = HttpClient.newHttpClient()

    val trust = Trust(key("config_key"), key("controller_key"))
    val gateway: GatewayAddress get() = GatewayAddress(text("gateway"), rootsPem)
    val rootsPem: ByteArray get() = Path.of(text("ca")).readBytes()

    /** Asks the administration. Its answer may be a refusal. */
    fun admin(path: String, body: JsonObject? = null): JsonObject {
        val request = HttpRequest.newBuilder(URI.create(text("admin") + path))
        body?.let { request.POST(HttpRequest.BodyPublishers.ofString(it.toString())) }
        val answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString())
        return Json.parseToJsonElement(answer.body()).jsonObject
    }

    /** The text of a code that a shop makes. */
    fun code(shop: String, network: String, amount: String?): String {
        val made = admin("/admin/codes", json("shop" to shop, "network" to network, "amount" to amount))
        return made.getValue("code").jsonPrimitive.content
    }

    fun scan(digits: String, amount: String): JsonObject = admin("/admin/scan", json("digits" to digits, "amount" to amount))

    fun fault(kind: String, path: String? = null, value: Long? = null) {
        val answer = admin("/admin/fault", json("kind" to kind, "path" to path, "value" to value))
        check(answer.isEmpty()) { "the fault was refused: $answer" }
    }

    /** How many charges there are, after making sure that the books balance and no order was charged twice. */
    fun soundCharges(): Int {
        val audit = admin("/admin/audit")
        fun count(list: String) = (audit.getValue(list) as kotlinx.serialization.json.JsonArray).size
        check(audit.getValue("balanced").jsonPrimitive.content == "true" && count("faults") == 0) { audit.toString() }
        check(count("double_charged") == 0) { audit.toString() }
        return count("charges")
    }

    override fun close() {
        process.outputStream.close()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
        folder.toFile().deleteRecursively()
    }

    private fun text(name: String) = addresses.getValue(name).jsonPrimitive.content

    private fun key(name: String): ByteArray = Base64.getDecoder().decode(text(name))

    private companion object {
        fun program(): String = System.getenv("JIGAP_SANDBOX")
            ?: error("JIGAP_SANDBOX has to name the program jigap-sandbox; `cargo xtask test --only kotlin` does it")
    }
}

internal fun json(vararg fields: Pair<String, Any?>): JsonObject = buildJsonObject {
    for ((name, value) in fields) {
        when (value) {
            null -> {}
            is String -> put(name, JsonPrimitive(value))
            is Number -> put(name, JsonPrimitive(value))
            else -> error("$name: no JSON for ${value::class}")
        }
    }
}

/** A device: a folder, a wallet in it, and the user's key. */
internal class Phone(private val sandbox: Sandbox) : AutoCloseable {
    private val folder: Path = createTempDirectory("jigap-phone")
    val pinKey = PinKey(folder.resolve("pin.key"))
    val fileVault = FileVault(folder.resolve("vault"))
    private var opened: Wallet? = null

    val wallet: Wallet get() = checkNotNull(opened) { "no wallet is open" }

    suspend fun open(gateway: Gateway = sandbox.gateway, vault: Vault = fileVault): Wallet {
        opened?.close()
        return Wallet.open(folder.resolve("wallet"), sandbox.trust, gateway, vault).also { opened = it }
    }

    suspend fun enrol(token: String = "demo", pin: String = PIN) = wallet.enrol(token, pinKey.create(pin.toCharArray()))

    suspend fun agree(network: String) {
        val request = wallet.consentRequest(network, "ko")
        wallet.answerConsent(request, agreed = true, ConsentDisplay(14, scrolledToEnd = true, dwell = 5.seconds))
    }

    suspend fun prove(preview: Preview, pin: String = PIN): Proof = pinKey.prove(preview, pin.toCharArray())

    /** Copies the wallet's folder aside, as a backup would, and opens it again. */
    suspend fun backUp() = copy("wallet", "backup")

    /** Puts the copy back. */
    suspend fun restore() = copy("backup", "wallet")

    private suspend fun copy(from: String, to: String): Wallet {
        opened?.close()
        delay(300.milliseconds) // what was under way ends
        folder.resolve(to).toFile().deleteRecursively()
        folder.resolve(from).toFile().copyRecursively(folder.resolve(to).toFile())
        return open()
    }

    override fun close() {
        opened?.close()
        Files.walk(folder).use { files -> files.sorted(Comparator.reverseOrder()).forEach { it.toFile().delete() } }
    }

    companion object {
        const val PIN = "135790"
    }
}

/** A test with a sandbox and a phone of its own. Nothing in it may take a minute. */
internal fun journey(test: suspend CoroutineScope.(Sandbox, Phone) -> Unit) {
    Sandbox().use { sandbox ->
        Phone(sandbox).use { phone -> runBlocking { withTimeout(60.seconds) { test(sandbox, phone) } } }
    }
}

/** A [journey] that begins with an enrolled wallet which may send to Alipay+. */
internal fun ready(test: suspend CoroutineScope.(Sandbox, Phone) -> Unit) = journey { sandbox, phone ->
    phone.open()
    phone.enrol()
    phone.agree("alipayplus")
    test(sandbox, phone)
}

/** The error that the call has to fail with. */
internal inline fun failing(call: () -> Any?): JigapException = try {
    throw AssertionError("it did not fail, but gave ${call()}")
} catch (error: JigapException) {
    error
}
