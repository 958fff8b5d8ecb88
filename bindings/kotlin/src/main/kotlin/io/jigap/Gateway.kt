package io.jigap

import io.jigap.ffi.TransportFailure
import io.jigap.ffi.TransportPort
import io.jigap.ffi.TransportRequest
import io.jigap.ffi.TransportResponse
import io.jigap.ffi.httpsTransport
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * Whose signatures count. Both keys belong to the wallet company and are built into its app: P-256 points of 65 bytes.
 *
 * @property configKey signs the configuration
 * @property controllerKey signs consent documents
 */
class Trust(val configKey: ByteArray, val controllerKey: ByteArray)

/** The way to the wallet company's server. */
sealed interface Gateway

/**
 * The server's address, reached by the wallet's own HTTPS: rustls with ring, the given roots and pins, no redirects, no retries.
 *
 * @property url `https://…`
 * @property rootsPem the certificate authorities that count, in PEM, and no others
 * @property pins SHA-256 digests of public keys (SPKI, DER), 32 bytes each; one of them has to be in the chain. None: no pinning
 * @property timeout for one whole exchange
 */
class GatewayAddress(
    val url: String,
    val rootsPem: ByteArray,
    val pins: List<ByteArray> = emptyList(),
    val timeout: Duration = 15.seconds,
) : Gateway

/**
 * The app's own HTTP client, if it has to be that one. It must check the server's certificate, and must never send twice,
 * follow a redirect or retry: the core decides when a request goes out again.
 */
fun interface Transport {
    /**
     * Sends a request and waits for the whole answer. Called from the wallet's own threads.
     *
     * @throws TransportException when there is no answer; anything else that is thrown counts as [TransportException.MaybeSent]
     */
    fun send(request: Request): Response

    /**
     * A request, ready to go.
     *
     * @property method `GET` or `POST`
     * @property path path and query
     * @property headers names in lower case, and values
     * @property body empty for `GET`
     */
    class Request(val method: String, val path: String, val headers: List<Pair<String, String>>, val body: ByteArray) {
        /** The method alone: a path can name a payment. */
        override fun toString(): String = "Request($method, …)"
    }

    /**
     * An answer that arrived whole.
     *
     * @property status the HTTP status
     * @property serverMillis the value of the header `jigap-time`
     * @property body the body
     * @property retryAfterSeconds the value of the header `retry-after`, where it is a number
     */
    class Response(
        val status: Int,
        val serverMillis: Long?,
        val body: ByteArray,
        val retryAfterSeconds: Long? = null,
    ) {
        /** The status alone. */
        override fun toString(): String = "Response($status, …)"
    }
}

/** Reaches the server by the app's own [transport]. */
class GatewayTransport(val transport: Transport) : Gateway

/** Why there is no answer. When in doubt: [MaybeSent]. */
sealed class TransportException : Exception() {
    /** Surely not sent: name look-up or connecting failed. */
    class Unreachable : TransportException()

    /** Surely not sent: the server's certificate is not the right one. */
    class Untrusted : TransportException()

    /** It may have arrived. */
    class MaybeSent : TransportException()
}

internal fun Gateway.port(): TransportPort = when (this) {
    is GatewayAddress -> calling { httpsTransport(url, rootsPem, pins, timeout.millis()) }
    is GatewayTransport -> HostTransport(transport)
}

private class HostTransport(private val transport: Transport) : TransportPort {
    override fun send(request: TransportRequest): TransportResponse {
        val headers = request.headerNames.zip(request.headerValues)
        try {
            val answer = transport.send(Transport.Request(request.method, request.path, headers, request.body))
            return TransportResponse(
                answer.status.toUShort(),
                answer.serverMillis,
                answer.body,
                answer.retryAfterSeconds,
            )
        } catch (failure: TransportException) {
            throw when (failure) {
                is TransportException.Unreachable -> TransportFailure.Unreachable()
                is TransportException.Untrusted -> TransportFailure.Untrusted()
                is TransportException.MaybeSent -> TransportFailure.MaybeSent()
            }
        } catch (_: Exception) {
            // The generated code would hand its stack trace, and whatever stands in it, to the core.
            throw TransportFailure.MaybeSent()
        }
    }
}
