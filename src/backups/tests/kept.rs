//! Backups that are kept in the data folder: which of them go, what is under way, and never two at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::backups::turn::Turn;
use crate::backups::{actions, model, room, schedule, store};
use crate::ids::{BackupId, Ids};
use crate::live::{Logged, Signal};
use crate::storage::{Conn, Db, DbLimits, Sink};

struct Nowhere;
impl Sink for Nowhere {
    fn publish(&self, _: Vec<Logged>) {}
    fn signal(&self, _: Signal) {}
    fn wake_jobs(&self) {}
}

struct Rows {
    db: Db,
    hand: Arc<AtomicI64>,
    folder: tempfile::TempDir,
}

impl Rows {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (clock, hand) = Clock::held(NOW);
        let ids = Arc::new(Ids::new(clock.clone()));
        let target = Target::Sqlite(folder.path().join("rialto.db"));
        let db = Db::open(target, DbLimits::default(), clock, ids, Arc::new(Nowhere)).expect("a database");
        Self { db, hand, folder }
    }

    /// One of the schedule, or of member 7; made, or failed with this code. An hour passes.
    async fn one(&self, by_hand: bool, trouble: Option<&'static str>) -> BackupId {
        self.hand.fetch_add(3_600_000, Ordering::Relaxed);
        let write = self.db.write(move |tx| {
            let id = store::begin(tx, by_hand.then_some(crate::ids::MemberId(7)))?;
            match trouble {
                None => store::made(tx, id, 10)?,
                Some(code) => store::failed(tx, id, code)?,
            }
            Ok(id)
        });
        write.await.expect("a row")
    }

    async fn read<T: Send + 'static>(&self, f: impl FnOnce(&mut Conn) -> crate::error::Result<T> + Send + 'static) -> T {
        self.db.read(f).await.expect("read")
    }

    /// Its file is there.
    fn put(&self, backup: BackupId, begun_at: i64) -> PathBuf {
        let file = model::file_of(self.folder.path(), backup, begun_at);
        std::fs::create_dir_all(file.parent().expect("a folder")).and_then(|()| std::fs::write(&file, b"a backup")).expect("written");
        file
    }

    async fn past(&self) -> schedule::Past {
        let (root, now) = (self.folder.path().to_owned(), self.hand.load(Ordering::Relaxed));
        self.read(move |conn| actions::past(conn, &root, now)).await
    }

    async fn surplus(&self, kept: u16) -> Vec<BackupId> {
        self.read(move |conn| Ok(store::surplus(conn, kept)?.into_iter().map(|one| one.id).collect())).await
    }
}

#[tokio::test]
async fn the_newest_of_the_schedule_are_kept_and_those_made_by_hand_stay() {
    let rows = Rows::new();
    let failed = rows.one(false, Some("backups.full")).await;
    let first = rows.one(false, None).await;
    rows.one(true, None).await;
    let second = rows.one(false, None).await;
    rows.one(false, Some("backups.full")).await;
    let third = rows.one(false, None).await;
    assert_eq!(rows.surplus(4).await, []);
    assert_eq!(rows.surplus(3).await, [failed], "what failed before the oldest that is kept is over");
    assert_eq!(rows.surplus(2).await, [first, failed]);
    assert_eq!(rows.surplus(1).await.len(), 4);
    assert_eq!(rows.surplus(0).await.len(), 4, "one is always kept");
    assert!(!rows.surplus(1).await.contains(&third) && rows.surplus(1).await.contains(&second));
}

#[tokio::test]
async fn what_was_done_says_when_the_next_is_due() {
    let rows = Rows::new();
    assert_eq!(rows.past().await, schedule::Past::default());
    let first = rows.one(true, None).await;
    rows.put(first, NOW + 3_600_000);
    let past = rows.past().await;
    assert_eq!((past.made, past.begun, past.trouble), (Some(NOW + 3_600_000), Some(NOW + 3_600_000), None));
    rows.one(false, Some("backups.full")).await;
    let past = rows.past().await;
    assert_eq!((past.made, past.begun, past.trouble.as_deref()), (Some(NOW + 3_600_000), Some(NOW + 7_200_000), Some("backups.full")));
    let third = rows.one(false, None).await;
    let file = rows.put(third, NOW + 3 * 3_600_000);
    assert_eq!(rows.past().await.trouble, None, "mended");

    // The clock was set right again: what was made in a time to come neither counts nor keeps the next one waiting.
    rows.hand.store(NOW + 2 * 3_600_000, Ordering::Relaxed);
    let past = rows.past().await;
    assert_eq!((past.made, past.begun), (Some(NOW + 3_600_000), Some(NOW + 7_200_000)));
    rows.hand.store(NOW + 3 * 3_600_000, Ordering::Relaxed);

    // What stands in the list and not in the folder is no backup: the one before it counts, and none makes one due at once.
    std::fs::remove_file(file).expect("removed");
    let past = rows.past().await;
    assert_eq!((past.made, past.begun, past.trouble.as_deref()), (Some(NOW + 3_600_000), Some(NOW + 7_200_000), Some("backups.full")));
    std::fs::remove_dir_all(rows.folder.path().join("backups")).expect("removed");
    assert_eq!(rows.past().await.made, None);
}

#[tokio::test]
async fn what_goes_is_no_backup_and_neither_kept_nor_counted_twice() {
    let rows = Rows::new();
    let first = rows.one(false, None).await;
    let file = rows.put(first, NOW + 3_600_000);
    let second = rows.one(false, None).await;
    rows.put(second, NOW + 2 * 3_600_000);
    rows.db.write(move |tx| store::set_going(tx, &[second])).await.expect("marked");
    assert_eq!(rows.past().await.made, Some(NOW + 3_600_000), "what is to go is none");
    assert_eq!(rows.surplus(1).await, [], "the older one is the newest now");
    // The program ended after the file had gone, or before.
    std::fs::remove_file(model::file_of(rows.folder.path(), second, NOW + 2 * 3_600_000)).expect("removed");
    actions::remove_going(&rows.db, rows.folder.path()).await.expect("removed");
    let left: Vec<BackupId> = rows.read(|conn| Ok(store::all(conn)?.into_iter().map(|one| one.id).collect())).await;
    assert_eq!((left, file.exists()), (vec![first], true));
    rows.db.write(move |tx| store::set_going(tx, &[first])).await.expect("marked");
    actions::remove_going(&rows.db, rows.folder.path()).await.expect("removed");
    assert_eq!((rows.past().await, file.exists()), (schedule::Past::default(), false));
}

#[tokio::test]
async fn what_waits_for_its_turn_is_under_way_and_taken_up_only_while_it_is_wanted() {
    let rows = Rows::new();
    let one = rows.db.write(|tx| store::begin(tx, None)).await.expect("a row");
    rows.db.write(move |tx| store::put_off(tx, one)).await.expect("put off");
    let under_way = rows.read(store::being_made).await.map(|one| (one.id, one.state));
    assert_eq!(under_way, Some((one, model::BackupState::Waiting)));
    assert_eq!(rows.past().await.begun, Some(NOW), "the schedule knows of it");
    assert!(rows.db.write(move |tx| store::take_up(tx, one)).await.expect("asked"));
    assert_eq!(rows.read(store::being_made).await.map(|one| one.state), Some(model::BackupState::Making));
    rows.db.write(move |tx| store::set_going(tx, &[one])).await.expect("marked");
    assert!(!rows.db.write(move |tx| store::take_up(tx, one)).await.expect("asked"), "nobody wants it any more");
    assert!(rows.read(store::being_made).await.is_none());
}

#[test]
fn never_two_at_once_and_what_a_dead_one_left_goes() {
    let ground = Ground::new();
    let backups = ground.root.join("backups");
    let turn = Turn::take(&ground.root).expect("free");
    let file = ground.outer.path().join("second.tar");
    let refused = write(&ground.root, &ground.target(), &file, &ground.clock).expect_err("taken");
    assert_eq!((refused.code(), file.exists()), ("backups.busy", false));
    drop(turn);
    std::fs::create_dir(backups.join("rialto-rehearsal-1-2")).expect("made");
    std::fs::write(backups.join("rialto-rehearsal-1-2/master"), b"a key").expect("written");
    for name in ["passing-1-2.db", ".rialto-backup-1-2", "before-3-4.db", "rialto-2026-11-18-110640-5.tar"] {
        std::fs::write(backups.join(name), b"something").expect("written");
    }
    write(&ground.root, &ground.target(), &file, &ground.clock).expect("saved");
    assert_eq!(files(&backups).into_keys().collect::<Vec<_>>(), ["before-3-4.db", "rialto-2026-11-18-110640-5.tar"]);
}

#[test]
fn what_is_needed_on_one_disk_is_added_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    std::fs::create_dir_all(&one).and_then(|()| std::fs::create_dir_all(&two)).expect("made");
    let disk = nix::sys::statvfs::statvfs(folder.path()).expect("a disk");
    // Others write to it meanwhile.
    let most = disk.blocks_available() * disk.fragment_size() / 4 * 3;
    assert!(room::expect_room(&[(&one, most), (&two, 1)]).is_ok());
    assert_eq!(room::expect_room(&[(&one, most), (&two, most)]).expect_err("too much").code(), "backups.full");
    assert!(room::expect_room(&[(&folder.path().join("nowhere"), u64::MAX)]).is_ok(), "what is not there says nothing");
    std::fs::write(one.join("file"), [0; 1_000]).expect("written");
    assert_eq!(room::bytes_below(folder.path()).expect("counted"), 1_000);
}

#[test]
fn a_file_is_named_after_its_time() {
    let file = model::file_of(Path::new("/data"), BackupId(5), NOW);
    assert_eq!(file, Path::new("/data/backups/rialto-2026-11-18-110640-5.tar"));
}

#[test]
fn a_restored_list_says_nothing_of_what_was_under_way() {
    let ground = Ground::new();
    let mut conn = ground.target().writer().expect("a database");
    conn.batch_execute(
        "INSERT INTO backups (id, state, begun_at, version, rehearsal) VALUES (1, 0, 0, '0', 0), (2, 1, 0, '0', 1), (3, 1, 0, '0', 2), \
         (4, 3, 0, '0', 0), (5, 4, 0, '0', 0);",
    )
    .expect("rows");
    drop(conn);
    let file = ground.outer.path().join("second.tar");
    write(&ground.root, &ground.target(), &file, &ground.clock).expect("saved");
    let to = ground.empty("other");
    restore(&check(&file).expect("whole"), &to, &Target::Sqlite(to.join("rialto.db")), &ground.clock).expect("restored");
    let mut conn = Target::Sqlite(to.join("rialto.db")).reader().expect("a database");
    let left = store::page(&mut conn, None, 10).expect("read");
    let left: Vec<_> = left.iter().map(|one| (one.id.0, one.rehearsal.as_ref().map(|found| found.state))).collect();
    assert_eq!(left, [(3, Some(RehearsalState::Passed)), (2, None)]);
}
