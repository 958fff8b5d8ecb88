//! What a value means, for a person who looks at a code.

use crate::money::Currency;

/// What the value of an object means, given where it stands (its ID, and the root object's ID when it stands inside one);
/// nothing where the value speaks for itself.
pub fn meaning(outer: Option<&str>, tag: &str, value: &str) -> Option<String> {
    if value == "***" && outer == Some("62") {
        return Some("the app asks the user for it".to_owned());
    }
    let word = match (outer, tag, value) {
        (None, "00", "01") => "version 01",
        (None, "00", "02") => "version 02, as Malaysia writes it",
        (None, "01", "11") => "static: printed once, the same for every customer",
        (None, "01", "12") => "dynamic: made for one order",
        (None, "01", _) => "not in the standard; taken as static",
        (None, "52", "0000") => "no category; in some countries a person",
        (None, "55", "01") => "the app asks for a tip; none must be possible",
        (None, "55", "02") => "the fixed fee of object 56 is added",
        (None, "55", "03") => "the per cent of object 57 are added",
        (None, "53", number) => return currency(number),
        (None, "54", amount) if amount.bytes().all(|b| matches!(b, b'0' | b'.')) => "zero: counts as none",
        (None, "15" | "16", merchant) if merchant.len() == 31 => return unionpay(merchant),
        (Some("62"), "09", letters) => return Some(asked_for(letters)),
        (Some("38"), "02", "QRIBFTTA") => "transfer to an account",
        (Some("38"), "02", "QRIBFTTC") => "transfer to a card",
        _ => return None,
    };
    Some(word.to_owned())
}

fn currency(number: &str) -> Option<String> {
    let known = number.parse().ok().and_then(|number| Currency::from_numeric(number).ok());
    Some(known.map_or("a currency not known here".to_owned(), |currency| currency.alpha().to_owned()))
}

/// Acquirer (8), forwarder (8), merchant (15): `domain.md` §3.1.
fn unionpay(merchant: &str) -> Option<String> {
    let (acquirer, forwarder, shop) = (merchant.get(..8)?, merchant.get(8..16)?, merchant.get(16..)?);
    Some(format!("acquirer {acquirer}, forwarder {forwarder}, merchant {shop}"))
}

fn asked_for(letters: &str) -> String {
    let words: Vec<&str> = [('A', "address"), ('M', "mobile number"), ('E', "e-mail address")]
        .iter()
        .filter(|(letter, _)| letters.contains(*letter))
        .map(|(_, word)| *word)
        .collect();
    format!("the app asks for {}", words.join(", "))
}
