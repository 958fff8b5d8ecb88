//! What the wallet company signs: the configuration, and one consent document a network.

mod texts;

use crate::networks::{COUNTRIES, Rail, alipayplus, home, unionpay};
use crate::refusal::Refused;
use jigap::code::{Kind, Matcher, Rule, Rules, Scheme};
use jigap::config::{NetworkConfig, Patience};
use jigap::consent::{Recipient, Signed, Text};
use jigap::crypto::{Blob, Digest, HostKey, PublicKey};
use jigap::money::Currency;
use jigap::network::Network;
use jigap::present::{OfflineTerms, Policy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counts up with every change of what [`ConfigContent`] is filled with.
const CONFIG_VERSION: u64 = 2;
/// Counts up with every change of a consent document.
const DOCUMENT_VERSION: u32 = 1;

/// The content of the configuration, as `jigap::config` reads it.
#[derive(Serialize)]
struct ConfigContent {
    format: u32,
    version: u64,
    home: Currency,
    networks: Vec<NetworkConfig>,
    rules: Rules,
    patience: Patience,
    codes_ahead: u8,
    presenting: Policy,
}

/// What codes made on a phone begin with, by the network whose tills read them: nobody's numbers.
pub(crate) const OFFLINE_PREFIXES: [(Rail, &str); 2] = [(Rail::AlipayPlus, "2810"), (Rail::UnionPay, "6210")];

/// The content of a consent document, as `jigap::consent` reads it.
#[derive(Serialize)]
struct DocumentContent {
    format: u32,
    id: String,
    version: u32,
    network: Network,
    controller: &'static str,
    data: &'static [&'static str],
    recipients: Vec<Recipient>,
    texts: BTreeMap<&'static str, Text>,
}

/// Everything that is signed, made once at the start. The bytes are the same after every start, so that a consent given
/// yesterday is still one to the document in force.
#[derive(Debug)]
pub(crate) struct Documents {
    config: Signed,
    consents: Vec<(Network, Signed, Digest)>,
    trusted: Trusted,
}

/// Whose signatures count: the answer of `GET /sandbox/trust`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trusted {
    /// Signs the configuration.
    pub(crate) config_key: PublicKey,
    /// Signs the consent documents.
    pub(crate) controller_key: PublicKey,
}

impl Documents {
    /// The keys these documents are signed with.
    pub(crate) const fn trusted(&self) -> &Trusted {
        &self.trusted
    }

    pub(crate) fn sign(config_key: &HostKey, controller_key: &HostKey) -> Result<Self, Refused> {
        let mut consents = Vec::new();
        let mut networks = Vec::new();
        for rail in Rail::ALL {
            let network = rail.network()?;
            let signed = sign(controller_key, &document(rail)?)?;
            let digest = Digest::of(&signed.bytes.0);
            consents.push((network, signed, digest));
            let countries = || COUNTRIES.map(str::to_owned).to_vec();
            networks.push(NetworkConfig {
                network,
                display: rail.display().to_owned(),
                document: digest,
                scan: countries(),
                show: countries(),
            });
        }
        let content = ConfigContent {
            format: 1,
            version: CONFIG_VERSION,
            home: home()?,
            networks,
            rules: rules()?,
            patience: Patience {
                resend_horizon_ms: 20 * 60 * 60 * 1000,
                order_skew_ms: 2 * 60 * 1000,
                ask_first_ms: 1_000,
                ask_longest_ms: 30_000,
            },
            codes_ahead: 3,
            presenting: presenting()?,
        };
        let trusted = Trusted { config_key: config_key.public(), controller_key: controller_key.public() };
        Ok(Self { config: sign(config_key, &content)?, consents, trusted })
    }

    pub(crate) const fn config(&self) -> &Signed {
        &self.config
    }

    /// The consent document of a network.
    pub(crate) fn consent(&self, network: Network) -> Result<&Signed, Refused> {
        self.find(network).map(|(_, signed, _)| signed)
    }

    /// The digest of the document that has to be agreed to.
    pub(crate) fn required(&self, network: Network) -> Result<Digest, Refused> {
        self.find(network).map(|(_, _, digest)| *digest)
    }

    fn find(&self, network: Network) -> Result<&(Network, Signed, Digest), Refused> {
        self.consents.iter().find(|(n, _, _)| *n == network).ok_or(Refused::NetworkUnknown)
    }
}

/// Which codes the networks issue, and where phones may make their own.
fn presenting() -> Result<Policy, Refused> {
    let kinds = |rail: Rail, names: &[&str]| {
        Ok::<_, Refused>((rail.network()?, names.iter().map(|name| (*name).to_owned()).collect()))
    };
    let offline = OFFLINE_PREFIXES.into_iter().map(|(rail, prefix)| {
        let regions = COUNTRIES.map(str::to_owned).to_vec();
        Ok(OfflineTerms { network: rail.network()?, regions, prefix: prefix.to_owned() })
    });
    Ok(Policy {
        kinds: vec![kinds(Rail::AlipayPlus, &["alipayplus_24"])?, kinds(Rail::UnionPay, &["unionpay_19", "emv_cpm"])?],
        offline: offline.collect::<Result<_, Refused>>()?,
        ..Policy::default()
    })
}

/// Who carries which scanned code.
pub(crate) fn rules() -> Result<Rules, Refused> {
    let rule = |rail: Rail, priority, kind, scheme, matcher| {
        let network = rail.network()?;
        let (p2p, country, currency) = (false, None, None);
        Ok::<_, Refused>(Rule { network, priority, kind, p2p, scheme: Some(scheme), country, currency, matcher })
    };
    let path = |path: &str| Matcher::Host { host: alipayplus::HOST.to_owned(), path: path.to_owned() };
    let account =
        Matcher::Emv { tags: unionpay::ACCOUNTS.to_vec(), identifiers: Vec::new(), country: None, currency: None };
    Ok(Rules::new(vec![
        rule(Rail::UnionPay, 10, Kind::Shop, Scheme::UnionPay, account)?,
        rule(Rail::AlipayPlus, 20, Kind::Order, Scheme::AlipayPlus, path(alipayplus::ORDER_PATH))?,
        rule(Rail::AlipayPlus, 20, Kind::Entry, Scheme::AlipayPlus, path(alipayplus::ENTRY_PATH))?,
    ])?)
}

fn sign(key: &HostKey, content: &impl Serialize) -> Result<Signed, Refused> {
    let bytes = serde_json::to_vec(content)?;
    let signature = key.sign(&bytes)?;
    Ok(Signed { bytes: Blob(bytes), signature })
}

fn document(rail: Rail) -> Result<DocumentContent, Refused> {
    Ok(DocumentContent {
        format: 1,
        id: format!("{}-transfer", rail.name()),
        version: DOCUMENT_VERSION,
        network: rail.network()?,
        controller: "Example Wallet Company (sandbox)",
        data: &["customer_number", "payment_order", "scanned_code", "payment_result"],
        recipients: vec![texts::recipient(rail)],
        texts: texts::all(rail),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::shops::SHOPS;
    use jigap::code::{Initiation, Verdict, read};
    use jigap::config::Config;
    use jigap::consent::Document;
    use jigap::money::Money;

    #[test]
    fn the_core_opens_what_the_sandbox_signs() {
        let (config_key, controller_key) = (HostKey::generate().unwrap(), HostKey::generate().unwrap());
        let documents = Documents::sign(&config_key, &controller_key).unwrap();
        let config = Config::open(documents.config(), &config_key.public()).unwrap();
        assert_eq!(config.networks().len(), 2);
        for network in config.networks() {
            let signed = documents.consent(network.network).unwrap();
            let document = Document::open(signed, &controller_key.public()).unwrap();
            assert_eq!(document.digest(), network.document);
            assert_eq!(document.network(), network.network);
            for language in ["ko", "en", "ja", "zh"] {
                assert_eq!(document.text(language).unwrap().0, language);
            }
        }
    }

    #[test]
    fn the_rules_carry_every_code_of_every_shop() {
        let key = HostKey::generate().unwrap();
        let documents = Documents::sign(&key, &key).unwrap();
        let config = Config::open(documents.config(), &key.public()).unwrap();
        for (shop, rail) in SHOPS.iter().flat_map(|shop| Rail::ALL.map(|rail| (shop, rail))) {
            let fixed = Money::from_minor(shop.currency().unwrap(), 1_280);
            for (amount, initiation) in [(Some(fixed), Initiation::Dynamic), (None, Initiation::Static)] {
                let code = rail.shop_code(shop, amount).unwrap();
                let reading = read(&code, config.rules());
                assert_eq!(reading.verdict, Verdict::Payable { network: rail.network().unwrap() }, "{code}");
                assert_eq!(reading.facts.initiation, initiation, "{code}");
                if rail == Rail::UnionPay {
                    assert_eq!(reading.facts.amount, amount);
                    assert_eq!(reading.facts.merchant_name.as_deref(), Some(shop.name));
                    assert_eq!(reading.facts.local_name.as_deref(), Some(shop.local_name));
                }
            }
            // The camera that reads another user's payment code must not take it for a shop's.
            let shown = read(&rail.shown_text("CN").unwrap(), config.rules());
            assert!(matches!(shown.verdict, Verdict::NotPayable { .. }), "{shown:?}");
        }
    }

    #[test]
    fn the_documents_are_the_same_after_a_restart() {
        let key = HostKey::generate().unwrap();
        let first = Documents::sign(&key, &key).unwrap();
        let second = Documents::sign(&key, &key).unwrap();
        for (network, _, digest) in &first.consents {
            assert_eq!(second.required(*network).unwrap(), *digest);
        }
        assert_eq!(first.config.bytes, second.config.bytes);
    }
}
