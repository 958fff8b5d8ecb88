import Foundation
import Testing

@testable import Jigap

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A `jigap-sandbox` of its own in an empty folder. It stops when this object goes, and at the latest with the test process.
final class Sandbox: @unchecked Sendable {
    let folder: Folder
    let gateway: GatewayAddress
    let trust: Trust
    private let admin: URL
    // Written in `init` alone.
    private let process = Process()
    private let stdin = Pipe()

    init() throws {
        guard let program = ProcessInfo.processInfo.environment["JIGAP_SANDBOX"] else {
            throw Failure("JIGAP_SANDBOX has to name the jigap-sandbox program; `cargo xtask test` sets it")
        }
        folder = try Folder()
        let stdout = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments = [
            "serve", "--listen", "127.0.0.1:0", "--state", folder.url.path(percentEncoded: false), "--stop-with-stdin",
        ]
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = FileHandle.nullDevice
        try process.run()

        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let more = stdout.fileHandleForReading.availableData
            if more.isEmpty { throw Failure("the sandbox ended before it said where it is") }
            line += more
        }
        let said = try Json(parsing: line)
        guard let url = said["gateway"]?.text.flatMap(URL.init), let ca = said["ca"]?.text,
            let admin = said["admin"]?.text.flatMap(URL.init),
            let config = said["config_key"]?.text.flatMap({ Data(base64Encoded: $0) }),
            let controller = said["controller_key"]?.text.flatMap({ Data(base64Encoded: $0) })
        else { throw Failure("the sandbox's first line is not as documented") }
        gateway = GatewayAddress(url: url, roots: try Data(contentsOf: URL(filePath: ca)))
        trust = Trust(configKey: config, controllerKey: controller)
        self.admin = admin
    }

    deinit {
        try? stdin.fileHandleForWriting.close()
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }

    /// Asks the administration; gives the answer's JSON, of a refusal too.
    func ask(_ method: String, _ path: String, _ body: Json? = nil) async throws -> Json {
        var request = URLRequest(url: admin.appending(path: path))
        request.httpMethod = method
        request.httpBody = body.map { Data($0.encoded.utf8) }
        return try Json(parsing: try await Self.session.data(for: request).0)
    }

    // This machine must not be reached through a proxy.
    private static let session: URLSession = {
        setenv("no_proxy", "127.0.0.1", 1)
        return URLSession(configuration: .ephemeral)
    }()

    func fault(_ kind: String, _ more: [String: Json] = [:]) async throws {
        let answer = try await ask("POST", "/admin/fault", .object(["kind": .text(kind)].merging(more) { $1 }))
        #expect(answer == .object([:]))
    }

    /// What a shop's screen shows for an order over this amount; without one, the code on its wall.
    func code(shop: String, network: Network, amount: String? = nil) async throws -> String {
        var body: [String: Json] = ["shop": .text(shop), "network": .text(network.rawValue)]
        body["amount"] = amount.map(Json.text)
        let made = try await ask("POST", "/admin/codes", .object(body))
        return try #require(made["code"]?.text)
    }

    /// The charges, after a look that the books are sound.
    func charges() async throws -> [Json] {
        let audit = try await ask("GET", "/admin/audit")
        #expect(audit["balanced"] == .bool(true))
        #expect(audit["faults"] == .array([]))
        #expect(audit["double_charged"] == .array([]))
        return try #require(audit["charges"]?.array)
    }
}

/// An empty folder that goes with this object.
final class Folder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "jigap-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}
