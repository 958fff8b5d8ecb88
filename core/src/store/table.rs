//! What the database holds, column by column: what it is, what for, and how long. `docs/data_map.md` is written from here, and
//! a test holds it against the database that the migrations make.

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Table and column, such as `payment.s_body`. `s_` is sealed.
    pub name: &'static str,
    /// What it holds.
    pub what: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// How long it is kept.
    pub retention: &'static str,
}

const fn column(name: &'static str, what: &'static str, purpose: &'static str, retention: &'static str) -> Column {
    Column { name, what, purpose, retention }
}

const INSTALL: &str = "as long as the app is installed";
const RECORDS: &str = "as records of payments: 5 years, or 1 year up to KRW 10,000";
const PROOF: &str = "as long as the consent is to be proven";
const SHORT: &str = "until it is done";
const WITH_ROW: &str = "as the row";
const WHOLE: &str = "shows that rows are whole, in order and none is missing";

/// Every column of every table.
pub const STORED: &[Column] = &[
    column("keyring.id", "always 1", "one key", INSTALL),
    column("keyring.name", "random name of this database", "is part of every seal", INSTALL),
    column("keyring.wrapped", "root key, wrapped by the phone's key store", "seals everything", INSTALL),
    column("keyring.canary", "digest of a derived key", "shows that the key is the right one", INSTALL),
    column("setting.name", "which value", "finds it", INSTALL),
    column("setting.version", "how often it changed", WHOLE, INSTALL),
    column(
        "setting.s_value",
        "device identifier, public keys, signed configuration, clock anchor, balance, whether the user is under 14, last head of the \
         log of consents, last chosen networks, state of keys for offline codes",
        "what the wallet knows of itself",
        INSTALL,
    ),
    column("document.digest", "digest of a consent document", "finds it", PROOF),
    column("document.s_value", "the document as it was signed", "proves what was shown", PROOF),
    column("consent.seq", "number of an event", WHOLE, PROOF),
    column("consent.s_event", "what was shown, answered and taken back, with signatures", "proves the consent", PROOF),
    column("preview.id", "random name", "finds it", "until the quote has ended"),
    column("preview.expires", "when the quote ends", "takes it away", "until the quote has ended"),
    column("preview.s_value", "shop, amounts, rate", "what is paid is what was shown", "until the quote has ended"),
    column("payment.n", "number", "order of history", RECORDS),
    column("payment.key", "random key", "one intent is one payment", RECORDS),
    column("payment.preview", "which preview", "one preview is one payment", RECORDS),
    column(
        "payment.open_order",
        "keyed digest of the order",
        "one order is one payment",
        "until the payment has ended",
    ),
    column("payment.state", "where it stands", "what is owed for it", RECORDS),
    column("payment.version", "how often it changed", WHOLE, RECORDS),
    column("payment.s_request", "the exact bytes that are sent", "a re-send is the same request", RECORDS),
    column("payment.s_body", "shop, amounts, rate, receipt, answers", "history and receipt", RECORDS),
    column("payment.mac", "code over the row", WHOLE, WITH_ROW),
    column("code.id", "random name", "finds it", "until it has ended and the shop's scan is known"),
    column("code.state", "where it stands", "is shown once", WITH_ROW),
    column("code.expires", "when it ends", "is not shown too late", WITH_ROW),
    column("code.version", "how often it changed", WHOLE, WITH_ROW),
    column("code.s_body", "network, country, digits until it ends", "is shown to a shop", WITH_ROW),
    column("code.mac", "code over the row", WHOLE, WITH_ROW),
    column("task.kind", "what is owed", "is carried out after a kill too", SHORT),
    column("task.subject", "about what", "is carried out after a kill too", SHORT),
    column("task.due", "when", "is carried out in time", SHORT),
    column("task.mac", "code over the row", WHOLE, SHORT),
    column("journal.seq", "number of a change", WHOLE, RECORDS),
    column("journal.subject", "which row changed", WHOLE, RECORDS),
    column("journal.state", "to which state", WHOLE, RECORDS),
    column("journal.version", "its version", WHOLE, RECORDS),
    column("journal.link", "keyed digest of it and the change before", WHOLE, RECORDS),
    column("head.id", "always 1", WHOLE, INSTALL),
    column("head.seq", "the newest change", WHOLE, INSTALL),
    column("head.link", "its link", WHOLE, INSTALL),
    column("head.payments", "the newest payment's number", WHOLE, INSTALL),
    column("head.unended", "how many payments have not ended", WHOLE, INSTALL),
    column("head.codes", "how many codes are fresh or shown", WHOLE, INSTALL),
    column("head.consents", "how many consent events there are", WHOLE, INSTALL),
    column("head.gone", "versions of rows that were erased", WHOLE, INSTALL),
    column("head.mac", "code over the row", WHOLE, INSTALL),
    column("rotation.id", "always 1", "one change of keys at a time", SHORT),
    column("rotation.wrapped", "the key that is coming, wrapped", "a change of keys", SHORT),
    column("rotation.canary", "digest of a derived key", "shows that the key is the right one", SHORT),
    column("rotation.step", "which table", "a change of keys goes on after a kill", SHORT),
    column("rotation.cursor", "which row", "a change of keys goes on after a kill", SHORT),
    column("epoch.first", "the first line it links", "the chain over a change of keys", RECORDS),
    column("epoch.s_key", "an older chain key", "the chain over a change of keys", RECORDS),
    column("offline_key.id", "random name", "finds it", "until its batch has ended"),
    column("offline_key.state", "unused, in use or spent", "each is used once", WITH_ROW),
    column("offline_key.since", "since which step", "each code is made once", WITH_ROW),
    column("offline_key.version", "how often it changed", WHOLE, WITH_ROW),
    column("offline_key.s_body", "handle and key", "codes without a connection", WITH_ROW),
    column("offline_key.mac", "code over the row", WHOLE, WITH_ROW),
];
