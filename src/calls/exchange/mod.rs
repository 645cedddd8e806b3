//! The exchange: the one value through which everything reaches the board, and everything that follows leaves it, in order.

mod media;
mod readings;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::{Notify, mpsc, oneshot, watch};

pub(super) use media::refused;
pub use media::{MediaFault, MediaServer};

use super::board::{Board, MEASURE_MS, Outgoing, Record};
use super::check::{Checks, Echoes, Whose};
use super::outbox::Outbox;
use super::sfu;
use crate::clock::{Clock, Millis};
use crate::heap;
use crate::ids::MemberId;
use crate::live::{Caller, Effect, Hub, LogId, Logged};
use crate::storage::Tx;

/// How often time is looked at, and changes are told together.
const TICK: Duration = Duration::from_millis(100);
/// A command that rests on rows waits so long at most until what happened before is kept.
const KEPT_WITHIN: Duration = Duration::from_secs(2);
/// How every event of a room that changed begins.
const ROOM_CHANGED: &str = "{\"kind\":\"room_changed\"";

/// Which offer waits for its answer.
type Offer = (sfu::Who, u32);

/// The exchange. Cheap to clone.
#[derive(Clone)]
pub struct Calls(Arc<Inner>);

struct Inner {
    board: Mutex<Board>,
    hub: Hub,
    clock: Clock,
    /// What follows, in the order in which it happened.
    outbox: Outbox<Outgoing>,
    media: RwLock<Option<Arc<dyn MediaServer>>>,
    fault: Mutex<Option<MediaFault>>,
    said: mpsc::UnboundedSender<sfu::Output>,
    heard: Mutex<Option<mpsc::UnboundedReceiver<sfu::Output>>>,
    records: mpsc::UnboundedSender<Record>,
    kept: Mutex<Option<mpsc::UnboundedReceiver<Record>>>,
    /// How many records followed, and how many of them were kept or put by.
    recorded: AtomicU64,
    settled: watch::Sender<u64>,
    offers: Mutex<HashMap<Offer, oneshot::Sender<Option<sfu::Refusal>>>>,
    echoes: Mutex<Echoes>,
    checks: Checks,
    stopped: AtomicBool,
    /// How many calls go on: asked with every commit, so without the lock.
    live: AtomicUsize,
    /// Rung when time may matter again.
    bell: Notify,
    /// Rung when there has been no call for a while.
    rested: Notify,
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Calls")
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Calls {
    /// One without a media server yet.
    #[must_use]
    pub fn new(hub: Hub, clock: Clock) -> Self {
        let (records, kept) = mpsc::unbounded_channel();
        let (said, heard) = mpsc::unbounded_channel();
        Self(Arc::new(Inner {
            board: Mutex::new(Board::new(false)),
            hub,
            clock,
            outbox: Outbox::default(),
            media: RwLock::new(None),
            fault: Mutex::default(),
            said,
            heard: Mutex::new(Some(heard)),
            records,
            kept: Mutex::new(Some(kept)),
            recorded: AtomicU64::new(0),
            settled: watch::Sender::new(0),
            offers: Mutex::default(),
            echoes: Mutex::default(),
            checks: Checks::default(),
            stopped: AtomicBool::new(false),
            live: AtomicUsize::new(0),
            bell: Notify::new(),
            rested: Notify::new(),
        }))
    }

    /// Something happens: it is taken in, and what follows leaves in the order in which it happened, while more can happen.
    pub(super) fn with<T>(&self, happen: impl FnOnce(&mut Board, Millis, &mut Vec<Outgoing>) -> T) -> T {
        let mut board = guard(&self.0.board);
        let mut out = Vec::new();
        let answer = happen(&mut board, self.0.clock.now(), &mut out);
        self.0.live.store(board.count(), Ordering::Release);
        self.0.bell.notify_one();
        let records = out.iter().filter(|each| matches!(each, Outgoing::Keep(_))).count();
        self.0.recorded.fetch_add(u64::try_from(records).unwrap_or(0), Ordering::Release);
        self.0.outbox.put(out);
        drop(board);
        self.0.outbox.carry_out(|each| self.dispatch(each));
        answer
    }

    /// The same, where a panic must not end whoever calls.
    fn survives(&self, happen: impl FnOnce(&mut Board, Millis, &mut Vec<Outgoing>)) {
        if catch_unwind(AssertUnwindSafe(|| self.with(happen))).is_err() {
            tracing::error!("something that happened in a call could not be taken in");
        }
    }

    /// Looks at the board.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        look(&guard(&self.0.board))
    }

    fn is_quiet(&self) -> bool {
        self.0.live.load(Ordering::Acquire) == 0
    }

    fn dispatch(&self, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Tell(to, frame) => self.0.hub.tell(to, &frame),
            Outgoing::Media(input) => self.to_media(input),
            Outgoing::Keep(record) => {
                let _ = self.0.records.send(record);
            }
            Outgoing::Answered { who, generation, refused } => {
                if let Some(waiting) = guard(&self.0.offers).remove(&(who, generation)) {
                    let _ = waiting.send(refused);
                }
            }
        }
    }

    /// Something happens with echoes; what follows for the media server leaves before anything else can happen with them.
    pub(super) fn echoes<T>(&self, happen: impl FnOnce(&mut Echoes, Millis, &mut Vec<sfu::Input>) -> T) -> T {
        let mut echoes = guard(&self.0.echoes);
        let mut out = Vec::new();
        let answer = happen(&mut echoes, self.0.clock.now(), &mut out);
        self.0.bell.notify_one();
        out.into_iter().for_each(|input| self.to_media(input));
        answer
    }

    /// Looks from outside.
    #[must_use]
    pub fn checks(&self) -> &Checks {
        &self.0.checks
    }

    /// What was committed: whoever is signed out, out of a room, or whose room closes, is out of its calls at once.
    pub fn hear_events(&self, events: &[Logged]) {
        let concerns =
            |event: &&Logged| matches!(event.effect, Effect::Leave(_) | Effect::EndSession(_)) || event.event.starts_with(ROOM_CHANGED);
        if self.is_quiet() {
            return;
        }
        let concerning: Vec<&Logged> = events.iter().filter(concerns).collect();
        if concerning.is_empty() {
            return;
        }
        self.with(|board, now, out| {
            for event in concerning {
                match (event.log, event.effect) {
                    (LogId::Member(member), Effect::Leave(room)) => board.room_left(member, room, now, out),
                    (LogId::Member(member), Effect::EndSession(session)) => board.session_ended(member, session, now, out),
                    (LogId::Room(room), _) if closes(&event.event) => board.room_closed(room, now, out),
                    _ => {}
                }
            }
        });
    }

    /// A connection is over.
    pub fn connection_left(&self, caller: Caller) {
        if !self.is_quiet() {
            self.with(|board, now, out| board.connection_left(caller, now, out));
        }
    }

    /// A member is banned or deleted: once that is committed they are out of every call.
    pub fn member_removed(&self, tx: &mut Tx<'_>, member: MemberId) {
        let calls = self.clone();
        tx.after_commit(move || {
            calls.echoes(|echoes, _, out| echoes.close(Whose::Member(member), out));
            calls.with(|board, now, out| board.member_removed(member, now, out));
        });
    }

    /// One shuts another out: once that is committed, no call connects the two alone.
    pub fn shut_out(&self, tx: &mut Tx<'_>, member: MemberId, other: MemberId) {
        let calls = self.clone();
        tx.after_commit(move || calls.with(|board, now, out| board.shut_out(member, other, now, out)));
    }

    /// What is to be kept in the database, in order; there is one taker.
    pub(super) fn take_records(&self) -> Option<mpsc::UnboundedReceiver<Record>> {
        guard(&self.0.kept).take()
    }

    /// One more of them was kept, or put by.
    pub(super) fn note_kept(&self) {
        self.0.settled.send_modify(|count| *count += 1);
    }

    /// Does something wait to be kept? Then this ends once it is, or after [`KEPT_WITHIN`].
    pub(super) fn unsettled(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let recorded = self.0.recorded.load(Ordering::Acquire);
        let mut settled = self.0.settled.subscribe();
        let is_behind = *settled.borrow() < recorded;
        is_behind.then_some(async move {
            let _ = tokio::time::timeout(KEPT_WITHIN, settled.wait_for(|count| *count >= recorded)).await;
        })
    }

    /// Is there nothing for which time matters?
    fn is_timeless(&self) -> bool {
        self.is_quiet() && guard(&self.0.echoes).is_empty() && self.look(Board::is_at_rest)
    }

    /// Lets time pass until the program stops. Where no call goes on, nobody is woken for it.
    pub(super) async fn tick(&self) {
        let measure = Duration::from_millis(MEASURE_MS);
        let mut measure_at = Instant::now() + measure;
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut settled = heap::TIMES;
        while !self.0.stopped.load(Ordering::Relaxed) {
            if self.is_timeless() {
                let rung = self.0.bell.notified();
                if settled == heap::TIMES {
                    rung.await;
                } else if tokio::time::timeout(heap::WINDOW, rung).await.is_err() {
                    heap::settle();
                    self.0.rested.notify_one();
                    settled += 1;
                }
                continue;
            }
            settled = 0;
            ticks.tick().await;
            self.echoes(|echoes, now, out| echoes.pass(now, out));
            if self.look(Board::is_at_rest) {
                continue;
            }
            let measures = Instant::now() >= measure_at;
            if measures {
                measure_at = Instant::now() + measure;
            }
            self.survives(|board, now, out| {
                board.pass(now, out);
                if measures {
                    board.ask_measurements(out);
                }
            });
        }
    }

    /// Ends when there has been no call for a while, after there were some.
    pub(super) async fn rested(&self) {
        self.0.rested.notified().await;
    }

    /// The program stops: calls stay as rows, so that their people come back to them.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
        self.0.bell.notify_one();
        let media = self.0.media.write().unwrap_or_else(PoisonError::into_inner).take();
        // Its threads may be telling something: they are waited for with nothing held.
        drop(media);
    }
}

/// Does this event of a room end its calls?
fn closes(event: &str) -> bool {
    #[derive(Deserialize)]
    struct Changed {
        archived: bool,
        voice: bool,
    }
    serde_json::from_str::<Changed>(event).is_ok_and(|room| room.archived || !room.voice)
}

#[cfg(test)]
mod tests {
    use super::media::tests::Prompt;
    use super::*;
    use crate::access::Token;
    use crate::calls::board::{Entrance, Joining, NewCall, Standing, Voice};
    use crate::calls::model::{CallKind, Cause};
    use crate::ids::{CallId, RoomId, SessionId, StayId};

    #[tokio::test]
    async fn what_the_last_call_left_goes_soon_after_it() {
        let calls = Calls::new(Hub::new(), Clock::system());
        calls.use_media(Arc::new(Prompt(calls.clone())));
        let (id, member, token) = (CallId(7), MemberId(1), Token::random().expect("random"));
        calls.with(|board, now, out| {
            let (video, pictures, room) = (false, false, Some(RoomId(2)));
            let (connection, ends_at, most, locked) = (None, None, 2, false);
            let (kind, starter, started_at) = (CallKind::Room, member, now);
            board.open(NewCall { id, kind, room, video, pictures, starter, connection, started_at, ends_at, most, locked }, &[], now, out);
            let entrance = Entrance { id: StayId(1), session: SessionId(1), connection: 3, token: token.hash() };
            let standing = Standing { is_of_room: true, leads_room: false };
            let voice = Voice { member, connection: 3 };
            let joining = Joining { voice, entrance, token: token.reveal(), standing, resume: None };
            board.join(id, &joining, now, out).expect("comes in");
            board.end(id, Cause::EndedByHost, now, out).expect("goes on");
        });
        assert!(!calls.look(Board::is_at_rest), "its stay waits for the thread on which time passes");
        let rests = async {
            while !calls.look(Board::is_at_rest) {
                tokio::task::yield_now().await;
            }
        };
        let soon = Duration::from_secs(15);
        let seen = async {
            tokio::time::timeout(soon, rests).await.expect("at rest in time");
            // What threads took for it is given back a little later, in several goes.
            for _ in 0..heap::TIMES {
                tokio::time::timeout(soon, calls.rested()).await.expect("told in time");
            }
        };
        tokio::select! { () = calls.tick() => panic!("time passes until the program stops"), () = seen => {} }
    }

    #[test]
    fn a_panic_on_the_way_leaves_the_calls_going_on() {
        let calls = Calls::new(Hub::new(), Clock::system());
        calls.survives(|_, _, _| panic!("seeded"));
        assert_eq!(calls.with(|board, _, _| board.count()), 0);
    }
}
