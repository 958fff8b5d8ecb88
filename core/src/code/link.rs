//! Links found in codes, taken apart so strictly that no trick of spelling gets past an exact host name
//! (`domain.md` §9.17). Nothing here opens anything.

/// Why the address of a link cannot be trusted to be what it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    UserInfo,
    Port,
    Backslash,
    Punycode,
    HostSyntax,
    PathSyntax,
}

impl Trick {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::UserInfo => "link_user_info",
            Self::Port => "link_port",
            Self::Backslash => "link_backslash",
            Self::Punycode => "link_punycode",
            Self::HostSyntax => "link_host_syntax",
            Self::PathSyntax => "link_path_syntax",
        }
    }
}

/// A web link.
#[derive(Clone, Copy)]
pub(crate) struct Link<'a> {
    /// Whether it is https, in either case.
    pub(crate) https: bool,
    /// The host as written; empty when it could not be told.
    pub(crate) host: &'a str,
    /// Path, query and fragment as written, with the leading slash; may be empty.
    pub(crate) path: &'a str,
    /// What is wrong with the address. With this set the link matches no rule.
    pub(crate) trick: Option<Trick>,
}

/// Cuts `prefix` off in either case.
pub(crate) fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

impl<'a> Link<'a> {
    /// Takes a text apart if it begins like a web link.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (https, rest) = match strip_prefix_ignore_case(text, "https:") {
            Some(rest) => (true, rest),
            None => (false, strip_prefix_ignore_case(text, "http:")?),
        };
        let Some(rest) = rest.strip_prefix("//") else {
            return Some(Self { https, host: "", path: "", trick: Some(Trick::HostSyntax) });
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at_checked(end)?;
        let trick = host_trick(host).or_else(|| path_trick(path));
        Some(Self { https, host, path, trick })
    }

    /// Whether this is exactly that host (lower case) over https, below that path, spelt without tricks.
    pub(crate) fn is_at(&self, host: &str, path: &str) -> bool {
        self.https && self.trick.is_none() && self.host.eq_ignore_ascii_case(host) && self.path.starts_with(path)
    }

    /// Whether the address contains that host without being it: `alipay.com.evil.kr`, `alipay.com@evil.kr`.
    pub(crate) fn imitates(&self, host: &str) -> bool {
        let written = self.host.to_ascii_lowercase();
        written.contains(host) && (written != host || self.trick.is_some())
    }
}

/// The value of a query parameter, percent-decoded; names of parameters are compared in either case.
pub(crate) fn parameter(query: &str, name: &str, plus_is_space: bool) -> Option<String> {
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .and_then(|(_, value)| percent_decoded(value, plus_is_space))
}

/// RFC 3986 §2.1; none when an escape is broken or the bytes are no UTF-8.
pub(crate) fn percent_decoded(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16).and_then(|d| u8::try_from(d).ok());
                let (high, low) = (digit()?, digit()?);
                high.checked_mul(16)?.checked_add(low)?
            }
            b'+' if plus_is_space => b' ',
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

fn host_trick(host: &str) -> Option<Trick> {
    if host.contains('\\') {
        Some(Trick::Backslash)
    } else if host.contains('@') {
        Some(Trick::UserInfo)
    } else if host.contains(':') {
        Some(Trick::Port)
    } else if host.split('.').any(|label| strip_prefix_ignore_case(label, "xn--").is_some()) || !host.is_ascii() {
        Some(Trick::Punycode)
    } else if !is_host(host) {
        Some(Trick::HostSyntax)
    } else {
        None
    }
}

/// A DNS name of two labels or more; the last one is not a number, so that it is no IP address.
pub(crate) fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= 253
        && host.contains('.')
        && host.split('.').all(label)
        && last.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Spellings that servers and parsers disagree on.
fn path_trick(path: &str) -> Option<Trick> {
    let (before_query, _) = path.split_once(['?', '#']).unwrap_or((path, ""));
    let lower = before_query.to_ascii_lowercase();
    let odd = lower.contains("//")
        || ["%2e", "%2f", "%5c", "%00"].iter().any(|escape| lower.contains(escape))
        || lower.split('/').any(|segment| segment == "." || segment == "..")
        || path.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    odd.then_some(Trick::PathSyntax)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_host_is_the_host() {
        for good in [
            "https://qr.alipay.com/bax1",
            "HTTPS://QR.ALIPAY.COM/FKX1",
            "https://qr.alipay.com/",
            "https://qr.alipay.com/a?u=//b",
        ] {
            assert!(Link::parse(good).unwrap().is_at("qr.alipay.com", "/"), "{good}");
        }
        for (bad, trick) in [
            ("http://qr.alipay.com/a", None),
            ("https://qr.alipay.com.evil.kr/a", None),
            ("https://evil-qr.alipay.com/a", None),
            ("https://qr.alipay.com", None),
            ("https://qr.alipay.com@evil.kr/a", Some(Trick::UserInfo)),
            ("https://qr.alipay.com:443/a", Some(Trick::Port)),
            ("https://qr.alipay.com\\@evil.kr/a", Some(Trick::Backslash)),
            ("https:\\\\qr.alipay.com/a", Some(Trick::HostSyntax)),
            ("https:/qr.alipay.com/a", Some(Trick::HostSyntax)),
            ("https:///qr.alipay.com/a", Some(Trick::HostSyntax)),
            ("https://xn--qr-alipay.com/a", Some(Trick::Punycode)),
            ("https://qr.аlipay.com/a", Some(Trick::Punycode)),
            ("https://qr.alipay.com./a", Some(Trick::HostSyntax)),
            ("https://qr%2ealipay.com/a", Some(Trick::HostSyntax)),
            ("https://93.184.216.34/a", Some(Trick::HostSyntax)),
            ("https://qr.alipay.com//a", Some(Trick::PathSyntax)),
            ("https://qr.alipay.com/a/../b", Some(Trick::PathSyntax)),
            ("https://qr.alipay.com/a/%2E%2e/b", Some(Trick::PathSyntax)),
            ("https://qr.alipay.com/a\\b", Some(Trick::PathSyntax)),
            ("https://qr.alipay.com/a b", Some(Trick::PathSyntax)),
        ] {
            let link = Link::parse(bad).unwrap();
            assert_eq!(link.trick, trick, "{bad}");
            assert!(!link.is_at("qr.alipay.com", "/"), "{bad}");
        }
    }

    #[test]
    fn an_address_that_contains_the_host_imitates_it() {
        for bad in ["https://qr.alipay.com.evil.kr/", "https://QR.alipay.com@evil.kr/", "https://my-qr.alipay.com/"] {
            assert!(Link::parse(bad).unwrap().imitates("qr.alipay.com"), "{bad}");
        }
        assert!(!Link::parse("https://qr.alipay.com/x").unwrap().imitates("qr.alipay.com"));
        assert!(!Link::parse("https://example.com/qr.alipay.com").unwrap().imitates("qr.alipay.com"));
    }
}
