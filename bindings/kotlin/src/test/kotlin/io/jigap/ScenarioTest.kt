package io.jigap

import kotlinx.serialization.json.Json
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertFails
import kotlin.test.assertTrue

class ScenarioTest {
    private val files = Path.of(System.getProperty("jigap.scenarios")).listDirectoryEntries("*.json").sorted()

    @TestFactory
    fun `every scenario`(): List<DynamicTest> {
        assertTrue(files.size >= 2, "scenarios are missing: $files")
        return files.map { file ->
            dynamicTest(file.name) { journey { sandbox, phone -> Scenario.load(file).play(sandbox, phone) } }
        }
    }

    @Test
    fun `what does not match is found`() {
        fun differs(expected: String, actual: String) {
            assertFails("$expected must not match $actual") {
                matches(Json.parseToJsonElement(expected), Json.parseToJsonElement(actual))
            }
        }
        matches(Json.parseToJsonElement("""{"a":[{"b":1}]}"""), Json.parseToJsonElement("""{"a":[{"b":1,"c":2}],"d":3}"""))
        matches(Json.parseToJsonElement("""{"~like":"28 •99"}"""), Json.parseToJsonElement(""""28 •07""""))
        differs("""{"a":null}""", "{}")
        differs("""{"a":[]}""", """{"a":[1]}""")
        differs("1", "2")
        differs("1", "\"1\"")
        differs("""{"~like":"28 •99"}""", "\"28 •0x\"")
        differs("""{"~like":"28"}""", "\"280\"")
        differs("""{"~contains":"b"}""", "\"acd\"")
        differs("""{"~between":[1,3]}""", "4")
        differs("""{"~between":[1,3]}""", "\"2\"")
        differs("""{"~matches":"x"}""", "\"x\"")
    }

    @Test
    fun `a slip of the pen fails and says where`() = journey { sandbox, phone ->
        suspend fun broken(step: String, why: String) {
            val scenario = Scenario.parse("slip", """{"format":1,"title":"","steps":[{"do":"reopen"},$step]}""")
            val failure = assertFails { scenario.play(sandbox, phone) }
            assertContains(failure.message.orEmpty(), "slip, step 2")
            assertContains(failure.message.orEmpty(), why)
        }
        broken("""{"do":"fly"}""", "unknown action")
        broken("""{"do":"read"}""", "missing")
        broken("""{"do":"balance","expcet":{}}""", "unknown arguments")
        broken("""{"do":"read","code":"${'$'}made.code"}""", "nothing is kept")
        broken("""{"do":"balance"}""", "ENROLMENT_NEEDED")
        broken("""{"do":"history","expect_error":{}}""", "did not fail")
        broken("""{"do":"history","expect":{"payments":[{}]}}""", "expected [{}], found []")
        assertFails { Scenario.parse("slip", """{"format":2,"steps":[]}""") }
    }
}
