//! Who is driven: the product or a floor with its connections, and the ears that count what comes out of them.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use rialto::ids::RoomId;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::load::pipe::{self, Ear, End, Kind, Mouth};
use crate::load::program::{Plan, Program, launch};
use crate::load::town::{Seat, Town};
use crate::options::Options;

/// A hundred bytes, as people write.
pub const BODY: &str = "The boats at the quay were counted again before the tide turned, and nobody had gone out without oars.";

/// One connection to be: its token and its room.
#[derive(Clone, Debug)]
pub struct Place {
    /// Bearer token; for a floor, the room.
    pub token: String,
    /// The room, as the wire writes it.
    pub room: String,
}

/// A database with people in rooms, kept while rounds start the product on it again and again.
pub struct Stage {
    folder: tempfile::TempDir,
    /// Everyone, room by room.
    pub places: Vec<Place>,
}

impl Stage {
    /// Rooms of `each` members, `rooms` of them, nobody in two.
    pub async fn set(rooms: usize, each: usize) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let town = Town::found(&folder.path().join("data"), None).await?;
        let people = town.people(rooms * each).await?;
        let mut places = Vec::with_capacity(people.len());
        for (n, group) in people.chunks(each).enumerate() {
            let room = town.room(&format!("Room {n}"), group).await?;
            places.extend(group.iter().map(|seat| place(seat, room)));
        }
        Ok(Self { folder, places })
    }

    /// The data folder.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the product on it.
    pub async fn product(&self, options: &Options) -> Result<Program, String> {
        let mut plan = Plan::new(&options.binary, &self.data());
        if let Some(workers) = options.workers {
            plan.flags.extend(["--workers".into(), workers.to_string().into()]);
        }
        plan.start().await
    }

    /// Starts a floor; its places are those of the product with rooms as tokens.
    pub async fn floor(&self, name: &str) -> Result<Program, String> {
        let data = self.folder.path().join("floor");
        let _ = std::fs::remove_dir_all(&data);
        std::fs::create_dir_all(&data).map_err(|error| error.to_string())?;
        start_floor(name, &data).await
    }

    /// The places as a floor knows them.
    pub fn floor_places(&self) -> Vec<Place> {
        self.places.iter().map(|place| Place { token: place.room.clone(), room: place.room.clone() }).collect()
    }
}

fn place(seat: &Seat, room: RoomId) -> Place {
    Place { token: seat.token.clone(), room: room.to_string() }
}

async fn start_floor(name: &str, data: &Path) -> Result<Program, String> {
    let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
    command.args(["floor", name]).arg(data);
    Ok(launch(command)?.ready().await?.0)
}

/// Connections are made this many at a time.
const AT_ONCE: usize = 64;

/// Opens a connection for each place, in order.
pub async fn open_all(program: &Program, places: &[Place]) -> Result<Vec<(Mouth, Ear)>, String> {
    let mut all = Vec::with_capacity(places.len());
    for group in places.chunks(AT_ONCE) {
        let opened = futures_util::future::join_all(group.iter().map(|place| pipe::open(program.address, &place.token, None))).await;
        for one in opened {
            all.push(one?);
        }
    }
    Ok(all)
}

/// What the ears of one room have heard, and who waits for it.
#[derive(Default)]
pub struct Count {
    /// For each message sent: how many have not heard it yet.
    missing: RefCell<Vec<u32>>,
    /// Messages that all have heard.
    pub complete: Cell<usize>,
    /// Event frames in all.
    pub delivered: Cell<u64>,
    /// Something that must not happen.
    pub trouble: RefCell<Option<String>>,
    /// A message is complete.
    pub changed: Notify,
}

impl Count {
    /// A message will be heard by `hearers`.
    pub fn expect(&self, hearers: u32) {
        self.missing.borrow_mut().push(hearers);
    }

    /// How many were sent.
    pub fn sent(&self) -> usize {
        self.missing.borrow().len()
    }

    fn heard(&self, message: usize) {
        self.delivered.set(self.delivered.get() + 1);
        let mut missing = self.missing.borrow_mut();
        let Some(left) = missing.get_mut(message) else { return };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.complete.set(self.complete.get() + 1);
            self.changed.notify_one();
        }
    }
}

/// Everyone in one room, listening; the first may speak.
pub struct Crowd {
    /// The speaker.
    pub mouth: Mouth,
    /// The speaker's room.
    pub room: String,
    /// What was heard.
    pub count: Rc<Count>,
    hearers: u32,
    key: u64,
    next: usize,
    tasks: Vec<JoinHandle<()>>,
    _mouths: Vec<Mouth>,
}

impl Crowd {
    /// Connects everyone.
    pub async fn gather(program: &Program, places: &[Place]) -> Result<Self, String> {
        let count = Rc::new(Count::default());
        let scratch = Rc::new(pipe::scratch());
        let (mut mouths, mut tasks) = (Vec::new(), Vec::new());
        for (mouth, mut ear) in open_all(program, places).await? {
            mouths.push(mouth);
            let (count, scratch) = (Rc::clone(&count), Rc::clone(&scratch));
            tasks.push(tokio::task::spawn_local(async move {
                let mut next = 0;
                let end: End = loop {
                    let heard = ear.listen(&scratch, |payload| match Kind::of(payload) {
                        Kind::Event => {
                            count.heard(next);
                            next += 1;
                        }
                        Kind::Refused => *count.trouble.borrow_mut() = Some(String::from_utf8_lossy(payload).into_owned()),
                        Kind::Ack | Kind::Other => {}
                    });
                    if let Err(end) = heard.await {
                        break end;
                    }
                };
                *count.trouble.borrow_mut() = Some(format!("a connection ended: {end:?}"));
                count.changed.notify_one();
            }));
        }
        let hearers = u32::try_from(places.len()).map_err(|error| error.to_string())?;
        let mouth = mouths.first().cloned().ok_or("nobody is there")?;
        Ok(Self { mouth, room: places[0].room.clone(), count, hearers, key: run_key(), next: 0, tasks, _mouths: mouths })
    }

    /// Sends `messages` in one write.
    pub async fn say(&mut self, messages: usize) -> Result<(), String> {
        let mut bytes = Vec::with_capacity(messages * 256);
        for _ in 0..messages {
            self.next += 1;
            self.count.expect(self.hearers);
            let (n, room, key) = (self.next, &self.room, self.key);
            let text = format!(r#"{{"type":"chat.send","ref":"{n}","room":"{room}","client_key":"{key}-{n}","body":"{BODY}"}}"#);
            pipe::frame_into(&mut bytes, &text);
        }
        self.mouth.write(&bytes).await.map_err(|error| error.to_string())
    }

    /// Waits until one more message is complete, or fails.
    pub async fn wait(&self) -> Result<(), String> {
        if let Some(trouble) = self.count.trouble.borrow().clone() {
            return Err(trouble);
        }
        tokio::time::timeout(PATIENCE, self.count.changed.notified())
            .await
            .map_err(|_| format!("only {} of {} messages reached everyone in {PATIENCE:?}", self.count.complete.get(), self.count.sent()))
    }

    /// Waits until everything that was sent has reached everyone.
    pub async fn settle(&self) -> Result<(), String> {
        while self.count.complete.get() < self.count.sent() {
            self.wait().await?;
        }
        Ok(())
    }
}

/// How long nothing may be complete before the run has failed.
const PATIENCE: Duration = Duration::from_secs(30);

impl Drop for Crowd {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Client keys are for ever: a prefix that no other crowd of this run has.
pub fn run_key() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
