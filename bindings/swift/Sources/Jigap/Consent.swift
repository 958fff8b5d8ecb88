internal import JigapFFI

/// What has to be shown before a user can agree that their data goes to a network abroad.
public struct ConsentRequest: Sendable, Hashable {
    /// One item of the document.
    public struct Section: Sendable, Hashable {
        /// Its stable name: `items`, `transfer`, `recipient`, `purpose` or `refusal`.
        public let name: String
        /// The text.
        public let text: String
        /// Whether it has to stand out: larger, coloured or bold.
        public let emphasised: Bool
    }

    /// For which network.
    public let network: Network
    /// What people call it.
    public let networkName: String
    /// The document's digest; the answer names it.
    public let document: String
    /// Who asks.
    public let controller: String
    /// The language of the texts.
    public let locale: String
    /// What this is.
    public let title: String
    /// The five items of PIPA 28-8(2), in the order they are to be shown.
    public let sections: [Section]
    /// Whether it is agreed to already.
    public let granted: Bool
}

/// How a ``ConsentRequest`` was shown. It is part of the signed record.
public struct ConsentPresentation: Sendable, Hashable {
    /// The size of the body text in points.
    public let fontPoints: UInt32
    /// Whether the user reached the end of the text.
    public let scrolledToEnd: Bool
    /// How long it was on screen.
    public let dwell: Duration

    /// How it was shown.
    public init(fontPoints: UInt32, scrolledToEnd: Bool, dwell: Duration) {
        self.fontPoints = fontPoints
        self.scrolledToEnd = scrolledToEnd
        self.dwell = dwell
    }
}

extension ConsentRequest {
    init(_ request: JigapFFI.ConsentRequest) {
        self.init(
            network: Network(rawValue: request.network), networkName: request.networkName,
            document: request.document, controller: request.controller, locale: request.locale,
            title: request.title,
            sections: request.sections.map { Section(name: $0.name, text: $0.text, emphasised: $0.emphasised) },
            granted: request.granted)
    }

    func answer(agreed: Bool, shown: ConsentPresentation) -> JigapFFI.ConsentAnswer {
        .init(
            network: network.rawValue, document: document, agreed: agreed, locale: locale,
            fontPt: shown.fontPoints, scrolledToEnd: shown.scrolledToEnd, dwellMs: shown.dwell.milliseconds)
    }
}
