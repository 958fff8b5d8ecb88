//! The words with which the gateway refuses: everything that is not a final business answer.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jigap::gateway::wire::Refusal;

macro_rules! words {
    ($( $(#[$doc:meta])* $name:ident, $word:literal, $status:literal; )*) => {
        /// A refusal: the word of the contract and its HTTP status (`docs/gateway.md`, "Refusals").
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Refused { $( $(#[$doc])* $name, )* }

        impl Refused {
            /// Every refusal there is.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The stable word.
            pub const fn word(self) -> &'static str {
                match self { $( Self::$name => $word, )* }
            }

            /// The HTTP status it comes with.
            pub const fn status(self) -> u16 {
                match self { $( Self::$name => $status, )* }
            }
        }
    };
}

words! {
    /// The body is not the JSON this endpoint takes.
    BodyInvalid, "BODY_INVALID", 400;
    /// A header or a path segment cannot be read.
    RequestInvalid, "REQUEST_INVALID", 400;
    /// The request is not signed by the device it names.
    SignatureInvalid, "SIGNATURE_INVALID", 401;
    /// No such device is enrolled.
    DeviceUnknown, "DEVICE_UNKNOWN", 401;
    /// The company's login does not know this user, or has locked them out.
    EnrolmentRefused, "ENROLMENT_REFUSED", 403;
    /// No effective consent of this user for this network, or not the one the request names.
    ConsentMissing, "CONSENT_MISSING", 403;
    /// Transfers to this network have been ordered to stop.
    TransfersSuspended, "TRANSFERS_SUSPENDED", 403;
    /// There is no such endpoint.
    PathUnknown, "PATH_UNKNOWN", 404;
    /// No payment with this key has arrived.
    NotSeen, "NOT_SEEN", 404;
    /// The networks do not know this code.
    CodeUnknown, "CODE_UNKNOWN", 404;
    /// There is no such network.
    NetworkUnknown, "NETWORK_UNKNOWN", 404;
    /// There is no such shop (admin).
    ShopUnknown, "SHOP_UNKNOWN", 404;
    /// The endpoint has another method.
    MethodUnknown, "METHOD_UNKNOWN", 405;
    /// The key or nonce was used with another body.
    KeyReused, "KEY_REUSED", 409;
    /// The event does not stand on the last one of this device.
    ConsentOutOfOrder, "CONSENT_OUT_OF_ORDER", 409;
    /// A shop has scanned this code before (admin).
    CodeUsed, "CODE_USED", 409;
    /// This phone held newer keys for codes without network before: it was set back.
    KeysSetBack, "KEYS_SET_BACK", 409;
    /// The order is paid.
    OrderClosed, "ORDER_CLOSED", 410;
    /// The shop's code is too old to be paid; the shown code is too old to be scanned (admin).
    CodeExpired, "CODE_EXPIRED", 410;
    /// The networks cancel what they charged only until 00:30 of the next day at UTC+8 (admin).
    CancelTooLate, "CANCEL_TOO_LATE", 410;
    /// The body is over 64 KiB.
    BodyTooLarge, "BODY_TOO_LARGE", 413;
    /// The event's signature or bytes are not right.
    ConsentRecordBroken, "CONSENT_RECORD_BROKEN", 422;
    /// The code leaves the amount to the user.
    AmountNeeded, "AMOUNT_NEEDED", 422;
    /// The code fixes another amount.
    AmountFixed, "AMOUNT_FIXED", 422;
    /// The amount is not one this currency allows, or too large to convert.
    AmountInvalid, "AMOUNT_INVALID", 422;
    /// Codes of this network cannot be shown in this country.
    RegionUnsupported, "REGION_UNSUPPORTED", 422;
    /// 1 to 10 codes can be fetched at once.
    QuantityInvalid, "QUANTITY_INVALID", 422;
    /// Too much at once; come again after as long as `Retry-After` says.
    Busy, "BUSY", 429;
    /// This terminal has scanned too many wrong codes today (admin).
    TerminalLocked, "TERMINAL_LOCKED", 429;
    /// The gateway failed; what became of the request has to be asked.
    Internal, "INTERNAL", 500;
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(Refusal { error: self.word().to_owned() })).into_response()
    }
}

// What SQLite has to say may quote a value, so only its kind is printed.
impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        eprintln!("jigap-sandbox: database: {:?}", error.sqlite_error_code());
        Self::Internal
    }
}

impl From<jigap::error::Error> for Refused {
    fn from(error: jigap::error::Error) -> Self {
        eprintln!("jigap-sandbox: {error}");
        Self::Internal
    }
}

impl From<serde_json::Error> for Refused {
    fn from(_: serde_json::Error) -> Self {
        Self::Internal
    }
}
