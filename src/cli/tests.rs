//! The commands that do their work and end, each on a data folder of its own.

use std::path::Path;

use super::data_folder::DataFolder;
use super::{migrate, offline, restore, setup, token};
use crate::access::hash_token;
use crate::clock::Clock;
use crate::members::{Sessions, community_has_owner, member_named};
use crate::storage::{Target, fact, migration_state};

const NOW: i64 = 1_795_000_000_000;

struct Ground {
    root: tempfile::TempDir,
    folder: DataFolder,
    target: Target,
    clock: Clock,
}

fn ground() -> Ground {
    let root = tempfile::tempdir().expect("a folder");
    let folder = DataFolder::open(&root.path().join("data"), false).expect("a data folder");
    let target = Target::Sqlite(folder.database());
    Ground { root, folder, target, clock: Clock::held(NOW).0 }
}

fn owned() -> Ground {
    let ground = ground();
    let db = offline::open(&ground.target, &ground.clock).expect("a database");
    setup::run(&db, "Saltbridge", "mara", "a ferry that is late").expect("set up");
    ground
}

#[test]
fn setup_makes_an_owner_and_rooms_once() {
    let ground = owned();
    let db = offline::open(&ground.target, &ground.clock).expect("a database");
    let sentence = setup::run(&db, "Other", "ilse", "a ferry that is late").expect_err("twice");
    assert!(sentence.contains("has an owner already"), "{sentence}");
    let (owner, other, rooms) = offline::wait(db.read(|conn| {
        let owner = member_named(conn, "mara")?.expect("mara");
        let rooms = crate::chat::standing_rooms(conn, owner.id)?.len();
        Ok((community_has_owner(conn)?, member_named(conn, "ilse")?.is_none(), rooms))
    }))
    .expect("read");
    assert_eq!((owner, other, rooms), (true, true, 2));
}

#[test]
fn setup_says_what_is_wrong_and_stores_nothing() {
    let ground = ground();
    let db = offline::open(&ground.target, &ground.clock).expect("a database");
    for (community, owner, password) in
        [("", "mara", "a ferry that is late"), ("Salt", "M!", "a ferry that is late"), ("Salt", "mara", "short")]
    {
        let sentence = setup::run(&db, community, owner, password).expect_err("wrong");
        assert!(sentence.contains(' ') && sentence.ends_with('.'), "{sentence}");
    }
    assert!(!offline::wait(db.read(community_has_owner)).expect("read"));
}

#[test]
fn a_password_is_the_one_line_of_a_file_or_of_standard_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    std::fs::write(&file, " spaces belong to it \r\n").expect("written");
    assert_eq!(setup::read_password(&file, &mut "".as_bytes()), Ok(" spaces belong to it ".to_owned()));
    assert_eq!(setup::read_password(Path::new("-"), &mut "from a pipe\n".as_bytes()), Ok("from a pipe".to_owned()));
    assert!(setup::read_password(Path::new("-"), &mut "two\nlines\n".as_bytes()).is_err());
    assert!(setup::read_password(&folder.path().join("none"), &mut "".as_bytes()).is_err());
}

#[test]
fn a_token_works_for_its_member_and_a_scope_must_be_known() {
    let ground = owned();
    let db = offline::open(&ground.target, &ground.clock).expect("a database");
    let made = token::create(&db, "mara", &["read".to_owned()]).expect("a token");
    assert!(token::create(&db, "nobody-here", &[]).expect_err("nobody").contains("no active member"));
    assert!(token::create(&db, "mara", &["fly".to_owned()]).expect_err("no scope").contains("choose among read"));
    let actor = offline::wait(db.read(move |conn| {
        use crate::access::{Authenticator, Credential, Visitor};
        let visitor = Visitor {
            credential: Some(Credential::Bearer(hash_token(&made))),
            address: None,
            language: "en",
            user_agent: String::new(),
            is_browser: false,
            is_secure: false,
            route: String::new(),
            idempotency_key: None,
            request_id: String::new(),
            signals: 0,
        };
        Sessions::new().actor(conn, &visitor, NOW)
    }))
    .expect("read");
    assert!(actor.member.is_some());
    assert_eq!(actor.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>(), ["read"]);
}

#[test]
fn a_backup_is_restored_and_rehearsed_from_the_command_line() {
    let ground = owned();
    let file = ground.root.path().join("all.tar");
    crate::backups::write(ground.folder.root(), &ground.target, &file, &ground.clock).expect("saved");
    let other = ground.root.path().join("deep/other");
    let target = Target::Sqlite(other.join("rialto.db"));
    let mut said = Vec::new();
    restore::rehearse(&file, &ground.clock, &mut said).expect("it can be restored");
    let text = String::from_utf8(said).expect("text");
    assert!(text.starts_with("Can be restored: the backup of 2026-11-18T11:06:40Z by Rialto ") && text.contains("\n1 members, "), "{text}");
    let run = |target: &Target| restore::run(&other, target, &file, &ground.clock, &mut Vec::new());
    assert!(!other.exists(), "it made no folder");
    run(&target).expect("restored");
    assert!(run(&target).expect_err("twice").ends_with("(backups.not_empty)"));
    let restored = DataFolder::open(&other, true).expect("a data folder");
    assert_eq!(restored.master_key(), ground.folder.master_key());
    assert!(run(&target).expect_err("while it is served").contains("in use"));
    let db = offline::open(&target, &ground.clock).expect("a database");
    assert!(offline::wait(db.read(community_has_owner)).expect("read"));
}

#[test]
fn migrate_tells_does_and_then_has_nothing_to_do() {
    let ground = ground();
    let root = ground.folder.root().to_owned();
    let run = |check| {
        let mut out = Vec::new();
        migrate::run(&root, &ground.target, check, &ground.clock, &mut out).map(|()| String::from_utf8(out).expect("text"))
    };
    assert!(run(true).expect("looked").contains("no database yet"));
    assert!(!ground.folder.database().exists(), "looking changes nothing");
    assert!(run(false).expect("done").contains("Ran "));
    assert!(run(true).expect("looked").contains("up to date"));
    assert!(run(false).expect("done").contains("up to date"));
    let held = DataFolder::open(&root, true).expect("the lock");
    assert!(run(false).expect_err("held").contains("in use"));
    drop(held);
}

#[test]
fn an_older_database_is_copied_first_and_a_newer_one_is_left_alone() {
    use diesel::connection::SimpleConnection;
    let ground = owned();
    let root = ground.folder.root().to_owned();
    let mut conn = ground.target.writer().expect("a connection");
    let newest = "SELECT max(version) FROM __diesel_schema_migrations";
    // The newest migration is undone by hand, as if it had never run.
    let down = newest_down();
    conn.batch_execute(&format!("{down}; DELETE FROM __diesel_schema_migrations WHERE version = ({newest})")).expect("undone");
    assert_eq!(migration_state(&mut conn).expect("state").pending.len(), 1);
    assert!(offline::open(&ground.target, &ground.clock).expect_err("older").contains("rialto migrate"));
    // Of the copies that earlier upgrades left the newest two stay beside the one that is made now; what is somebody's own stays too.
    let kept = ["before-a-3000000000000.db", "before-b-1790000000000.db", "before-mine.db", "all.tar"];
    let old = ["before-c-1780000000000.db", "before-d-5.db"];
    for name in kept.iter().chain(&old) {
        std::fs::write(ground.folder.backups().join(name), b"").expect("written");
    }
    migrate::run(&root, &ground.target, false, &ground.clock, &mut Vec::new()).expect("migrated");
    let entries = std::fs::read_dir(ground.folder.backups()).expect("a folder");
    let mut found: Vec<String> = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    found.retain(|name| !kept.contains(&name.as_str()));
    assert!(matches!(found.as_slice(), [one] if one.starts_with("before-2") && one.ends_with(&format!("-{NOW}.db"))), "{found:?}");
    // The copy is how the database was.
    let mut copy = Target::Sqlite(ground.folder.backups().join(&found[0])).writer().expect("a database");
    assert_eq!(migration_state(&mut copy).expect("state").pending.len(), 1);
    drop(copy);

    conn.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')").expect("from the future");
    for refused in [
        offline::open(&ground.target, &ground.clock).map(|_| ()),
        migrate::run(&root, &ground.target, true, &ground.clock, &mut Vec::new()),
        migrate::run(&root, &ground.target, false, &ground.clock, &mut Vec::new()),
    ] {
        let sentence = refused.expect_err("newer");
        assert!(sentence.contains("newer version") && sentence.contains("`rialto restore`"), "{sentence}");
    }
    assert_eq!(fact(&mut conn, "epoch").expect("read"), None);
}

fn newest_down() -> String {
    let folders = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite")).expect("migrations");
    let newest = folders.map(|entry| entry.expect("an entry").path()).max().expect("one");
    std::fs::read_to_string(newest.join("down.sql")).expect("down")
}
