//! Who carries which code: data of the signed configuration.
//!
//! Grammars that are not public (Zero Pay, Alipay+ inside EMV codes) exist here only, never in this source. There are
//! no regular expressions: a matcher costs the same for every text (`domain.md` §9.31).

use super::emv::Mpm;
use super::link::{Link, is_host, strip_prefix_ignore_case};
use super::scheme::{Recognised, Scheme, Schemes, pays_person};
use crate::error::{Code, Error, Result};
use crate::money::Currency;
use crate::network::Network;
use serde::{Deserialize, Serialize};

/// What a code that a rule matches is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A shop's code; the code itself says more.
    #[default]
    Shop,
    /// Points to one order: amount and shop come from the network, the code is dynamic.
    Order,
    /// Points to a shop's page where an order will be made; static.
    Entry,
}

/// How a rule knows its codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Matcher {
    /// The text begins so. Not for web links: they need [`Matcher::Host`].
    Prefix {
        /// 4 to 64 ASCII characters.
        text: String,
        /// Whether `A` and `a` are the same.
        #[serde(default)]
        ignore_case: bool,
    },
    /// An https link to exactly this host.
    Host {
        /// The host, lower case.
        host: String,
        /// What the path begins with; `/` for any.
        #[serde(default = "any_path")]
        path: String,
    },
    /// Digits only.
    Digits {
        /// The first digits; may be empty.
        prefix: String,
        /// Fewest digits in all.
        min: u8,
        /// Most digits in all.
        max: u8,
    },
    /// An EMVCo merchant-presented code with one of these objects or identifiers.
    Emv {
        /// Root objects, 2 to 51.
        #[serde(default)]
        tags: Vec<u8>,
        /// Identifiers in object 00 of an account template, in either case.
        #[serde(default)]
        identifiers: Vec<String>,
        /// Object 58, when it matters.
        #[serde(default)]
        country: Option<String>,
        /// Object 53, when it matters.
        #[serde(default)]
        currency: Option<Currency>,
    },
    /// A code this source knows the public convention of.
    Scheme(Scheme),
}

fn any_path() -> String {
    "/".to_owned()
}

/// One line of the configuration: these codes are carried by that network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Who carries it.
    pub network: Network,
    /// Smaller goes first: local codes before the networks that carry anything.
    #[serde(default)]
    pub priority: u16,
    /// What the code is.
    #[serde(default)]
    pub kind: Kind,
    /// Whether the network also carries payments to a person. Purchase rails do not.
    #[serde(default)]
    pub p2p: bool,
    /// The scheme, for codes this source does not know.
    #[serde(default)]
    pub scheme: Option<Scheme>,
    /// The country, for codes that do not say: ISO 3166-1 alpha-2.
    #[serde(default)]
    pub country: Option<String>,
    /// The currency, for codes that do not say.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// How its codes are known.
    #[serde(rename = "match")]
    pub matcher: Matcher,
}

/// The rules in force, in order of priority.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Rule>", into = "Vec<Rule>")]
pub struct Rules {
    rules: Vec<Rule>,
}

impl TryFrom<Vec<Rule>> for Rules {
    type Error = Error;

    fn try_from(rules: Vec<Rule>) -> Result<Self> {
        Self::new(rules)
    }
}

impl From<Rules> for Vec<Rule> {
    fn from(rules: Rules) -> Self {
        rules.rules
    }
}

impl Rules {
    /// Takes rules in any order.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] with the number of the rule (from 0) when one could match more than it means to.
    pub fn new(mut rules: Vec<Rule>) -> Result<Self> {
        if let Some(bad) = rules.iter().position(|rule| !rule.is_sound()) {
            return Err(Error::new(Code::ConfigInvalid).with("rule", bad));
        }
        rules.sort_by_key(|rule| rule.priority);
        Ok(Self { rules })
    }

    /// A wallet that carries everything it knows: for tools that inspect codes, never for a user's wallet.
    pub fn every_scheme() -> Self {
        let rule = |scheme: Scheme| {
            Some(Rule {
                // One account is one payment: True Money's is an account of PromptPay, BharatQR's one of UPI.
                network: Network::parse(match scheme {
                    Scheme::TrueMoney => Scheme::PromptPay.as_str(),
                    Scheme::BharatQr => Scheme::Upi.as_str(),
                    scheme => scheme.as_str(),
                })
                .ok()?,
                priority: 0,
                kind: Kind::Shop,
                p2p: true,
                scheme: None,
                country: None,
                currency: None,
                matcher: Matcher::Scheme(scheme),
            })
        };
        // The joint label of Singapore is no network, and a slip is paid already.
        let carried = |scheme: &Scheme| !matches!(scheme, Scheme::Sgqr | Scheme::ThaiSlip | Scheme::EmvCpm);
        Self { rules: Scheme::ALL.iter().copied().filter(carried).filter_map(rule).collect() }
    }

    /// The rules in order of priority.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    pub(super) fn for_text(
        &self,
        text: &str,
        link: Option<&Link<'_>>,
        schemes: Schemes,
    ) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.matches_text(text, link, schemes))
    }

    pub(super) fn for_emv(&self, code: &Mpm<'_>, found: &Recognised) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.matches_emv(code, found))
    }

    /// The hosts that rules name.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().filter_map(|rule| match &rule.matcher {
            Matcher::Host { host, .. } => Some(host.as_str()),
            _ => None,
        })
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

impl Rule {
    fn is_sound(&self) -> bool {
        let country =
            |c: &Option<String>| c.as_ref().is_none_or(|c| c.len() == 2 && c.bytes().all(|b| b.is_ascii_uppercase()));
        let matcher = match &self.matcher {
            Matcher::Prefix { text, .. } => {
                (4..=64).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_graphic())
                    && strip_prefix_ignore_case(text, "http").is_none()
            }
            Matcher::Host { host, path } => {
                is_host(host)
                    && !host.bytes().any(|b| b.is_ascii_uppercase())
                    && path.starts_with('/')
                    && path.len() <= 128
                    && path.bytes().all(|b| b.is_ascii_graphic())
            }
            Matcher::Digits { prefix, min, max } => {
                is_digits(prefix) && *min >= 8 && min <= max && prefix.len() <= usize::from(*min)
            }
            Matcher::Emv { tags, identifiers, country: in_country, .. } => {
                !(tags.is_empty() && identifiers.is_empty())
                    && tags.iter().all(|tag| (2..=51).contains(tag))
                    && identifiers.iter().all(|i| (1..=32).contains(&i.len()) && i.is_ascii())
                    && country(in_country)
            }
            Matcher::Scheme(_) => true,
        };
        matcher && country(&self.country)
    }

    fn matches_text(&self, text: &str, link: Option<&Link<'_>>, schemes: Schemes) -> bool {
        match &self.matcher {
            Matcher::Prefix { text: prefix, ignore_case: true } => strip_prefix_ignore_case(text, prefix).is_some(),
            Matcher::Prefix { text: prefix, ignore_case: false } => text.starts_with(prefix.as_str()),
            Matcher::Host { host, path } => link.is_some_and(|link| link.is_at(host, path)),
            Matcher::Digits { prefix, min, max } => {
                (usize::from(*min)..=usize::from(*max)).contains(&text.len())
                    && is_digits(text)
                    && text.starts_with(prefix.as_str())
            }
            Matcher::Scheme(scheme) => schemes.contains(*scheme),
            Matcher::Emv { .. } => false,
        }
    }

    fn matches_emv(&self, code: &Mpm<'_>, found: &Recognised) -> bool {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        let carries = |scheme| self.p2p || !found.personal.contains(scheme);
        match &self.matcher {
            Matcher::Scheme(scheme) => found.schemes.contains(*scheme) && carries(*scheme),
            Matcher::Emv { tags, identifiers, country, currency } => {
                let listed = tags.iter().any(|tag| code.get(*tag).is_some());
                let named = || {
                    let written = |known: &String| code.accounts().any(|(_, written, _)| same(known, written));
                    identifiers.iter().any(|known| written(known) && (self.p2p || !pays_person(code, known)))
                };
                (listed || named())
                    && country.as_ref().is_none_or(|c| code.get(58).is_some_and(|written| same(c, written)))
                    && currency.is_none_or(|c| code.currency_number() == Some(c.numeric()))
                    && self.scheme.is_none_or(|scheme| !scheme.is_public() || found.schemes.contains(scheme))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: &str) -> serde_json::Result<Rules> {
        serde_json::from_str(json)
    }

    #[test]
    fn rules_come_from_json_and_go_back() {
        let json = r#"[
            {"network":"alipayplus","priority":20,"kind":"order","match":{"host":{"host":"pay.example.com","path":"/281"}}},
            {"network":"unionpay","priority":10,"match":{"emv":{"tags":[15,16]}}},
            {"network":"zeropay","scheme":"zeropay","country":"KR","currency":"KRW","match":{"prefix":{"text":"ZEROPAY-EXAMPLE:","ignore_case":true}}},
            {"network":"promptpay","match":{"scheme":"promptpay_bill"}}
        ]"#;
        let rules = rules(json).unwrap();
        assert_eq!(rules.iter().map(|r| r.priority).collect::<Vec<_>>(), [0, 0, 10, 20]);
        let again: Rules = serde_json::from_str(&serde_json::to_string(&rules).unwrap()).unwrap();
        assert_eq!(again, rules);
    }

    #[test]
    fn a_rule_that_matches_too_much_is_refused() {
        for matcher in [
            r#"{"prefix":{"text":""}}"#,
            r#"{"prefix":{"text":"https://pay.example.com"}}"#,
            r#"{"host":{"host":"example"}}"#,
            r#"{"host":{"host":"Pay.example.com"}}"#,
            r#"{"host":{"host":"pay.example.com","path":""}}"#,
            r#"{"digits":{"prefix":"62","min":20,"max":19}}"#,
            r#"{"digits":{"prefix":"6x","min":19,"max":19}}"#,
            r#"{"emv":{}}"#,
            r#"{"emv":{"tags":[53]}}"#,
            r#"{"emv":{"tags":[26],"country":"Korea"}}"#,
            r#"{"regex":".*"}"#,
            r#"{"scheme":"nosuch"}"#,
        ] {
            assert!(rules(&format!(r#"[{{"network":"n","match":{matcher}}}]"#)).is_err(), "{matcher}");
        }
    }
}
