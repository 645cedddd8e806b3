//! TLS for the listener, in the way that the operator chose.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::ResolvesServerCert;
use rustls_acme::acme::ACME_TLS_ALPN_NAME;

use super::reload::{Current, Files};
use super::{acme, lan};
use crate::clock::Clock;
use crate::config::{Config, TlsMode};

/// How often certificate files are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How often the machine's addresses are compared with its local certificate.
const ADDRESSES: Duration = Duration::from_secs(60);

/// What the listener needs to speak TLS, or nothing when it speaks plain HTTP. Starts the tasks that keep the certificate fresh, so it is
/// called once, inside the runtime.
///
/// # Errors
/// One sentence when a certificate, key or authority cannot be used.
pub async fn server_config(config: &Config, clock: &Clock) -> Result<Option<ServerConfig>, String> {
    install_provider();
    match &config.tls {
        TlsMode::Off => Ok(None),
        TlsMode::Files { cert, key } => {
            let (files, first) = Files::open(cert, key)?;
            let current = Current::new(first);
            tokio::spawn(files.follow(Arc::clone(&current), LOOK));
            answering(current).map(Some)
        }
        TlsMode::Lan => {
            let (authority, first) = lan::open(config, clock.now())?;
            let current = Current::new(first);
            tokio::spawn(follow_addresses(config.clone(), clock.clone(), authority, Arc::clone(&current)));
            answering(current).map(Some)
        }
        TlsMode::Domain(name) => {
            let mut server = answering(acme::keep_certified(name, config)?)?;
            // The challenge comes to this same listener, told apart by its protocol alone. The other side asks for nothing else, so ours
            // must be offered too as soon as one is.
            server.alpn_protocols = vec![b"http/1.1".to_vec(), ACME_TLS_ALPN_NAME.to_vec()];
            Ok(Some(server))
        }
    }
}

/// Makes ring the provider of cryptography for every part of the program, once; a later call changes nothing.
pub fn install_provider() {
    // An error only says that there is one already.
    let _ = ring::default_provider().install_default();
}

fn answering(resolver: Arc<dyn ResolvesServerCert>) -> Result<ServerConfig, String> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| format!("TLS cannot be set up ({error})."))?;
    Ok(builder.with_no_client_auth().with_cert_resolver(resolver))
}

/// Renews the local certificate when the machine gets other addresses, and before it ends.
async fn follow_addresses(config: Config, clock: Clock, authority: Arc<lan::Authority>, current: Arc<Current>) {
    let mut ticks = tokio::time::interval(ADDRESSES);
    let mut complained = false;
    loop {
        ticks.tick().await;
        match authority.certify(&lan::names(&config), clock.now()) {
            Ok((_, false)) => complained = false,
            Ok((key, true)) => {
                complained = false;
                current.replace(key);
                tracing::info!("the local certificate was made anew");
            }
            Err(sentence) if !complained => {
                complained = true;
                tracing::warn!("the local certificate stays as it was: {sentence}");
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Given, Machine};

    fn config(settings: &str) -> Config {
        let given = Given::from_file(settings, std::path::Path::new("rialto.toml")).unwrap();
        Config::from(given, &Machine { address: None, processors: 1 }).unwrap()
    }

    #[tokio::test]
    async fn plain_http_needs_nothing() {
        assert!(server_config(&config(""), &Clock::system()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn wrong_files_stop_the_start_with_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let base = format!("data = '{0}'\n", folder.path().display());
        let files = config(&format!("{base}tls_cert = '/nowhere/cert.pem'\ntls_key = '/nowhere/key.pem'\n"));
        assert!(server_config(&files, &Clock::system()).await.unwrap_err().contains("/nowhere/cert.pem cannot be read"));
        let private = config(&format!("{base}domain = 'chat.example.org'\nacme_ca = '/nowhere/ca.pem'\n"));
        assert!(server_config(&private, &Clock::system()).await.unwrap_err().contains("--acme-ca needs"));
    }

    #[tokio::test]
    async fn the_local_network_is_served_with_a_certificate_for_its_public_url() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&format!("data = '{}'\nlan = true\npublic_url = 'https://10.9.8.7:8443'\n", folder.path().display()));
        assert!(server_config(&config, &Clock::system()).await.unwrap().is_some());
        let (authority, key) = lan::open(&config, Clock::system().now()).unwrap();
        let server = crate::http::door::testing::Server::start(Current::new(key));
        for name in ["10.9.8.7", "localhost", "127.0.0.1", "::1"] {
            crate::http::door::testing::handshake(server.port, name, authority.der()).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
