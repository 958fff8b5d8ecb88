//! Every scheme in one place, and how a code is held against them.

use super::profile::{Account, Home, Payee, Profile};
use super::{Scheme, Schemes};
use super::{
    alipay, bccard, bharatqr, cards, duitnow, hkqr, jpqr, khqr, laoqr, nets, paynow, paypay, pix, promptpay, qris,
    qrph, sgqr, thai_barcode, thai_slip, twqr, unionpay, upi, vietqr, vnpay, wechatpay,
};
use crate::code::emv::{Fault, Mpm, Tag, Template};
use crate::code::facts::Facts;
use crate::code::link::Link;
use crate::code::verdict::NotPayable;

/// Merchant-presented codes.
const PROFILES: &[Profile] = &[
    promptpay::BILL,
    promptpay::TRUE_MONEY,
    promptpay::PROMPTPAY,
    qris::NATIONAL,
    qris::ISSUER,
    duitnow::PROFILE,
    paynow::PROFILE,
    nets::PROFILE,
    vietqr::PROFILE,
    vnpay::PROFILE,
    qrph::SHOP,
    qrph::PERSON,
    khqr::PROFILE,
    laoqr::PROFILE,
    hkqr::PROFILE,
    jpqr::PROFILE,
    bharatqr::PROFILE,
    bharatqr::UPI,
    pix::PROFILE,
    bccard::PROFILE,
    wechatpay::PROFILE,
    sgqr::PROFILE,
];

static TABLE: &[Profile] = PROFILES;

/// For every length of an identifier, a bit for each profile that may know it, so that most are never looked at.
static BY_LENGTH: [u32; 100] = by_length(PROFILES);

#[allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which refuses what overflows"
)]
const fn by_length(profiles: &[Profile]) -> [u32; 100] {
    let mut lengths = [0u32; 100];
    let mut at = 0;
    while at < profiles.len() {
        let identifiers = profiles[at].identifiers;
        let mut one = 0;
        while one < identifiers.len() {
            lengths[identifiers[one].len()] |= 1 << at;
            one += 1;
        }
        let mut length = 0;
        while identifiers.is_empty() && length < lengths.len() {
            lengths[length] |= 1 << at;
            length += 1;
        }
        at += 1;
    }
    lengths
}

/// The profiles that know an account.
#[inline]
fn knowing<'t>(account: &'t Account<'_, '_>) -> impl Iterator<Item = &'static Profile> + 't {
    let mut left = BY_LENGTH.get(account.identifier.len()).copied().unwrap_or_default();
    std::iter::from_fn(move || {
        let at = usize::try_from(left.trailing_zeros()).ok()?;
        left &= left.wrapping_sub(1);
        TABLE.get(at)
    })
    .filter(|profile| profile.knows(account))
}

/// Everything else that is scanned.
static TEXTS: &[fn(&Scanned<'_>) -> Option<Said>] = &[
    thai_slip::read,
    thai_barcode::read,
    upi::read,
    twqr::read,
    alipay::read,
    wechatpay::read,
    paypay::read,
    unionpay::read,
];

/// A scanned text and, if it is one, its link.
pub(in crate::code) struct Scanned<'a> {
    pub(super) text: &'a str,
    pub(super) link: Option<&'a Link<'a>>,
}

impl Scanned<'_> {
    pub(super) fn offset_of(&self, part: &str) -> usize {
        self.text.find(part).unwrap_or_default()
    }
}

/// What a text that is no merchant-presented code says.
pub(in crate::code) struct Said {
    pub(in crate::code) facts: Facts,
    pub(in crate::code) not_payable: Option<NotPayable>,
    pub(in crate::code) fault: Option<Fault>,
}

impl Said {
    pub(super) const fn payable(facts: Facts) -> Self {
        Self { facts, not_payable: None, fault: None }
    }

    pub(super) const fn not_payable(facts: Facts, kind: NotPayable) -> Self {
        Self { facts, not_payable: Some(kind), fault: None }
    }

    pub(super) fn malformed(fault: Fault) -> Self {
        Self { facts: Facts::default(), not_payable: None, fault: Some(fault) }
    }
}

/// What a text that is no merchant-presented code says, if a scheme knows it.
pub(in crate::code) fn of_text(text: &str, link: Option<&Link<'_>>) -> Option<Said> {
    let scanned = Scanned { text, link };
    TEXTS.iter().find_map(|read| read(&scanned))
}

/// The hosts that schemes have links on: what imitates one is suspicious.
pub(in crate::code) fn hosts() -> impl Iterator<Item = &'static str> {
    [alipay::HOSTS, wechatpay::HOSTS, unionpay::HOSTS, paypay::HOSTS].into_iter().flatten().copied()
}

/// What a merchant-presented code turned out to be. Nothing of it is allocated.
#[derive(Clone, Copy, Default)]
pub(in crate::code) struct Recognised {
    /// Its schemes.
    pub(in crate::code) schemes: Schemes,
    /// Those whose account pays a person.
    pub(in crate::code) personal: Schemes,
    /// Where the most specific scheme is at home.
    pub(in crate::code) home: Option<&'static Home>,
    /// An account bears the identifier of a scheme that is at home under another country or currency.
    pub(in crate::code) away: bool,
}

/// Holds a merchant-presented code against every scheme.
pub(in crate::code) fn of_emv(code: &Mpm<'_>) -> Recognised {
    let mut found = Recognised::default();
    let mut first: Option<Scheme> = None;
    for (tag, identifier, template) in code.accounts() {
        let account = Account { code, tag, identifier, template };
        for profile in knowing(&account) {
            found.schemes.insert(profile.scheme);
            if (profile.is_personal)(&account) {
                found.personal.insert(profile.scheme);
            }
            found.away |= profile.home.as_ref().is_some_and(|home| !account.is_at(home));
            if first.is_none_or(|first| profile.scheme < first) {
                first = Some(profile.scheme);
                found.home = profile.home.as_ref();
            }
        }
    }
    cards::of_emv(code, &mut found.schemes);
    found
}

/// Whether the account with this identifier pays a person, in the view of a scheme that knows it.
pub(in crate::code) fn pays_person(code: &Mpm<'_>, identifier: &str) -> bool {
    code.accounts().filter(|(_, written, _)| written.eq_ignore_ascii_case(identifier)).any(
        |(tag, identifier, template)| {
            let account = Account { code, tag, identifier, template };
            knowing(&account).any(|profile| (profile.is_personal)(&account))
        },
    )
}

/// What the objects of a merchant account are called in the most specific scheme that knows it; nothing when none does.
pub(in crate::code) fn account_names(
    code: &Mpm<'_>,
    tag: Tag,
    template: Template<'_>,
) -> &'static [(u8, &'static str)] {
    let account = Account { code, tag, identifier: template.get(0).unwrap_or_default(), template };
    knowing(&account).min_by_key(|profile| profile.scheme).map_or(&[], |profile| profile.names)
}

/// The same for an account of a code that cannot be read as a whole: by its identifier alone.
pub(in crate::code) fn names_under(identifier: &str) -> &'static [(u8, &'static str)] {
    let named = |profile: &&Profile| profile.identifiers.iter().any(|known| known.eq_ignore_ascii_case(identifier));
    TABLE.iter().find(named).map_or(&[], |profile| profile.names)
}

/// Whom the most specific scheme that says so pays.
pub(in crate::code) fn payee<'a>(code: &Mpm<'a>, schemes: Schemes) -> Payee<'a> {
    let mut best: Option<(Scheme, Payee<'a>)> = None;
    for (tag, identifier, template) in code.accounts() {
        let account = Account { code, tag, identifier, template };
        for profile in knowing(&account) {
            let better = best.as_ref().is_none_or(|(scheme, best)| best.account.is_none() || profile.scheme < *scheme);
            if better {
                let payee = (profile.payee)(&account);
                if best.is_none() || payee.account.is_some() {
                    best = Some((profile.scheme, payee));
                }
            }
        }
    }
    let mut payee = best.map(|(_, payee)| payee).unwrap_or_default();
    if payee.account.is_none() && !payee.is_order {
        payee.account = schemes.iter().find_map(|scheme| cards::merchant(code, scheme));
    }
    payee
}
