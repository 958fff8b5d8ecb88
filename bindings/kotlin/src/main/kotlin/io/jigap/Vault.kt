package io.jigap

import io.jigap.ffi.CorePinKey
import io.jigap.ffi.VaultFailure
import io.jigap.ffi.VaultPort
import io.jigap.ffi.fileVault
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.nio.file.Path

/**
 * The key store of the device, for what happens without the user: on Android, a wrapper of Android Keystore.
 *
 * Called from the wallet's own threads, and may take its time. It says no by throwing a [VaultException]; anything else
 * that it throws counts as [VaultException.Unavailable], and its text goes nowhere.
 */
interface Vault {
    /** Encrypts a key with one that never leaves the key store. */
    fun wrap(key: ByteArray): ByteArray

    /** Decrypts what [wrap] made. */
    fun unwrap(wrapped: ByteArray): ByteArray

    /** The device's P-256 public key: 65 bytes, uncompressed. The key is made at the first call. */
    fun deviceKey(): ByteArray

    /** Signs as the device: ECDSA P-256 with SHA-256, ASN.1 DER. */
    fun sign(data: ByteArray): ByteArray

    /**
     * Keeps these bytes, at most 64 and not secret, in place of the ones before, where no backup of the wallet's folder reaches: they
     * show an older copy of the database. A key store without such a place does nothing; then the gateway alone notices.
     */
    fun keepWitness(witness: ByteArray) = Unit

    /** What [keepWitness] kept last, or `null`. */
    fun witness(): ByteArray? = null

    /** Whether what [wrap] made should be made anew, because the key store's own key was replaced. The old wrapping must still open. */
    fun isStale(wrapped: ByteArray): Boolean = false
}

/** Why a [Vault] did not do what it was asked. */
sealed class VaultException : Exception() {
    /** Not now: the phone is locked, the secure element is busy. Becomes [ErrorCode.VAULT_UNAVAILABLE]. */
    class Unavailable : VaultException()

    /** No: not allowed. Becomes [ErrorCode.VAULT_REFUSED]. */
    class Refused : VaultException()

    /** Never again: the key is gone. Becomes [ErrorCode.VAULT_KEY_LOST]. */
    class KeyLost : VaultException()
}

/**
 * A vault in a folder, for hosts without a key store: terminals, servers, tests. Never for a phone. Making one touches the disk.
 *
 * @param folder where the keys are; made when it is missing
 * @throws JigapException [ErrorCode.VAULT_UNAVAILABLE] when the folder cannot be made
 */
class FileVault(folder: Path) : Vault {
    internal val port: VaultPort = calling { fileVault(folder.toString()) }

    override fun wrap(key: ByteArray): ByteArray = asking { port.wrap(key) }

    override fun unwrap(wrapped: ByteArray): ByteArray = asking { port.unwrap(wrapped) }

    override fun deviceKey(): ByteArray = asking { port.deviceKey() }

    override fun sign(data: ByteArray): ByteArray = asking { port.sign(data) }

    override fun keepWitness(witness: ByteArray): Unit = asking { port.keepWitness(witness) }

    override fun witness(): ByteArray? = asking { port.witness() }

    override fun isStale(wrapped: ByteArray): Boolean = asking { port.isStale(wrapped) }

    private inline fun <T> asking(call: () -> T): T = try {
        call()
    } catch (failure: VaultFailure) {
        throw when (failure) {
            is VaultFailure.Unavailable -> VaultException.Unavailable()
            is VaultFailure.Refused -> VaultException.Refused()
            is VaultFailure.KeyLost -> VaultException.KeyLost()
        }
    }
}

/**
 * The user's signing key behind a PIN, in a file: for hosts whose platform has no key that only the user can use. A PIN has
 * six to twelve ASCII digits. The characters passed in belong to the caller, who may wipe them afterwards.
 *
 * @param file where the key is or will be
 */
class PinKey(file: Path) {
    private val core = calling { CorePinKey(file.toString()) }

    /**
     * Makes a new key under a PIN, and gives its public half for [Wallet.enrol]: a P-256 point of 65 bytes.
     *
     * @throws JigapException [ErrorCode.PIN_FORMAT], or what the file system says
     */
    suspend fun create(pin: CharArray): ByteArray = withDigits(pin) { core.create(it) }

    /**
     * The public half: a P-256 point of 65 bytes.
     *
     * @throws JigapException when there is no key yet
     */
    suspend fun publicKey(): ByteArray = withContext(Dispatchers.IO) { calling { core.publicKey() } }

    /**
     * Agrees to a preview, if the PIN is right.
     *
     * @throws JigapException [ErrorCode.PIN_WRONG], [ErrorCode.PIN_LOCKED], [ErrorCode.PIN_FORMAT]
     */
    suspend fun prove(preview: Preview, pin: CharArray): Proof =
        Proof(ProofMethod.PIN, withDigits(pin) { core.sign(it, preview.challenge) })

    private inline fun withDigits(pin: CharArray, use: (ByteArray) -> ByteArray): ByteArray {
        // A character beyond ASCII must not become a digit by losing its upper byte.
        val digits = ByteArray(pin.size) { if (pin[it].code < 128) pin[it].code.toByte() else 0 }
        return try {
            calling { use(digits) }
        } finally {
            digits.fill(0)
        }
    }
}

/** A vault of the app's, as the core asks it. */
internal class HostVault(private val vault: Vault) : VaultPort {
    override fun wrap(key: ByteArray): ByteArray = asked { vault.wrap(key) }

    override fun unwrap(wrapped: ByteArray): ByteArray = asked { vault.unwrap(wrapped) }

    override fun deviceKey(): ByteArray = asked { vault.deviceKey() }

    override fun sign(data: ByteArray): ByteArray = asked { vault.sign(data) }

    override fun keepWitness(witness: ByteArray): Unit = asked { vault.keepWitness(witness) }

    override fun witness(): ByteArray? = asked { vault.witness() }

    override fun isStale(wrapped: ByteArray): Boolean = asked { vault.isStale(wrapped) }

    private inline fun <T> asked(answer: () -> T): T = try {
        answer()
    } catch (failure: VaultException) {
        throw when (failure) {
            is VaultException.Unavailable -> VaultFailure.Unavailable()
            is VaultException.Refused -> VaultFailure.Refused()
            is VaultException.KeyLost -> VaultFailure.KeyLost()
        }
    } catch (_: Exception) {
        // The generated code would hand its stack trace, and whatever stands in it, to the core.
        throw VaultFailure.Unavailable()
    }
}
