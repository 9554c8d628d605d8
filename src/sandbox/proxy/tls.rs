//! Speaks TLS in the name of the listed hosts, with an authority that only one set-up trusts and that ends with it.

use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// The acceptor, and the authority's certificate as PEM.
pub(super) fn speaker(hosts: impl Iterator<Item = String>) -> io::Result<(TlsAcceptor, String)> {
    let mut authority = CertificateParams::new(Vec::<String>::new()).map_err(io::Error::other)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority.distinguished_name.push(DnType::CommonName, "Assentry, for one set-up");
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let pem = authority.self_signed(&key).map_err(io::Error::other)?.pem();
    let issuer = Issuer::new(authority, key);

    let own_key = KeyPair::generate().map_err(io::Error::other)?;
    let own = CertificateParams::new(hosts.collect::<Vec<_>>()).map_err(io::Error::other)?;
    let own = own.signed_by(&own_key, &issuer).map_err(io::Error::other)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], private)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), pem))
}
