//! The few requests of a probe, sent as a stranger would: over TCP to where the name leads, over TLS with the certificates of the web.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};

use crate::config::origin::Origin;

/// Most bytes of an answer.
const ANSWER_BYTES: u64 = 256 * 1024;
/// Any 16 bytes do: nothing is said after the handshake.
pub(super) const SOCKET_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection.
    Connection(String),
    /// No trust.
    Certificate(String),
    /// What came is no HTTP.
    Answer,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connection(why) | Self::Certificate(why) => f.write_str(why),
            Self::Answer => f.write_str("what came is no HTTP"),
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: String,
}

/// The site that is asked.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its address.
    pub origin: Origin,
    /// Its host, without brackets.
    pub host: String,
    /// Where the name leads.
    pub addresses: Vec<SocketAddr>,
    /// Files with certificates that are trusted too.
    pub trusted: Vec<PathBuf>,
    /// How long a step may take.
    pub patience: Duration,
}

/// Both kinds of connection.
trait Line: Read + Write {}
impl<T: Read + Write> Line for T {}

impl Site {
    /// Asks for something, in English.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.ask("GET", path, "Accept-Language: en\r\nConnection: close\r\n", "")
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn post(&self, path: &str, body: &str) -> Result<Answer, Failure> {
        let headers = format!("Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
        self.ask("POST", path, &headers, body)
    }

    /// Asks for a WebSocket.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn shake_hands(&self, path: &str) -> Result<Answer, Failure> {
        let headers =
            format!("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {SOCKET_KEY}\r\n");
        self.ask("GET", path, &headers, "")
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Result<Answer, Failure> {
        let mut line = self.connect()?;
        let usual = if self.origin.is_https { 443 } else { 80 };
        let port = if self.origin.port == usual { String::new() } else { format!(":{}", self.origin.port) };
        let host = format!("{}{port}", self.origin.host);
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n{headers}\r\n{body}");
        line.write_all(request.as_bytes()).and_then(|()| line.flush()).map_err(|error| failure(&error))?;
        read(&mut line)
    }

    fn connect(&self) -> Result<Box<dyn Line>, Failure> {
        let mut last = Failure::Connection(String::new());
        for address in &self.addresses {
            match TcpStream::connect_timeout(address, self.patience) {
                Ok(stream) => {
                    let patient = stream.set_read_timeout(Some(self.patience)).and_then(|()| stream.set_write_timeout(Some(self.patience)));
                    patient.map_err(|error| failure(&error))?;
                    return if self.origin.is_https { self.secure(stream) } else { Ok(Box::new(stream)) };
                }
                Err(error) => last = failure(&error),
            }
        }
        Err(last)
    }

    fn secure(&self, mut stream: TcpStream) -> Result<Box<dyn Line>, Failure> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for file in &self.trusted {
            // A file that is not there any more is no reason not to look.
            for certificate in CertificateDer::pem_file_iter(file).into_iter().flatten().flatten() {
                let _ = roots.add(certificate);
            }
        }
        let no_trust = |error: rustls::Error| Failure::Certificate(error.to_string());
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(no_trust)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(self.host.clone()).map_err(|error| Failure::Certificate(error.to_string()))?;
        let mut connection = ClientConnection::new(Arc::new(config), name).map_err(no_trust)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).map_err(|error| failure(&error))?;
        }
        Ok(Box::new(StreamOwned::new(connection, stream)))
    }
}

/// TLS tells what it does not like as an error of input.
fn failure(error: &std::io::Error) -> Failure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => Failure::Certificate(format!("{why:?}")),
        Some(other) => Failure::Certificate(other.to_string()),
        None if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Failure::Connection("timed out".to_owned()),
        None => Failure::Connection(error.kind().to_string()),
    }
}

/// Reads an answer: up to its length, its last chunk, or the end of the connection.
fn read(line: &mut dyn Line) -> Result<Answer, Failure> {
    let mut line = line.take(ANSWER_BYTES);
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        if let Some(answer) = parse(&bytes, false) {
            return Ok(answer);
        }
        match line.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            // Some servers end without a word of farewell.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(failure(&error)),
        }
    }
    if bytes.is_empty() {
        return Err(Failure::Connection("nothing came".to_owned()));
    }
    parse(&bytes, true).ok_or(Failure::Answer)
}

/// A whole answer; `None` until it is one. At the end of the connection, a body without a length is whole.
fn parse(bytes: &[u8], is_end: bool) -> Option<Answer> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let mut lines = text.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, &str)> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    let rest = &bytes[head + 4..];
    let body = if header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        joined(rest)?
    } else if let Some(length) = header("content-length").and_then(|value| value.parse::<usize>().ok()) {
        rest.get(..length)?.to_vec()
    } else if status == 101 || status == 204 {
        Vec::new()
    } else if is_end {
        rest.to_vec()
    } else {
        return None;
    };
    Some(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// The parts of a chunked body; `None` until its last one is there.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let chunk = rest.get(end + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk.get(..size)?);
        rest = chunk.get(size.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str, is_end: bool) -> Option<(u16, String)> {
        parse(text.as_bytes(), is_end).map(|answer| (answer.status, answer.body))
    }

    #[test]
    fn an_answer_is_whole_at_its_length_its_last_chunk_or_the_end() {
        let whole = |status, body: &str| Some((status, body.to_owned()));
        assert_eq!(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", false), whole(200, "{}"));
        assert_eq!(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", false), None);
        assert_eq!(
            answer("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n2;x=1\r\n\":\r\n0\r\n\r\n", false),
            whole(201, "{\"a\":")
        );
        assert_eq!(answer("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n", true), None);
        assert_eq!(answer("HTTP/1.1 200 OK\r\n\r\nabc", false), None);
        assert_eq!(answer("HTTP/1.1 200 OK\r\n\r\nabc", true), whole(200, "abc"));
        assert_eq!(answer("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n", false), whole(101, ""));
        assert_eq!(answer("SSH-2.0-server\r\n\r\n", true), None);
        assert_eq!(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx", true), None, "no overflow");
    }

    #[test]
    fn a_port_where_nobody_listens_is_no_connection() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
        let site = |address: SocketAddr, scheme: &str| Site {
            origin: Origin::parse(&format!("{scheme}://{address}")).expect("an address"),
            host: address.ip().to_string(),
            addresses: vec![address],
            trusted: vec![PathBuf::from("/nowhere.pem")],
            patience: Duration::from_secs(5),
        };
        assert!(matches!(site(free, "http").post("/", "{}"), Err(Failure::Connection(_))));
        let talks = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = talks.local_addr().expect("bound");
        let server = std::thread::spawn(move || {
            for _ in 0..2 {
                let (mut stream, _) = talks.accept().expect("somebody");
                let _ = stream.read(&mut [0; 4_096]);
                let _ = stream.write_all(b"220 mail.example.org\r\n\r\n");
            }
        });
        assert_eq!(site(address, "http").post("/", "{}"), Err(Failure::Answer));
        assert!(matches!(site(address, "https").post("/", "{}"), Err(Failure::Certificate(_))), "no TLS there");
        server.join().expect("no panic");
    }
}
