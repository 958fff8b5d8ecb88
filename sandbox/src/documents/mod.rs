//! What the wallet company signs: the configuration, and the consent documents of each network.

mod optional;
mod texts;

use crate::networks::{COUNTRIES, Rail, alipayplus, home, unionpay};
use crate::refusal::Refused;
use jigap::code::{Kind, Matcher, Rule, Rules, Scheme};
use jigap::config::{NetworkConfig, OptionalDocument, Patience, Suspension};
use jigap::consent::{Basis, Confirmation, PAYMENT, Recipient, Signed, Text, TreeHead};
use jigap::crypto::{Blob, Digest, HostKey, PublicKey, Signature};
use jigap::id::Id;
use jigap::money::Currency;
use jigap::network::Network;
use jigap::present::{OfflineTerms, Policy};
use jigap::time::ServerMs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// Counts up with every change of what [`ConfigContent`] is filled with.
const CONFIG_VERSION: u64 = 2;
/// Counts up with every change of a consent document.
const DOCUMENT_VERSION: u32 = 2;
/// How long a guardian's confirmation may be used.
const CONFIRMATION_MS: i64 = 3_600_000;

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
    log_key: PublicKey,
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
    purpose: &'static str,
    required: bool,
    basis: Basis,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_days: Option<u32>,
    data: &'static [&'static str],
    recipients: Vec<Recipient>,
    texts: BTreeMap<&'static str, Text>,
}

/// The keys of a company.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Signs the configuration.
    pub(crate) config: HostKey,
    /// Signs consent documents and guardians' confirmations.
    pub(crate) controller: HostKey,
    /// Signs the heads of the log of consents.
    pub(crate) log: HostKey,
}

/// What an administrator has changed since the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// How often the document that paying needs was revised.
    pub(crate) revisions: u32,
    /// Since when transfers are suspended.
    pub(crate) suspended: Option<i64>,
    /// How many changes there were: each one is another configuration.
    pub(crate) count: u32,
}

/// What is published for one network.
type Changes = BTreeMap<&'static str, Change>;

#[derive(Debug)]
struct Published {
    config: Signed,
    /// Network, purpose, document.
    consents: Vec<(Network, &'static str, Signed)>,
    changes: Changes,
}

/// Everything that is signed. The bytes are the same after every start, so that a consent given yesterday is still one to
/// the document in force.
#[derive(Debug)]
pub(crate) struct Documents {
    keys: Keys,
    published: RwLock<Published>,
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

    pub(crate) fn sign(keys: Keys, changes: Changes) -> Result<Self, Refused> {
        let trusted = Trusted { config_key: keys.config.public(), controller_key: keys.controller.public() };
        let published = RwLock::new(publish(&keys, changes)?);
        Ok(Self { keys, published, trusted })
    }

    /// Changes what is published for a network. Gives the change, to be kept.
    pub(crate) fn change(&self, rail: Rail, change: impl FnOnce(&mut Change)) -> Result<Change, Refused> {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let mut changes = published.changes.clone();
        let entry = changes.entry(rail.name()).or_default();
        change(entry);
        entry.count = entry.count.saturating_add(1);
        let now = *entry;
        *published = publish(&self.keys, changes)?;
        Ok(now)
    }

    fn look<T>(&self, look: impl FnOnce(&Published) -> T) -> T {
        look(&self.published.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn config(&self) -> Signed {
        self.look(|published| published.config.clone())
    }

    /// The consent document of a network for a purpose.
    pub(crate) fn consent(&self, network: Network, purpose: &str) -> Result<Signed, Refused> {
        let found = self.look(|published| {
            let mut all = published.consents.iter();
            all.find(|(n, p, _)| *n == network && *p == purpose).map(|(_, _, signed)| signed.clone())
        });
        found.ok_or(Refused::NetworkUnknown)
    }

    /// The digest of the document that has to be agreed to before anything goes to the network.
    ///
    /// # Errors
    /// [`Refused::TransfersSuspended`].
    pub(crate) fn required(&self, network: Network) -> Result<Digest, Refused> {
        if self.look(|published| published.changes.get(network.as_str()).is_some_and(|c| c.suspended.is_some())) {
            return Err(Refused::TransfersSuspended);
        }
        self.consent(network, PAYMENT).map(|signed| Digest::of(&signed.bytes.0))
    }

    /// Says as the controller that a guardian has agreed to every document of a network, for one device.
    pub(crate) fn confirm(&self, device: Id, network: Network, now: ServerMs) -> Result<Signed, Refused> {
        let documents = self.look(|published| {
            let ours = published.consents.iter().filter(|(n, _, _)| *n == network);
            ours.map(|(_, _, signed)| Digest::of(&signed.bytes.0)).collect()
        });
        let until = now.plus(CONFIRMATION_MS);
        let method = "sandbox".to_owned();
        sign(&self.keys.controller, &Confirmation { format: 1, device, documents, method, until })
    }

    /// Signs a head of the log.
    pub(crate) fn sign_head(&self, size: u64, root: Digest, at: ServerMs) -> Result<Signature, Refused> {
        Ok(self.keys.log.sign(&TreeHead::to_sign(size, root, at))?)
    }
}

fn publish(keys: &Keys, changes: Changes) -> Result<Published, Refused> {
    let mut consents = Vec::new();
    let mut networks = Vec::new();
    for rail in Rail::ALL {
        let network = rail.network()?;
        let change = changes.get(rail.name()).copied().unwrap_or_default();
        let mut digests = Vec::new();
        for content in [document(rail, change.revisions)?, optional::document(rail)?] {
            let signed = sign(&keys.controller, &content)?;
            digests.push((content.purpose, Digest::of(&signed.bytes.0)));
            consents.push((network, content.purpose, signed));
        }
        let countries = || COUNTRIES.map(str::to_owned).to_vec();
        let required = digests.iter().find(|(purpose, _)| *purpose == PAYMENT).map(|(_, digest)| *digest);
        let beside = digests.iter().filter(|(purpose, _)| *purpose != PAYMENT);
        networks.push(NetworkConfig {
            network,
            display: rail.display().to_owned(),
            document: required.ok_or(Refused::Internal)?,
            scan: countries(),
            show: countries(),
            optional: beside.map(|(p, d)| OptionalDocument { purpose: (*p).to_owned(), document: *d }).collect(),
            suspended: change.suspended.map(|since| Suspension { order: "sandbox".to_owned(), since }),
        });
    }
    let changed: u32 = changes.values().fold(0, |sum, change| sum.saturating_add(change.count));
    let content = ConfigContent {
        format: 1,
        version: CONFIG_VERSION.saturating_add(u64::from(changed)),
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
        log_key: keys.log.public(),
        presenting: presenting()?,
    };
    Ok(Published { config: sign(&keys.config, &content)?, consents, changes })
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

fn document(rail: Rail, revisions: u32) -> Result<DocumentContent, Refused> {
    Ok(DocumentContent {
        format: 2,
        id: format!("{}-transfer", rail.name()),
        version: DOCUMENT_VERSION.saturating_add(revisions),
        network: rail.network()?,
        controller: texts::CONTROLLER,
        purpose: PAYMENT,
        required: true,
        basis: Basis::Transfer,
        valid_days: None,
        data: &[
            "customer_number",
            "payment_order",
            "scanned_code",
            "payment_code",
            "country_of_stay",
            "payment_result",
        ],
        recipients: vec![texts::recipient(rail)],
        texts: texts::all(rail),
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "test code")]
mod tests {
    use super::*;
    use crate::networks::shops::SHOPS;
    use jigap::code::{Initiation, Verdict, read};
    use jigap::config::Config;
    use jigap::consent::Document;
    use jigap::money::Money;

    #[test]
    fn the_core_opens_what_the_sandbox_signs() {
        let documents = signed_anew();
        let config = Config::open(&documents.config(), &documents.keys.config.public()).unwrap();
        assert_eq!(config.networks().len(), 2);
        let asked = |n: &NetworkConfig| {
            let optional = n.optional.iter().map(|o| (o.purpose.clone(), o.document));
            [(PAYMENT.to_owned(), n.document)].into_iter().chain(optional).collect::<Vec<_>>()
        };
        let all = config.networks().iter().flat_map(|n| asked(n).into_iter().map(|(p, d)| (n.network, p, d)));
        for (network, purpose, digest) in all {
            let signed = documents.consent(network, &purpose).unwrap();
            let document = Document::open(&signed, &documents.keys.controller.public()).unwrap();
            assert_eq!(
                (document.digest(), document.network(), document.purpose()),
                (digest, network, purpose.as_str())
            );
            assert_eq!(document.required(), purpose == PAYMENT);
            for language in ["ko", "en", "ja", "zh"] {
                assert_eq!(document.text(language).unwrap().0, language);
            }
        }
    }

    #[test]
    fn the_rules_carry_every_code_of_every_shop() {
        let documents = signed_anew();
        let config = Config::open(&documents.config(), &documents.keys.config.public()).unwrap();
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
    fn the_documents_are_the_same_after_a_restart_and_change_only_when_they_are_changed() {
        let first = signed_anew();
        let again = |first: &Documents, changes: Changes| {
            let copy = |key: &HostKey| HostKey::from_pkcs8(key.pkcs8()).unwrap();
            let Keys { config, controller, log } = &first.keys;
            Documents::sign(Keys { config: copy(config), controller: copy(controller), log: copy(log) }, changes)
                .unwrap()
        };
        let second = again(&first, Changes::new());
        assert_eq!(first.config().bytes, second.config().bytes);
        let unionpay = Rail::UnionPay.network().unwrap();
        let before = first.required(unionpay).unwrap();
        assert_eq!(second.required(unionpay).unwrap(), before);
        let change = second.change(Rail::UnionPay, |change| change.revisions += 1).unwrap();
        assert_ne!(second.required(unionpay).unwrap(), before);
        let third = again(&first, Changes::from([("unionpay", change)]));
        assert_eq!(third.config().bytes, second.config().bytes);
        third.change(Rail::UnionPay, |change| change.suspended = Some(1)).unwrap();
        assert_eq!(third.required(unionpay), Err(Refused::TransfersSuspended));
        assert!(third.required(Rail::AlipayPlus.network().unwrap()).is_ok());
    }

    fn signed_anew() -> Documents {
        let [config, controller, log] = std::array::from_fn(|_| HostKey::generate().unwrap());
        Documents::sign(Keys { config, controller, log }, Changes::new()).unwrap()
    }
}
