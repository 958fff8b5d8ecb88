package io.jigap

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import kotlinx.serialization.json.longOrNull
import java.nio.file.Path
import kotlin.io.path.name
import kotlin.io.path.readText
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Plays a journey that is written down as data. scenarios/README.md says what the words mean; nothing here knows a journey. */
internal class Scenario(private val name: String, private val steps: List<JsonObject>) {
    private val kept = mutableMapOf<String, JsonElement>()

    suspend fun play(sandbox: Sandbox, phone: Phone) {
        val actions = Actions(sandbox, phone)
        phone.open()
        steps.forEachIndexed { at, step ->
            try {
                play(step, actions)
            } catch (failure: Throwable) {
                throw AssertionError("$name, step ${at + 1} (${step["do"]}): ${failure.message}", failure)
            }
        }
    }

    private suspend fun play(step: JsonObject, actions: Actions) {
        val action = actions.named(step.text("do"))
        val arguments = step - setOf("do", "as", "expect", "expect_error")
        action.check(arguments.keys)
        val resolved = JsonObject(arguments.mapValues { resolve(it.value) })
        val expectedError = step["expect_error"]
        if (expectedError != null) {
            matches(resolve(expectedError), failing { action.run(resolved) }.problem.view())
            return
        }
        val result = action.run(resolved)
        step["as"]?.let { kept[it.jsonPrimitive.content] = result }
        step["expect"]?.let { matches(resolve(it), result) }
    }

    /** The element with every reference replaced by the kept value. */
    private fun resolve(element: JsonElement): JsonElement = when (element) {
        is JsonObject -> JsonObject(element.mapValues { resolve(it.value) })
        is JsonArray -> JsonArray(element.map(::resolve))
        is JsonPrimitive -> if (element.isString && element.content.startsWith("$")) lookUp(element.content) else element
    }

    private fun lookUp(reference: String): JsonElement {
        val path = reference.drop(1).split(".")
        return path.drop(1).fold(kept[path.first()] ?: error("nothing is kept for $reference")) { value, field ->
            value.jsonObject[field] ?: error("$reference: no field $field")
        }
    }

    companion object {
        fun load(file: Path): Scenario = parse(file.name, file.readText())

        fun parse(name: String, text: String): Scenario {
            val root = Json.parseToJsonElement(text).jsonObject
            require(root["format"]?.jsonPrimitive?.longOrNull == 1L) { "$name: not format 1" }
            require((root.keys - setOf("format", "title", "steps")).isEmpty()) { "$name: an unknown key" }
            return Scenario(name, root.getValue("steps").jsonArray.map { it.jsonObject })
        }
    }
}

/** Throws where the actual value is not what was expected. */
internal fun matches(expected: JsonElement, actual: JsonElement, path: String = "result") {
    fun demand(fits: Boolean) = check(fits) { "$path: expected $expected, found $actual" }
    when {
        expected is JsonObject && expected.keys.any { it.startsWith("~") } -> demand(fits(expected, actual))
        expected is JsonObject -> {
            demand(actual is JsonObject)
            for ((key, value) in expected) {
                matches(value, actual.jsonObject[key] ?: error("$path: no field $key"), "$path.$key")
            }
        }
        expected is JsonArray -> {
            demand(actual is JsonArray && actual.size == expected.size)
            expected.forEachIndexed { at, value -> matches(value, actual.jsonArray[at], "$path[$at]") }
        }
        else -> demand(expected == actual)
    }
}

private fun fits(pattern: JsonObject, actual: JsonElement): Boolean {
    val (kind, argument) = pattern.entries.singleOrNull() ?: error("a pattern has one key: $pattern")
    val text = (actual as? JsonPrimitive)?.takeIf { it.isString }?.content
    return when (kind) {
        "~like" -> text != null && text.like(argument.jsonPrimitive.content)
        "~contains" -> text != null && argument.jsonPrimitive.content in text
        "~between" -> {
            val (low, high) = argument.jsonArray.map { it.jsonPrimitive.long }
            actual is JsonPrimitive && !actual.isString && actual.longOrNull?.let { it in low..high } == true
        }
        else -> error("unknown pattern $kind")
    }
}

private fun String.like(pattern: String) =
    length == pattern.length && zip(pattern).all { (c, p) -> if (p == '9') c in '0'..'9' else c == p }

private fun JsonObject.text(name: String): String = getValue(name).jsonPrimitive.content

private fun JsonObject.optional(name: String): String? = get(name)?.jsonPrimitive?.content

/** What a scenario can do, and what comes out of it as data. */
private class Actions(private val sandbox: Sandbox, private val phone: Phone) {
    private val wallet get() = phone.wallet
    private val requests = mutableMapOf<String, ConsentRequest>()
    private val previews = mutableMapOf<String, Preview>()

    class Action(arguments: String, val run: suspend (JsonObject) -> JsonElement) {
        private val known = arguments.split(" ").filter { it.isNotEmpty() }
        private val required = known.filterNot { it.endsWith("?") }

        fun check(given: Set<String>) {
            require(given.containsAll(required)) { "arguments are missing: ${required - given}" }
            require((given - known.map { it.removeSuffix("?") }).isEmpty()) { "unknown arguments: $given" }
        }
    }

    fun named(name: String): Action = table[name] ?: error("unknown action $name")

    private val table: Map<String, Action> = mapOf(
        "enrol" to Action("token pin") {
            phone.enrol(it.text("token"), it.text("pin"))
            view("enrolled" to wallet.enrolled)
        },
        "balance" to Action("") { view("amount" to wallet.balance()) },
        "refresh" to Action("") { done(wallet.refresh()) },
        "networks" to Action("") { view("networks" to wallet.networks().map { network -> network.view() }) },
        "read" to Action("code") { wallet.read(it.text("code")).view() },
        "consent_request" to Action("network locale") {
            val request = wallet.consentRequest(it.text("network"), it.text("locale"))
            requests[request.document] = request
            request.view()
        },
        "answer_consent" to Action("request agreed") {
            val request = requests.getValue(it.getValue("request").jsonObject.text("document"))
            val display = ConsentDisplay(14, scrolledToEnd = true, dwell = 5.seconds)
            done(wallet.answerConsent(request, it.getValue("agreed").jsonPrimitive.boolean, display))
        },
        "withdraw_consent" to Action("network") { done(wallet.withdrawConsent(it.text("network"))) },
        "prepare" to Action("code network? amount?") {
            val code = it.text("code")
            val amount = it.optional("amount")?.let { typed ->
                Money.parse(checkNotNull(wallet.read(code).facts.currency) { "the code names no currency" }, typed)
            }
            val preview = wallet.prepare(code, it.optional("network"), amount)
            previews[preview.id] = preview
            preview.view()
        },
        "pay" to Action("preview pin") {
            val preview = previews.getValue(it.getValue("preview").jsonObject.text("id"))
            wallet.pay(preview, phone.prove(preview, it.text("pin"))).view()
        },
        "payment" to Action("id") { wallet.payment(it.text("id")).view() },
        "settled" to Action("id patience_ms") { wallet.settled(it.text("id"), it.patience()).view() },
        "history" to Action("") { view("payments" to wallet.history().payments.map { payment -> payment.view() }) },
        "show" to Action("network region") { wallet.show(it.text("network"), it.text("region")).view() },
        "renew" to Action("") { view("code" to wallet.renew()?.view()) },
        "new_code" to Action("") { view("code" to wallet.newCode()?.view()) },
        "cover" to Action("") { done(wallet.cover()) },
        "uncover" to Action("") { view("code" to wallet.uncover()?.view()) },
        "leave_page" to Action("") { done(wallet.leavePage()) },
        "chosen_network" to Action("region") { view("network" to wallet.chosenNetwork(it.text("region"))) },
        "back_up" to Action("") { done(phone.backUp()) },
        "restore" to Action("") { done(phone.restore()) },
        "shown_result" to Action("id patience_ms") { wallet.shownResult(it.text("id"), it.patience()).view() },
        "reopen" to Action("") { done(phone.open()) },
        "make_code" to Action("shop network amount?") { sandbox.admin("/admin/codes", it) },
        "shop_scan" to Action("digits amount shop? request?") { sandbox.admin("/admin/scan", it) },
        "fault" to Action("fault") { sandbox.admin("/admin/fault", it.getValue("fault").jsonObject) },
        "audit" to Action("") { sandbox.admin("/admin/audit") },
    )

    private fun JsonObject.patience() = getValue("patience_ms").jsonPrimitive.long.milliseconds

    private fun done(@Suppress("UNUSED_PARAMETER") nothing: Any) = JsonObject(emptyMap())
}

private fun view(vararg fields: Pair<String, Any?>): JsonObject =
    JsonObject(fields.associate { (name, value) -> name to data(value) })

private fun data(value: Any?): JsonElement = when (value) {
    null -> JsonNull
    is JsonElement -> value
    is String -> JsonPrimitive(value)
    is Boolean -> JsonPrimitive(value)
    is Number -> JsonPrimitive(value)
    is Enum<*> -> JsonPrimitive(value.name.lowercase())
    is List<*> -> JsonArray(value.map(::data))
    is Money -> JsonPrimitive(value.format())
    is Merchant -> value.run { view("name" to name, "local_name" to localName, "city" to city, "country" to country) }
    is Rate -> value.run { view("from" to from, "to" to to, "price" to price) }
    is Picture -> value.run { view("width" to width, "height" to height) }
    is Payment -> value.view()
    is Problem -> value.view()
    else -> error("no data for ${value::class}")
}

private fun Problem.view() = view(
    "code" to name,
    "next" to next,
    "retryable" to retryable,
    "fields" to JsonObject(fields.mapValues { JsonPrimitive(it.value) }),
)

private fun Network.view() =
    view("network" to network, "name" to name, "scan" to scan, "show" to show, "consented" to consented)

private fun Reading.view(): JsonObject {
    val (verdict, networks) = when (this) {
        is Reading.Payable -> "payable" to listOf(network)
        is Reading.NeedsChoice -> "needs_choice" to networks
        is Reading.NotPayable -> "not_payable" to emptyList()
        is Reading.Unsupported -> "unsupported" to emptyList()
        is Reading.Malformed -> "malformed" to emptyList()
        is Reading.Suspicious -> "suspicious" to emptyList()
    }
    return view(
        "verdict" to verdict,
        "networks" to networks,
        "problem" to (this as? Reading.Refused)?.problem,
        "country" to facts.country,
        "currency" to facts.currency,
        "amount" to facts.amount,
        "merchant_name" to facts.merchantName,
        "local_name" to facts.localName,
    )
}

private fun ConsentRequest.view() = view(
    "network" to network,
    "network_name" to networkName,
    "document" to document,
    "controller" to controller,
    "locale" to locale,
    "title" to title,
    "sections" to sections.map { view("name" to it.name, "text" to it.text, "emphasised" to it.emphasised) },
    "granted" to granted,
)

private fun Preview.view() = view(
    "id" to id,
    "network" to network,
    "network_name" to networkName,
    "merchant" to merchant,
    "amount" to amount,
    "rate" to rate,
    "home" to home,
    "expires_in_ms" to expiresIn.inWholeMilliseconds,
)

private fun Payment.view(): JsonObject {
    val paid = status as? PaymentStatus.Paid
    val word = when (status) {
        is PaymentStatus.Checking -> "checking"
        is PaymentStatus.Paid -> "paid"
        is PaymentStatus.Declined -> "declined"
        is PaymentStatus.NotSent -> "not_sent"
        is PaymentStatus.Conflict -> "conflict"
    }
    return view(
        "id" to id,
        "status" to word,
        "network" to network,
        "scanned" to scanned,
        "merchant" to merchant,
        "amount" to amount,
        "home" to home,
        "rate" to rate,
        "reference" to paid?.reference,
        "paid_at_ms" to paid?.paidAt?.toEpochMilli(),
        "created_ms" to createdAt.toEpochMilli(),
        "problem" to (status as? PaymentStatus.NotPaid)?.problem,
    )
}

private fun ShownCode.view() = view(
    "id" to id,
    "network" to network,
    "network_name" to networkName,
    "region" to region,
    "digits" to digits,
    "masked" to masked,
    "qr" to qr,
    "bars" to bars,
    "expires_in_ms" to expiresIn.inWholeMilliseconds,
    "renew_in_ms" to renewIn.inWholeMilliseconds,
    "sensitive" to sensitive,
    "offline" to offline?.run {
        view("limit" to limit, "per_day" to perDay, "sure_of_time" to sureOfTime, "keys_left" to keysLeft)
    },
)

private fun ShownResult.view() = when (this) {
    is ShownResult.Waiting -> view("state" to "waiting", "payment" to null)
    is ShownResult.Used -> view("state" to "used", "payment" to payment)
    is ShownResult.Expired -> view("state" to "expired", "payment" to null)
}
