package io.jigap

import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import io.jigap.ffi.uniffiCallbackInterfaceObserver
import io.jigap.ffi.uniffiCallbackInterfaceTransportPort
import io.jigap.ffi.uniffiCallbackInterfaceVaultPort
import io.jigap.ffi.uniffiRustFutureContinuationCallbackImpl

/**
 * Tells JNA how the core's threads are to look when they call into Kotlin. Left alone, JNA makes a new Java thread for each call
 * and gives it up afterwards, which costs ten times the call; and it makes threads that keep a program from ending. It asks
 * when it first sees a callback, so this has to come before the native library is loaded: [calling] sees to it.
 */
internal object CoreThreads {
    init {
        val lasting = CallbackThreadInitializer(/* daemon = */ true, /* detach = */ false, "jigap")
        val callbacks = listOf(
            uniffiRustFutureContinuationCallbackImpl,
            uniffiCallbackInterfaceObserver.changed,
            uniffiCallbackInterfaceObserver.uniffiClone,
            uniffiCallbackInterfaceObserver.uniffiFree,
            uniffiCallbackInterfaceTransportPort.send,
            uniffiCallbackInterfaceTransportPort.uniffiClone,
            uniffiCallbackInterfaceTransportPort.uniffiFree,
            uniffiCallbackInterfaceVaultPort.wrap,
            uniffiCallbackInterfaceVaultPort.unwrap,
            uniffiCallbackInterfaceVaultPort.deviceKey,
            uniffiCallbackInterfaceVaultPort.sign,
            uniffiCallbackInterfaceVaultPort.keepWitness,
            uniffiCallbackInterfaceVaultPort.witness,
            uniffiCallbackInterfaceVaultPort.isStale,
            uniffiCallbackInterfaceVaultPort.uniffiClone,
            uniffiCallbackInterfaceVaultPort.uniffiFree,
        )
        callbacks.forEach { Native.setCallbackThreadInitializer(it, lasting) }
    }

    /** Makes sure that it has happened. */
    fun ready() = Unit
}
