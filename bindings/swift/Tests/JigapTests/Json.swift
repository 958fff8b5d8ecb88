import Foundation

/// A JSON value. Numbers are whole: nothing here has others.
enum Json: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Int64)
    case text(String)
    case array([Json])
    case object([String: Json])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Int64.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let items = try? value.decode([Json].self) {
            self = .array(items)
        } else {
            self = .object(try value.decode([String: Json].self))
        }
    }

    init(parsing data: Data) throws { self = try JSONDecoder().decode(Json.self, from: data) }

    /// Text, or null for nothing.
    init(_ text: String?) { self = text.map(Json.text) ?? .null }

    subscript(key: String) -> Json? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    var number: Int64? { if case .number(let number) = self { number } else { nil } }
    var array: [Json]? { if case .array(let items) = self { items } else { nil } }
    var object: [String: Json]? { if case .object(let members) = self { members } else { nil } }

    /// As JSON text, keys in order.
    var encoded: String {
        switch self {
        case .null: return "null"
        case .bool(let bool): return "\(bool)"
        case .number(let number): return "\(number)"
        case .text(let text):
            let data = try? JSONEncoder().encode(text)
            return data.map { String(decoding: $0, as: UTF8.self) } ?? "?"
        case .array(let items): return "[" + items.map(\.encoded).joined(separator: ",") + "]"
        case .object(let members):
            let sorted = members.sorted { $0.key < $1.key }
            return "{" + sorted.map { "\(Json.text($0.key).encoded):\($0.value.encoded)" }.joined(separator: ",") + "}"
        }
    }
}
