//! The queue on SQLite, with a clock that stands still until it is moved.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use tokio::sync::{Semaphore, mpsc, watch};

use super::lanes::Lane;
use super::runner::pause_after;
use super::*;
use crate::clock::Clock;
use crate::error::Error;
use crate::ids::Ids;
use crate::live::Logged;
use crate::storage::{Db, DbLimits, Sink, Target};

/// A database in a folder of its own, a held clock, and the bell that its writes ring.
pub(crate) struct Ground {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) hand: Arc<AtomicI64>,
    pub(crate) bell: Bell,
    _folder: tempfile::TempDir,
}

struct Rings(Bell);

impl Sink for Rings {
    fn publish(&self, _: Vec<Logged>) {}

    fn signal(&self, _: crate::live::Signal) {}

    fn wake_jobs(&self) {
        self.0.ring();
    }
}

impl Ground {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (clock, hand) = Clock::held(1_800_000_000_000);
        let bell = Bell::default();
        let target = Target::Sqlite(folder.path().join("rialto.db"));
        let ids = Arc::new(Ids::new(clock.clone()));
        let db = Db::open(target, DbLimits::default(), clock.clone(), ids, Arc::new(Rings(bell.clone()))).expect("a database");
        Self { db, clock, hand, bell, _folder: folder }
    }

    /// Moves the clock and lets the runner look.
    pub(crate) fn later(&self, ms: Millis) {
        self.hand.fetch_add(ms, Ordering::Relaxed);
        self.bell.ring();
    }

    fn runner(&self) -> Runner {
        Runner::new(self.db.clone(), self.clock.clone(), self.bell.clone())
    }

    async fn add(&self, kind: &'static str, payload: &'static str, options: Enqueue) -> Option<JobId> {
        self.db.write(move |tx| enqueue(tx, kind, &payload, options)).await.expect("enqueued")
    }

    async fn counts(&self) -> Counts {
        self.db.read(counts).await.expect("counts")
    }

    async fn listed(&self, sought: Sought) -> Vec<JobItem> {
        let now = self.clock.now();
        self.db.read(move |conn| list(conn, &sought, now)).await.expect("listed")
    }
}

/// As many as nobody here has.
fn some() -> Sought {
    Sought { limit: 10, ..Sought::default() }
}

/// Waits until so many attempts have ended.
pub(crate) async fn until(ended: &mut watch::Receiver<u64>, count: u64) {
    let wait = ended.wait_for(|ended| *ended >= count);
    tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("in time").expect("a runner");
}

/// Notes each job, and fails as often as it is told.
struct Noting {
    seen: mpsc::UnboundedSender<Job>,
    failures: AtomicUsize,
    how: fn() -> Result<()>,
}

impl JobHandler for Noting {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.seen.send(job).expect("a listener");
            let fails = self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
            if fails { (self.how)() } else { Ok(()) }
        })
    }
}

fn noting(failures: usize, how: fn() -> Result<()>) -> (Noting, mpsc::UnboundedReceiver<Job>) {
    let (seen, jobs) = mpsc::unbounded_channel();
    (Noting { seen, failures: AtomicUsize::new(failures), how }, jobs)
}

fn fails() -> Result<()> {
    Err(Error::broken("no luck"))
}

#[tokio::test]
async fn a_job_runs_once_with_its_payload_and_leaves_the_table() {
    let ground = Ground::new();
    let (handler, mut jobs) = noting(0, fails);
    let running = ground.runner().register("test", handler).start();
    let id = ground.add("test", "words", Enqueue::default()).await;
    until(&mut running.ended(), 1).await;
    let job = jobs.recv().await.expect("a job");
    assert_eq!((Some(job.id), job.attempt, job.read::<String>().expect("text").as_str()), (id, 1, "words"));
    running.stop().await;
    assert_eq!(ground.counts().await, Counts { waiting: 0, dead: 0 });
    assert!(jobs.recv().await.is_none());
}

#[tokio::test]
async fn a_rollback_leaves_no_job() {
    let ground = Ground::new();
    let refused = ground.db.write(|tx| {
        enqueue(tx, "test", &1, Enqueue::default())?;
        Err::<(), _>(Error::NotFound)
    });
    assert!(refused.await.is_err());
    assert_eq!(ground.counts().await.waiting, 0);
}

#[tokio::test]
async fn a_job_waits_for_its_time_and_for_its_kind() {
    let ground = Ground::new();
    let (handler, mut jobs) = noting(0, fails);
    let running = ground.runner().register("test", handler).start();
    let at = ground.clock.now() + 5_000;
    ground.add("test", "later", Enqueue { run_at: Some(at), ..Enqueue::default() }).await;
    ground.add("unknown", "nobody does this", Enqueue::default()).await;
    ground.add("test", "now", Enqueue::default()).await;
    until(&mut running.ended(), 1).await;
    assert_eq!(jobs.recv().await.expect("a job").payload, "\"now\"");
    assert_eq!(ground.counts().await.waiting, 2);
    ground.later(5_000);
    until(&mut running.ended(), 2).await;
    assert_eq!(jobs.recv().await.expect("a job").payload, "\"later\"");
    running.stop().await;
    assert_eq!(ground.counts().await.waiting, 1);
}

#[tokio::test]
async fn a_failed_job_is_tried_again_set_aside_and_replayed() {
    let ground = Ground::new();
    let (handler, mut jobs) = noting(3, fails);
    let running = ground.runner().register("test", handler).start();
    let mut ended = running.ended();
    let id = ground.add("test", "x", Enqueue { max_attempts: 3, ..Enqueue::default() }).await.expect("an id");
    for attempt in 1..=3 {
        until(&mut ended, attempt).await;
        assert_eq!(jobs.recv().await.expect("a job").attempt, i32::try_from(attempt).expect("small"));
        ground.later(3_600_000);
    }
    assert_eq!(ground.counts().await, Counts { waiting: 0, dead: 1 });
    let dead_jobs = ground.listed(Sought { shown: Shown::Dead, ..some() }).await;
    assert_eq!((dead_jobs[0].id, dead_jobs[0].attempts, dead_jobs[0].state), (id, 3, JobState::Dead));
    assert!(dead_jobs[0].error.as_deref().is_some_and(|error| error.contains("no luck")));
    ground.db.write(move |tx| replay(tx, id)).await.expect("replayed");
    until(&mut ended, 4).await;
    assert_eq!(jobs.recv().await.expect("a job").attempt, 1);
    running.stop().await;
    assert_eq!(ground.counts().await, Counts { waiting: 0, dead: 0 });
    assert!(matches!(ground.db.write(move |tx| replay(tx, id)).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn the_list_tells_what_waits_runs_fails_and_is_set_aside_page_by_page() {
    let ground = Ground::new();
    let now = ground.clock.now();
    let at = |ms: Millis| Enqueue { run_at: Some(now + ms), ..Enqueue::default() };
    let (late, soon) = (ground.add("test", "", at(2_000)).await.expect("id"), ground.add("test", "", at(1_000)).await.expect("id"));
    let twin = ground.add("other", "", at(1_000)).await.expect("id");
    let ids = |items: &[JobItem]| items.iter().map(|item| item.id).collect::<Vec<_>>();
    assert_eq!(ids(&ground.listed(some()).await), [soon, twin, late], "the soonest first");
    let first = ground.listed(Sought { limit: 1, ..some() }).await;
    let behind = Sought { after: Some((first[0].run_at, first[0].id)), ..some() };
    assert_eq!(ids(&ground.listed(behind).await), [twin, late], "one that is due at the same time is not passed over");
    assert_eq!(ids(&ground.listed(Sought { kind: Some("other".to_owned()), ..some() }).await), [twin]);
    ground.later(2_000);
    let held = ground.db.write(move |tx| store::claim(tx, &[soon, twin, late], 60_000)).await.expect("claimed");
    let states = |items: Vec<JobItem>| items.iter().map(|item| item.state).collect::<Vec<_>>();
    assert_eq!(states(ground.listed(some()).await), [JobState::Running; 3]);
    assert_eq!(ground.db.read(move |conn| oldest_due(conn, now + 2_000)).await.expect("read"), None, "what runs does not wait");
    let until = held[0].until;
    let failed = ground.db.write(move |tx| {
        store::fail(tx, soon, until, "no luck", Some(now + 3_000))?;
        store::fail(tx, twin, until, "no luck", None)?;
        store::release(tx, late, until)
    });
    failed.await.expect("recorded");
    assert_eq!(states(ground.listed(some()).await), [JobState::Waiting, JobState::Failing]);
    assert_eq!(ids(&ground.listed(Sought { shown: Shown::Failing, ..some() }).await), [soon]);
    assert_eq!(ids(&ground.listed(Sought { shown: Shown::Dead, ..some() }).await), [twin]);
    let (failing, due) = ground.db.read(move |conn| Ok((count_failing(conn)?, oldest_due(conn, now + 2_000)?))).await.expect("read");
    assert_eq!((failing, due), (1, Some(now + 2_000)));
    assert!(matches!(ground.db.write(move |tx| drop_dead(tx, soon)).await, Err(Error::NotFound)), "only what was set aside");
    ground.db.write(move |tx| drop_dead(tx, twin)).await.expect("dropped");
    assert_eq!(ground.counts().await, Counts { waiting: 2, dead: 0 });
    assert_eq!(ground.db.read(move |conn| by_id(conn, twin, now)).await.expect("read"), None);
}

#[tokio::test]
async fn a_panic_is_a_failure_and_a_hopeless_job_is_set_aside_at_once() {
    let ground = Ground::new();
    let (panics, _panicked) = noting(1, || panic!("oh"));
    let (hopeless, _given_up) = noting(1, || Err(Error::invalid("", "test.hopeless")));
    let running = ground.runner().register("panics", panics).register("hopeless", hopeless).start();
    ground.add("panics", "", Enqueue::default()).await;
    ground.add("hopeless", "", Enqueue::default()).await;
    until(&mut running.ended(), 2).await;
    assert_eq!(ground.counts().await, Counts { waiting: 1, dead: 1 });
    ground.later(60_000);
    until(&mut running.ended(), 3).await;
    assert_eq!(ground.counts().await, Counts { waiting: 0, dead: 1 });
    running.stop().await;
}

#[tokio::test]
async fn a_unique_key_admits_one_waiting_job_and_yields_when_it_is_dead() {
    let ground = Ground::new();
    let keyed = || Enqueue { unique_key: Some("k".to_owned()), ..Enqueue::default() };
    assert!(ground.add("test", "a", keyed()).await.is_some());
    assert!(ground.add("test", "b", keyed()).await.is_none());
    let (handler, mut jobs) = noting(1, || Err(Error::invalid("", "test.hopeless")));
    let running = ground.runner().register("test", handler).start();
    until(&mut running.ended(), 1).await;
    assert_eq!(ground.counts().await.dead, 1);
    assert!(ground.add("test", "c", keyed()).await.is_some());
    until(&mut running.ended(), 2).await;
    running.stop().await;
    assert_eq!([jobs.recv().await, jobs.recv().await].map(|job| job.expect("a job").payload), ["\"a\"", "\"c\""]);
    assert_eq!(ground.counts().await, Counts { waiting: 0, dead: 0 });
}

/// Runs until it is let go.
struct Held {
    started: mpsc::UnboundedSender<JobId>,
    go: Arc<Semaphore>,
    together: Arc<Mutex<(usize, usize)>>,
}

impl JobHandler for Held {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let note = |change: isize| {
                let mut together = self.together.lock().expect("a lock");
                together.0 = together.0.saturating_add_signed(change);
                together.1 = together.1.max(together.0);
            };
            note(1);
            self.started.send(job.id).expect("a listener");
            self.go.acquire().await.expect("open").forget();
            note(-1);
            Ok(())
        })
    }
}

#[tokio::test]
async fn jobs_run_side_by_side_but_not_all_at_once() {
    let ground = Ground::new();
    let (started, mut starts) = mpsc::unbounded_channel();
    let (go, together) = (Arc::new(Semaphore::new(0)), Arc::new(Mutex::new((0, 0))));
    let handler = Held { started, go: Arc::clone(&go), together: Arc::clone(&together) };
    let running = ground.runner().register("test", handler).start();
    for _ in 0..10 {
        ground.add("test", "", Enqueue::default()).await;
    }
    for _ in 0..4 {
        starts.recv().await.expect("a start");
    }
    go.add_permits(10);
    until(&mut running.ended(), 10).await;
    running.stop().await;
    assert_eq!(together.lock().expect("a lock").1, 4);
}

#[tokio::test]
async fn short_jobs_do_not_wait_for_long_ones_however_many() {
    let ground = Ground::new();
    let (started, mut starts) = mpsc::unbounded_channel();
    let (go, together) = (Arc::new(Semaphore::new(0)), Arc::new(Mutex::new((0, 0))));
    let long = Held { started, go: Arc::clone(&go), together: Arc::clone(&together) };
    let (short, mut jobs) = noting(0, fails);
    let running = ground.runner().register_long("long", long).register("short", short).start();
    for _ in 0..10 {
        ground.add("long", "", Enqueue::default()).await;
    }
    for _ in 0..Lane::Long.slots() {
        starts.recv().await.expect("a start");
    }
    ground.add("short", "a letter", Enqueue::default()).await;
    until(&mut running.ended(), 1).await;
    assert_eq!(jobs.recv().await.expect("a job").payload, "\"a letter\"");
    assert_eq!(ground.counts().await.waiting, 10, "none of the long ones has ended");
    go.add_permits(10);
    until(&mut running.ended(), 11).await;
    running.stop().await;
    assert_eq!(together.lock().expect("a lock").1, Lane::Long.slots(), "and those do not take all there is");
}

/// Says of each step how it ends, in this order.
struct Steps(Mutex<Vec<Result<Step>>>, mpsc::UnboundedSender<Job>);

impl StepHandler for Steps {
    fn step(&self, job: Job) -> BoxFuture<'_, Result<Step>> {
        Box::pin(async move {
            self.1.send(job).expect("a listener");
            self.0.lock().expect("a lock").remove(0)
        })
    }
}

#[tokio::test]
async fn a_long_job_goes_on_where_it_stood_with_all_its_attempts_and_others_come_between() {
    let ground = Ground::new();
    let now = ground.clock.now();
    let ends = vec![Err(Error::broken("no luck")), Ok(Step::GoOn(now + 60_000)), Ok(Step::GoOn(now + 90_000)), Ok(Step::Done)];
    let (seen, mut steps) = mpsc::unbounded_channel();
    let running = ground.runner().register_long("long", Steps(Mutex::new(ends), seen)).start();
    let mut ended = running.ended();
    let id = ground.add("long", "x", Enqueue { max_attempts: 2, ..Enqueue::default() }).await;
    until(&mut ended, 1).await;
    ground.later(60_000);
    until(&mut ended, 3).await;
    let seen: Vec<i32> = [steps.recv().await, steps.recv().await, steps.recv().await].map(|job| job.expect("a step").attempt).to_vec();
    assert_eq!(seen, [1, 2, 1], "what goes on has failed at nothing");
    assert_eq!(ground.counts().await.waiting, 1, "its next step is not due");
    let waits = ground.db.read(move |conn| store::waiting(conn, &["long"], now + 60_000, 1)).await.expect("read");
    assert_eq!((waits.due.len(), waits.next), (0, Some(now + 90_000)));
    ground.later(30_000);
    until(&mut ended, 4).await;
    assert_eq!(steps.recv().await.map(|job| job.id), id, "the same job");
    running.stop().await;
    assert_eq!(ground.counts().await, Counts { waiting: 0, dead: 0 });
}

#[tokio::test]
async fn a_lease_keeps_others_away_until_it_lapses() {
    let ground = Ground::new();
    let id = ground.add("test", "", Enqueue { max_attempts: 2, ..Enqueue::default() }).await.expect("an id");
    let claim = || ground.db.write(move |tx| store::claim(tx, &[id], 60_000));
    let first = claim().await.expect("claimed").pop().expect("the job");
    ground.later(59_999);
    assert!(claim().await.expect("asked").is_empty());
    let renewed = ground.db.write(move |tx| store::renew(tx, id, first.until, 60_000)).await.expect("asked").expect("still held");
    assert!(renewed > first.until);
    ground.later(60_000);
    let second = claim().await.expect("claimed").pop().expect("the job");
    assert_eq!(second.job.attempt, 2);
    ground.db.write(move |tx| store::finish(tx, id, renewed)).await.expect("asked");
    assert_eq!(ground.counts().await.waiting, 1, "a lapsed lease finishes nothing");
    ground.later(60_000);
    assert!(claim().await.expect("asked").is_empty(), "no third attempt");
    assert_eq!(ground.counts().await, Counts { waiting: 0, dead: 1 });
}

#[tokio::test]
async fn stopping_gives_unfinished_jobs_back() {
    let ground = Ground::new();
    let (started, mut starts) = mpsc::unbounded_channel();
    let handler = Held { started, go: Arc::new(Semaphore::new(0)), together: Arc::default() };
    let running = ground.runner().register("test", handler).grace(std::time::Duration::ZERO).start();
    let id = ground.add("test", "", Enqueue::default()).await.expect("an id");
    starts.recv().await.expect("a start");
    running.stop().await;
    let again = ground.db.write(move |tx| store::claim(tx, &[id], 60_000)).await.expect("claimed").pop().expect("free again");
    assert_eq!(again.job.attempt, 1, "the broken-off attempt does not count");
}

#[test]
fn pauses_double_up_to_an_hour_and_differ_by_chance() {
    assert_eq!((pause_after(1, 0), pause_after(1, u32::MAX)), (4_000, 6_000));
    assert_eq!((pause_after(3, 0), pause_after(3, u32::MAX)), (16_000, 24_000));
    assert_eq!((pause_after(40, 0), pause_after(i32::MAX, u32::MAX)), (2_880_000, 4_320_000));
}
