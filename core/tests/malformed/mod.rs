//! Codes that are broken in the ways live codes are: 32 cases of eight schemes.

use jigap::code::emv::crc16;

/// One object.
pub(crate) fn object(tag: &str, value: &str) -> String {
    format!("{tag}{:02}{value}", value.chars().count())
}

/// Adds the checksum.
pub(crate) fn sealed(body: &str) -> String {
    let text = format!("{body}6304");
    format!("{text}{:04X}", crc16(text.as_bytes()))
}

/// Name, account object and what stands in it, currency, country.
pub(crate) type Scheme =
    (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

/// Synthetic accounts under the identifiers of `domain.md` §3.6 and §3.7.
pub(crate) const SCHEMES: &[Scheme] = &[
    ("qris", "51", &[("00", "ID.CO.QRIS.WWW"), ("02", "ID2000000000001"), ("03", "UMI")], "360", "ID"),
    ("pix", "26", &[("00", "br.gov.bcb.pix"), ("01", "loja@example.com")], "986", "BR"),
    // Bank and account are nested in 01.
    ("vietqr", "38", &[("00", "A000000727"), ("01", "00069704160109000000001"), ("02", "QRIBFTTA")], "704", "VN"),
    ("khqr", "30", &[("00", "test_shop@demo"), ("01", "123456")], "116", "KH"),
    ("paynow", "26", &[("00", "SG.PAYNOW"), ("01", "2"), ("02", "200000000W")], "702", "SG"),
    (
        "promptpay_bill",
        "30",
        &[("00", "A000000677010112"), ("01", "000000000000001"), ("02", "CUSTOMER1")],
        "764",
        "TH",
    ),
    ("duitnow", "26", &[("00", "A0000006150001"), ("01", "000000"), ("02", "TEST0001")], "458", "MY"),
    ("hkqr", "26", &[("00", "hk.com.hkicl"), ("02", "000000001")], "344", "HK"),
];

/// A code of one scheme that is sound.
pub(crate) struct Base {
    /// Root objects in order, without the checksum.
    objects: Vec<(String, String)>,
}

impl Base {
    /// A dynamic code of this scheme.
    pub(crate) fn of(scheme: &Scheme) -> Self {
        let (_, tag, account, currency, country) = *scheme;
        let account: String = account.iter().map(|(tag, value)| object(tag, value)).collect();
        let own = |t: &str, v: &str| (t.to_owned(), v.to_owned());
        Self {
            objects: vec![
                own("00", "01"),
                own("01", "12"),
                own(tag, &account),
                own("52", "5812"),
                own("53", currency),
                own("54", "100"),
                own("58", country),
                own("59", "TEST SHOP"),
                own("60", "TEST CITY"),
                own("62", "0705POS01"),
            ],
        }
    }

    /// All but the checksum.
    pub(crate) fn body(&self) -> String {
        self.objects.iter().map(|(tag, value)| object(tag, value)).collect()
    }

    /// With another value for an object.
    fn with(&self, tag: &str, value: &str) -> String {
        let objects = self.objects.iter().map(|(t, v)| object(t, if t == tag { value } else { v }));
        sealed(&objects.collect::<String>())
    }

    /// With object 59 replaced by raw text.
    fn with_raw_59(&self, raw: &str) -> String {
        let objects = self.objects.iter().map(|(t, v)| if t == "59" { raw.to_owned() } else { object(t, v) });
        sealed(&objects.collect::<String>())
    }
}

/// Name of the case, whether it is to be taken (none: either will do), and the text.
pub(crate) fn cases(base: &Base) -> Vec<(&'static str, Option<bool>, String)> {
    let (body, valid) = (base.body(), sealed(&base.body()));
    let (accept, reject, either) = (Some(true), Some(false), None);
    let crc = &valid[valid.len() - 4..];
    let other = if crc == "0000" { "0001" } else { "0000" };
    let cut = &valid[..valid.len() - 20];
    let filler: String = (65..=99).map(|tag| object(&tag.to_string(), &"A".repeat(99))).collect();
    let account = &base.objects[2];
    let broken_account = format!("{}0199", account.1);
    vec![
        ("valid", accept, valid.clone()),
        ("bad_crc", reject, format!("{}{other}", &valid[..valid.len() - 4])),
        ("crc_lowercase", accept, format!("{}{}", &valid[..valid.len() - 4], crc.to_ascii_lowercase())),
        ("no_crc", reject, body.clone()),
        ("crc_not_last", reject, {
            let head = sealed(&body[..6]);
            format!("{head}{}", &body[6..])
        }),
        ("trunc_value", reject, cut.to_owned()),
        ("trunc_value_crc_ok", reject, sealed(&format!("{body}6199short"))),
        ("trunc_len", reject, sealed(&format!("{body}610"))),
        ("len_nondigit", reject, base.with_raw_59("59XXTEST SHOP")),
        ("len_plus", reject, base.with_raw_59("59+9TEST SHOP")),
        ("len_space", reject, base.with_raw_59("59 9TEST SHOP")),
        ("len_arabic_digits", reject, base.with_raw_59("59٠٩TEST SHOP")),
        ("len_zero", reject, base.with_raw_59("5900")),
        ("utf8_char_len", accept, base.with("59", "비씨카드 가게")),
        ("utf8_byte_len", either, base.with_raw_59(&format!("59{:02}비씨카드", "비씨카드".len()))),
        ("dup_tag59", reject, sealed(&format!("{body}{}", object("59", "TEST SHOP")))),
        ("dup_tag54", reject, sealed(&format!("{body}{}", object("54", "200")))),
        ("dup_tag00", reject, sealed(&format!("{body}{}", object("00", "01")))),
        ("no_tag00", reject, sealed(&body[6..])),
        ("tag00_not_first", reject, sealed(&format!("{}{}", &body[6..], &body[..6]))),
        ("tmpl_inner_overflow", reject, base.with(&account.0, &broken_account)),
        ("trail_newline", either, format!("{valid}\n")),
        ("trail_garbage", reject, format!("{valid}garbage")),
        ("lead_bom", either, format!("\u{feff}{valid}")),
        ("empty", reject, String::new()),
        ("short", reject, "0002".to_owned()),
        ("utf8_tail", reject, format!("{}가", &valid[..valid.len() - 4])),
        ("url", reject, "https://example.com/pay?id=1".to_owned()),
        ("long_4k", reject, sealed(&format!("{body}{filler}"))),
        ("amount_exp", reject, base.with("54", "1e3")),
        ("amount_neg", reject, base.with("54", "-5")),
        ("amount_zero", reject, base.with("54", "0")),
    ]
}
