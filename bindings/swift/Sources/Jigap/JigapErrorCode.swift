internal import JigapFFI

extension JigapError {
    /// Every error the wallet can give. The raw value is the stable text form, such as `QUOTE_EXPIRED`; it is the same in Rust and Kotlin.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The code is damaged or not built as its format asks.
        case codeMalformed = "CODE_MALFORMED"
        /// This is not a shop's payment code.
        case codeNotPayable = "CODE_NOT_PAYABLE"
        /// No network of this wallet carries this code here.
        case codeUnsupported = "CODE_UNSUPPORTED"
        /// Something in this code does not fit together.
        case codeSuspicious = "CODE_SUSPICIOUS"
        /// The shop's code has expired.
        case codeExpired = "CODE_EXPIRED"
        /// Several networks can carry this payment.
        case networkChoiceNeeded = "NETWORK_CHOICE_NEEDED"
        /// This wallet has no such network.
        case networkUnknown = "NETWORK_UNKNOWN"
        /// The shop's code leaves the amount to the user.
        case amountNeeded = "AMOUNT_NEEDED"
        /// The shop's code fixes the amount; it cannot be changed.
        case amountFixed = "AMOUNT_FIXED"
        /// The amount is not one this currency allows.
        case amountInvalid = "AMOUNT_INVALID"
        /// The currency of the code is not known.
        case currencyUnknown = "CURRENCY_UNKNOWN"
        /// The amount is too large to be computed.
        case moneyOutOfRange = "MONEY_OUT_OF_RANGE"
        /// The text does not fit into the symbol.
        case drawTooLong = "DRAW_TOO_LONG"
        /// The user has not agreed that data may go to this network.
        case consentNeeded = "CONSENT_NEEDED"
        /// The consent document is not signed, not complete or not for this network.
        case consentDocumentInvalid = "CONSENT_DOCUMENT_INVALID"
        /// The document that was answered is not the one in force.
        case consentDocumentChanged = "CONSENT_DOCUMENT_CHANGED"
        /// The record of consents does not verify.
        case consentRecordBroken = "CONSENT_RECORD_BROKEN"
        /// The document was not shown as it has to be: legible, and to its end.
        case consentUnread = "CONSENT_UNREAD"
        /// The server's log of consents does not prove that it holds what it was given.
        case consentLogBroken = "CONSENT_LOG_BROKEN"
        /// Transfers to this network are suspended.
        case transfersSuspended = "TRANSFERS_SUSPENDED"
        /// The user is under 14: the guardian has to agree first.
        case guardianNeeded = "GUARDIAN_NEEDED"
        /// There is no such preview.
        case previewUnknown = "PREVIEW_UNKNOWN"
        /// The terms have expired; nothing was charged.
        case quoteExpired = "QUOTE_EXPIRED"
        /// The terms that came back contradict themselves or the code.
        case quoteInconsistent = "QUOTE_INCONSISTENT"
        /// The proof does not fit what was agreed; nothing was charged.
        case proofInvalid = "PROOF_INVALID"
        /// The PIN is wrong.
        case pinWrong = "PIN_WRONG"
        /// The PIN was wrong too often.
        case pinLocked = "PIN_LOCKED"
        /// A PIN has six to twelve digits.
        case pinFormat = "PIN_FORMAT"
        /// There is no such payment.
        case paymentUnknown = "PAYMENT_UNKNOWN"
        /// The shop's order is closed or already paid.
        case orderClosed = "ORDER_CLOSED"
        /// There is not enough money; nothing was charged.
        case balanceInsufficient = "BALANCE_INSUFFICIENT"
        /// The amount is over a limit; nothing was charged.
        case limitExceeded = "LIMIT_EXCEEDED"
        /// The payment was declined; nothing was charged.
        case paymentDeclined = "PAYMENT_DECLINED"
        /// Two different final answers arrived; the payment is being looked into.
        case paymentConflict = "PAYMENT_CONFLICT"
        /// The request surely never left; nothing was charged.
        case notSent = "NOT_SENT"
        /// The result is not known yet; the wallet keeps asking and never pays twice.
        case checking = "CHECKING"
        /// There is no payment code left to show.
        case codesUnavailable = "CODES_UNAVAILABLE"
        /// There is no such shown code.
        case shownCodeUnknown = "SHOWN_CODE_UNKNOWN"
        /// The wallet company's server cannot be reached.
        case gatewayUnreachable = "GATEWAY_UNREACHABLE"
        /// The server's certificate is not the right one; nothing was sent.
        case gatewayUntrusted = "GATEWAY_UNTRUSTED"
        /// The server is busy.
        case gatewayBusy = "GATEWAY_BUSY"
        /// The server's answer is not one the contract allows.
        case gatewayAnswer = "GATEWAY_ANSWER"
        /// The server refused the request.
        case gatewayRefused = "GATEWAY_REFUSED"
        /// This device is not enrolled.
        case enrolmentNeeded = "ENROLMENT_NEEDED"
        /// The server did not accept this device.
        case enrolmentRefused = "ENROLMENT_REFUSED"
        /// The configuration is not signed by the right key, or is older than the one in use.
        case configInvalid = "CONFIG_INVALID"
        /// The phone's key store did not answer.
        case vaultUnavailable = "VAULT_UNAVAILABLE"
        /// The phone's key store refused.
        case vaultRefused = "VAULT_REFUSED"
        /// The device's key is not the one this folder's records are signed with; they are kept, and a new wallet needs a new folder.
        case deviceKeyChanged = "DEVICE_KEY_CHANGED"
        /// The phone's key store has lost this wallet's key.
        case vaultKeyLost = "VAULT_KEY_LOST"
        /// The wallet's database could not be read or written.
        case storeFailed = "STORE_FAILED"
        /// The wallet's database has been altered or is damaged; it is kept, not deleted.
        case storeDamaged = "STORE_DAMAGED"
        /// The wallet's database opens and is whole; there is no reason to set it aside.
        case storeInUse = "STORE_IN_USE"
        /// The wallet's records are older than the gateway's; nothing is paid before those were taken in.
        case walletBehind = "WALLET_BEHIND"
        /// The wallet's database was written by a newer version.
        case storeTooNew = "STORE_TOO_NEW"
        /// An argument is not one this call takes.
        case argumentInvalid = "ARGUMENT_INVALID"
        /// The wallet has been closed.
        case closed = "CLOSED"
        /// A fault inside the wallet; it was stopped before it did harm.
        case `internal` = "INTERNAL"

        // Without a default: an error that Rust has and this list has not does not compile.
        init(_ code: JigapFFI.ErrorCode) {
            self =
                switch code {
                case .codeMalformed: .codeMalformed
                case .codeNotPayable: .codeNotPayable
                case .codeUnsupported: .codeUnsupported
                case .codeSuspicious: .codeSuspicious
                case .codeExpired: .codeExpired
                case .networkChoiceNeeded: .networkChoiceNeeded
                case .networkUnknown: .networkUnknown
                case .amountNeeded: .amountNeeded
                case .amountFixed: .amountFixed
                case .amountInvalid: .amountInvalid
                case .currencyUnknown: .currencyUnknown
                case .moneyOutOfRange: .moneyOutOfRange
                case .drawTooLong: .drawTooLong
                case .consentNeeded: .consentNeeded
                case .consentDocumentInvalid: .consentDocumentInvalid
                case .consentDocumentChanged: .consentDocumentChanged
                case .consentRecordBroken: .consentRecordBroken
                case .consentUnread: .consentUnread
                case .consentLogBroken: .consentLogBroken
                case .transfersSuspended: .transfersSuspended
                case .guardianNeeded: .guardianNeeded
                case .previewUnknown: .previewUnknown
                case .quoteExpired: .quoteExpired
                case .quoteInconsistent: .quoteInconsistent
                case .proofInvalid: .proofInvalid
                case .pinWrong: .pinWrong
                case .pinLocked: .pinLocked
                case .pinFormat: .pinFormat
                case .paymentUnknown: .paymentUnknown
                case .orderClosed: .orderClosed
                case .balanceInsufficient: .balanceInsufficient
                case .limitExceeded: .limitExceeded
                case .paymentDeclined: .paymentDeclined
                case .paymentConflict: .paymentConflict
                case .notSent: .notSent
                case .checking: .checking
                case .codesUnavailable: .codesUnavailable
                case .shownCodeUnknown: .shownCodeUnknown
                case .gatewayUnreachable: .gatewayUnreachable
                case .gatewayUntrusted: .gatewayUntrusted
                case .gatewayBusy: .gatewayBusy
                case .gatewayAnswer: .gatewayAnswer
                case .gatewayRefused: .gatewayRefused
                case .enrolmentNeeded: .enrolmentNeeded
                case .enrolmentRefused: .enrolmentRefused
                case .configInvalid: .configInvalid
                case .vaultUnavailable: .vaultUnavailable
                case .vaultRefused: .vaultRefused
                case .deviceKeyChanged: .deviceKeyChanged
                case .vaultKeyLost: .vaultKeyLost
                case .storeFailed: .storeFailed
                case .storeDamaged: .storeDamaged
                case .storeInUse: .storeInUse
                case .walletBehind: .walletBehind
                case .storeTooNew: .storeTooNew
                case .argumentInvalid: .argumentInvalid
                case .closed: .closed
                case .internal: .internal
                }
        }
    }

    /// What the user, or the app for them, can do about an error.
    public enum NextAction: String, Sendable, Hashable, CaseIterable {
        /// Nothing to do: the message says all there is.
        case none
        /// Scan the code again, or ask the shop for a new one.
        case scanAgain = "scan_again"
        /// Prepare the payment again: terms have aged or were not agreed.
        case prepareAgain = "prepare_again"
        /// Read and answer the consent of the network in field `network` of ``JigapError/fields``.
        case askConsent = "ask_consent"
        /// Let the user prove who they are again (PIN, biometrics).
        case authenticate
        /// Choose one of the networks, or another one.
        case chooseNetwork = "choose_network"
        /// Type an amount the currency allows.
        case enterAmount = "enter_amount"
        /// Put money into the wallet.
        case topUp = "top_up"
        /// Check the connection, then try again.
        case checkConnection = "check_connection"
        /// Wait: the wallet goes on by itself and history will show the result.
        case wait
        /// Open the phone's lock, then try again: the key store is not available.
        case unlockDevice = "unlock_device"
        /// Enrol this device (again) with the wallet company.
        case enrol
        /// Install a newer version of the app.
        case updateApp = "update_app"
        /// Ask the wallet company.
        case contactSupport = "contact_support"
        /// A mistake in the calling program.
        case fixCaller = "fix_caller"

        init(_ next: JigapFFI.NextAction) {
            self =
                switch next {
                case .none: .none
                case .scanAgain: .scanAgain
                case .prepareAgain: .prepareAgain
                case .askConsent: .askConsent
                case .authenticate: .authenticate
                case .chooseNetwork: .chooseNetwork
                case .enterAmount: .enterAmount
                case .topUp: .topUp
                case .checkConnection: .checkConnection
                case .wait: .wait
                case .unlockDevice: .unlockDevice
                case .enrol: .enrol
                case .updateApp: .updateApp
                case .contactSupport: .contactSupport
                case .fixCaller: .fixCaller
                }
        }
    }
}
