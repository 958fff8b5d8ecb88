import Foundation
internal import JigapFFI

/// One user's wallet on this device.
///
/// A user action is one call. What it decided is on disk before anything leaves the phone, and the wallet's own threads carry
/// it out. So no payment depends on a Swift task: **cancelling a task that waits here only ends the waiting**. It returns at once with
/// `CancellationError`, the payment goes on, and ``history(before:limit:)`` shows how it ended.
///
/// Every call throws ``JigapError``; those that wait also throw `CancellationError`. Calls are safe from any thread or actor. Those
/// that do not wait read the wallet's database: fast, and never held up by the network.
public final class Wallet: Sendable {
    private let core: JigapFFI.CoreWallet
    let listeners = Listeners()

    private init(_ core: JigapFFI.CoreWallet) { self.core = core }

    /// Closes the wallet, as ``close()`` does.
    deinit { close() }

    /// Opens the wallet in a folder of the app's own, and takes up what was left unfinished.
    ///
    /// - Throws: ``JigapError/Code/storeDamaged``, ``JigapError/Code/storeFailed``, ``JigapError/Code/storeTooNew``,
    ///   ``JigapError/Code/configInvalid``, ``JigapError/Code/consentRecordBroken``, ``JigapError/Code/argumentInvalid``, and
    ///   those of the vault.
    public static func open(
        folder: URL, trust: Trust, vault: some Vault, gateway: GatewayAddress
    ) async throws -> Wallet {
        try await open(folder, trust, port(of: vault)) { try gateway.port() }
    }

    /// As ``open(folder:trust:vault:gateway:)``, with the app's own HTTP client in place of the wallet's.
    public static func open(
        folder: URL, trust: Trust, vault: some Vault, transport: some Transport
    ) async throws -> Wallet {
        try await open(folder, trust, port(of: vault)) { HostTransport(transport) }
    }

    private static func open(
        _ folder: URL, _ trust: Trust, _ vault: any JigapFFI.VaultPort,
        _ transport: @escaping @Sendable () throws -> any JigapFFI.TransportPort
    ) async throws -> Wallet {
        surviveBrokenPipes()
        return try await abandonable {
            Wallet(
                try await JigapFFI.CoreWallet.open(
                    folder: folder.path(percentEncoded: false), configKey: trust.configKey,
                    controllerKey: trust.controllerKey, vault: vault, transport: try transport()))
        }
    }

    /// Closes the wallet: calls already taken are done, what is owed is on disk, streams end. Calls after this one fail with
    /// ``JigapError/Code/closed``.
    public func close() {
        listeners.close()
        // It can only fail by a fault inside, and there is nothing left to do about that.
        try? core.shut()
    }

    /// The app goes to the background: finishes what is being written and closes every file, so that no lock is held while the app
    /// is suspended (iOS ends an app for that: `0xdead10cc`). Nothing more is sent until ``resumed()``. Calls still work.
    ///
    /// - Throws: ``JigapError/Code/closed``.
    public func suspend() async throws {
        let core = core
        try await abandonable { try await core.suspend() }
    }

    /// Erases what no law has kept, and says what stays and how long.
    ///
    /// - Throws: those of the store.
    public func erase() async throws -> Erased {
        let core = core
        return try await abandonable { Erased(try await core.erase()) }
    }

    /// Begins to change the wallet's root key. Everything is sealed anew in the background; a kill at any time does no harm.
    ///
    /// - Throws: those of vault and store; then nothing has changed.
    public func changeKeys() async throws {
        let core = core
        try await abandonable { try await core.changeKeys() }
    }

    /// How the wallet's own records are.
    ///
    /// - Throws: those of the store.
    public var condition: Condition {
        get throws(JigapError) { Condition(try calling { try core.condition() }) }
    }

    /// Sets a database aside that does not open any more (``JigapError/Code/storeDamaged``, ``JigapError/Code/vaultKeyLost``), or that
    /// was found ``Condition/damaged``. It is renamed, never deleted; the next opening begins anew. A decision of the user's: it is
    /// never made by opening. The wallet must be closed.
    ///
    /// - Returns: the number it lies aside under.
    /// - Throws: ``JigapError/Code/storeInUse`` when there is nothing wrong with it.
    public static func setAside(folder: URL, vault: some Vault) async throws -> Int {
        let port = port(of: vault)
        return try await abandonable {
            Int(try await JigapFFI.setAside(folder: folder.path(percentEncoded: false), vault: port))
        }
    }

    /// The app is in front again: looks at once at what is due, instead of at its time.
    ///
    /// - Throws: ``JigapError/Code/closed``.
    public func resumed() throws(JigapError) {
        try calling { try core.resumed() }
    }

    // MARK: Enrolment

    /// Makes this device known to the gateway.
    ///
    /// - Parameters:
    ///   - userToken: the company's login of the user.
    ///   - userKey: the public half of the user's key, whose proofs count: a P-256 point of 65 bytes, uncompressed.
    /// - Throws: ``JigapError/Code/enrolmentRefused``, ``JigapError/Code/configInvalid``, and those of vault, gateway and store.
    public func enrol(userToken: String, userKey: Data) async throws {
        let core = core
        try await abandonable { try await core.enrol(userToken: userToken, userKey: userKey) }
    }

    /// Whether this device is enrolled.
    public var enrolled: Bool {
        get throws(JigapError) { try calling { try core.enrolled() } }
    }

    /// Fetches configuration and balance anew.
    ///
    /// - Throws: ``JigapError/Code/enrolmentNeeded``, ``JigapError/Code/configInvalid``, and those of gateway and store.
    public func refresh() async throws {
        let core = core
        try await abandonable { try await core.refresh() }
    }

    /// The balance as the gateway last gave it.
    ///
    /// - Throws: ``JigapError/Code/enrolmentNeeded``, and those of the store.
    public var balance: Money {
        get throws(JigapError) { Money(try calling { try core.balance() }.amount) }
    }

    // MARK: Consent

    /// Every network, and whether its consent is given.
    ///
    /// - Throws: ``JigapError/Code/enrolmentNeeded``, ``JigapError/Code/consentRecordBroken``, and those of the store.
    public var networks: [NetworkInfo] {
        get throws(JigapError) { try calling { try core.networks() }.map(NetworkInfo.init) }
    }

    /// What has to be shown before a user can agree that data goes to a network.
    ///
    /// - Parameters:
    ///   - network: the network.
    ///   - locale: the language the user reads (BCP 47). ``ConsentRequest/locale`` says which one came.
    /// - Throws: ``JigapError/Code/networkUnknown``, ``JigapError/Code/consentDocumentInvalid``, and those of gateway and store.
    public func consentRequest(for network: Network, locale: String) async throws -> ConsentRequest {
        let core = core
        return try await abandonable {
            ConsentRequest(try await core.consentRequest(network: network.rawValue, locale: locale))
        }
    }

    /// Keeps the user's answer as a signed event; durable when this returns.
    ///
    /// - Throws: ``JigapError/Code/consentDocumentChanged`` when another document is in force by now, and those of vault and store.
    public func answer(_ request: ConsentRequest, agreed: Bool, shown: ConsentPresentation) async throws {
        let core = core
        try await abandonable { try await core.answerConsent(answer: request.answer(agreed: agreed, shown: shown)) }
    }

    /// Takes a consent back; durable when this returns, in force at once. Payments already sent are finished.
    ///
    /// - Throws: ``JigapError/Code/networkUnknown``, and those of vault and store.
    public func withdrawConsent(for network: Network) async throws {
        let core = core
        try await abandonable { try await core.withdrawConsent(network: network.rawValue) }
    }

    // MARK: Scanning a shop's code

    /// What a scanned text is. An unreadable code is a ``Reading``, not an error.
    ///
    /// - Throws: ``JigapError/Code/enrolmentNeeded`` when there are no rules yet.
    public func read(_ code: String) throws(JigapError) -> Reading {
        try Reading(try calling { try core.read(code: code) })
    }

    /// Resolves a scanned code into terms that do not change any more. Charges nothing.
    ///
    /// - Throws: those of a ``Reading`` that cannot be paid, ``JigapError/Code/consentNeeded``, ``JigapError/Code/amountNeeded``,
    ///   ``JigapError/Code/amountFixed``, ``JigapError/Code/quoteInconsistent``, and those of gateway and store.
    public func prepare(_ checkout: Checkout) async throws -> Preview {
        let core = core
        return try await abandonable { Preview(try await core.prepare(checkout: checkout.ffi)) }
    }

    /// Pays exactly what a preview showed, proven by the user's key. The intent is durable when this returns; the result comes by
    /// ``settled(_:patience:)``. Calling it twice is one payment.
    ///
    /// - Throws: ``JigapError/Code/previewUnknown``, ``JigapError/Code/proofInvalid``, ``JigapError/Code/quoteExpired``,
    ///   ``JigapError/Code/consentNeeded``, and those of the store: nothing is charged by any of them. After a
    ///   `CancellationError` the payment goes on: see ``history(before:limit:)``.
    public func pay(_ preview: Preview, proof: Proof) async throws -> Payment {
        let core = core
        return try await abandonable {
            try Payment(
                try await core.pay(preview: preview.id, method: proof.method.ffi, signature: proof.signature))
        }
    }

    // MARK: Payments

    /// A payment as it stands. Never waits for the network.
    ///
    /// - Throws: ``JigapError/Code/paymentUnknown``, and those of the store.
    public func payment(_ id: Payment.ID) throws(JigapError) -> Payment {
        try Payment(try calling { try core.payment(id: id) })
    }

    /// Waits until a payment has ended, at most so long; then gives it as it stands, perhaps ``Payment/Status/checking(_:)``.
    ///
    /// - Throws: ``JigapError/Code/paymentUnknown``, and those of the store.
    public func settled(_ id: Payment.ID, patience: Duration = .seconds(30)) async throws -> Payment {
        let core = core
        return try await abandonable { try Payment(try await core.settled(id: id, patienceMs: patience.milliseconds)) }
    }

    /// Payments, newest first.
    ///
    /// - Parameters:
    ///   - before: where to go on: the page before gave it.
    ///   - limit: at most 200.
    /// - Throws: ``JigapError/Code/storeDamaged``, and those of the store.
    public func history(before: HistoryCursor? = nil, limit: Int = 50) throws(JigapError) -> HistoryPage {
        try HistoryPage(try calling { try core.history(before: before?.place, limit: UInt32(clamping: limit)) })
    }

    // MARK: Showing a code

    /// Puts the next code of a network on screen.
    ///
    /// - Parameters:
    ///   - network: the network.
    ///   - region: the country the user is in (ISO 3166-1 alpha-2).
    /// - Throws: ``JigapError/Code/consentNeeded``, ``JigapError/Code/codeUnsupported``, ``JigapError/Code/codesUnavailable``, and
    ///   those of gateway and store.
    public func show(_ network: Network, region: String) async throws -> ShownCode {
        let core = core
        return try await abandonable { ShownCode(try await core.show(network: network.rawValue, region: region)) }
    }

    /// What is to be on screen now, by the clock: the next code, the same one a step later, or nothing when nothing changes. To
    /// be called at ``ShownCode/renews``.
    ///
    /// - Throws: those of ``show(_:region:)``.
    public func renew() async throws -> ShownCode? {
        let core = core
        return try await abandonable { (try await core.renew()).map { ShownCode($0) } }
    }

    /// Another code: the shop's scan failed, or the user wants one. The one on screen is not shown again.
    ///
    /// - Throws: those of ``show(_:region:)``.
    public func newCode() async throws -> ShownCode? {
        let core = core
        return try await abandonable { (try await core.newCode()).map { ShownCode($0) } }
    }

    /// The page is covered, or the app leaves the screen: nothing of a code may stay visible.
    ///
    /// - Throws: those of the store.
    public func cover() async throws {
        let core = core
        try await abandonable { try await core.cover() }
    }

    /// The page is visible again: the same code while it lives, else the next one.
    ///
    /// - Throws: those of ``show(_:region:)``.
    public func uncover() async throws -> ShownCode? {
        let core = core
        return try await abandonable { (try await core.uncover()).map { ShownCode($0) } }
    }

    /// The user leaves the page.
    ///
    /// - Throws: those of the store.
    public func leavePage() async throws {
        let core = core
        try await abandonable { try await core.leavePage() }
    }

    /// The network whose code the user showed last in a country (ISO 3166-1 alpha-2).
    ///
    /// - Throws: those of the store.
    public func chosenNetwork(in region: String) throws(JigapError) -> Network? {
        try calling { try core.chosenNetwork(region: region) }.map { Network(rawValue: $0) }
    }

    /// Waits until a shown code has been used or is over, at most so long.
    ///
    /// - Throws: ``JigapError/Code/shownCodeUnknown``, and those of the store.
    public func result(of code: ShownCode.ID, patience: Duration = .seconds(60)) async throws -> ShownResult {
        let core = core
        return try await abandonable {
            try ShownResult(try await core.shownResult(id: code, patienceMs: patience.milliseconds))
        }
    }

    // MARK: Changes

    /// What changes from now on, until the reader stops, its task is cancelled, or the wallet closes.
    ///
    /// A reader may be as slow as it likes and holds nothing up. The stream keeps the newest 64 changes; when older ones had to go,
    /// ``Change/everything`` comes after them. Each call gives a stream of its own. Take the stream first, then read: so
    /// nothing falls in between.
    ///
    /// - Throws: ``JigapError/Code/closed``.
    public func changes() throws(JigapError) -> AsyncStream<Change> {
        let (stream, continuation) = AsyncStream.makeStream(of: Change.self, bufferingPolicy: .bufferingNewest(64))
        let listener = Listener(continuation)
        let subscription = try calling { try core.observe(observer: listener) }
        continuation.onTermination = { [listeners] _ in
            listeners.remove(listener)
            try? subscription.end()
        }
        listeners.add(continuation, of: listener)
        return stream
    }
}
