//! The one error of the wallet: a stable code, fields, whether a retry can help, and what to do next.
//!
//! A field can hold a number, a word fixed in this source, or a network's name – never text from outside. So an
//! error, and any log line made from it, cannot carry a secret, a name or a code (MASVS-STORAGE-2).

use crate::network::Network;
use std::fmt;

/// What the user, or the app on their behalf, can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NextAction {
    /// Nothing to do: the message says all there is.
    None,
    /// Scan the code again, or ask the shop for a new one.
    ScanAgain,
    /// Prepare the payment again: terms have aged or were not agreed.
    PrepareAgain,
    /// Read and answer the consent of the network in field `network`.
    AskConsent,
    /// Let the user prove who they are again (PIN, biometrics).
    Authenticate,
    /// Choose one of the networks, or another one.
    ChooseNetwork,
    /// Type an amount the currency allows.
    EnterAmount,
    /// Put money into the wallet.
    TopUp,
    /// Check the connection, then try again.
    CheckConnection,
    /// Wait: the wallet goes on by itself and history will show the result.
    Wait,
    /// Open the phone's lock, then try again: the key store is not available.
    UnlockDevice,
    /// Enrol this device (again) with the wallet company.
    Enrol,
    /// Install a newer version of the app.
    UpdateApp,
    /// Ask the wallet company.
    ContactSupport,
    /// A mistake in the calling program.
    FixCaller,
}

impl NextAction {
    /// The stable name, as the FFI and the JSON of the terminal wallet write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ScanAgain => "scan_again",
            Self::PrepareAgain => "prepare_again",
            Self::AskConsent => "ask_consent",
            Self::Authenticate => "authenticate",
            Self::ChooseNetwork => "choose_network",
            Self::EnterAmount => "enter_amount",
            Self::TopUp => "top_up",
            Self::CheckConnection => "check_connection",
            Self::Wait => "wait",
            Self::UnlockDevice => "unlock_device",
            Self::Enrol => "enrol",
            Self::UpdateApp => "update_app",
            Self::ContactSupport => "contact_support",
            Self::FixCaller => "fix_caller",
        }
    }
}

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident, $code:literal, $retryable:literal, $next:ident, $cause:literal; )*) => {
        /// Every error the wallet can give. The text form is stable: apps may switch on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $( $(#[$doc])* #[doc = $cause] $name, )* }

        impl Code {
            /// All codes, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The stable text of this code.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$name => $code, )* }
            }

            /// Whether the same call can succeed later without anything else being done.
            pub const fn retryable(self) -> bool {
                match self { $( Self::$name => $retryable, )* }
            }

            /// What can be done about it.
            pub const fn next(self) -> NextAction {
                match self { $( Self::$name => NextAction::$next, )* }
            }

            /// What happened, in one English sentence without outside text.
            pub const fn cause(self) -> &'static str {
                match self { $( Self::$name => $cause, )* }
            }

            /// The code with this stable text, if there is one.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }
        }
    };
}

codes! {
    // Codes and money
    CodeMalformed, "CODE_MALFORMED", false, ScanAgain, "The code is damaged or not built as its format asks.";
    CodeNotPayable, "CODE_NOT_PAYABLE", false, ScanAgain, "This is not a shop's payment code.";
    CodeUnsupported, "CODE_UNSUPPORTED", false, ChooseNetwork, "No network of this wallet carries this code here.";
    CodeSuspicious, "CODE_SUSPICIOUS", false, ScanAgain, "Something in this code does not fit together.";
    CodeExpired, "CODE_EXPIRED", false, ScanAgain, "The shop's code has expired.";
    NetworkChoiceNeeded, "NETWORK_CHOICE_NEEDED", false, ChooseNetwork, "Several networks can carry this payment.";
    NetworkUnknown, "NETWORK_UNKNOWN", false, ChooseNetwork, "This wallet has no such network.";
    AmountNeeded, "AMOUNT_NEEDED", false, EnterAmount, "The shop's code leaves the amount to the user.";
    AmountFixed, "AMOUNT_FIXED", false, PrepareAgain, "The shop's code fixes the amount; it cannot be changed.";
    AmountInvalid, "AMOUNT_INVALID", false, EnterAmount, "The amount is not one this currency allows.";
    CurrencyUnknown, "CURRENCY_UNKNOWN", false, ScanAgain, "The currency of the code is not known.";
    MoneyOutOfRange, "MONEY_OUT_OF_RANGE", false, EnterAmount, "The amount is too large to be computed.";
    DrawTooLong, "DRAW_TOO_LONG", false, FixCaller, "The text does not fit into the symbol.";
    // Consent
    ConsentNeeded, "CONSENT_NEEDED", false, AskConsent, "The user has not agreed that data may go to this network.";
    ConsentDocumentInvalid, "CONSENT_DOCUMENT_INVALID", false, ContactSupport, "The consent document is not signed, not complete or not for this network.";
    ConsentDocumentChanged, "CONSENT_DOCUMENT_CHANGED", false, AskConsent, "The document that was answered is not the one in force.";
    ConsentRecordBroken, "CONSENT_RECORD_BROKEN", false, ContactSupport, "The record of consents does not verify.";
    ConsentUnread, "CONSENT_UNREAD", false, AskConsent, "The document was not shown as it has to be: legible, and to its end.";
    ConsentLogBroken, "CONSENT_LOG_BROKEN", true, ContactSupport, "The server's log of consents does not prove that it holds what it was given.";
    TransfersSuspended, "TRANSFERS_SUSPENDED", false, ChooseNetwork, "Transfers to this network are suspended.";
    GuardianNeeded, "GUARDIAN_NEEDED", false, ContactSupport, "The user is under 14: the guardian has to agree first.";
    // Payment
    PreviewUnknown, "PREVIEW_UNKNOWN", false, PrepareAgain, "There is no such preview.";
    QuoteExpired, "QUOTE_EXPIRED", false, PrepareAgain, "The terms have expired; nothing was charged.";
    QuoteInconsistent, "QUOTE_INCONSISTENT", false, PrepareAgain, "The terms that came back contradict themselves or the code.";
    ProofInvalid, "PROOF_INVALID", false, Authenticate, "The proof does not fit what was agreed; nothing was charged.";
    PinWrong, "PIN_WRONG", false, Authenticate, "The PIN is wrong.";
    PinLocked, "PIN_LOCKED", false, ContactSupport, "The PIN was wrong too often.";
    PinFormat, "PIN_FORMAT", false, Authenticate, "A PIN has six to twelve digits.";
    PaymentUnknown, "PAYMENT_UNKNOWN", false, None, "There is no such payment.";
    OrderClosed, "ORDER_CLOSED", false, ScanAgain, "The shop's order is closed or already paid.";
    BalanceInsufficient, "BALANCE_INSUFFICIENT", false, TopUp, "There is not enough money; nothing was charged.";
    LimitExceeded, "LIMIT_EXCEEDED", false, EnterAmount, "The amount is over a limit; nothing was charged.";
    PaymentDeclined, "PAYMENT_DECLINED", false, ContactSupport, "The payment was declined; nothing was charged.";
    PaymentConflict, "PAYMENT_CONFLICT", false, ContactSupport, "Two different final answers arrived; the payment is being looked into.";
    NotSent, "NOT_SENT", true, CheckConnection, "The request surely never left; nothing was charged.";
    Checking, "CHECKING", false, Wait, "The result is not known yet; the wallet keeps asking and never pays twice.";
    // Shown codes
    CodesUnavailable, "CODES_UNAVAILABLE", true, CheckConnection, "There is no payment code left to show.";
    ShownCodeUnknown, "SHOWN_CODE_UNKNOWN", false, None, "There is no such shown code.";
    // Gateway
    GatewayUnreachable, "GATEWAY_UNREACHABLE", true, CheckConnection, "The wallet company's server cannot be reached.";
    GatewayUntrusted, "GATEWAY_UNTRUSTED", false, CheckConnection, "The server's certificate is not the right one; nothing was sent.";
    GatewayBusy, "GATEWAY_BUSY", true, Wait, "The server is busy.";
    GatewayAnswer, "GATEWAY_ANSWER", true, ContactSupport, "The server's answer is not one the contract allows.";
    GatewayRefused, "GATEWAY_REFUSED", false, ContactSupport, "The server refused the request.";
    EnrolmentNeeded, "ENROLMENT_NEEDED", false, Enrol, "This device is not enrolled.";
    EnrolmentRefused, "ENROLMENT_REFUSED", false, ContactSupport, "The server did not accept this device.";
    ConfigInvalid, "CONFIG_INVALID", false, ContactSupport, "The configuration is not signed by the right key, or is older than the one in use.";
    // This device
    VaultUnavailable, "VAULT_UNAVAILABLE", true, UnlockDevice, "The phone's key store did not answer.";
    VaultRefused, "VAULT_REFUSED", false, UnlockDevice, "The phone's key store refused.";
    DeviceKeyChanged, "DEVICE_KEY_CHANGED", false, FixCaller, "The device's key is not the one this folder's records are signed with; they are kept, and a new wallet needs a new folder.";
    VaultKeyLost, "VAULT_KEY_LOST", false, Enrol, "The phone's key store has lost this wallet's key.";
    StoreFailed, "STORE_FAILED", true, ContactSupport, "The wallet's database could not be read or written.";
    StoreDamaged, "STORE_DAMAGED", false, ContactSupport, "The wallet's database has been altered or is damaged; it is kept, not deleted.";
    StoreInUse, "STORE_IN_USE", false, FixCaller, "The wallet's database opens and is whole; there is no reason to set it aside.";
    WalletBehind, "WALLET_BEHIND", true, Wait, "The wallet's records are older than the gateway's; nothing is paid before those were taken in.";
    StoreTooNew, "STORE_TOO_NEW", false, UpdateApp, "The wallet's database was written by a newer version.";
    ArgumentInvalid, "ARGUMENT_INVALID", false, FixCaller, "An argument is not one this call takes.";
    Closed, "CLOSED", false, FixCaller, "The wallet has been closed.";
    Internal, "INTERNAL", false, ContactSupport, "A fault inside the wallet; it was stopped before it did harm.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a field can hold; deliberately no free text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldValue {
    /// A count, an offset, a tag number, milliseconds.
    Number(i64),
    /// A word fixed in this source, such as the name of a tag or of a reason.
    Word(&'static str),
    /// A network of the configuration.
    Network(Network),
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Word(w) => f.write_str(w),
            Self::Network(n) => write!(f, "{n}"),
        }
    }
}

/// A detail of an error: a stable name and a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The field's stable name, such as `offset`.
    pub name: &'static str,
    /// Its value.
    pub value: FieldValue,
}

/// What went wrong. See the [module](self) for why it can hold no outside text.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    code: Code,
    fields: Vec<Field>,
}

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error without fields.
    pub const fn new(code: Code) -> Self {
        Self { code, fields: Vec::new() }
    }

    /// The same error with one more field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<FieldValue>) -> Self {
        self.fields.push(Field { name, value: value.into() });
        self
    }

    /// The stable code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The details, in the order they were added.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The value of the field with this name.
    pub fn field(&self, name: &str) -> Option<FieldValue> {
        self.fields.iter().find(|f| f.name == name).map(|f| f.value)
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<i64> for FieldValue {
    fn from(n: i64) -> Self {
        Self::Number(n)
    }
}

impl From<usize> for FieldValue {
    fn from(n: usize) -> Self {
        Self::Number(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

impl From<&'static str> for FieldValue {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<Network> for FieldValue {
    fn from(network: Network) -> Self {
        Self::Network(network)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.code.cause())?;
        for field in &self.fields {
            write!(f, " {}={}", field.name, field.value)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_upper_case_and_found_again() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(*code));
            assert!(code.as_str().bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
            assert!(code.cause().ends_with('.'));
        }
        assert_eq!(Code::parse("NO_SUCH_CODE"), None);
    }

    #[test]
    fn an_error_reads_as_code_cause_and_fields() {
        let error = Error::new(Code::CodeMalformed).with("offset", 12usize).with("tag", "54");
        assert_eq!(
            error.to_string(),
            "CODE_MALFORMED: The code is damaged or not built as its format asks. offset=12 tag=54"
        );
        assert_eq!(error.field("offset"), Some(FieldValue::Number(12)));
        assert_eq!(format!("{error:?}"), error.to_string());
    }
}
