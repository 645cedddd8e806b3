//! A certificate that can be changed while connections are served, and the files it is read from again when they change.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// The certificate in use. Handshakes take it as it is when they begin.
#[derive(Debug)]
pub struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    /// Begins with `first`.
    #[must_use]
    pub fn new(first: CertifiedKey) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Arc::new(first))))
    }

    /// Puts another in its place, from the next handshake on.
    pub fn replace(&self, next: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// A certificate chain and its key in two PEM files, which somebody else renews.
#[derive(Debug)]
pub struct Files {
    cert: PathBuf,
    key: PathBuf,
    /// What the files looked like when they were last read, well or not.
    seen: [Option<Stamp>; 2],
}

/// What tells one version of a file from the next without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    size: u64,
    file: u64,
}

impl From<Metadata> for Stamp {
    fn from(of: Metadata) -> Self {
        Self { modified: (of.mtime(), of.mtime_nsec()), size: of.size(), file: of.ino() }
    }
}

impl Files {
    /// Reads them for the first time.
    ///
    /// # Errors
    /// One sentence that says which file is wrong and how to mend it.
    pub fn open(cert: &Path, key: &Path) -> Result<(Self, CertifiedKey), String> {
        let files = Self { cert: cert.to_owned(), key: key.to_owned(), seen: [stamp(cert), stamp(key)] };
        let first = load(cert, key)?;
        Ok((files, first))
    }

    /// Reads them again if they changed since the last time: nothing when they did not.
    ///
    /// # Errors
    /// One sentence for files that do not work; they are not tried again before they change.
    pub fn changed(&mut self) -> Option<Result<CertifiedKey, String>> {
        // Looked at before reading: a change during the reading is then seen the next time.
        let now = [stamp(&self.cert), stamp(&self.key)];
        if now == self.seen {
            return None;
        }
        self.seen = now;
        Some(load(&self.cert, &self.key))
    }

    /// Keeps `current` as fresh as the files, looking every `period`, for ever. What does not work is logged once and changes nothing.
    pub async fn follow(mut self, current: Arc<Current>, period: Duration) {
        let mut ticks = tokio::time::interval(period);
        loop {
            ticks.tick().await;
            match self.changed() {
                None => {}
                Some(Ok(next)) => {
                    current.replace(next);
                    tracing::info!(cert = %self.cert.display(), "the changed certificate is in use");
                }
                Some(Err(sentence)) => {
                    tracing::warn!("the certificate stays as it was: {sentence}")
                }
            }
        }
    }
}

/// A missing file looks like nothing, and its coming back is a change.
fn stamp(path: &Path) -> Option<Stamp> {
    std::fs::metadata(path).ok().map(Stamp::from)
}

/// Reads a chain and its key, and checks that they belong together.
fn load(cert: &Path, key: &Path) -> Result<CertifiedKey, String> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(cert)?)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("The certificate {} is not whole PEM ({error}); write the file anew.", cert.display()))?;
    if chain.is_empty() {
        return Err(format!("There is no certificate in {}; it must hold the chain as PEM, your own certificate first.", cert.display()));
    }
    let secret = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|_| format!("There is no key in {} that can be read; it must hold one as PEM, without a passphrase.", key.display()))?;
    certified(chain, secret).map_err(|error| {
        format!(
            "The certificate {} and the key {} do not work together ({error}); give the two that belong together.",
            cert.display(),
            key.display()
        )
    })
}

/// A chain with its key, ready to use.
pub(super) fn certified(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<CertifiedKey, rustls::Error> {
    CertifiedKey::from_der(chain, key, &ring::default_provider())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("The file {} cannot be read ({error}); mend its name or its rights.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::door::testing::{Pair, Server, handshake};

    fn write(folder: &Path, pair: &Pair) -> (PathBuf, PathBuf) {
        let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&cert, &pair.cert_pem).unwrap();
        std::fs::write(&key, &pair.key_pem).unwrap();
        (cert, key)
    }

    #[test]
    fn a_changed_file_is_what_the_next_handshake_gets() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (Pair::new("localhost"), Pair::new("localhost"));
        let (cert, key) = write(folder.path(), &old);
        let (mut files, first) = Files::open(&cert, &key).unwrap();
        let current = Current::new(first);
        let server = Server::start(current.clone());
        assert!(handshake(server.port, "localhost", &old.der).is_ok());
        assert!(handshake(server.port, "localhost", &new.der).is_err(), "not yet");
        assert!(files.changed().is_none());

        write(folder.path(), &new);
        current.replace(files.changed().expect("a change").expect("a good one"));
        assert!(handshake(server.port, "localhost", &new.der).is_ok());
        assert!(handshake(server.port, "localhost", &old.der).is_err());
        assert!(files.changed().is_none());
    }

    #[test]
    fn a_wrong_new_file_is_told_once_and_a_later_good_one_taken() {
        let folder = tempfile::tempdir().unwrap();
        let pair = Pair::new("localhost");
        let (cert, key) = write(folder.path(), &pair);
        let (mut files, _) = Files::open(&cert, &key).unwrap();
        std::fs::write(&cert, "half a fi").unwrap();
        assert!(files.changed().expect("a change").unwrap_err().contains("There is no certificate"));
        assert!(files.changed().is_none());
        std::fs::remove_file(&cert).unwrap();
        assert!(files.changed().expect("a change").unwrap_err().contains("cannot be read"));
        write(folder.path(), &pair);
        assert!(files.changed().expect("a change").is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_follower_keeps_the_old_one_over_a_wrong_file_and_takes_the_good_one() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (Pair::new("localhost"), Pair::new("localhost"));
        let (cert, key) = write(folder.path(), &old);
        let (files, first) = Files::open(&cert, &key).unwrap();
        let current = Current::new(first);
        let server = Server::start(current.clone());
        let following = tokio::spawn(files.follow(Arc::clone(&current), Duration::from_millis(5)));
        std::fs::write(&key, &new.key_pem).unwrap();
        for _ in 0..20 {
            assert!(handshake(server.port, "localhost", &old.der).is_ok(), "a key without its certificate changes nothing");
            tokio::task::yield_now().await;
        }
        std::fs::write(&cert, &new.cert_pem).unwrap();
        let taken = tokio::time::timeout(Duration::from_secs(20), async {
            while handshake(server.port, "localhost", &new.der).is_err() {
                tokio::task::yield_now().await;
            }
        });
        taken.await.expect("the new certificate is taken by itself");
        following.abort();
    }

    /// Where the lines of a log go.
    #[derive(Clone, Default)]
    struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
        }

        /// Lets the follower go on until the log holds this.
        async fn hold(&self, part: &str) {
            let told = tokio::time::timeout(Duration::from_secs(20), async {
                while !self.text().contains(part) {
                    tokio::task::yield_now().await;
                }
            });
            told.await.unwrap_or_else(|_| panic!("{part:?} is not in {}", self.text()));
        }
    }

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_wrong_file_is_refused_with_a_line_in_the_log_while_the_old_one_serves() {
        let lines = Lines::default();
        let writer = lines.clone();
        let _log =
            tracing::subscriber::set_default(tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish());
        let folder = tempfile::tempdir().unwrap();
        let (old, other) = (Pair::new("localhost"), Pair::new("localhost"));
        let (cert, key) = write(folder.path(), &old);
        let (files, first) = Files::open(&cert, &key).unwrap();
        let current = Current::new(first);
        let server = Server::start(current.clone());
        let following = tokio::spawn(files.follow(Arc::clone(&current), Duration::from_millis(5)));
        for (wrong, told) in [("half a fi", "There is no certificate in"), (&*other.cert_pem, "do not work together")] {
            std::fs::write(&cert, wrong).unwrap();
            lines.hold(told).await;
            assert!(handshake(server.port, "localhost", &old.der).is_ok(), "the old one serves: {told}");
        }
        std::fs::remove_file(&cert).unwrap();
        lines.hold("cannot be read").await;
        assert!(handshake(server.port, "localhost", &old.der).is_ok(), "also without a file");
        assert_eq!(lines.text().matches("WARN").count(), 3, "each is told once: {}", lines.text());
        write(folder.path(), &other);
        lines.hold("the changed certificate is in use").await;
        assert!(handshake(server.port, "localhost", &other.der).is_ok());
        following.abort();
    }

    #[test]
    fn files_that_cannot_work_stop_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Pair::new("localhost"), Pair::new("localhost"));
        let (cert, key) = write(folder.path(), &one);
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let foreign = put("foreign.pem", &other.key_pem);
        let garbage = put("garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        let broken = put("broken.pem", &one.cert_pem[..one.cert_pem.len() / 2]);
        let missing = folder.path().join("missing.pem");
        for (cert, key, part) in [
            (&missing, &key, "cannot be read"),
            (&cert, &missing, "cannot be read"),
            (&key, &key, "There is no certificate"),
            (&broken, &key, "not whole PEM"),
            (&cert, &cert, "There is no key"),
            (&cert, &foreign, "do not work together"),
            (&garbage, &key, "do not work together"),
        ] {
            let sentence = Files::open(cert, key).map(|_| ()).expect_err(part);
            assert!(sentence.contains(part), "{sentence}");
        }
    }
}
