//! How a scheme describes its merchant-presented codes.

use super::Scheme;
use crate::code::emv::{Mpm, Tag, Template};
use crate::time::ServerMs;

/// One merchant account of a code.
pub(in crate::code) struct Account<'c, 'a> {
    /// The whole code.
    pub(super) code: &'c Mpm<'a>,
    /// The root object it stands in, 26 to 51.
    pub(super) tag: Tag,
    /// Its object 00.
    pub(super) identifier: &'a str,
    /// Its objects.
    pub(super) template: Template<'a>,
}

impl<'a> Account<'_, 'a> {
    /// One of its objects.
    pub(super) fn get(&self, tag: u8) -> Option<&'a str> {
        self.template.get(tag)
    }

    /// Whether the code says this country and this currency, or nothing about them.
    pub(super) fn is_at(&self, home: &Home) -> bool {
        let country = self.code.get(58).is_none_or(|country| country.eq_ignore_ascii_case(home.country));
        country && self.code.currency_number().is_none_or(|number| home.currencies.contains(&number))
    }
}

/// Where a scheme is at home. An identifier without its country and currency is no code of the scheme
/// (`domain.md` §3.0).
pub(in crate::code) struct Home {
    /// ISO 3166-1 alpha-2.
    pub(in crate::code) country: &'static str,
    /// ISO 4217 numbers.
    pub(super) currencies: &'static [u16],
}

/// Whom an account pays, as written in the code.
#[derive(Clone, Copy, Default)]
pub(in crate::code) struct Payee<'a> {
    pub(in crate::code) account: Option<&'a str>,
    pub(in crate::code) bank: Option<&'a str>,
    /// Used when object 62 has none.
    pub(in crate::code) reference: Option<&'a str>,
    pub(in crate::code) expiry: Option<ServerMs>,
    /// The account only points to an order, so the code is dynamic whatever object 01 says.
    pub(in crate::code) is_order: bool,
}

/// One scheme's merchant-presented codes: a row of the table in `table.rs`.
pub(in crate::code) struct Profile {
    /// The scheme.
    pub(in crate::code) scheme: Scheme,
    /// Object 00 of its accounts, in either case. Without any, `suits` alone decides.
    pub(super) identifiers: &'static [&'static str],
    /// Country and currencies; none when it is at home everywhere.
    pub(super) home: Option<Home>,
    /// What else must be so for an account to belong to it.
    pub(super) suits: fn(&Account<'_, '_>) -> bool,
    /// Whether the account pays a person.
    pub(super) is_personal: fn(&Account<'_, '_>) -> bool,
    /// Whom it pays.
    pub(super) payee: for<'a> fn(&Account<'_, 'a>) -> Payee<'a>,
    /// What the objects of its accounts are called, for people; object 00 is an identifier unless it stands here.
    pub(super) names: &'static [(u8, &'static str)],
}

impl Profile {
    /// Whether an account belongs to the scheme.
    #[inline]
    pub(super) fn knows(&self, account: &Account<'_, '_>) -> bool {
        let named = self.identifiers.is_empty()
            || self
                .identifiers
                .iter()
                .any(|known| known.len() == account.identifier.len() && known.eq_ignore_ascii_case(account.identifier));
        named && (self.suits)(account)
    }
}

/// For profiles whose identifier says all.
pub(super) const fn always(_: &Account<'_, '_>) -> bool {
    true
}

/// For profiles that only shops use.
pub(super) const fn never(_: &Account<'_, '_>) -> bool {
    false
}

/// A moment written as local digits, `YYYYMMDD` or `YYYYMMDDhhmmss`, in a zone so many hours ahead of UTC. A date
/// alone means the end of that day.
pub(super) fn local_moment(digits: &str, hours_ahead: i64) -> Option<ServerMs> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, count: usize| -> Option<i64> {
        digits.get(from..from.checked_add(count)?).and_then(|text| text.parse().ok())
    };
    let (hour, minute, second) = match digits.len() {
        8 => (24, 0, 0),
        14 => (number(8, 2)?, number(10, 2)?, number(12, 2)?),
        _ => return None,
    };
    let (year, month, day) = (number(0, 4)?, number(4, 2)?, number(6, 2)?);
    let sound = (1..=12).contains(&month) && (1..=31).contains(&day) && minute < 60 && second < 60 && hour <= 24;
    if !sound || (digits.len() == 14 && hour == 24) {
        return None;
    }
    let seconds = days_from_epoch(year, month, day)?
        .checked_mul(24)?
        .checked_add(hour)?
        .checked_sub(hours_ahead)?
        .checked_mul(3600)?
        .checked_add(minute.checked_mul(60)?)?
        .checked_add(second)?;
    seconds.checked_mul(1000).map(ServerMs)
}

/// Days from 1970-01-01 in the Gregorian calendar, for years from 1.
fn days_from_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    // Counting years from March puts the leap day last.
    let (year, month) =
        if month > 2 { (year, month.checked_sub(3)?) } else { (year.checked_sub(1)?, month.checked_add(9)?) };
    let leap_days = (year / 4).checked_sub(year / 100)?.checked_add(year / 400)?;
    let in_year = month.checked_mul(153)?.checked_add(2)?.checked_div(5)?.checked_add(day)?;
    year.checked_mul(365)?.checked_add(leap_days)?.checked_add(in_year)?.checked_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_moments_are_counted_from_1970() {
        for (digits, ahead, ms) in [
            ("19700101000000", 0, Some(0)),
            ("20000229120000", 0, Some(951_825_600_000)),
            ("20230801180052", 8, Some(1_690_884_052_000)),
            // A date alone ends with the day, local time.
            ("20201231", 8, Some(1_609_430_400_000)),
            ("20201301", 8, None),
            ("2020123", 8, None),
            ("20201231240000", 8, None),
            ("2020123a", 8, None),
        ] {
            assert_eq!(local_moment(digits, ahead), ms.map(ServerMs), "{digits}");
        }
    }
}
