//! The hub: one publisher thread that keeps every log in order, a shard of connections in each worker, and who is online.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use serde::Serialize;
use tokio::sync::mpsc;

use super::admission::Admission;
use super::frames;
use super::log::Logged;
use super::order::Order;
use super::queue::QUEUE_BYTES;
use super::shard::{Delivery, Shard, Signal};
use super::source::{Commands, Source};
use crate::error::{Error, Refusal, RefusalKind, Result};
use crate::ids::MemberId;

/// How often what was delivered is compared with the heads in the database.
const COMPARE: Duration = Duration::from_secs(10);
/// How often presence is sent and time-outs are looked at.
const TICK: Duration = Duration::from_millis(250);
/// One that has as many connections as they may have tries again after this long: by then a lost one has been noticed.
const ANOTHER_CONNECTION_MS: u64 = 30_000;
/// Events read at once to fill a gap.
const GAP_PAGE: i64 = 500;

/// The hub's handle. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    events: Sender<Vec<Logged>>,
    inbox: Mutex<Option<Receiver<Vec<Logged>>>>,
    shards: Mutex<Vec<mpsc::UnboundedSender<ToShard>>>,
    online: Mutex<HashMap<MemberId, u32>>,
    connections: AtomicUsize,
    published: AtomicU64,
    numbered: AtomicU64,
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

/// What a shard is told.
#[derive(Clone, Debug)]
enum ToShard {
    Deliver(Arc<[Delivery]>),
    Signal(Signal),
    Presence(MemberId, bool),
    GoAway { retry_after_ms: u64 },
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// A hub that takes events in and publishes them once [`Hub::start`] has run.
    #[must_use]
    pub fn new() -> Self {
        let (events, inbox) = unbounded();
        Self {
            inner: Arc::new(Inner {
                events,
                inbox: Mutex::new(Some(inbox)),
                shards: Mutex::default(),
                online: Mutex::default(),
                connections: AtomicUsize::new(0),
                published: AtomicU64::new(0),
                numbered: AtomicU64::new(0),
                admission: Mutex::default(),
            }),
        }
    }

    /// Starts the publisher, which begins at the heads in the database.
    ///
    /// # Errors
    /// When the heads cannot be read, or it was started before.
    pub async fn start(&self, source: Arc<dyn Source>) -> Result<()> {
        let inbox = self.inner.inbox.lock().unwrap_or_else(PoisonError::into_inner).take();
        let inbox = inbox.ok_or_else(|| Error::broken("the publisher runs already"))?;
        let order = Order::new(source.heads().await?);
        let hub = Arc::downgrade(&self.inner);
        std::thread::Builder::new().name("rialto-publisher".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers needs nothing");
            publish_until_closed(&inbox, order, &*source, &runtime, &|ready| {
                if let Some(inner) = hub.upgrade() {
                    inner.deliver(ready);
                }
            });
        })?;
        Ok(())
    }

    /// Committed events, in commit order.
    pub fn publish(&self, events: Vec<Logged>) {
        let _ = self.inner.events.send(events);
    }

    /// Something passing; may be lost.
    pub fn signal(&self, signal: Signal) {
        self.inner.tell(&ToShard::Signal(signal));
    }

    /// Who of these is online.
    #[must_use]
    pub fn online(&self, members: &[MemberId]) -> Vec<(MemberId, bool)> {
        let online = self.inner.online.lock().unwrap_or_else(PoisonError::into_inner);
        members.iter().map(|member| (*member, online.contains_key(member))).collect()
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

    /// The program stops: every connection is told to come back after `retry_after_ms` and closed.
    pub fn go_away(&self, retry_after_ms: u64) {
        self.inner.tell(&ToShard::GoAway { retry_after_ms });
    }

    /// Makes the shard of this worker. Must be called on the worker's own thread.
    #[must_use]
    pub fn shard(&self, heartbeat: Duration, source: Arc<dyn Source>, commands: Arc<dyn Commands>) -> LocalHub {
        let (sender, inbox) = mpsc::unbounded_channel();
        self.inner.shards.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        let shard = Rc::new(RefCell::new(Shard::new(heartbeat)));
        actix_web::rt::spawn(run_shard(Rc::clone(&shard), inbox));
        LocalHub { hub: self.clone(), shard, source, commands, heartbeat_ms: u64::try_from(heartbeat.as_millis()).unwrap_or(u64::MAX) }
    }

    /// A name for a new connection, unique while the program runs.
    pub(super) fn next_connection(&self) -> String {
        format!("{:x}", self.inner.numbered.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Lets one more handshake in, at most `per_second` of the whole program.
    fn admit(&self, now: Instant, per_second: u32) -> Result<()> {
        let admitted = self.inner.admission.lock().unwrap_or_else(PoisonError::into_inner).admit(now, per_second);
        admitted.map_err(|wait| {
            Error::Refused(Refusal {
                kind: RefusalKind::Unavailable,
                code: "live.too_many_handshakes",
                retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
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
            self.inner.tell(&ToShard::Presence(member, true));
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
            self.inner.tell(&ToShard::Presence(member, false));
        }
    }
}

impl Inner {
    fn tell(&self, message: &ToShard) {
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        shards.retain(|shard| shard.send(message.clone()).is_ok());
    }

    fn deliver(&self, ready: Vec<Logged>) {
        self.published.fetch_add(ready.len() as u64, Ordering::Relaxed);
        let framed =
            ready.iter().map(|logged| Delivery { log: logged.log, seq: logged.seq, frame: frames::event(logged), effect: logged.effect });
        self.tell(&ToShard::Deliver(framed.collect()));
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
    pub(super) shard: Rc<RefCell<Shard>>,
    pub(super) source: Arc<dyn Source>,
    pub(super) commands: Arc<dyn Commands>,
    pub(super) heartbeat_ms: u64,
}

impl std::fmt::Debug for LocalHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalHub")
    }
}

async fn run_shard(shard: Rc<RefCell<Shard>>, mut inbox: mpsc::UnboundedReceiver<ToShard>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = inbox.recv() => {
                let Some(message) = message else { return };
                match message {
                    ToShard::Deliver(deliveries) => deliver_in_slices(&shard, &deliveries).await,
                    ToShard::Signal(signal) => shard.borrow_mut().signal(&signal),
                    ToShard::Presence(member, online) => shard.borrow_mut().presence_changed(member, online),
                    ToShard::GoAway { retry_after_ms } => {
                        let notice = frames::json(&GoingAway { r#type: "going_away", retry_after_ms });
                        shard.borrow_mut().go_away(&notice, Instant::now());
                    }
                }
            }
            _ = ticks.tick() => {
                let over = shard.borrow_mut().tick(Instant::now());
                over.into_iter().for_each(super::socket::shut);
            }
        }
    }
}

/// What was committed together may be more than the queue of a connection holds, and none of this worker's connections can write while
/// the worker delivers. So it stops for them each time that half a queue may have come together.
async fn deliver_in_slices(shard: &RefCell<Shard>, deliveries: &[Delivery]) {
    let mut bytes = 0;
    for delivery in deliveries {
        if bytes > 0 && bytes + delivery.frame.len() > QUEUE_BYTES / 2 {
            bytes = 0;
            tokio::task::yield_now().await;
        }
        bytes += delivery.frame.len();
        shard.borrow_mut().deliver(delivery, Instant::now());
    }
}

fn publish_until_closed(
    inbox: &Receiver<Vec<Logged>>,
    mut order: Order,
    source: &dyn Source,
    runtime: &tokio::runtime::Runtime,
    deliver: &dyn Fn(Vec<Logged>),
) {
    let mut compare_at = Instant::now() + COMPARE;
    loop {
        let now = Instant::now();
        let wake_at = order.next_overdue().map_or(compare_at, |at| at.min(compare_at));
        match inbox.recv_timeout(wake_at.saturating_duration_since(now)) {
            Ok(mut batch) => {
                batch.extend(inbox.try_iter().flatten());
                let ready = order.take(batch, Instant::now());
                if !ready.is_empty() {
                    deliver(ready);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        let mut late = order.overdue(now);
        if now >= compare_at {
            compare_at = now + COMPARE;
            match runtime.block_on(source.heads()) {
                Ok(heads) => late.extend(order.behind(heads)),
                Err(error) => tracing::warn!(%error, "the heads could not be compared"),
            }
        }
        for (log, after) in late {
            match runtime.block_on(source.page(log, after, GAP_PAGE)) {
                Ok(events) => deliver(order.take(events, now)),
                Err(error) => {
                    tracing::warn!(%error, "a gap could not be read");
                    order.postpone(log, Instant::now());
                }
            }
        }
    }
}
