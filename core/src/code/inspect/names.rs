//! What the objects of a code are called (EMVCo MPM Tables 3.1 to 3.8, CPM Tables 6.1 to 6.3).

/// Objects of the root, by ID.
pub(super) const fn root(tag: u8) -> &'static str {
    match tag {
        0 => "payload format indicator",
        1 => "point of initiation method",
        2 | 3 => "Visa merchant",
        4 | 5 => "Mastercard merchant",
        6..=8 => "merchant, reserved by EMVCo",
        9 | 10 => "Discover merchant",
        11 | 12 => "American Express merchant",
        13 | 14 => "JCB merchant",
        15 | 16 => "UnionPay merchant",
        17..=25 => "merchant, reserved by EMVCo",
        26..=51 => "merchant account",
        52 => "merchant category",
        53 => "currency",
        54 => "amount",
        55 => "tip or convenience indicator",
        56 => "convenience fee, fixed",
        57 => "convenience fee, per cent",
        58 => "country",
        59 => "merchant name",
        60 => "merchant city",
        61 => "postal code",
        62 => "additional data",
        63 => "checksum",
        64 => "merchant information in another language",
        65..=79 => "reserved by EMVCo",
        80..=99 => "unreserved template",
        _ => "",
    }
}

/// Objects of template 62.
pub(super) const fn additional(tag: u8) -> &'static str {
    match tag {
        0 => "identifier",
        1 => "bill number",
        2 => "mobile number",
        3 => "store",
        4 => "loyalty number",
        5 => "reference",
        6 => "customer",
        7 => "terminal",
        8 => "purpose",
        9 => "consumer data asked for",
        10 => "merchant tax number",
        11 => "merchant channel",
        50..=99 => "payment system template",
        _ => "reserved by EMVCo",
    }
}

/// Objects of template 64.
pub(super) const fn language(tag: u8) -> &'static str {
    match tag {
        0 => "language",
        1 => "merchant name",
        2 => "merchant city",
        _ => "reserved by EMVCo",
    }
}

/// Objects of a consumer-presented code.
pub(super) const fn consumer_presented(tag: u16) -> &'static str {
    match tag {
        0x85 => "payload format indicator",
        0x61 => "application",
        0x62 => "common data",
        0x63 => "application's transparent data",
        0x64 => "common transparent data",
        0x4F => "application (ADF) name",
        0x50 => "application label",
        0x57 => "track 2 equivalent data",
        0x5A => "account number",
        0x82 => "application interchange profile",
        0x5F20 => "cardholder name",
        0x5F2D => "language preference",
        0x5F34 => "account sequence number",
        0x5F50 => "issuer's address",
        0x9F08 => "application version",
        0x9F10 => "issuer application data",
        0x9F19 => "token requestor",
        0x9F24 => "payment account reference",
        0x9F25 => "last four digits",
        0x9F26 => "cryptogram",
        0x9F27 => "cryptogram information",
        0x9F36 => "transaction counter",
        0x9F37 => "unpredictable number",
        _ => "",
    }
}

/// Objects of an Alipay+ standard merchant code (A+ mpmcodeformat).
pub(super) fn alipay(tag: &str) -> &'static str {
    match tag {
        "GPLD" => "payload",
        "PLVS" => "version",
        "CDSD" => "code system data",
        "CIRD" => "code issuer data",
        _ => "",
    }
}

/// Parameters of a UPI link (NPCI linking specification) and of TWQR.
pub(super) fn parameter(name: &str) -> &'static str {
    const NAMES: &[(&str, &str)] = &[
        ("pa", "payee address"),
        ("pn", "payee name"),
        ("am", "amount"),
        ("mam", "smallest amount"),
        ("cu", "currency"),
        ("tn", "note"),
        ("tr", "reference"),
        ("tid", "transaction"),
        ("mc", "merchant category"),
        ("url", "address with details, never opened"),
        ("mode", "mode of initiation"),
        ("purpose", "purpose"),
        ("orgid", "organisation"),
        ("mid", "merchant"),
        ("msid", "store"),
        ("mtid", "terminal"),
        ("sign", "signature"),
        ("D1", "amount in hundredths"),
        ("D2", "order"),
        ("D3", "secure code"),
        ("D5", "bank"),
        ("D6", "account"),
        ("D10", "currency"),
        ("D11", "acquirer and terminal"),
    ];
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, name)| *name)
}
