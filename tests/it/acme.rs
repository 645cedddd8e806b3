//! A certificate for a name, got by itself from a certificate service on loopback (pebble), whose validation is the real one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall stop here")]

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rialto::clock::Clock;
use rialto::config::{Config, Given, Machine};
use rialto::http::door::tls;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};

const NAME: &str = "chat.example.test";

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The certificate service and its name server.
struct Service {
    directory: String,
    management: u16,
    api: CertificateDer<'static>,
    _running: [Running; 2],
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn run(program: &str, folder: &Path, arguments: &[&str]) -> Running {
    let log = File::create(folder.join(format!("{program}.log"))).unwrap();
    let child = Command::new(program)
        .args(arguments)
        // By default one nonce in twenty is refused at random, which costs seconds.
        .envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "0")])
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    Running(child)
}

impl Service {
    /// Starts it; it will look for challenges at `tls_port` of loopback, whatever the name.
    async fn start(folder: &Path, tls_port: u16) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.join("api.pem"), cert.pem()).unwrap();
        std::fs::write(folder.join("api.key"), signing_key.serialize_pem()).unwrap();
        let (api, management, names, control) = (free_port(), free_port(), free_port(), free_port());
        let config = serde_json::json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{api}"), "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": folder.join("api.pem"), "privateKey": folder.join("api.key"),
            "httpPort": free_port(), "tlsPort": tls_port, "ocspResponderURL": "", "externalAccountBindingRequired": false,
        }});
        let file = folder.join("pebble.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let (names, control) = (format!("127.0.0.1:{names}"), format!("127.0.0.1:{control}"));
        let resolver = run(
            "pebble-challtestsrv",
            folder,
            &[
                "-defaultIPv4",
                "127.0.0.1",
                "-defaultIPv6",
                "",
                "-dns01",
                &names,
                "-http01",
                "",
                "-https01",
                "",
                "-tlsalpn01",
                "",
                "-management",
                &control,
            ],
        );
        let service = run("pebble", folder, &["-config", file.to_str().unwrap(), "-dnsserver", &names]);
        let started =
            Self { directory: format!("https://localhost:{api}/dir"), management, api: cert.der().clone(), _running: [resolver, service] };
        until("the certificate service answers", || get(api, "localhost", &started.api, "/dir").ok()).await;
        until("the name server answers", || TcpStream::connect(&names).ok()).await;
        started
    }

    /// The authority that signs what it issues; it makes another at every start.
    fn root(&self) -> CertificateDer<'static> {
        let (_, answer) = get(self.management, "localhost", &self.api, "/roots/0").unwrap();
        CertificateDer::from_pem_slice(answer.as_bytes()).unwrap()
    }
}

/// Asks again until there is an answer, for at most a minute.
async fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..3_000 {
        ticks.tick().await;
        if let Some(answer) = ask() {
            return answer;
        }
    }
    panic!("not within a minute: {what}")
}

/// A request on a connection of its own to loopback, trusting `root` alone: the server's certificate, and the answer.
fn get(port: u16, name: &'static str, root: &CertificateDer<'static>, path: &str) -> Result<(CertificateDer<'static>, String), String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).map_err(|error| error.to_string())?;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = ClientConnection::new(Arc::new(config), ServerName::try_from(name).unwrap()).unwrap();
    let tcp = TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
    tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut stream = StreamOwned::new(tls, tcp);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n").map_err(|error| error.to_string())?;
    let mut answer = String::new();
    // Not every server says good-bye before it closes; the text is what counts.
    let _ = stream.read_to_string(&mut answer);
    let certificate = stream.conn.peer_certificates().and_then(|chain| chain.first()).cloned().ok_or("no certificate")?.into_owned();
    Ok((certificate, answer))
}

/// The config with which the program is its own front door for [`NAME`].
fn config(folder: &Path, directory: &str) -> Config {
    let text = format!(
        "data = '{0}/data'\ndomain = '{NAME}'\nlisten = '127.0.0.1:0'\nacme_directory = '{directory}'\nacme_ca = '{0}/api.pem'\nacme_contact = 'owner@example.test'\n",
        folder.display()
    );
    Config::from(Given::from_file(&text, Path::new("rialto.toml")).unwrap(), &Machine { address: None, processors: 1 }).unwrap()
}

/// Serves on `listener` as the program does, until the handle is stopped.
async fn serve(listener: TcpListener, config: &Config) -> actix_web::dev::ServerHandle {
    let tls = tls::server_config(config, &Clock::system()).await.unwrap().expect("TLS");
    let server = HttpServer::new(|| App::new().route("/", web::get().to(|| async { HttpResponse::Ok().body("in") })))
        .workers(1)
        .disable_signals()
        .listen_rustls_0_23(listener, tls)
        .unwrap()
        .run();
    let handle = server.handle();
    tokio::spawn(server);
    handle
}

fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|paths| std::env::split_paths(&paths).any(|folder| folder.join(program).is_file()))
}

#[actix_web::test]
async fn a_name_gets_its_certificate_by_itself_and_keeps_it_over_a_restart() {
    if !is_installed("pebble") || !is_installed("pebble-challtestsrv") {
        eprintln!("skipped: pebble is not installed (apt-get install pebble)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let service = Service::start(folder.path(), port).await;
    let config = config(folder.path(), &service.directory);

    let handle = serve(listener, &config).await;
    let root = service.root();
    let (first, answer) = until("a certificate", || ask(port, &root)).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("in"), "{answer}");
    assert!(get(port, NAME, &service.api, "/").is_err(), "a client that trusts another authority stays outside");
    let kept: Vec<_> = until("both files are kept", || {
        let files: Vec<_> = std::fs::read_dir(folder.path().join("data/acme")).ok()?.flatten().collect();
        (files.len() == 2 && files.iter().all(is_private)).then_some(files)
    })
    .await;
    assert_eq!(kept.len(), 2);
    handle.stop(false).await;

    // The service is gone: what is served now can only be what was kept.
    drop(service);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let handle = serve(listener, &config).await;
    let (again, _) = until("the kept certificate", || ask(port, &root)).await;
    assert_eq!(first, again);
    handle.stop(false).await;
}

fn ask(port: u16, root: &CertificateDer<'static>) -> Option<(CertificateDer<'static>, String)> {
    get(port, NAME, root, "/").ok()
}

fn is_private(file: &std::fs::DirEntry) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|about| about.permissions().mode() & 0o077 == 0)
}
