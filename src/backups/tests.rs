//! Backups as they are and as bad days leave them: each refused with its code, and nothing changed.

mod kept;
mod lines;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;

use super::*;
use crate::clock::Clock;
use crate::storage::{Target, epoch, fact, migrate, renew_epoch};

const NOW: i64 = 1_795_000_000_000;

/// A data folder with something of everything, and a backup of it.
struct Ground {
    outer: tempfile::TempDir,
    root: PathBuf,
    file: PathBuf,
    clock: Clock,
}

impl Ground {
    fn new() -> Self {
        let outer = tempfile::tempdir().expect("a folder");
        let (root, file, clock) = (outer.path().join("data"), outer.path().join("all.tar"), Clock::held(NOW).0);
        for folder in ["keys", "lan", "acme", "files/ab", "backups"] {
            std::fs::create_dir_all(root.join(folder)).expect("made");
        }
        std::fs::write(root.join("keys/master"), [7; 32]).expect("written");
        std::fs::write(root.join("files/ab/picture"), b"a picture").expect("written");
        std::fs::write(root.join("files").join("n".repeat(140)), b"a long name").expect("written");
        let ground = Self { outer, root, file, clock };
        let mut conn = ground.target().writer().expect("a database");
        migrate(&mut conn).expect("tables");
        renew_epoch(&mut conn).expect("an epoch");
        conn.batch_execute(
            "INSERT INTO jobs (id, kind, payload, run_at, attempts, max_attempts, locked_until, state) VALUES \
             (1, 'mail.send', '{}', 0, 0, 3, 99, 0), (2, 'other', '{}', 0, 0, 3, 99, 0); \
             INSERT INTO one_time_links (id, purpose, token_hash, created_at, expires_at) VALUES (1, 1, x'00', 0, 9999999999999);",
        )
        .expect("rows");
        drop(conn);
        write(&ground.root, &ground.target(), &ground.file, &ground.clock).expect("saved");
        ground
    }

    fn target(&self) -> Target {
        Target::Sqlite(self.root.join("rialto.db"))
    }

    fn restore(&self, to: &Path) -> Result<Report, Trouble> {
        restore(&check(&self.file)?, to, &Target::Sqlite(to.join("rialto.db")), &self.clock)
    }

    /// An empty data folder.
    fn empty(&self, name: &str) -> PathBuf {
        let root = self.outer.path().join(name);
        std::fs::create_dir(&root).expect("made");
        root
    }
}

/// Every file below a folder.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(root).expect("below").to_string_lossy().into_owned(), std::fs::read(&path).expect("read"));
            }
        }
    }
    found
}

#[test]
fn what_is_saved_comes_back_with_a_new_epoch_and_nothing_happens_twice() {
    let ground = Ground::new();
    assert_eq!(std::fs::read_dir(ground.root.join("backups")).expect("a folder").count(), 0, "nothing is left behind");
    assert_eq!(write(&ground.root, &ground.target(), &ground.file, &ground.clock).expect_err("there").code(), "backups.taken");
    let to = ground.empty("other");
    let report = ground.restore(&to).expect("restored");
    assert_eq!((report.manifest.created_at.as_str(), report.files, report.letters_set_aside), ("2026-11-18T11:06:40Z", 2, 1));
    assert_eq!(report.migrated, Vec::<String>::new());
    let (mut before, mut after) = (files(&ground.root), files(&to));
    assert!(before.remove("rialto.db").is_some() && after.remove("rialto.db").is_some());
    assert_eq!(after, before, "keys and uploads, and nothing else");
    let mut old = ground.target().writer().expect("a database");
    let mut new = Target::Sqlite(to.join("rialto.db")).writer().expect("a database");
    assert_eq!(report.manifest.epoch, fact(&mut old, "epoch").expect("read"));
    assert_ne!(epoch(&mut new).expect("one"), epoch(&mut old).expect("one"));
    assert_eq!(crate::jobs::counts(&mut new).expect("counted"), crate::jobs::Counts { waiting: 1, dead: 1 });
    assert_eq!(crate::members::end_restored_links(&mut new).expect("read"), 0, "none is left");
    let rows = crate::storage::audit_rows(&mut new, None, None, 5).expect("rows");
    assert_eq!(rows.iter().map(|row| row.act.as_str()).collect::<Vec<_>>(), ["backups.restore"]);
}

#[test]
fn a_rehearsal_says_what_is_there_and_leaves_nothing() {
    let ground = Ground::new();
    let beside = ground.empty("beside");
    let report = rehearse(&check(&ground.file).expect("whole"), &beside, &ground.clock).expect("it can be restored");
    assert_eq!((report.files, report.tally.members, report.bytes > 4_096), (2, 0, true));
    assert_eq!(files(&beside), BTreeMap::new());
    assert_eq!(std::fs::read_dir(&beside).expect("a folder").count(), 0);
}

#[test]
fn whatever_is_cut_off_is_noticed() {
    let ground = Ground::new();
    let bytes = std::fs::read(&ground.file).expect("read");
    // The two empty blocks at the end say nothing.
    let end = bytes.iter().rposition(|byte| *byte != 0).expect("something");
    for at in [0, 1, 511, 512, 600, 1_024, 1_536, 5_000, bytes.len() / 2, end - 20_000, end - 600, end - 1] {
        std::fs::write(&ground.file, &bytes[..at]).expect("written");
        let code = check(&ground.file).expect_err("cut").code();
        let expected = if at < 1_024 { ["backups.other", "backups.cut_short"] } else { ["backups.cut_short", "backups.damaged"] };
        assert!(expected.contains(&code), "at {at} of {}: {code}", bytes.len());
    }
}

#[test]
fn a_flipped_bit_is_noticed_wherever_it_says_something() {
    let ground = Ground::new();
    let bytes = std::fs::read(&ground.file).expect("read");
    let whole = check(&ground.file).expect("whole").parts;
    let mut noticed = 0;
    for at in (0..bytes.len()).step_by(bytes.len() / 400) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&ground.file, &flipped).expect("written");
        match check(&ground.file) {
            // What fills up a block is no part of anything.
            Ok(checked) => assert!(checked.parts == whole && bytes[at] == 0, "at {at}"),
            Err(_) => noticed += 1,
        }
    }
    assert!(noticed > 300, "{noticed}");
    let at = bytes.windows(9).position(|part| part == b"a picture").expect("the picture");
    let mut flipped = bytes;
    flipped[at] ^= 1;
    std::fs::write(&ground.file, &flipped).expect("written");
    let refused = ground.restore(&ground.empty("other")).expect_err("damaged");
    assert!(matches!(&refused, Trouble::Damaged { part, .. } if part == "files/ab/picture"), "{refused}");
    assert_eq!(std::fs::read_dir(ground.outer.path().join("other")).expect("a folder").count(), 0, "nothing was written");
}

/// A tar with these parts; checksums that fit come last.
fn archive(to: &Path, manifest: &serde_json::Value, parts: &[(&str, &[u8])]) {
    use super::model::{CHECKSUMS, Checksums, MANIFEST};
    let mut tar = tar::Builder::new(std::fs::File::create(to).expect("a file"));
    let mut listed = Vec::new();
    let manifest = manifest.to_string();
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        // As an attacker writes it: the builder itself refuses such names.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        tar.append(&header, bytes).expect("added");
    };
    for (name, bytes) in std::iter::once((MANIFEST, manifest.as_bytes())).chain(parts.iter().copied()) {
        add(name, bytes);
        let mut hashing = super::write::Hashing::new(bytes);
        std::io::copy(&mut hashing, &mut std::io::sink()).expect("read");
        let (bytes, sha256) = hashing.end();
        listed.push(Part { name: name.to_owned(), bytes, sha256 });
    }
    add(CHECKSUMS, &serde_json::to_vec(&Checksums { parts: listed }).expect("json"));
}

#[test]
fn what_this_program_did_not_write_or_does_not_understand_has_its_sentence() {
    let ground = Ground::new();
    let manifest = |format: u32, schema: &str| serde_json::json!({ "format": format, "version": "9.9.9", "schema": schema, "epoch": "e", "created_at": "2026-11-18T11:06:40Z" });
    let newest = check(&ground.file).expect("whole").manifest.schema.expect("a version");
    let database: (&str, &[u8]) = ("rialto.db", b"no database, but long enough to be looked at as one");
    let refused = |manifest: &serde_json::Value, parts: &[(&str, &[u8])]| {
        archive(&ground.file, manifest, parts);
        check(&ground.file).expect_err("refused").code()
    };
    assert_eq!(refused(&manifest(1, &newest), &[database]), "backups.format");
    assert_eq!(refused(&manifest(2, "99991231000001"), &[database]), "backups.newer");
    assert_eq!(refused(&serde_json::json!([]), &[database]), "backups.damaged");
    assert_eq!(refused(&manifest(2, &newest), &[]), "backups.damaged", "no database is in it");
    for name in ["../evil", "/etc/evil", "files/../../evil", "keys/../evil", "backups/evil", "lock", "files", "files/./x", "keys//master"] {
        assert_eq!(refused(&manifest(2, &newest), &[(name, b"x"), database]), "backups.strange", "{name}");
    }
    assert_eq!(refused(&manifest(2, &newest), &[database, database]), "backups.strange", "the same twice");
    std::fs::write(&ground.file, b"a letter to the village, and no archive at all".repeat(40)).expect("written");
    assert_eq!(check(&ground.file).expect_err("a letter").code(), "backups.other");
    assert_eq!(check(&ground.outer.path().join("none")).expect_err("none").code(), "backups.unreadable");
    assert_eq!(check(ground.outer.path()).expect_err("a folder").code(), "backups.other");
    assert!(!ground.outer.path().join("evil").exists());

    // Every checksum fits, but what was saved was no database.
    archive(&ground.file, &manifest(2, &newest), &[database]);
    let to = ground.empty("other");
    assert_eq!(ground.restore(&to).expect_err("no database").code(), "backups.database");
    assert_eq!(std::fs::read_dir(&to).expect("a folder").count(), 0, "nothing is left behind");
}

#[test]
fn a_database_that_was_damaged_or_newer_is_found_before_it_is_in_its_place() {
    let ground = Ground::new();
    let save = |name: &str| {
        let file = ground.outer.path().join(name);
        write(&ground.root, &ground.target(), &file, &ground.clock).map(|_| file)
    };
    let mut conn = ground.target().writer().expect("a database");
    conn.batch_execute("PRAGMA foreign_keys = OFF; INSERT INTO member_roles (member, role) VALUES (1, 1)").expect("an orphan");
    let orphaned = save("orphaned.tar").expect("saved");
    let refused = rehearse(&check(&orphaned).expect("whole"), ground.outer.path(), &ground.clock).expect_err("damaged");
    assert!(refused.to_string().contains("rows of member_roles name others that are not there"), "{refused}");
    conn.batch_execute("DELETE FROM member_roles; INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000001')")
        .expect("later");
    assert_eq!(save("newer.tar").expect_err("newer").code(), "backups.refuses");
}

#[test]
fn a_folder_in_which_something_is_kept_is_left_alone() {
    let ground = Ground::new();
    for (n, taken) in
        ["rialto.db", "rialto.db-wal", "serving.json", "files/x", "acme/account", "lan/authority.pem", "keys/other"].iter().enumerate()
    {
        let to = ground.empty(&format!("taken{n}"));
        for folder in ["files", "acme", "lan", "keys"] {
            std::fs::create_dir(to.join(folder)).expect("made");
        }
        std::fs::write(to.join(taken), b"kept").expect("written");
        let before = files(&to);
        let refused = ground.restore(&to).expect_err("taken");
        assert!(matches!(&refused, Trouble::NotEmpty(path) if path.ends_with(taken)), "{taken}: {refused}");
        assert_eq!(files(&to), before);
    }
    // A key that a look at an empty folder made, a lock, and the backup itself are in nobody's way.
    let to = ground.empty("opened");
    for (name, bytes) in [("keys/master", [1; 32].as_slice()), ("lock", b"1"), ("backups/all.tar", b"tar")] {
        std::fs::create_dir_all(to.join(name).parent().expect("a folder")).expect("made");
        std::fs::write(to.join(name), bytes).expect("written");
    }
    ground.restore(&to).expect("restored");
    assert_eq!(std::fs::read(to.join("keys/master")).expect("the key"), [7; 32]);
    assert_eq!(std::fs::read(to.join("backups/all.tar")).expect("kept"), b"tar");
    assert_eq!(ground.restore(&to).expect_err("twice").code(), "backups.not_empty");
}

#[test]
fn what_ended_in_the_middle_is_done_again() {
    let ground = Ground::new();
    let to = ground.empty("other");
    // It ended while names were changed: some folders are in place, the database is not.
    for folder in ["restoring", "keys", "files"] {
        std::fs::create_dir(to.join(folder)).expect("made");
    }
    for file in ["restoring/placing", "restoring/rialto.db", "files/half", "keys/more"] {
        std::fs::write(to.join(file), b"of the attempt before").expect("written");
    }
    ground.restore(&to).expect("restored");
    let (mut found, mut saved) = (files(&to), files(&ground.root));
    assert!(found.remove("rialto.db").is_some() && saved.remove("rialto.db").is_some());
    assert_eq!(found, saved);
    assert!(!to.join("restoring").exists());
    // Somebody served from what was left: the database there is theirs.
    std::fs::create_dir(to.join("restoring")).expect("made");
    std::fs::write(to.join("restoring/placing"), b"").expect("written");
    assert_eq!(ground.restore(&to).expect_err("a database").code(), "backups.not_empty");
}

#[test]
fn what_ended_in_the_middle_and_then_once_more_is_done_again() {
    let ground = Ground::new();
    let to = ground.empty("other");
    for folder in ["restoring", "keys", "files"] {
        std::fs::create_dir(to.join(folder)).expect("made");
    }
    for file in ["restoring/placing", "files/half", "keys/more"] {
        std::fs::write(to.join(file), b"of the attempt before").expect("written");
    }
    // The second attempt ends while it unpacks: what it tries to put back has a damaged database.
    let damaged = ground.outer.path().join("damaged.tar");
    let mut conn = ground.target().writer().expect("a database");
    conn.batch_execute("PRAGMA foreign_keys = OFF; INSERT INTO member_roles (member, role) VALUES (1, 1)").expect("an orphan");
    drop(conn);
    write(&ground.root, &ground.target(), &damaged, &ground.clock).expect("saved");
    let checked = check(&damaged).expect("whole");
    let ended = restore(&checked, &to, &Target::Sqlite(to.join("rialto.db")), &ground.clock).expect_err("damaged");
    assert_eq!(ended.code(), "backups.database");
    ground.restore(&to).expect("what the first had placed is nobody's own");
    assert!(!to.join("files/half").exists() && !to.join("keys/more").exists());
}

#[test]
fn what_cannot_be_saved_says_what_to_do() {
    let ground = Ground::new();
    let save = |root: &Path, target: &Target, file: &Path| write(root, target, file, &ground.clock).expect_err("refused");
    let (empty, file) = (ground.empty("empty"), ground.outer.path().join("new.tar"));
    assert_eq!(save(&empty, &Target::Sqlite(empty.join("rialto.db")), &file).code(), "backups.nothing");
    assert_eq!(save(&ground.root, &ground.target(), &ground.outer.path().join("nowhere/all.tar")).code(), "backups.unwritable");
    assert!(!file.exists());
}
