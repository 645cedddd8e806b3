//! Groups of writes: whoever fails takes back their own and nothing else, and a disk that is full loses nothing that was answered.

use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::clock::Clock;
use crate::ids::Ids;
use crate::live::{Logged, Signal};
use crate::storage::db::Sink;
use crate::storage::work::Pending;
use crate::storage::{Target, Tx, fact, migrate, set_fact};

struct Nowhere;

impl Sink for Nowhere {
    fn publish(&self, _: Vec<Logged>) {}
    fn signal(&self, _: Signal) {}
    fn wake_jobs(&self) {}
}

struct Stage {
    conn: Conn,
    known: Known,
    context: Context,
    _folder: TempDir,
}

type Waits = oneshot::Receiver<Result<()>>;

impl Stage {
    fn set() -> Self {
        let folder = TempDir::new().expect("a folder");
        let target = Target::Sqlite(folder.path().join("group.db"));
        let mut conn = target.writer().expect("a database");
        migrate(&mut conn).expect("tables");
        let clock = Clock::system();
        let context = Context { target, ids: Arc::new(Ids::new(clock.clone())), clock, sink: Arc::new(Nowhere) };
        Self { conn, known: Known::default(), context, _folder: folder }
    }

    /// Runs these as one group, and says what each was answered.
    fn run(&mut self, jobs: Vec<Box<dyn WriteJob>>, mut waits: Vec<Waits>) -> Vec<std::result::Result<(), &'static str>> {
        let (_queue, mut empty) = mpsc::channel(1);
        let (mut group, mut outbox) = (jobs, Outbox::default());
        let outcome = commit_group(&mut self.conn, &mut self.known, &mut empty, &self.context, &mut group, &mut outbox);
        finish(&mut self.conn, &mut self.known, &self.context, outcome.map(|()| outbox), group);
        waits.iter_mut().map(|wait| wait.try_recv().expect("answered").map_err(|error| error.code())).collect()
    }

    /// The names among these that are stored.
    fn stored<'a>(&mut self, names: &[&'a str]) -> Vec<&'a str> {
        names.iter().copied().filter(|name| fact(&mut self.conn, name).expect("read").is_some()).collect()
    }

    fn pragma(&mut self, text: &str) {
        self.conn.batch_execute(text).expect("a setting");
    }
}

fn job(is_command: bool, work: impl FnOnce(&mut Tx<'_>) -> Result<()> + Send + 'static) -> (Box<dyn WriteJob>, Waits) {
    let (answer, wait) = oneshot::channel();
    (Box::new(Pending { work: Some(Box::new(work)), command_of: is_command.then_some(0), result: None, answer }), wait)
}

fn writes(name: &'static str) -> (Box<dyn WriteJob>, Waits) {
    job(true, move |tx| set_fact(tx, name, "kept"))
}

fn fails(name: &'static str) -> (Box<dyn WriteJob>, Waits) {
    job(false, move |tx| set_fact(tx, name, "lost").and(Err(Error::NotFound)))
}

fn panics(name: &'static str) -> (Box<dyn WriteJob>, Waits) {
    job(true, move |tx| set_fact(tx, name, "lost").map(|()| panic!("on purpose")))
}

/// More than the disk has left.
fn fills() -> (Box<dyn WriteJob>, Waits) {
    job(true, |tx| set_fact(tx, "much", &"x".repeat(1 << 20)))
}

#[test]
fn whoever_fails_takes_back_their_own_and_nothing_else_wherever_they_stand() {
    let mut stage = Stage::set();
    for seed in 0..3_u32.pow(4) {
        let kinds = [seed % 3, seed / 3 % 3, seed / 9 % 3, seed / 27];
        let names = ["one", "two", "three", "four"];
        stage.pragma("DELETE FROM facts WHERE value IN ('kept', 'lost')");
        let (jobs, waits) = kinds.iter().zip(names).map(|(kind, name)| [writes, fails, panics][*kind as usize](name)).unzip();
        let answers = stage.run(jobs, waits);
        let expected: Vec<_> = kinds.iter().map(|kind| [Ok(()), Err("error.not_found"), Err("error.broken")][*kind as usize]).collect();
        assert_eq!(answers, expected, "{kinds:?}");
        let kept: Vec<_> = names.into_iter().zip(kinds).filter(|(_, kind)| *kind == 0).map(|(name, _)| name).collect();
        assert_eq!(stage.stored(&names), kept, "{kinds:?}");
    }
}

#[test]
fn a_step_after_commit_that_panics_keeps_no_other_step_and_no_answer_back() {
    let (mut stage, (sender, done)) = (Stage::set(), std::sync::mpsc::channel());
    let step = job(true, move |tx| {
        set_fact(tx, "one", "kept")?;
        tx.after_commit(|| panic!("on purpose"));
        tx.after_commit(move || sender.send(()).expect("heard"));
        Ok(())
    });
    let (jobs, waits) = [step, writes("two")].into_iter().unzip();
    assert_eq!(stage.run(jobs, waits), [Ok(()), Ok(())]);
    assert_eq!((stage.stored(&["one", "two"]), done.try_recv()), (vec!["one", "two"], Ok(())));
}

#[test]
fn who_fills_the_disk_alone_is_refused_and_the_next_are_kept() {
    let mut stage = Stage::set();
    stage.pragma("PRAGMA max_page_count = 1");
    let (jobs, waits) = [fills(), writes("after")].into_iter().unzip();
    assert_eq!(stage.run(jobs, waits), [Err("error.storage"), Ok(())]);
    assert_eq!(stage.stored(&["much", "after"]), ["after"]);
}

#[test]
fn a_disk_that_fills_in_the_middle_of_a_group_stores_none_of_it_and_says_so_to_all() {
    let mut stage = Stage::set();
    stage.pragma("PRAGMA max_page_count = 1");
    let (jobs, waits) = [writes("before"), fills(), writes("after")].into_iter().unzip();
    assert_eq!(stage.run(jobs, waits), [Err("error.storage"); 3]);
    assert_eq!(stage.stored(&["before", "much", "after"]), [""; 0]);
    stage.pragma("PRAGMA max_page_count = 100000");
    let (jobs, waits) = [writes("before"), fills(), writes("after")].into_iter().unzip();
    assert_eq!(stage.run(jobs, waits), [Ok(()); 3], "there is space again");
    assert_eq!(stage.stored(&["before", "much", "after"]), ["before", "much", "after"]);
}

/// Says that all is well where the database has taken the whole transaction back.
fn hides(name: &'static str) -> (Box<dyn WriteJob>, Waits) {
    job(true, move |tx| {
        set_fact(tx, name, "lost")?;
        let again = format!("INSERT OR ROLLBACK INTO facts (name, value) VALUES ('{name}', 'lost')");
        assert!(tx.conn.batch_execute(&again).is_err(), "the name is taken");
        Ok(())
    })
}

#[test]
fn nothing_is_stored_of_a_group_in_which_a_job_hides_that_the_transaction_is_lost() {
    let mut stage = Stage::set();
    for (first, says) in [(None, &["error.storage"; 2][..]), (Some(fails("zero")), &["error.not_found", "error.storage", "error.storage"])]
    {
        let jobs = first.into_iter().chain([hides("one"), writes("two")]);
        let (jobs, waits) = jobs.unzip();
        assert_eq!(stage.run(jobs, waits), says.iter().map(|code| Err(*code)).collect::<Vec<_>>());
        assert_eq!(stage.stored(&["zero", "one", "two"]), [""; 0]);
    }
    for (jobs, count) in [(vec![hides("one")], 1), (vec![writes("two"), hides("one"), writes("three")], 3)] {
        let (jobs, waits) = jobs.into_iter().unzip();
        assert_eq!(stage.run(jobs, waits), vec![Err("error.storage"); count]);
        assert_eq!(stage.stored(&["one", "two", "three"]), [""; 0]);
    }
    let (jobs, waits) = [writes("one"), writes("two")].into_iter().unzip();
    assert_eq!(stage.run(jobs, waits), [Ok(()); 2], "the next group is kept");
}

#[test]
fn what_is_committed_is_found_by_a_connection_of_its_own() {
    let mut stage = Stage::set();
    let (jobs, waits) = [fails("lost"), writes("kept"), fails("lost")].into_iter().unzip();
    stage.run(jobs, waits);
    let mut other = stage.context.target.reader().expect("a reader");
    assert!(fact(&mut other, "kept").expect("read").is_some() && fact(&mut other, "lost").expect("read").is_none());
}

#[test]
fn only_after_a_crowd_a_group_waits_and_only_until_a_crowd_is_there() {
    assert!(!gathers(1, 0), "who is alone does not wait");
    assert!(!gathers(CROWD - 1, 0));
    assert!(gathers(CROWD, 0) && gathers(GROUP_JOBS, GATHERED - 1));
    assert!(!gathers(GROUP_JOBS, GATHERED));
}

#[test]
fn an_error_of_writing_is_a_lost_sync_unless_little_space_is_left() {
    for (said, free, is_lost) in [
        ("disk I/O error", Some(LITTLE_SPACE), true),
        ("disk I/O error", Some(LITTLE_SPACE - 1), false),
        ("disk I/O error", None, true),
        ("database or disk is full", Some(u64::MAX), false),
        ("database is locked", None, false),
    ] {
        assert_eq!(is_lost_sync(said, free), is_lost, "{said}, {free:?}");
    }
}
