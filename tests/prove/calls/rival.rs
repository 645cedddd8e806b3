//! Janus as a child process with a video room, spoken to over its HTTP transport. It is configured to be at its best: only the plug-in that is
//! needed, no limit of bandwidth.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::client::{Client, DEADLINE, Knows, Section};
use crate::cpu;
use crate::janus::ADDRESS;

const URL: &str = "http://127.0.0.1:8088/janus";
const ROOM: u64 = 1;
/// It loses a handshake that begins before its own checks have been answered, and the next try comes a second later.
const PAUSE: Duration = Duration::from_millis(60);

/// A running Janus with one session; killed when dropped.
pub struct Rival {
    child: Child,
    runtime: Runtime,
    http: reqwest::Client,
    session: u64,
    feed: u64,
    _folder: TempDir,
}

impl Rival {
    /// Starts it on the media core and waits until it answers.
    pub fn start() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        configure(folder.path())?;
        let path = folder.path().to_owned();
        let begins = move || {
            // A child keeps to the core of the thread that starts it.
            cpu::keep_to(0);
            Command::new("janus").arg("--configs-folder").arg(path).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
        };
        let child = std::thread::spawn(begins).join().map_err(|_| "Janus was not started".to_owned())?;
        let child = child.map_err(|error| format!("Janus cannot be started: {error}"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let http = reqwest::Client::builder().no_proxy().build().map_err(|error| error.to_string())?;
        let mut rival = Self { child, runtime, http, session: 0, feed: 0, _folder: folder };
        let end = Instant::now() + DEADLINE;
        while rival.get("/info").is_err() {
            if Instant::now() > end {
                return Err("Janus does not answer".to_owned());
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        let made = rival.post("", json!({ "janus": "create" }))?;
        rival.session = made["data"]["id"].as_u64().ok_or("no session")?;
        Ok(rival)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A connected publisher.
    pub fn publish(&mut self, sections: &[Section]) -> Result<Client, String> {
        let handle = self.attach()?;
        let joined = self.ask(handle, json!({ "request": "join", "ptype": "publisher", "room": ROOM }), None)?;
        self.feed = joined["plugindata"]["data"]["id"].as_u64().ok_or("no feed")?;
        let mut client = Client::new(&format!("{ADDRESS}:0"), Knows::Both);
        let offer =
            json!({ "type": "offer", "sdp": client.offer(sections).replace("a=setup:actpass", "a=setup:active") + &candidate(&client) });
        let published = self.ask(handle, json!({ "request": "publish", "audio": false, "video": true }), Some(offer))?;
        connect(&mut client, &published)?;
        self.event("webrtcup", handle)?;
        Ok(client)
    }

    /// A connected subscriber of the last publisher.
    pub fn subscribe(&mut self) -> Result<Client, String> {
        let handle = self.attach()?;
        let wish = json!({ "request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{ "feed": self.feed }] });
        let offered = self.ask(handle, wish, None)?;
        let mut client = Client::new(&format!("{ADDRESS}:0"), Knows::Both);
        client.controlling = false;
        let answer = answer(&client, offered["jsep"]["sdp"].as_str().ok_or("no offer")?);
        self.ask(handle, json!({ "request": "start" }), Some(json!({ "type": "answer", "sdp": answer })))?;
        connect(&mut client, &offered)?;
        Ok(client)
    }

    fn attach(&self) -> Result<u64, String> {
        let attached = self.post(&format!("/{}", self.session), json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" }))?;
        attached["data"]["id"].as_u64().ok_or_else(|| format!("not attached: {attached}"))
    }

    /// Says something to the plug-in and waits for its event.
    fn ask(&self, handle: u64, body: Value, jsep: Option<Value>) -> Result<Value, String> {
        let mut message = json!({ "janus": "message", "body": body });
        if let Some(jsep) = jsep {
            message["jsep"] = jsep;
        }
        self.post(&format!("/{}/{handle}", self.session), message)?;
        let event = self.event("event", handle)?;
        let error = &event["plugindata"]["data"]["error"];
        if error.is_null() { Ok(event) } else { Err(format!("Janus refused: {error}")) }
    }

    /// The next event of this kind about a handle; others are passed over.
    fn event(&self, kind: &str, handle: u64) -> Result<Value, String> {
        loop {
            let event = self.get(&format!("/{}?maxev=1", self.session))?;
            if event["janus"] == kind && event["sender"] == handle {
                return Ok(event);
            }
        }
    }

    fn post(&self, path: &str, mut message: Value) -> Result<Value, String> {
        message["transaction"] = json!("t");
        let asking = async { self.http.post(format!("{URL}{path}")).json(&message).send().await?.json().await };
        self.runtime.block_on(asking).map_err(|error: reqwest::Error| format!("Janus: {error}"))
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        let asking = async { self.http.get(format!("{URL}{path}")).send().await?.json().await };
        self.runtime.block_on(asking).map_err(|error: reqwest::Error| format!("Janus: {error}"))
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(client: &mut Client, told: &Value) -> Result<(), String> {
    client.pause = PAUSE;
    client.accept(told["jsep"]["sdp"].as_str().ok_or("no description")?, false);
    if client.connect(DEADLINE) { Ok(()) } else { Err(format!("not connected to Janus; checks answered: {}", client.successes)) }
}

fn candidate(client: &Client) -> String {
    let address = client.socket.local_addr().expect("bound");
    format!("a=candidate:1 1 udp 2130706431 {} {} typ host\r\na=end-of-candidates\r\n", address.ip(), address.port())
}

/// The answer to a subscriber's offer, which has one section.
fn answer(client: &Client, offer: &str) -> String {
    let line = |name: &str| offer.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let (mid, format) = (line("a=mid:"), line("m=video 9 UDP/TLS/RTP/SAVPF ").split(' ').next().unwrap_or_default());
    format!(
        "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mid}\r\na=msid-semantic: WMS\r\nm=video 9 UDP/TLS/RTP/SAVPF {format}\r\nc=IN IP4 0.0.0.0\r\n\
         a=mid:{mid}\r\na=rtcp-mux\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:active\r\na=recvonly\r\na=rtpmap:{format} VP8/90000\r\n\
         a=rtcp-fb:{format} nack\r\na=rtcp-fb:{format} nack pli\r\n{}",
        client.ufrag,
        client.password,
        client.fingerprint(),
        candidate(client)
    )
}

/// Writes all that Janus needs into a folder of ours: of its modules only two.
fn configure(folder: &Path) -> Result<(), String> {
    let modules = modules()?;
    let failed = |error: std::io::Error| format!("the configuration of Janus cannot be written: {error}");
    for (kind, name) in [("plugins", "libjanus_videoroom.so"), ("transports", "libjanus_http.so")] {
        fs::create_dir(folder.join(kind)).map_err(failed)?;
        symlink(modules.join(kind).join(name), folder.join(kind).join(name)).map_err(failed)?;
    }
    for kind in ["events", "loggers"] {
        fs::create_dir(folder.join(kind)).map_err(failed)?;
    }
    let at = folder.display();
    let general = format!(
        "general: {{\n configs_folder = \"{at}\"\n plugins_folder = \"{at}/plugins\"\n transports_folder = \"{at}/transports\"\n events_folder = \"{at}/events\"\n \
         loggers_folder = \"{at}/loggers\"\n debug_level = 2\n session_timeout = 0\n}}\nnat: {{\n ice_enforce_list = \"{ADDRESS}\"\n}}\n"
    );
    let transport = "general: {\n json = \"compact\"\n base_path = \"/janus\"\n http = true\n port = 8088\n ip = \"127.0.0.1\"\n https = false\n}\nadmin: {\n admin_http = false\n}\n";
    let room = format!("room-{ROOM}: {{\n description = \"bench\"\n publishers = 2\n bitrate = 0\n videocodec = \"vp8\"\n}}\n");
    for (name, text) in [("janus.jcfg", &*general), ("janus.transport.http.jcfg", transport), ("janus.plugin.videoroom.jcfg", &room)] {
        fs::write(folder.join(name), text).map_err(failed)?;
    }
    Ok(())
}

/// Where Debian keeps its modules.
fn modules() -> Result<PathBuf, String> {
    let libraries = fs::read_dir("/usr/lib").map_err(|error| error.to_string())?;
    let found = libraries.flatten().map(|entry| entry.path().join("janus")).find(|path| path.join("plugins").is_dir());
    found.ok_or_else(|| "Janus is not installed: Debian's package is called janus".to_owned())
}
