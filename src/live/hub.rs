//! The hub: what is committed leaves in the order of its log, to a shard of connections in each worker; and who is online.

mod gaps;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{Notify, mpsc};

use super::admission::Admission;
use super::frames;
use super::log::Logged;
use super::order::Order;
use super::run::{RUN_BYTES, RUN_FRAMES, Run, runs};
use super::shard::{Addressee, Shard, Signal, numbered_frame};
use super::source::{Answer, Commands, Source};
use crate::error::{Error, Refusal, RefusalKind, Result};
use crate::heap;
use crate::ids::{MemberId, RoomId};

/// How often presence is sent and time-outs are looked at.
const TICK: Duration = Duration::from_millis(250);
/// One that has as many connections as they may have tries again after this long: by then a lost one has been noticed.
const ANOTHER_CONNECTION_MS: u64 = 30_000;

/// The hub's handle. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    publication: Mutex<Publication>,
    /// Something waits for an earlier event.
    holds: Arc<Notify>,
    shards: Mutex<Vec<mpsc::UnboundedSender<ToShard>>>,
    online: Mutex<HashMap<MemberId, u32>>,
    connections: AtomicUsize,
    published: AtomicU64,
    numbered: AtomicU64,
    /// The number of the latest signal to everyone. While it is held nobody else signals: every shard hears them in the same order.
    signalled: Mutex<u64>,
    admission: Mutex<Admission>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("connections", &self.connections()).finish_non_exhaustive()
    }
}

/// The program stops.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct GoingAway {
    #[cfg_attr(test, ts(type = "\"going_away\""))]
    r#type: &'static str,
    retry_after_ms: u64,
}

/// What was published, and what may be next.
enum Publication {
    /// The heads are not known yet: this was committed meanwhile.
    Early(Vec<Logged>),
    /// From the heads on.
    Begun(Order),
}

/// What a shard is told.
#[derive(Debug)]
enum ToShard {
    Deliver(Arc<[Run]>, Vec<Answer>),
    SignalRoom { room: RoomId, but: MemberId, frame: Bytes },
    SignalMember(MemberId, Bytes),
    SignalEveryone(u64, Bytes),
    Presence(MemberId, bool),
    Tell(Addressee, Bytes),
    GoAway { retry_after_ms: u64 },
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// A hub that takes events in and publishes them once [`Hub::start`] has begun.
    #[must_use]
    pub fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                publication: Mutex::new(Publication::Early(Vec::new())),
                holds: Arc::default(),
                shards: Mutex::default(),
                online: Mutex::default(),
                connections: AtomicUsize::new(0),
                published: AtomicU64::new(0),
                numbered: AtomicU64::new(0),
                signalled: Mutex::new(first_signal()),
                admission: Mutex::default(),
            }),
        }
    }

    /// Begins to publish, at the heads in the database, and looks for what got lost from then on.
    ///
    /// # Errors
    /// When the heads cannot be read, or it was started before.
    pub async fn start(&self, source: Arc<dyn Source>) -> Result<()> {
        let heads = source.heads().await?;
        let mut publication = self.inner.publication();
        let Publication::Early(events) = &mut *publication else { return Err(Error::broken("publication has begun")) };
        let events = std::mem::take(events);
        *publication = Publication::Begun(Order::new(heads));
        drop(publication);
        self.publish(events, Vec::new());
        let (hub, source) = (Arc::downgrade(&self.inner), Arc::downgrade(&source));
        gaps::look_for(hub, source)
    }

    /// Committed events, in commit order, with the answers that are to be given for them. Whoever committed them hands them to the shards
    /// themselves: a thread between would have to be woken for each commit.
    pub fn publish(&self, events: Vec<Logged>, answers: Vec<Answer>) {
        match &mut *self.inner.publication() {
            Publication::Early(early) => {
                early.extend(events);
                answers.into_iter().for_each(|answer| (answer.give)());
            }
            Publication::Begun(order) => {
                let ready = order.take(events, Instant::now());
                self.inner.deliver(&ready, answers);
                if order.next_overdue().is_some() {
                    self.inner.holds.notify_one();
                }
            }
        }
    }

    /// Something passing; may be lost.
    pub fn signal(&self, signal: Signal) {
        match signal {
            Signal::Room { room, but, frame } => self.inner.tell(|| ToShard::SignalRoom { room, but, frame: frame.clone() }),
            Signal::Member(member, frame) => self.inner.tell(|| ToShard::SignalMember(member, frame.clone())),
            Signal::Everyone(signal) => {
                let mut latest = self.inner.signalled();
                *latest += 1;
                let (n, frame) = (*latest, numbered_frame(*latest, &signal));
                self.inner.tell(|| ToShard::SignalEveryone(n, frame.clone()));
            }
        }
    }

    /// Something that is not durable and yet never dropped: whoever cannot take it is closed and comes back. In order for each addressee.
    pub fn tell(&self, to: Addressee, frame: &Bytes) {
        self.inner.tell(|| ToShard::Tell(to, frame.clone()));
    }

    /// Who of these is online.
    #[must_use]
    pub fn online(&self, members: &[MemberId]) -> Vec<(MemberId, bool)> {
        let online = self.inner.online.lock().unwrap_or_else(PoisonError::into_inner);
        members.iter().map(|member| (*member, online.contains_key(member))).collect()
    }

    /// How many live connections a member has.
    #[must_use]
    pub fn connections_of(&self, member: MemberId) -> u32 {
        self.inner.online.lock().unwrap_or_else(PoisonError::into_inner).get(&member).copied().unwrap_or(0)
    }

    /// Those who are online, in no order; at most `most`.
    #[must_use]
    pub fn those_online(&self, most: usize) -> Vec<MemberId> {
        self.inner.online.lock().unwrap_or_else(PoisonError::into_inner).keys().take(most).copied().collect()
    }

    /// How many members are online.
    #[must_use]
    pub fn members_online(&self) -> usize {
        self.inner.online.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.connections.load(Ordering::Relaxed)
    }

    /// How many events were published since the start.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.inner.published.load(Ordering::Relaxed)
    }

    /// The number of the latest signal to everyone, at most 2^53. It counts from another place each time that the program starts, unless it was
    /// stopped in order; see [`Hub::signal_from`]. What is read after this was asked is at least as new as that signal; a connection that is
    /// greeted with another number may have missed some.
    #[must_use]
    pub fn signalled(&self) -> u64 {
        *self.inner.signalled()
    }

    /// Goes on counting after this number, with which the program before stopped. To be said before anybody connects.
    pub fn signal_from(&self, latest: u64) {
        *self.inner.signalled() = latest;
    }

    /// The program stops: every connection is told to come back after `retry_after_ms` and closed.
    pub fn go_away(&self, retry_after_ms: u64) {
        self.inner.tell(|| ToShard::GoAway { retry_after_ms });
    }

    /// Makes the shard of this worker. Must be called on the worker's own thread.
    #[must_use]
    pub fn shard(&self, heartbeat: Duration, source: Arc<dyn Source>, commands: Arc<dyn Commands>) -> LocalHub {
        let (sender, inbox) = mpsc::unbounded_channel();
        // What is signalled from here on comes through the inbox.
        let latest = self.inner.signalled();
        let mut shards = self.inner.shards.lock().unwrap_or_else(PoisonError::into_inner);
        let number = shards.len();
        shards.push(sender);
        drop(shards);
        let shard = Rc::new(RefCell::new(Shard::new(heartbeat).after_signal(*latest)));
        actix_web::rt::spawn(shard.borrow().unwritten().keep_writing());
        actix_web::rt::spawn(run_shard(Rc::clone(&shard), inbox));
        let heartbeat_ms = u64::try_from(heartbeat.as_millis()).unwrap_or(u64::MAX);
        LocalHub { hub: self.clone(), number, shard, source, commands, heartbeat_ms }
    }

    /// A number for a new connection, unique while the program runs.
    pub(super) fn next_connection(&self) -> u64 {
        self.inner.numbered.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Lets one more handshake in, at most `per_second` of the whole program.
    fn admit(&self, now: Instant, per_second: u32) -> Result<()> {
        let admitted = self.inner.admission.lock().unwrap_or_else(PoisonError::into_inner).admit(now, per_second);
        admitted.map_err(|wait| {
            Error::Refused(Refusal {
                kind: RefusalKind::Unavailable,
                code: "live.too_many_handshakes",
                retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
                said: None,
            })
        })
    }

    /// A connection of this member more. The member's own limit comes first: who is refused by it takes no turn from the others.
    ///
    /// # Errors
    /// 429 `live.too_many_connections`, 503 `live.too_many_handshakes` with the time after which to try again; nothing is counted then.
    pub(super) fn came(&self, member: MemberId, now: Instant, limits: ConnectionLimits) -> Result<()> {
        let mut online = self.inner.online.lock().unwrap_or_else(PoisonError::into_inner);
        let before = online.get(&member).copied().unwrap_or(0);
        if usize::try_from(before).is_ok_and(|count| count >= limits.per_member.max(1)) {
            return Err(Error::slow_down("live.too_many_connections", ANOTHER_CONNECTION_MS));
        }
        self.admit(now, limits.per_second)?;
        online.insert(member, before + 1);
        let is_first = before == 0;
        drop(online);
        self.inner.connections.fetch_add(1, Ordering::Relaxed);
        if is_first {
            self.inner.tell(|| ToShard::Presence(member, true));
        }
        Ok(())
    }

    pub(super) fn left(&self, member: MemberId) {
        self.inner.connections.fetch_sub(1, Ordering::Relaxed);
        let mut online = self.inner.online.lock().unwrap_or_else(PoisonError::into_inner);
        let is_last = match online.get_mut(&member) {
            Some(count) if *count > 1 => {
                *count -= 1;
                false
            }
            _ => online.remove(&member).is_some(),
        };
        drop(online);
        if is_last {
            self.inner.tell(|| ToShard::Presence(member, false));
        }
    }
}

/// Where the numbers of signals begin: nobody who comes back to a program that was started again takes its numbers for those of before.
fn first_signal() -> u64 {
    u64::from(getrandom::u32().unwrap_or(0)) << 20
}

impl Inner {
    /// While it is held, nobody else signals to everyone.
    fn signalled(&self) -> MutexGuard<'_, u64> {
        self.signalled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// While it is held, nobody else publishes: each log reaches every shard in the same order.
    fn publication(&self) -> MutexGuard<'_, Publication> {
        self.publication.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the order, once there is one.
    fn with_order<T: Default>(&self, ask: impl FnOnce(&mut Order) -> T) -> T {
        match &mut *self.publication() {
            Publication::Early(_) => T::default(),
            Publication::Begun(order) => ask(order),
        }
    }

    /// Whose worker is gone hears nothing; its number stays taken.
    fn tell(&self, message: impl Fn() -> ToShard) {
        for shard in &*self.shards.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = shard.send(message());
        }
    }

    fn deliver(&self, ready: &[Logged], mut answers: Vec<Answer>) {
        self.published.fetch_add(ready.len() as u64, Ordering::Relaxed);
        let runs: Arc<[Run]> = runs(ready).into();
        for (number, shard) in self.shards.lock().unwrap_or_else(PoisonError::into_inner).iter().enumerate() {
            let own: Vec<Answer> = answers.extract_if(.., |answer| answer.shard == number).collect();
            if !runs.is_empty() || !own.is_empty() {
                let _ = shard.send(ToShard::Deliver(Arc::clone(&runs), own));
            }
        }
    }
}

/// How many connections may begin and be.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Of one member, at the same time.
    pub per_member: usize,
    /// Begun in a second, of the whole program.
    pub per_second: u32,
}

/// The hub as one worker has it.
#[derive(Clone)]
pub struct LocalHub {
    pub(super) hub: Hub,
    /// The number of its shard.
    pub number: usize,
    pub(super) shard: Rc<RefCell<Shard>>,
    pub(super) source: Arc<dyn Source>,
    pub(super) commands: Arc<dyn Commands>,
    pub(super) heartbeat_ms: u64,
}

impl LocalHub {
    /// As [`Hub::connections_of`].
    #[must_use]
    pub fn connections_of(&self, member: MemberId) -> u32 {
        self.hub.connections_of(member)
    }
}

impl std::fmt::Debug for LocalHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalHub")
    }
}

async fn run_shard(shard: Rc<RefCell<Shard>>, mut inbox: mpsc::UnboundedReceiver<ToShard>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut slice = Slice::default();
    let mut rest = heap::Rest::new(Instant::now());
    loop {
        tokio::select! {
            message = inbox.recv() => {
                let Some(message) = message else { return };
                rest.worked();
                match message {
                    ToShard::Deliver(runs, answers) => {
                        // Whoever waits for an answer is woken first, and so has queued it before the connections write.
                        answers.into_iter().for_each(|answer| (answer.give)());
                        deliver_in_slices(&shard, &runs, &mut slice).await;
                    }
                    ToShard::SignalRoom { room, but, frame } => shard.borrow_mut().signal_room(room, but, &frame),
                    ToShard::SignalMember(member, frame) => shard.borrow_mut().signal_member(member, &frame),
                    ToShard::SignalEveryone(n, frame) => shard.borrow_mut().signal_everyone(n, &frame),
                    ToShard::Presence(member, online) => shard.borrow_mut().presence_changed(member, online),
                    ToShard::Tell(to, frame) => shard.borrow_mut().tell(to, &frame),
                    ToShard::GoAway { retry_after_ms } => {
                        let notice = frames::json(&GoingAway { r#type: "going_away", retry_after_ms });
                        shard.borrow_mut().go_away(&notice);
                    }
                }
            }
            _ = ticks.tick() => {
                let over = shard.borrow_mut().tick(Instant::now());
                over.into_iter().for_each(super::socket::shut);
                if rest.is_due(Instant::now()) {
                    heap::settle();
                }
            }
        }
    }
}

/// What was delivered since the connections could last write.
#[derive(Debug, Default)]
struct Slice {
    bytes: usize,
    frames: usize,
}

/// What was committed together may be more than the queue of a connection holds, and none of this worker's connections can write while
/// the worker delivers. So it stops for them each time that half a queue may have come together, of one commit or of several.
async fn deliver_in_slices(shard: &RefCell<Shard>, runs: &[Run], slice: &mut Slice) {
    for run in runs {
        if slice.frames > 0 && (slice.bytes + run.bytes() > RUN_BYTES || slice.frames + run.count() > RUN_FRAMES) {
            *slice = Slice::default();
            // Those that cannot be written to from here are woken before this goes on.
            let unwritten = shard.borrow().unwritten();
            unwritten.write();
            tokio::task::yield_now().await;
        }
        slice.bytes += run.bytes();
        slice.frames += run.count();
        shard.borrow_mut().deliver(run);
    }
}
