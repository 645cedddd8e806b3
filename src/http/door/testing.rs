//! What tests of the door share: certificates, a bare TLS server on loopback, and a client that trusts one authority alone.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rcgen::{CertifiedKey as Signed, generate_simple_self_signed};
use rustls::server::ResolvesServerCert;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, Stream};
use rustls_pki_types::{CertificateDer, ServerName};

/// A certificate that vouches for itself, and its key.
pub struct Pair {
    pub cert_pem: String,
    pub key_pem: String,
    pub der: CertificateDer<'static>,
}

impl Pair {
    pub fn new(name: &str) -> Self {
        let Signed { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
        Self { cert_pem: cert.pem(), key_pem: signing_key.serialize_pem(), der: cert.der().clone() }
    }
}

/// Answers every connection on a free loopback port with one byte over TLS. It ends with the test's process.
pub struct Server {
    pub port: u16,
}

impl Server {
    pub fn start(resolver: Arc<dyn ResolvesServerCert>) -> Self {
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            while let Ok((mut tcp, _)) = listener.accept() {
                let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                // A client that does not trust us leaves: its own business.
                let _ = Stream::new(&mut tls, &mut tcp).write_all(b"!");
            }
        });
        Self { port }
    }
}

/// Connects to loopback as `name`, trusting `authority` alone.
pub fn handshake(port: u16, name: &str, authority: &CertificateDer<'static>) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).map_err(|error| error.to_string())?;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut byte = [0];
    Stream::new(&mut tls, &mut tcp).read_exact(&mut byte).map_err(|error| error.to_string())
}
