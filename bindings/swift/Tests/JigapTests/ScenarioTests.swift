import Foundation
import Testing

@testable import Jigap

extension Tests {
    /// Every file of the folder `scenarios` at the top of the project; its README says how they are played.
    @Suite struct Scenarios {
        static let folder = URL(filePath: #filePath).appending(path: "../../../../../scenarios").standardized

        static let files: [String] = {
            let found = (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
            return found.filter { $0.hasSuffix(".json") }.sorted()
        }()

        @Test func bothJourneysAreThere() {
            #expect(Set(Self.files).isSuperset(of: ["scan_osaka_alipayplus.json", "show_hangzhou_unionpay.json"]))
        }

        @Test(arguments: files) func plays(_ file: String) async throws {
            let scenario = try Json(parsing: Data(contentsOf: Self.folder.appending(path: file)))
            try await ScenarioRunner(sandbox: Sandbox()).play(scenario, called: file)
        }

        @Test(arguments: [
            #"{"format":2,"title":"","steps":[]}"#,
            #"{"format":1,"title":"","steps":[{"do":"dance"}]}"#,
            #"{"format":1,"title":"","steps":[{"do":"networks","network":"unionpay"}]}"#,
            #"{"format":1,"title":"","steps":[{"do":"read"}]}"#,
            #"{"format":1,"title":"","steps":[{"do":"audit","expect":{"balanced":{"~is":true}}}]}"#,
            #"{"format":1,"title":"","steps":[{"do":"audit","expect":{"balanced":false}}]}"#,
            #"{"format":1,"title":"","steps":[{"do":"audit","expect":{"charges":[{}]}}]}"#,
            #"{"format":1,"title":"","steps":[{"do":"audit","expect":{"unheard_of":null}}]}"#,
            #"{"format":1,"title":"","steps":[{"do":"audit","as":"a"},{"do":"payment","id":"$a.unheard_of"}]}"#,
            #"{"format":1,"title":"","steps":[{"do":"audit","expect_error":{}}]}"#,
            #"{"format":1,"title":"","steps":[{"do":"balance"}]}"#,
        ])
        func refusesAFile(that isWrong: String) async throws {
            let runner = try await ScenarioRunner(sandbox: Sandbox())
            let scenario = try Json(parsing: Data(isWrong.utf8))
            await #expect(throws: Failure.self) { try await runner.play(scenario, called: "wrong.json") }
        }

        @Test func patternsMatchWhatTheySay() throws {
            func matches(_ pattern: String, _ value: Json) -> Bool {
                (try? match(Json(parsing: Data(pattern.utf8)), value, at: "")) != nil
            }
            #expect(matches(#"{"~like":"62 •9"}"#, .text("62 •0")))
            #expect(!matches(#"{"~like":"62 •9"}"#, .text("62 •a")))
            #expect(!matches(#"{"~like":"62 •9"}"#, .text("62 •00")))
            #expect(!matches(#"{"~like":"99"}"#, .text("٣٣")))
            #expect(matches(#"{"~between":[1,3]}"#, .number(3)))
            #expect(!matches(#"{"~between":[1,3]}"#, .number(4)))
            #expect(!matches(#"{"~between":[1,3]}"#, .text("2")))
            #expect(matches(#"{"~contains":"sa"}"#, .text("Osaka")))
            #expect(!matches(#"{"~contains":"sa"}"#, .text("Tokyo")))
            #expect(!matches(#"{"a":1}"#, .object([:])))
            #expect(!matches("[1]", .array([.number(1), .number(2)])))
            #expect(!matches("null", .text("")))
        }
    }
}
