//! A certificate for a public name, got and renewed by itself (ACME, RFC 8555, by the TLS-ALPN-01 challenge of RFC 8737).

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt;
use rustls::{ClientConfig, RootCertStore};
use rustls_acme::caches::DirCache;
use rustls_acme::{AcmeConfig, AcmeState, EventOk, ResolvesServerCertAcme};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::config::Config;

/// Begins to keep a certificate for `name`, on a task of its own, and gives what answers handshakes: the certificate, and the service's
/// challenges. Until the first certificate is there, handshakes of visitors fail.
///
/// # Errors
/// One sentence when the authority of a private service cannot be read.
pub fn keep_certified(name: &str, config: &Config) -> Result<Arc<ResolvesServerCertAcme>, String> {
    let folder = config.data.join("acme");
    let names = [name];
    let mut account = match &config.acme_ca {
        Some(file) => AcmeConfig::new_with_client_config(names, trusting(file)?),
        None => AcmeConfig::new(names),
    };
    account = match &config.acme_directory {
        Some(directory) => account.directory(directory),
        None => account.directory_lets_encrypt(true),
    };
    if let Some(contact) = &config.acme_contact {
        account = account.contact_push(format!("mailto:{}", contact.trim_start_matches("mailto:")));
    }
    let state = account.cache(DirCache::new(folder.clone())).state();
    let resolver = state.resolver();
    tokio::spawn(follow(name.to_owned(), folder, state));
    Ok(resolver)
}

/// Drives the account for ever, with one line in the log for each thing that happens.
async fn follow(name: String, folder: PathBuf, mut state: AcmeState<std::io::Error>) {
    while let Some(event) = state.next().await {
        match event {
            Ok(EventOk::DeployedNewCert) => tracing::info!(name, "a new certificate is in use"),
            Ok(EventOk::DeployedCachedCert) => {
                tracing::info!(name, "the certificate from the data folder is in use")
            }
            Ok(EventOk::CertCacheStore) => {
                narrow(&folder);
                tracing::info!(name, "the new certificate is kept in the data folder");
            }
            Ok(EventOk::AccountCacheStore) => {
                narrow(&folder);
                tracing::info!(name, "the account at the certificate service is kept in the data folder");
            }
            Err(error) => {
                tracing::warn!(name, %error, "no new certificate; it is tried again by itself")
            }
        }
    }
}

/// Takes the rights of others from what was written: it holds keys.
fn narrow(folder: &Path) {
    let narrowed = std::fs::read_dir(folder).and_then(|files| {
        for file in files {
            std::fs::set_permissions(file?.path(), std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(())
    });
    if let Err(error) = narrowed {
        tracing::warn!(folder = %folder.display(), %error, "the rights of the certificate files could not be narrowed");
    }
}

/// A client that trusts the authorities in `file` alone.
fn trusting(file: &Path) -> Result<Arc<ClientConfig>, String> {
    let wrong = |error: &dyn std::fmt::Display| {
        format!("The authority {} cannot be used ({error}); --acme-ca needs a file with certificates as PEM.", file.display())
    };
    let mut roots = RootCertStore::empty();
    for cert in CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))? {
        roots.add(cert.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"there is no certificate in it"));
    }
    let client = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(client))
}
