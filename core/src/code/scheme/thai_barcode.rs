//! Thailand, the barcode on a bill (Bank of Thailand, Std_Barcode): a bar, then biller, two references and the amount in
//! satang, each on its own line. An amount of 0 leaves it open.

use super::Scheme;
use super::table::{Said, Scanned};
use crate::code::emv::Initiation;
use crate::code::facts::Facts;
use crate::money::{Currency, Money};

/// Biller, references and amount of a text that is a bill's barcode.
pub(in crate::code) fn lines(text: &str) -> Option<[&str; 4]> {
    let mut lines = text.strip_prefix('|')?.split('\r').map(|line| line.trim_matches('\n'));
    let found = [lines.next()?, lines.next()?, lines.next()?, lines.next()?];
    let [biller, first, second, amount] = found;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let plain = |text: &str| text.len() <= 20 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let sound = (13..=15).contains(&biller.len()) && digits(biller) && plain(first) && plain(second) && digits(amount);
    (sound && !first.is_empty() && lines.next().is_none()).then_some(found)
}

pub(super) fn read(scanned: &Scanned<'_>) -> Option<Said> {
    let [biller, first, _, amount] = lines(scanned.text)?;
    let baht = Currency::from_numeric(764).ok();
    let satang = amount.parse().ok().filter(|satang| *satang > 0);
    Some(Said::payable(Facts {
        schemes: [Scheme::ThaiBarcode].into_iter().collect(),
        country: Some("TH".to_owned()),
        currency: baht,
        amount: baht.zip(satang).map(|(baht, satang)| Money::from_minor(baht, satang)),
        initiation: Initiation::Static,
        account: Some(biller.to_owned()),
        reference: Some(first.to_owned()),
        ..Facts::default()
    }))
}
