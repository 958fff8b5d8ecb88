//! The conventions of single schemes, as far as they are public (`domain.md` §3).
//!
//! One file a scheme (or a family that shares an identifier). To add one: name it in [`Scheme`], describe it in its own
//! file as a `Profile` (merchant-presented codes) or a function of the text, and list that in `table.rs`.

mod alipay;
mod bccard;
mod bharatqr;
mod cards;
mod duitnow;
mod hkqr;
mod jpqr;
mod khqr;
mod laoqr;
mod nets;
mod paynow;
mod paypay;
mod pix;
mod profile;
mod promptpay;
mod qris;
mod qrph;
mod sgqr;
mod table;
mod thai_barcode;
mod thai_slip;
mod twqr;
mod unionpay;
mod upi;
mod vietqr;
mod vnpay;
mod wechatpay;

pub(super) use alipay::{next_object as alipay_object, standard_objects as alipay_objects};
pub(super) use table::{Recognised, account_names, hosts, names_under, of_emv, of_text, payee, pays_person};
pub(super) use thai_barcode::lines as thai_barcode_lines;
pub(super) use upi::BEGINNINGS as UPI_LINKS;

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! schemes {
    ($( $(#[$doc:meta])* $name:ident $word:literal; )*) => {
        /// A payment scheme, in order from the most specific to the most general.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Scheme { $( $(#[$doc])* #[serde(rename = $word)] $name, )* }

        impl Scheme {
            /// Every scheme, the most specific first.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$name => $word, )* }
            }
        }
    };
}

schemes! {
    /// Thailand: bill payment.
    PromptPayBill "promptpay_bill";
    /// Thailand: True Money's own code.
    TrueMoney "truemoney";
    /// Thailand: credit transfer by mobile number, tax number, e-wallet or account.
    PromptPay "promptpay";
    /// Thailand: the verification code on a transfer slip. Not payable.
    ThaiSlip "th_slip";
    /// Thailand: the barcode on a bill (Bank of Thailand).
    ThaiBarcode "th_bot_barcode";
    /// Indonesia.
    Qris "qris";
    /// Malaysia.
    DuitNow "duitnow";
    /// Singapore: account transfer by proxy.
    PayNow "paynow";
    /// Singapore: NETS.
    Nets "nets";
    /// Viet Nam: NAPAS account or card transfer.
    VietQr "vietqr";
    /// Viet Nam: VNPay.
    VnPay "vnpay";
    /// Philippines: QR Ph to a shop.
    QrPhP2m "qrph_p2m";
    /// Philippines: QR Ph to a person.
    QrPhP2p "qrph_p2p";
    /// Cambodia: Bakong.
    Khqr "khqr";
    /// Laos.
    LaoQr "laoqr";
    /// Hong Kong: FPS.
    Hkqr "hkqr";
    /// Japan: the joint code.
    Jpqr "jpqr";
    /// Taiwan.
    Twqr "twqr";
    /// India: EMVCo code of several networks.
    BharatQr "bharatqr";
    /// India: UPI.
    Upi "upi";
    /// Brazil.
    Pix "pix";
    /// Korea: Zero Pay. Its grammar is not public: rules of the configuration alone know it.
    ZeroPay "zeropay";
    /// Korea: BC Card.
    BcCard "bccard";
    /// Alipay+. Order and entry codes are known by rules of the configuration.
    AlipayPlus "alipayplus";
    /// Alipay in China.
    Alipay "alipay";
    /// WeChat Pay.
    WeChatPay "wechatpay";
    /// Japan: PayPay.
    PayPay "paypay";
    /// Singapore: the joint label of several networks.
    Sgqr "sgqr";
    /// UnionPay.
    UnionPay "unionpay";
    /// Visa.
    Visa "visa";
    /// Mastercard.
    Mastercard "mastercard";
    /// JCB.
    Jcb "jcb";
    /// American Express.
    Amex "amex";
    /// Discover.
    Discover "discover";
    /// A consumer-presented EMVCo code: somebody's payment code.
    EmvCpm "emv_cpm";
}

impl Scheme {
    /// Whether this source knows its codes by itself; the others are known by rules of the configuration alone.
    pub const fn is_public(self) -> bool {
        !matches!(self, Self::ZeroPay | Self::AlipayPlus)
    }

    const fn bit(self) -> u64 {
        #[allow(clippy::as_conversions, reason = "a fieldless enum's number; there is no other way in a constant")]
        1u64.wrapping_shl(self as u32)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The schemes of one code.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Schemes(u64);

impl Schemes {
    /// Adds one.
    pub const fn insert(&mut self, scheme: Scheme) {
        self.0 |= scheme.bit();
    }

    /// Whether it is one of them.
    pub const fn contains(self, scheme: Scheme) -> bool {
        self.0 & scheme.bit() != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The schemes, the most specific first.
    pub fn iter(self) -> impl Iterator<Item = Scheme> {
        Scheme::ALL.iter().copied().filter(move |scheme| self.contains(*scheme))
    }

    /// The most specific one.
    pub fn first(self) -> Option<Scheme> {
        self.iter().next()
    }
}

impl FromIterator<Scheme> for Schemes {
    fn from_iter<I: IntoIterator<Item = Scheme>>(schemes: I) -> Self {
        let mut set = Self::default();
        schemes.into_iter().for_each(|scheme| set.insert(scheme));
        set
    }
}

impl Serialize for Schemes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl fmt::Debug for Schemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Scheme::as_str)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_keeps_the_most_specific_first() {
        let set: Schemes = [Scheme::Visa, Scheme::UnionPay, Scheme::Qris].into_iter().collect();
        assert_eq!(format!("{set:?}"), r#"["qris", "unionpay", "visa"]"#);
        assert_eq!(set.first(), Some(Scheme::Qris));
        let all: Schemes = Scheme::ALL.iter().copied().collect();
        assert!(all.iter().eq(Scheme::ALL.iter().copied()));
    }
}
