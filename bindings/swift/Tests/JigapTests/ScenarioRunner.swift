import Foundation

@testable import Jigap

/// Plays one scenario against one sandbox. It knows no journey.
final class ScenarioRunner {
    private typealias Arguments = [String: Json]

    /// One action: the arguments it needs, those it takes besides, and what it does.
    private struct Action: Sendable {
        let needs: Set<String>
        let takes: Set<String>
        let carryOut: @Sendable (ScenarioRunner, Arguments) async throws -> Json

        init(
            _ needs: Set<String> = [], takes: Set<String> = [],
            _ carryOut: @escaping @Sendable (ScenarioRunner, Arguments) async throws -> Json
        ) {
            (self.needs, self.takes, self.carryOut) = (needs, takes, carryOut)
        }
    }

    private let sandbox: Sandbox
    private let folder: Folder
    private var wallet: Wallet
    private let key: PinKey
    private var kept: [String: Json] = [:]
    private var requests: [String: ConsentRequest] = [:]
    private var previews: [String: Preview] = [:]

    init(sandbox: Sandbox) async throws {
        self.sandbox = sandbox
        folder = try Folder()
        wallet = try await Phone.open(sandbox, folder)
        key = try PinKey(file: folder.url.appending(path: "pin"))
    }

    func play(_ scenario: Json, called file: String) async throws {
        guard scenario["format"] == .number(1), let steps = scenario["steps"]?.array else {
            throw Failure("\(file): not a scenario of format 1")
        }
        for (index, step) in steps.enumerated() {
            do { try await take(step) } catch {
                throw Failure("\(file), step \(index + 1) (\(step["do"]?.text ?? "?")): \(error)")
            }
        }
    }

    private func take(_ step: Json) async throws {
        var arguments = step.object ?? [:]
        let reserved = ["do", "as", "expect", "expect_error"].map { arguments.removeValue(forKey: $0) }
        guard let name = reserved[0]?.text, let action = Self.actions[name] else { throw Failure("no such action") }
        let given = Set(arguments.keys)
        guard action.needs.isSubset(of: given), given.isSubset(of: action.needs.union(action.takes)) else {
            throw Failure("arguments \(given.sorted()), but it needs \(action.needs.sorted())")
        }
        let resolved = try arguments.mapValues(resolve)
        let expected = try (reserved[3] ?? reserved[2]).map(resolve)
        let result: Json
        do {
            result = try await action.carryOut(self, resolved)
        } catch let error as JigapError where reserved[3] != nil {
            return try match(expected ?? .null, view(error), at: "error")
        }
        if reserved[3] != nil { throw Failure("succeeded, but had to fail") }
        if let expected { try match(expected, result, at: "result") }
        if let name = reserved[1]?.text { kept[name] = result }
    }

    /// With each `$name.field` replaced by what was kept.
    private func resolve(_ value: Json) throws -> Json {
        switch value {
        case .text(let text) where text.hasPrefix("$"):
            let path = text.dropFirst().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard var found = kept[path[0]] else { throw Failure("nothing is kept as \(text)") }
            for field in path.dropFirst() {
                guard let next = found[field] else { throw Failure("\(text): no \(field)") }
                found = next
            }
            return found
        case .array(let items): return .array(try items.map(resolve))
        case .object(let members): return .object(try members.mapValues(resolve))
        default: return value
        }
    }

    private static let actions: [String: Action] = [
        "enrol": Action(["token", "pin"]) { run, given in
            let user = try await run.key.create(pin: try text("pin", given))
            try await run.wallet.enrol(userToken: try text("token", given), userKey: user)
            return .object(["enrolled": .bool(try run.wallet.enrolled)])
        },
        "balance": Action { run, _ in .object(["amount": view(try run.wallet.balance)]) },
        "refresh": Action { run, _ in
            try await run.wallet.refresh()
            return .object([:])
        },
        "networks": Action { run, _ in .object(["networks": .array(try run.wallet.networks.map(view))]) },
        "read": Action(["code"]) { run, given in view(try run.wallet.read(try text("code", given))) },
        "consent_request": Action(["network", "locale"]) { run, given in
            let request = try await run.wallet.consentRequest(
                for: Network(rawValue: try text("network", given)), locale: try text("locale", given))
            run.requests[request.document] = request
            return view(request)
        },
        "answer_consent": Action(["request", "agreed"]) { run, given in
            guard let document = given["request"]?["document"]?.text, let request = run.requests[document],
                let agreed = given["agreed"]?.bool
            else { throw Failure("not a kept request and an answer") }
            try await run.wallet.answer(request, agreed: agreed, shown: Phone.shown)
            return .object([:])
        },
        "withdraw_consent": Action(["network"]) { run, given in
            try await run.wallet.withdrawConsent(for: Network(rawValue: try text("network", given)))
            return .object([:])
        },
        "prepare": Action(["code"], takes: ["network", "amount"]) { run, given in
            let code = try text("code", given)
            let network = try given["network"].map { _ in Network(rawValue: try text("network", given)) }
            var amount: Money?
            if given["amount"] != nil {
                guard let currency = try run.wallet.read(code).facts.currency else {
                    throw Failure("an amount, but the code has no currency")
                }
                amount = try Money(typed: try text("amount", given), currency: currency)
            }
            let preview = try await run.wallet.prepare(Checkout(code: code, network: network, amount: amount))
            run.previews[preview.id] = preview
            return view(preview)
        },
        "pay": Action(["preview", "pin"]) { run, given in
            guard let id = given["preview"]?["id"]?.text, let preview = run.previews[id] else {
                throw Failure("not a kept preview")
            }
            let proof = try await run.key.prove(preview, pin: try text("pin", given))
            return view(try await run.wallet.pay(preview, proof: proof))
        },
        "payment": Action(["id"]) { run, given in view(try run.wallet.payment(try text("id", given))) },
        "settled": Action(["id", "patience_ms"]) { run, given in
            view(try await run.wallet.settled(try text("id", given), patience: try patience(given)))
        },
        "history": Action { run, _ in .object(["payments": .array(try run.wallet.history().payments.map(view))]) },
        "show": Action(["network", "region"]) { run, given in
            let network = Network(rawValue: try text("network", given))
            return view(try await run.wallet.show(network, region: try text("region", given)))
        },
        "renew": Action { run, _ in .object(["code": optional(try await run.wallet.renew(), view)]) },
        "new_code": Action { run, _ in .object(["code": optional(try await run.wallet.newCode(), view)]) },
        "cover": Action { run, _ in
            try await run.wallet.cover()
            return .object([:])
        },
        "uncover": Action { run, _ in .object(["code": optional(try await run.wallet.uncover(), view)]) },
        "leave_page": Action { run, _ in
            try await run.wallet.leavePage()
            return .object([:])
        },
        "chosen_network": Action(["region"]) { run, given in
            let network = try run.wallet.chosenNetwork(in: try text("region", given))
            return .object(["network": optional(network) { .text($0.rawValue) }])
        },
        "back_up": Action { run, _ in try await run.copy(from: "wallet", to: "backup") },
        "restore": Action { run, _ in try await run.copy(from: "backup", to: "wallet") },
        "shown_result": Action(["id", "patience_ms"]) { run, given in
            view(try await run.wallet.result(of: try text("id", given), patience: try patience(given)))
        },
        "reopen": Action { run, _ in
            run.wallet.close()
            run.wallet = try await Phone.open(run.sandbox, run.folder)
            return .object([:])
        },
        "make_code": Action(["shop", "network"], takes: ["amount"]) { run, given in
            try await run.sandbox.ask("POST", "/admin/codes", .object(given))
        },
        "shop_scan": Action(["digits", "amount"], takes: ["shop", "request"]) { run, given in
            try await run.sandbox.ask("POST", "/admin/scan", .object(given))
        },
        "fault": Action(["fault"]) { run, given in try await run.sandbox.ask("POST", "/admin/fault", given["fault"]) },
        "audit": Action { run, _ in try await run.sandbox.ask("GET", "/admin/audit") },
    ]

    /// Closes the wallet, copies its folder in place of the other, and opens it again.
    private func copy(from: String, to: String) async throws -> Json {
        wallet.close()
        try await Task.sleep(for: .milliseconds(300))  // what was under way ends
        let (from, to) = (folder.url.appending(path: from), folder.url.appending(path: to))
        try? FileManager.default.removeItem(at: to)
        try FileManager.default.copyItem(at: from, to: to)
        wallet = try await Phone.open(sandbox, folder)
        return .object([:])
    }

    private static func text(_ name: String, _ given: Arguments) throws -> String {
        guard let text = given[name]?.text else { throw Failure("\(name) has to be text") }
        return text
    }

    private static func patience(_ given: Arguments) throws -> Duration {
        guard let number = given["patience_ms"]?.number else { throw Failure("patience_ms has to be a whole number") }
        return .milliseconds(number)
    }
}

/// Throws where a value does not match what was expected.
func match(_ expected: Json, _ actual: Json, at place: String) throws {
    let mismatch = Failure("\(place) is \(actual.encoded), expected \(expected.encoded)")
    switch expected {
    case .object(let members):
        if let (pattern, operand) = members.first(where: { $0.key.hasPrefix("~") }) {
            guard members.count == 1 else { throw Failure("\(place): a pattern stands alone") }
            guard try holds(pattern, operand, actual) else { throw mismatch }
            return
        }
        guard actual.object != nil else { throw mismatch }
        for (key, value) in members {
            guard let found = actual[key] else { throw Failure("\(place) has no \(key): \(actual.encoded)") }
            try match(value, found, at: "\(place).\(key)")
        }
    case .array(let items):
        guard let found = actual.array, found.count == items.count else { throw mismatch }
        for (index, pair) in zip(items, found).enumerated() { try match(pair.0, pair.1, at: "\(place)[\(index)]") }
    default:
        guard expected == actual else { throw mismatch }
    }
}

private func holds(_ pattern: String, _ operand: Json, _ actual: Json) throws -> Bool {
    switch (pattern, operand) {
    case ("~like", .text(let like)):
        guard let text = actual.text, text.count == like.count else { return false }
        return zip(like, text).allSatisfy { $0 == "9" ? ("0"..."9").contains($1) && $1.isASCII : $0 == $1 }
    case ("~between", .array(let ends)):
        guard ends.count == 2, let low = ends[0].number, let high = ends[1].number else {
            throw Failure("~between takes two whole numbers")
        }
        return actual.number.map { low <= $0 && $0 <= high } ?? false
    case ("~contains", .text(let part)): return actual.text?.contains(part) ?? false
    default: throw Failure("no such pattern: \(pattern)")
    }
}
