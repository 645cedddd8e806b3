//! A backup of a program that serves, from the program itself: restored elsewhere, served again, and met by clients of before.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rialto::backups::{self, Trouble};
use rialto::chat::RoomKind;
use rialto::cli::{offline, village};
use rialto::clock::Clock;
use rialto::storage::{Target, epoch, renew_epoch, table_in_use};
use serde_json::json;

use crate::support::{Database, NOON, Town};

/// The program on this data folder, and on a SQLite file in it unless a server has the database.
fn rialto(data: &Path, target: &Target, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rialto"));
    command.env_clear().current_dir(data.parent().expect("a folder")).arg("--data").arg(data).stdin(Stdio::null());
    if let Target::Postgres(url) = target {
        command.args(["--database-url", url]);
    }
    command.args(line);
    command
}

fn ran(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

#[actix_web::test]
async fn every_message_acknowledged_before_the_backup_is_restored_and_clients_converge() {
    let mut town = Town::with(|config| config.raised_limits = true).await;
    let config = town.app().ground.config.clone();
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let (mut sender, mut listener) = (ann.connect().await, bob.connect().await);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let (file, other) = (elsewhere.path().join("all.tar"), elsewhere.path().join("data"));
    // Of the same kind as the one that is saved.
    let database = Database::create(&other);

    // Fifty messages a second until the backup is made; what was acknowledged when it began is remembered.
    let over = AtomicBool::new(false);
    let sending = async {
        let mut acked = Vec::new();
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        while !over.load(Ordering::Relaxed) {
            ticks.tick().await;
            let key = format!("k{}", acked.len());
            let ack = sender.done(json!({ "type": "chat.send", "room": room, "client_key": key, "body": format!("Line {key}") })).await;
            acked.push((ack["id"].as_str().expect("id").to_owned(), ack["seq"].as_i64().expect("seq")));
        }
        acked
    };
    let saving = async {
        let mut before = 0;
        while before < 50 {
            before += usize::from(listener.event("message_sent").await["seq"].is_i64());
        }
        let command = rialto(&config.data, &config.target, &["backup", file.to_str().expect("text")]);
        let saved = actix_web::web::block(move || ran(command)).await.expect("it ran");
        // A little more, which no backup holds.
        for _ in 0..10 {
            listener.event("message_sent").await;
        }
        over.store(true, Ordering::Relaxed);
        (before, saved)
    };
    let (acked, (before, saved)) = futures_util::join!(sending, saving);
    assert_eq!((saved.0, saved.2.as_str()), (Some(0), ""));
    let old_epoch = listener.hello["epoch"].clone();
    let old_head = acked.last().expect("messages").1;

    let restore = |how: &[&str]| ran(rialto(&other, &database.target(), &[&["restore", file.to_str().expect("text")][..], how].concat()));
    let (code, said, complained) = restore(&["--rehearse"]);
    assert_eq!((code, complained.as_str(), other.exists()), (Some(0), "", false), "{said}");
    let (code, said, complained) = restore(&[]);
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}");
    let (code, _, complained) = restore(&[]);
    assert_eq!(code, Some(1));
    assert!(complained.trim_end().ends_with("(backups.not_empty)"), "{complained}");

    town.restart_with(|config| {
        config.target = database.target();
        config.data.clone_from(&other);
    })
    .await;
    // Sessions go on. The listener stood beyond what was restored.
    let (ann, bob) = (ann.at(town.url("")), bob.at(town.url("")));
    let mut listener = bob.connect().await;
    let head = listener.hello["heads"][room.to_string()].as_i64().expect("a head");
    assert_ne!(listener.hello["epoch"], old_epoch, "a new lineage");
    assert!(head < old_head, "some came after the backup: {head} of {old_head}");
    assert!(head >= acked[before - 1].1, "all before it are there: {head} of {}", acked[before - 1].1);
    let mut found = Vec::new();
    let mut next = Some(format!("/api/v1/rooms/{room}/messages?limit=100"));
    while let Some(path) = next {
        let page = bob.get(&path).await;
        assert_eq!(page["epoch"], listener.hello["epoch"]);
        found.extend(page["items"].as_array().expect("items").iter().map(|item| item["id"].as_str().expect("id").to_owned()));
        next = page["next"].as_str().map(|seq| format!("/api/v1/rooms/{room}/messages?limit=100&before={seq}"));
    }
    found.reverse();
    let restored: Vec<String> = acked.iter().filter(|(_, seq)| *seq <= head).map(|(id, _)| id.clone()).collect();
    assert_eq!(found, restored, "each acknowledged message up to the head, once, in order");

    // Whoever asks from the old place is told to load anew, and then hears what happens at places that they have seen taken before.
    listener.done(json!({ "type": "sync", "rooms": { room.to_string(): old_head } })).await;
    assert_eq!(listener.next("reset").await["room"], room.to_string());
    let again = ann.says(room, &format!("k{}", acked.len() - 1), "Once more from the outbox").await;
    assert_eq!(again.1, head + 1);
    let heard = listener.event("message_sent").await;
    assert_eq!((heard["seq"].as_i64(), heard["event"]["id"].as_str()), (Some(head + 1), Some(again.0.as_str())));
    town.close().await;
}

#[actix_web::test]
async fn a_full_disk_ends_a_backup_and_hurts_nobody() {
    let town = Town::new().await;
    let (data, target) = (town.app().ground.config.data.clone(), town.app().ground.config.target.clone());
    std::fs::create_dir_all(data.join("files")).and_then(|()| std::fs::write(data.join("files/picture"), [7; 128 << 10])).expect("written");
    let ann = town.member("ann").await;
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[]).await;
    ann.says(room, "k1", "Before").await;
    let outer = tempfile::tempdir().expect("a folder");
    let file = outer.path().join("all.tar");
    // The kernel refuses to let a file grow beyond 64 KiB, as a full disk refuses.
    let mut command = Command::new("sh");
    let saving = rialto(&data, &target, &["backup", file.to_str().expect("text")]);
    let line = "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\"";
    command.env_clear().current_dir(outer.path()).args(["-c", line]).arg(saving.get_program()).args(saving.get_args());
    let (code, said, complained) = ran(command);
    assert_eq!((code, said.as_str()), (Some(1), ""), "{complained}");
    assert!(complained.contains("(backups.full)"), "{complained}");
    assert_eq!(std::fs::read_dir(outer.path()).expect("a folder").count(), 0, "nothing is left where it was to be");
    assert_eq!(std::fs::read_dir(data.join("backups")).expect("a folder").count(), 0, "nor in the data folder");
    assert_eq!(ann.says(room, "k2", "After").await.1, ann.says(room, "k1", "Before").await.1 + 1);
    let (code, _, complained) = ran(saving);
    assert_eq!((code, complained.as_str()), (Some(0), ""));
    town.close().await;
}

/// The village in a data folder of its own, and its backup beside it. Its database is of the kind that is tested.
struct Saved {
    outer: tempfile::TempDir,
    clock: Clock,
    database: Database,
    file: PathBuf,
}

impl Saved {
    fn village() -> Self {
        let outer = tempfile::tempdir().expect("a folder");
        let (root, file, clock) = (outer.path().join("data"), outer.path().join("all.tar"), Clock::held(NOON).0);
        for folder in ["keys", "files"] {
            std::fs::create_dir_all(root.join(folder))
                .and_then(|()| std::fs::write(root.join(folder).join("one"), folder))
                .expect("written");
        }
        let database = Database::create(&root);
        let db = offline::open(&database.target(), &clock).expect("a database");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(village::build(&db, NOON)).expect("a village");
        drop(db);
        renew_epoch(&mut database.target().writer().expect("a connection")).expect("an epoch");
        backups::write(&root, &database.target(), &file, &clock).expect("saved");
        Self { outer, clock, database, file }
    }

    /// A data folder that is not there yet.
    fn folder(&self, name: &str) -> PathBuf {
        self.outer.path().join(name)
    }

    /// Puts a file back into an empty folder and this database.
    fn restore(&self, file: &Path, root: &Path, target: &Target) -> Result<(), Trouble> {
        let checked = backups::check(file)?;
        std::fs::create_dir_all(root).expect("made");
        backups::restore(&checked, root, target, &self.clock).map(|_| ())
    }

    /// Every table that a restore leaves as it was, with the checksum of its rows.
    fn rows(&self, target: &Target) -> Vec<(&'static str, String)> {
        let file = self.folder("all.lines");
        backups::export(target, &file, &self.clock).expect("exported");
        let lines = backups::check_lines(&file).expect("whole");
        std::fs::remove_file(&file).expect("removed");
        let settled = ["audit", "backups", "jobs", "one_time_links"];
        lines.checksums().filter(|(table, _)| !settled.contains(table)).map(|(table, sha256)| (table, sha256.to_owned())).collect()
    }
}

#[test]
fn a_backup_goes_into_either_database_and_from_there_into_the_other_and_every_row_is_the_same() {
    let saved = Saved::village();
    let (two, three) = (saved.folder("two"), saved.folder("three"));
    let sqlite = Target::Sqlite(two.join("rialto.db"));
    saved.restore(&saved.file, &two, &sqlite).expect("restored");
    let again = saved.folder("again.tar");
    backups::write(&two, &sqlite, &again, &saved.clock).expect("saved");
    let last = Database::create(&three);
    saved.restore(&again, &three, &last.target()).expect("restored");
    let first = saved.database.target();
    let rows = saved.rows(&first);
    assert_eq!((&rows, &rows), (&saved.rows(&sqlite), &saved.rows(&last.target())));
    let epochs = [&first, &sqlite, &last.target()].map(|target| epoch(&mut target.reader().expect("a database")).expect("one"));
    assert!(epochs[0] != epochs[1] && epochs[1] != epochs[2] && epochs[0] != epochs[2], "{epochs:?}");
    assert_eq!(std::fs::read_to_string(three.join("files/one")).ok().as_deref(), Some("files"));
    let left = std::fs::read_dir(&three).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    assert!(left.into_iter().all(|name| name != "restoring" && name != "rialto.lines"), "nothing of the way is left");
}

#[test]
fn what_is_not_as_it_was_written_is_refused_and_nothing_is_written() {
    let saved = Saved::village();
    let bytes = std::fs::read(&saved.file).expect("read");
    let (root, spoilt) = (saved.folder("other"), saved.folder("spoilt.tar"));
    let database = Database::create(&root);
    let mut noticed = 0;
    for at in (0..bytes.len()).step_by(bytes.len() / 50) {
        for cut in [false, true] {
            let mut other = bytes.clone();
            other[at] ^= 4;
            std::fs::write(&spoilt, if cut { &bytes[..at] } else { &other }).expect("written");
            // What fills up a block is no part of anything.
            let is_filling = bytes[at] == 0 || bytes[at..].iter().all(|byte| *byte == 0);
            match backups::check(&spoilt) {
                Ok(_) => assert!(is_filling, "at {at}"),
                Err(_) => noticed += 1,
            }
        }
    }
    assert!(noticed > 90, "{noticed}");
    assert!(!root.exists());
    // Somebody's key is there: the database is left alone.
    std::fs::create_dir_all(root.join("keys")).and_then(|()| std::fs::write(root.join("keys/mine"), b"mine")).expect("written");
    assert_eq!(saved.restore(&saved.file, &root, &database.target()).expect_err("taken").code(), "backups.not_empty");
    std::fs::remove_file(root.join("keys/mine")).expect("removed");
    // The disk refuses while names are changed: no row is there, and once it is mended the same is done again.
    std::fs::write(root.join("acme"), b"in the way").expect("written");
    assert_eq!(saved.restore(&saved.file, &root, &database.target()).expect_err("in the way").code(), "backups.unwritable");
    if let target @ Target::Postgres(_) = database.target() {
        assert_eq!(table_in_use(&mut target.reader().expect("a database")).expect("read"), None);
    }
    std::fs::remove_file(root.join("acme")).expect("out of the way");
    saved.restore(&saved.file, &root, &database.target()).expect("restored");
    assert_eq!(saved.rows(&database.target()), saved.rows(&saved.database.target()));
    for folder in ["keys", "files"] {
        std::fs::remove_dir_all(root.join(folder)).expect("removed");
    }
    assert_eq!(saved.restore(&saved.file, &root, &database.target()).expect_err("twice").code(), "backups.not_empty");
}
