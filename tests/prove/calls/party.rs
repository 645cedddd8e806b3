//! The real program with members at hand: their sockets, which are always read, and their media, which is synthetic but for ICE, DTLS and SRTP.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::client::{Client, DEADLINE, Knows, Section};
use crate::load::machine;
use crate::load::pipe::{self, Ear, Mouth};
use crate::load::program::{Plan, Program};
use crate::load::town::{Seat, Town};

/// Frames that somebody may wait for; all others are read and dropped.
const WANTED: [&[u8]; 4] = [b"{\"type\":\"ack\"", b"{\"type\":\"refused\"", b"{\"type\":\"call.joined\"", b"{\"type\":\"pc.answer\""];

/// The program and its people.
pub struct Party {
    program: Program,
    lines: Lines,
    /// Everybody, the owner first.
    pub seats: Vec<Seat>,
    /// Rooms with voice.
    pub rooms: Vec<String>,
    _folder: TempDir,
}

/// A connection that is wanted.
struct Wish {
    address: SocketAddr,
    token: String,
    made: Sender<Result<Link, String>>,
}

impl Party {
    /// Starts the program with rooms with voice, each of so many members; anybody may call, and so many may be in a call.
    pub fn open(binary: &Path, rooms: usize, each: usize) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let data = folder.path().join("data");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let (seats, ids) = runtime.block_on(async {
            let town = Town::found(&data, None).await?;
            let seats = town.people(rooms * each).await?;
            let mut ids = Vec::new();
            for (number, inside) in seats.chunks(each).enumerate() {
                ids.push(town.room(&format!("quay {number}"), inside).await?.0.to_string());
            }
            Ok::<_, String>((seats, ids))
        })?;
        let mut plan = Plan::new(binary, &data);
        plan.flags.extend(["--media-port", "0"].map(Into::into));
        let program = runtime.block_on(plan.start())?;
        runtime.block_on(prepare(program.address, &seats, &ids, each))?;
        drop(runtime);
        Ok(Self { program, lines: Lines::open(), seats, rooms: ids, _folder: folder })
    }

    /// Connects a member.
    pub fn link(&self, seat: usize) -> Result<Link, String> {
        self.lines.link(self.program.address, &self.seats[seat].token)
    }

    /// Memory of the program, KiB.
    pub fn memory(&self) -> f64 {
        machine::memory_kib(self.program.pid(), "Rss")
    }

    /// Of what kind it is, KiB: anonymous (heaps, stacks, caches), pages of files (the program's text, touched for the first time), and what is
    /// shared with other processes (the index of the database's log).
    pub fn kinds(&self) -> [f64; 3] {
        ["Pss_Anon", "Pss_File", "Pss_Shmem"].map(|name| machine::memory_kib(self.program.pid(), name))
    }

    /// Milliseconds of CPU that the program has used.
    pub fn cpu_ms(&self) -> f64 {
        self.program.cpu_ms()
    }

    /// Open files of the program, sockets among them.
    pub fn files(&self) -> f64 {
        std::fs::read_dir(format!("/proc/{}/fd", self.program.pid())).map_or(0.0, |all| all.count() as f64)
    }

    /// The time that it took until memory was back at this, and what it is then.
    pub fn wait_memory(&self, most_kib: f64, within: Duration) -> (f64, Duration) {
        let begun = Instant::now();
        loop {
            let memory = self.memory();
            if memory <= most_kib || begun.elapsed() >= within {
                return (memory, begun.elapsed());
            }
            std::thread::park_timeout(Duration::from_millis(250));
        }
    }
}

/// Opens calls to all and the rooms to voices.
async fn prepare(address: SocketAddr, seats: &[Seat], rooms: &[String], each: usize) -> Result<(), String> {
    let http = reqwest::Client::builder().no_proxy().build().map_err(|error| error.to_string())?;
    let patch = async |path: String, by: &Seat, change: Value| {
        let asked = http.patch(format!("http://{address}/api/v1{path}")).bearer_auth(&by.token).json(&change).send().await;
        let answer = asked.map_err(|error| error.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("{path}: {}", answer.text().await.unwrap_or_default())) }
    };
    patch("/admin/settings".to_owned(), &seats[0], json!({ "calls_open_to": "all_members", "call_members": each.max(2) })).await?;
    for (room, inside) in rooms.iter().zip(seats.chunks(each)) {
        patch(format!("/rooms/{room}"), &inside[0], json!({ "voice": true })).await?;
    }
    Ok(())
}

/// A thread that opens live sockets and reads them all.
pub struct Lines(mpsc::UnboundedSender<Wish>);

impl Lines {
    /// Starts it; it ends with the process.
    pub fn open() -> Self {
        let (sender, wishes) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            tokio::task::LocalSet::new().block_on(&runtime, serve(wishes));
        });
        Self(sender)
    }

    /// Connects the member with this token.
    pub fn link(&self, address: SocketAddr, token: &str) -> Result<Link, String> {
        let (made, told) = unbounded();
        self.0.send(Wish { address, token: token.to_owned(), made }).map_err(|_| "no thread for sockets".to_owned())?;
        told.recv_timeout(DEADLINE).map_err(|_| "not connected in time".to_owned())?
    }
}

async fn serve(mut wishes: mpsc::UnboundedReceiver<Wish>) {
    let scratch = Rc::new(pipe::scratch());
    while let Some(Wish { address, token, made }) = wishes.recv().await {
        let opened = pipe::open(address, &token, None).await;
        let link = opened.map(|(mouth, ear)| {
            let (said, frames) = unbounded();
            let reading = tokio::task::spawn_local(read(ear, Rc::clone(&scratch), said)).abort_handle();
            Link { mouth, frames, runtime: Handle::current(), reading, aside: VecDeque::new(), refs: 0 }
        });
        let _ = made.send(link);
    }
    // The sockets that are open are still read.
    std::future::pending().await
}

async fn read(mut ear: Ear, scratch: Rc<RefCell<Vec<u8>>>, said: Sender<Vec<u8>>) {
    let keep = |frame: &[u8]| {
        if WANTED.iter().any(|begin| frame.starts_with(begin)) {
            let _ = said.send(frame.to_vec());
        }
    };
    while ear.listen(&scratch, keep).await.is_ok() {}
}

/// The live connection of a member; closed when dropped.
pub struct Link {
    mouth: Mouth,
    frames: Receiver<Vec<u8>>,
    runtime: Handle,
    reading: AbortHandle,
    aside: VecDeque<Value>,
    refs: u64,
}

impl Link {
    /// Says a command and waits until it is acknowledged.
    pub fn done(&mut self, mut command: Value) -> Result<Value, String> {
        self.refs += 1;
        let reference = self.refs.to_string();
        command["ref"] = json!(reference);
        self.say(&command)?;
        let answer = self.next(|frame| frame["ref"] == reference.as_str())?;
        if answer["type"] == "ack" { Ok(answer) } else { Err(format!("{} was refused: {answer}", command["type"])) }
    }

    /// Says something that is not answered.
    pub fn say(&self, command: &Value) -> Result<(), String> {
        self.runtime.block_on(self.mouth.say(&command.to_string())).map_err(|error| format!("the socket is gone: {error}"))
    }

    /// The next frame that fits; others are kept.
    pub fn next(&mut self, fits: impl Fn(&Value) -> bool) -> Result<Value, String> {
        if let Some(at) = self.aside.iter().position(&fits) {
            return Ok(self.aside.remove(at).unwrap_or_default());
        }
        let end = Instant::now() + DEADLINE;
        loop {
            let bytes = self.frames.recv_deadline(end).map_err(|_| "no answer in time".to_owned())?;
            let frame: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
            if fits(&frame) {
                return Ok(frame);
            }
            self.aside.push_back(frame);
        }
    }

    /// Opens the call of a room, or finds the one that is there.
    pub fn call_of(&mut self, room: &str, key: &str) -> Result<String, String> {
        let answer = self.done(json!({ "type": "call.start", "room": room, "video": true, "key": key }))?;
        answer["id"].as_str().map(str::to_owned).ok_or_else(|| format!("no id: {answer}"))
    }

    /// Comes into a call and connects. `tracks` names what the sections that send are.
    pub fn join(&mut self, call: &str, sections: &[Section], tracks: &[(&str, &str)]) -> Result<Client, String> {
        self.done(json!({ "type": "call.join", "call": call }))?;
        self.next(|frame| frame["type"] == "call.joined" && frame["call"]["id"] == call)?;
        let mut client = Client::new("127.0.0.1:0", Knows::Both);
        let tracks: Vec<Value> = tracks.iter().map(|(mid, source)| json!({ "mid": mid, "source": source })).collect();
        self.done(json!({ "type": "pc.offer", "call": call, "gen": 1, "sdp": client.offer(sections), "tracks": tracks }))?;
        let answer = self.next(|frame| frame["type"] == "pc.answer" && frame["call"] == call)?;
        client.accept(answer["sdp"].as_str().ok_or("no answer")?, false);
        if client.connect(DEADLINE) { Ok(client) } else { Err("media does not connect".to_owned()) }
    }

    /// Leaves a call.
    pub fn leave(&mut self, call: &str) -> Result<(), String> {
        self.done(json!({ "type": "call.leave", "call": call })).map(drop)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.reading.abort();
    }
}
