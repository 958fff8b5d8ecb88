//! The one error.

use jigap::error as core;

macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident of $source:ty: $($variant:ident $text:literal)*; else $fallback:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
        pub enum $name { $( #[doc = $text] $variant, )* }

        impl From<$source> for $name {
            fn from(source: $source) -> Self {
                #[allow(unreachable_patterns, reason = "the source may grow without this list; a test says so")]
                match source { $( <$source>::$variant => Self::$variant, )* _ => Self::$fallback }
            }
        }
    };
}

mirror! {
    /// Every error the wallet can give.
    ErrorCode of core::Code:
    CodeMalformed "The code is damaged or not built as its format asks."
    CodeNotPayable "This is not a shop's payment code."
    CodeUnsupported "No network of this wallet carries this code here."
    CodeSuspicious "Something in this code does not fit together."
    CodeExpired "The shop's code has expired."
    NetworkChoiceNeeded "Several networks can carry this payment."
    NetworkUnknown "This wallet has no such network."
    AmountNeeded "The shop's code leaves the amount to the user."
    AmountFixed "The shop's code fixes the amount; it cannot be changed."
    AmountInvalid "The amount is not one this currency allows."
    CurrencyUnknown "The currency of the code is not known."
    MoneyOutOfRange "The amount is too large to be computed."
    DrawTooLong "The text does not fit into the symbol."
    ConsentNeeded "The user has not agreed that data may go to this network."
    ConsentDocumentInvalid "The consent document is not signed, not complete or not for this network."
    ConsentDocumentChanged "The document that was answered is not the one in force."
    ConsentRecordBroken "The record of consents does not verify."
    ConsentUnread "The document was not shown as it has to be: legible, and to its end."
    ConsentLogBroken "The server's log of consents does not prove that it holds what it was given."
    TransfersSuspended "Transfers to this network are suspended."
    GuardianNeeded "The user is under 14: the guardian has to agree first."
    PreviewUnknown "There is no such preview."
    QuoteExpired "The terms have expired; nothing was charged."
    QuoteInconsistent "The terms that came back contradict themselves or the code."
    ProofInvalid "The proof does not fit what was agreed; nothing was charged."
    PinWrong "The PIN is wrong."
    PinLocked "The PIN was wrong too often."
    PinFormat "A PIN has six to twelve digits."
    PaymentUnknown "There is no such payment."
    OrderClosed "The shop's order is closed or already paid."
    BalanceInsufficient "There is not enough money; nothing was charged."
    LimitExceeded "The amount is over a limit; nothing was charged."
    PaymentDeclined "The payment was declined; nothing was charged."
    PaymentConflict "Two different final answers arrived; the payment is being looked into."
    NotSent "The request surely never left; nothing was charged."
    Checking "The result is not known yet; the wallet keeps asking and never pays twice."
    CodesUnavailable "There is no payment code left to show."
    ShownCodeUnknown "There is no such shown code."
    GatewayUnreachable "The wallet company's server cannot be reached."
    GatewayUntrusted "The server's certificate is not the right one; nothing was sent."
    GatewayBusy "The server is busy."
    GatewayAnswer "The server's answer is not one the contract allows."
    GatewayRefused "The server refused the request."
    EnrolmentNeeded "This device is not enrolled."
    EnrolmentRefused "The server did not accept this device."
    ConfigInvalid "The configuration is not signed by the right key, or is older than the one in use."
    VaultUnavailable "The phone's key store did not answer."
    VaultRefused "The phone's key store refused."
    DeviceKeyChanged "The device's key is not the one this folder's records are signed with; they are kept, and a new wallet needs a new folder."
    VaultKeyLost "The phone's key store has lost this wallet's key."
    StoreFailed "The wallet's database could not be read or written."
    StoreDamaged "The wallet's database has been altered or is damaged; it is kept, not deleted."
    StoreInUse "The wallet's database opens and is whole; there is no reason to set it aside."
    WalletBehind "The wallet's records are older than the gateway's; nothing is paid before those were taken in."
    StoreTooNew "The wallet's database was written by a newer version."
    ArgumentInvalid "An argument is not one this call takes."
    Closed "The wallet has been closed."
    Internal "A fault inside the wallet; it was stopped before it did harm.";
    else Internal
}

mirror! {
    /// What can be done about an error.
    NextAction of core::NextAction:
    None "Nothing to do: the message says all there is."
    ScanAgain "Scan the code again, or ask the shop for a new one."
    PrepareAgain "Prepare the payment again: terms have aged or were not agreed."
    AskConsent "Read and answer the consent of the network in field `network`."
    Authenticate "Let the user prove who they are again (PIN, biometrics)."
    ChooseNetwork "Choose one of the networks, or another one."
    EnterAmount "Type an amount the currency allows."
    TopUp "Put money into the wallet."
    CheckConnection "Check the connection, then try again."
    Wait "Wait: the wallet goes on by itself and history will show the result."
    UnlockDevice "Open the phone's lock, then try again: the key store is not available."
    Enrol "Enrol this device (again) with the wallet company."
    UpdateApp "Install a newer version of the app."
    ContactSupport "Ask the wallet company."
    FixCaller "A mistake in the calling program.";
    else None
}

/// A detail of an error.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ErrorField {
    /// The field's stable name.
    pub name: String,
    /// Its value: a number, a word of the wallet's own, or a network. Never outside text.
    pub value: String,
}

/// What went wrong, and what can be done.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Problem {
    /// Which error it is.
    pub code: ErrorCode,
    /// Its stable text form, such as `QUOTE_EXPIRED`.
    pub name: String,
    /// What happened, in one English sentence.
    pub cause: String,
    /// The details.
    pub fields: Vec<ErrorField>,
    /// Whether the same call can succeed later without anything else being done.
    pub retryable: bool,
    /// What the user, or the app for them, can do.
    pub next: NextAction,
}

impl From<&core::Error> for Problem {
    fn from(error: &core::Error) -> Self {
        let code = error.code();
        let field = |f: &core::Field| ErrorField { name: f.name.to_owned(), value: f.value.to_string() };
        Self {
            code: code.into(),
            name: code.as_str().to_owned(),
            cause: code.cause().to_owned(),
            fields: error.fields().iter().map(field).collect(),
            retryable: code.retryable(),
            next: code.next().into(),
        }
    }
}

/// The one error of every call.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Error)]
pub enum JigapError {
    /// The call did not do what it was asked.
    Failed {
        /// What went wrong.
        problem: Problem,
    },
}

impl From<core::Error> for JigapError {
    fn from(error: core::Error) -> Self {
        Self::Failed { problem: (&error).into() }
    }
}

impl From<core::Code> for JigapError {
    fn from(code: core::Code) -> Self {
        core::Error::new(code).into()
    }
}

impl std::fmt::Display for JigapError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Failed { problem } = self;
        write!(f, "{}: {}", problem.name, problem.cause)
    }
}

impl std::error::Error for JigapError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_the_core_has_its_mirror() {
        for code in core::Code::ALL {
            assert_eq!(format!("{:?}", ErrorCode::from(*code)), format!("{code:?}"));
            let next = code.next();
            assert_eq!(format!("{:?}", NextAction::from(next)), format!("{next:?}"));
        }
    }
}
