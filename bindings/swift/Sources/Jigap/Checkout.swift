import Foundation
internal import JigapFFI

/// A scanned code to be paid.
public struct Checkout: Sendable, Hashable, Redacted {
    /// The exact text that was scanned.
    public let code: String
    /// The network the user chose, where several can carry it.
    public let network: Network?
    /// What the user typed, where the code leaves the amount open.
    public let amount: Money?

    /// A scanned code, with what the user had to add.
    public init(code: String, network: Network? = nil, amount: Money? = nil) {
        self.code = code
        self.network = network
        self.amount = amount
    }
}

/// The terms of a payment, before anything is agreed. What it shows is what is paid: it never changes.
public struct Preview: Sendable, Hashable, Identifiable, Redacted {
    /// Names the preview.
    public let id: String
    /// Who carries it.
    public let network: Network
    /// What people call the network.
    public let networkName: String
    /// The shop, as the network names it.
    public let merchant: Merchant
    /// What the shop asks for.
    public let amount: Money
    /// The rate.
    public let rate: Rate
    /// What the user will be charged.
    public let home: Money
    /// Until when the terms hold. The gateway has the last word.
    public let expires: ContinuousClock.Instant
    /// What the user's key has to sign to agree.
    public let challenge: Data

    /// How long the terms hold from now; zero when they are over.
    public var expiresIn: Duration { expires.remaining }
}

/// The user's agreement to one preview: a signature by a key that only they can use.
///
/// On a phone the platform's own key signs ``Preview/challenge`` after Face ID or the passcode (a Secure Enclave key with an access
/// control). ``PinKey`` is for hosts without one.
public struct Proof: Sendable, Hashable, Redacted {
    /// How the user proved who they are.
    public enum Method: Sendable, Hashable {
        /// A PIN opened the user's key.
        case pin
        /// Biometrics opened it.
        case biometric
        /// The phone's own lock opened it.
        case deviceLock
    }

    /// How the user proved who they are.
    public let method: Method
    /// ECDSA P-256 with SHA-256 over the challenge, ASN.1 DER.
    public let signature: Data

    /// A signature that the user's key made.
    public init(method: Method, signature: Data) {
        self.method = method
        self.signature = signature
    }
}

extension Checkout {
    var ffi: JigapFFI.Checkout { .init(code: code, network: network?.rawValue, amount: amount?.ffi) }
}

extension Preview {
    init(_ preview: JigapFFI.Preview) {
        self.init(
            id: preview.id, network: Network(rawValue: preview.network), networkName: preview.networkName,
            merchant: Merchant(preview.merchant), amount: Money(preview.amount), rate: Rate(preview.rate),
            home: Money(preview.home), expires: .init(fromNow: preview.expiresInMs), challenge: preview.challenge)
    }
}

extension Proof.Method {
    var ffi: JigapFFI.ProofMethod {
        switch self {
        case .pin: .pin
        case .biometric: .biometric
        case .deviceLock: .deviceLock
        }
    }
}
