package io.jigap
import kotlin.test.Test
class TmpTest { @Test fun a() {} }
