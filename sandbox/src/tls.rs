//! The sandbox's own certificate authority and the server certificate it signed.

use crate::keys::write_secret;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Where the gateway is reached: this machine, and this machine as an Android emulator sees it.
const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "10.0.2.2"];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAYS_VALID: u32 = 730;

/// The file with the authority's certificate.
pub(crate) fn ca_path(state: &Path) -> PathBuf {
    state.join("ca.pem")
}

/// The TLS settings of the gateway: TLS 1.2 and 1.3, HTTP/1.1, ring.
///
/// # Errors
/// When the certificates cannot be made, written or read.
pub(crate) fn server_config(state: &Path) -> io::Result<ServerConfig> {
    if !ca_path(state).exists() {
        make(state).map_err(io::Error::other)?;
    }
    let certificate = CertificateDer::from_pem_file(state.join("server.pem")).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(state.join("server.key")).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Makes an authority that signs one certificate and is then forgotten: its key is never written.
fn make(state: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut authority = params(Vec::new(), "Jigap sandbox CA, never for production")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;

    let names = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let mut server = params(names, "Jigap sandbox gateway")?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_key = KeyPair::generate()?;
    let server_certificate = server.signed_by(&server_key, &Issuer::new(authority, authority_key))?;

    // The authority's certificate comes last: its presence says that the other two are there.
    write_secret(&state.join("server.key"), server_key.serialize_pem().as_bytes())?;
    std::fs::write(state.join("server.pem"), server_certificate.pem())?;
    std::fs::write(ca_path(state), authority_certificate.pem())?;
    Ok(())
}

fn params(
    names: Vec<String>,
    common_name: &str,
) -> Result<CertificateParams, Box<dyn std::error::Error + Send + Sync>> {
    let mut params = CertificateParams::new(names)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    let now = SystemTime::now();
    // A phone's clock may be a little behind.
    params.not_before = now.checked_sub(DAY).unwrap_or(now).into();
    params.not_after = now.checked_add(DAY.saturating_mul(DAYS_VALID)).unwrap_or(now).into();
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}
