import Foundation

@testable import Jigap

// What the wallet gives, as the data of scenarios names it: see "Actions" in scenarios/README.md.

func view(_ money: Money) -> Json { .text(money.description) }

func view(_ error: JigapError) -> Json {
    var fields: [String: Json] = [:]
    for field in error.fields { fields[field.name] = .text(field.value) }
    return .object([
        "code": .text(error.code.rawValue), "next": .text(error.next.rawValue), "retryable": .bool(error.retryable),
        "fields": .object(fields),
    ])
}

func view(_ network: NetworkInfo) -> Json {
    .object([
        "network": .text(network.network.rawValue), "name": .text(network.name), "scan": list(network.scan),
        "show": list(network.show), "consented": .bool(network.consented),
    ])
}

func view(_ reading: Reading) -> Json {
    let verdict =
        switch reading {
        case .payable: "payable"
        case .needsChoice: "needs_choice"
        case .notPayable: "not_payable"
        case .unsupported: "unsupported"
        case .malformed: "malformed"
        case .suspicious: "suspicious"
        }
    let facts = reading.facts
    return .object([
        "verdict": .text(verdict), "networks": list(reading.networks.map(\.rawValue)),
        "problem": optional(reading.problem, view), "country": Json(facts.country), "currency": Json(facts.currency),
        "amount": optional(facts.amount, view), "merchant_name": Json(facts.merchantName),
        "local_name": Json(facts.localName),
    ])
}

func view(_ request: ConsentRequest) -> Json {
    let sections = request.sections.map { section in
        Json.object([
            "name": .text(section.name), "text": .text(section.text), "emphasised": .bool(section.emphasised),
        ])
    }
    return .object([
        "network": .text(request.network.rawValue), "network_name": .text(request.networkName),
        "document": .text(request.document), "controller": .text(request.controller), "locale": .text(request.locale),
        "title": .text(request.title), "sections": .array(sections), "granted": .bool(request.granted),
    ])
}

func view(_ preview: Preview) -> Json {
    .object([
        "id": .text(preview.id), "network": .text(preview.network.rawValue),
        "network_name": .text(preview.networkName), "merchant": view(preview.merchant),
        "amount": view(preview.amount), "rate": view(preview.rate), "home": view(preview.home),
        "expires_in_ms": milliseconds(preview.expiresIn),
    ])
}

func view(_ payment: Payment) -> Json {
    let status =
        switch payment.status {
        case .checking: "checking"
        case .paid: "paid"
        case .declined: "declined"
        case .notSent: "not_sent"
        case .conflict: "conflict"
        }
    return .object([
        "id": .text(payment.id), "status": .text(status), "network": .text(payment.network.rawValue),
        "scanned": .bool(payment.scanned), "merchant": optional(payment.merchant, view),
        "amount": optional(payment.amount, view), "home": optional(payment.home, view),
        "rate": optional(payment.rate, view), "reference": Json(payment.status.receipt?.reference),
        "paid_at_ms": optional(payment.status.receipt?.paidAt, milliseconds),
        "created_ms": milliseconds(payment.created), "problem": optional(payment.status.problem, view),
    ])
}

func view(_ code: ShownCode) -> Json {
    .object([
        "id": .text(code.id), "network": .text(code.network.rawValue), "network_name": .text(code.networkName),
        "region": .text(code.region), "digits": .text(code.digits), "masked": .text(code.masked),
        "qr": view(code.qr), "bars": optional(code.bars, view), "expires_in_ms": milliseconds(code.expiresIn),
        "renew_in_ms": milliseconds(code.renews.remaining), "sensitive": .bool(code.isSensitive),
        "offline": optional(code.offline) {
            .object([
                "limit": view($0.limit), "per_day": .number(Int64($0.perDay)), "sure_of_time": .bool($0.isSureOfTime),
                "keys_left": .number(Int64($0.keysLeft)),
            ])
        },
    ])
}

func view(_ result: ShownResult) -> Json {
    switch result {
    case .waiting: .object(["state": .text("waiting"), "payment": .null])
    case .expired: .object(["state": .text("expired"), "payment": .null])
    case .used(let payment): .object(["state": .text("used"), "payment": view(payment)])
    }
}

private func view(_ merchant: Merchant) -> Json {
    .object([
        "name": .text(merchant.name), "local_name": Json(merchant.localName), "city": Json(merchant.city),
        "country": .text(merchant.country),
    ])
}

private func view(_ rate: Rate) -> Json {
    .object(["from": .text(rate.from), "to": .text(rate.to), "price": .text(rate.price)])
}

private func view(_ picture: Picture) -> Json {
    .object(["width": .number(Int64(picture.width)), "height": .number(Int64(picture.height))])
}

private func list(_ texts: [String]) -> Json { .array(texts.map(Json.text)) }

func optional<Value>(_ value: Value?, _ view: (Value) -> Json) -> Json { value.map(view) ?? .null }

private func milliseconds(_ duration: Duration) -> Json { .number(Int64(duration / .milliseconds(1))) }

private func milliseconds(_ date: Date) -> Json { .number(Int64((date.timeIntervalSince1970 * 1_000).rounded())) }
