package io.jigap

import io.jigap.ffi.InternalException
import io.jigap.ffi.JigapException as CoreException
import io.jigap.ffi.Problem as CoreProblem

/** Every error the wallet can give. Stable: apps may switch on it. */
typealias ErrorCode = io.jigap.ffi.ErrorCode

/** What can be done about an error. */
typealias NextAction = io.jigap.ffi.NextAction

/**
 * What went wrong, and what can be done about it. It holds no outside text: no name, no code, no secret. It may be logged.
 *
 * @property code which error it is
 * @property name its stable text form, such as `QUOTE_EXPIRED`
 * @property cause what happened, in one English sentence; for developers, an app has texts of its own
 * @property fields details by their stable names: numbers, words of the wallet's own, or networks
 * @property retryable whether the same call can succeed later without anything else being done
 * @property next what the user, or the app for them, can do
 */
data class Problem(
    val code: ErrorCode,
    val name: String,
    val cause: String,
    val fields: Map<String, String>,
    val retryable: Boolean,
    val next: NextAction,
) {
    /** Name, cause and fields in one line. */
    override fun toString(): String = fields.entries.fold("$name: $cause") { line, (name, value) -> "$line $name=$value" }
}

/**
 * The one exception of every call of this library, apart from `CancellationException`.
 *
 * @property problem what went wrong
 */
class JigapException(val problem: Problem) : Exception(problem.toString()) {
    /** Which error it is. */
    val code: ErrorCode get() = problem.code

    /** What can be done about it. */
    val next: NextAction get() = problem.next

    /** Whether the same call can succeed later without anything else being done. */
    val retryable: Boolean get() = problem.retryable
}

internal fun CoreProblem.toPublic() =
    Problem(code, name, cause, fields.associate { it.name to it.value }, retryable, next)

/** What a fault of the library itself looks like. Its own text stays where it is: it may hold anything. */
internal fun internalFault() = JigapException(
    Problem(
        ErrorCode.INTERNAL,
        "INTERNAL",
        "A fault inside the wallet; it was stopped before it did harm.",
        emptyMap(),
        retryable = false,
        NextAction.CONTACT_SUPPORT,
    ),
)

/** Calls the core, and throws what it throws as [JigapException]. */
internal inline fun <T> calling(call: () -> T): T = try {
    CoreThreads.ready()
    call()
} catch (failed: CoreException.Failed) {
    throw JigapException(failed.problem.toPublic())
} catch (_: InternalException) {
    throw internalFault()
}
