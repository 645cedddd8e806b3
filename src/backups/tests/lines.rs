//! Exports as they are and as bad days leave them: each refused with its code, and the database stays empty.

use super::*;
use crate::backups::lines::{Header, LINES_FORMAT};
use crate::storage::table_in_use;

/// An export of the ground's database.
fn exported(ground: &Ground) -> PathBuf {
    let file = ground.outer.path().join("all.lines");
    export(&ground.target(), &file, &ground.clock).expect("exported");
    file
}

/// A database of its own, with nothing in it.
fn other(ground: &Ground) -> Target {
    Target::Sqlite(ground.empty("other").join("rialto.db"))
}

#[test]
fn what_goes_out_comes_in_and_goes_out_the_same() {
    let ground = Ground::new();
    let file = exported(&ground);
    let first = check_lines(&file).expect("whole");
    assert_eq!((first.rows(), first.header().created_at.as_str()), (3, "2026-11-18T11:06:40Z"));
    let target = other(&ground);
    import(&first, &target).expect("imported");
    let (mut before, mut after) = (ground.target().reader().expect("one"), target.reader().expect("two"));
    assert_ne!(epoch(&mut before).expect("one"), epoch(&mut after).expect("another"), "a lineage of its own");
    drop((before, after));
    let again = ground.outer.path().join("again.lines");
    export(&target, &again, &ground.clock).expect("exported");
    assert_eq!(std::fs::read(&file).expect("read"), std::fs::read(&again).expect("read"), "to the byte");
    assert_eq!(import(&first, &target).expect_err("full").code(), "backups.not_empty");
    assert_eq!(export(&target, &again, &ground.clock).expect_err("there").code(), "backups.taken");
    let nowhere = Target::Sqlite(ground.outer.path().join("nowhere.db"));
    assert_eq!(export(&nowhere, &ground.outer.path().join("x"), &ground.clock).expect_err("nothing").code(), "backups.nothing");
}

#[test]
fn rows_stand_in_a_backup_where_a_server_has_the_database() {
    let ground = Ground::new();
    let rows = std::fs::read_to_string(exported(&ground)).expect("text");
    let schema = check(&ground.file).expect("whole").manifest.schema.expect("a version");
    let manifest =
        serde_json::json!({ "format": 2, "version": "9.9.9", "schema": schema, "epoch": "e", "created_at": "2026-11-18T11:06:40Z" });
    let put = |rows: &str, more: &[(&str, &[u8])]| {
        archive(&ground.file, &manifest, &[&[("rialto.lines", rows.as_bytes())][..], more].concat());
    };
    let to = ground.empty("other");
    put(&rows, &[("rialto.db", b"x")]);
    assert_eq!(check(&ground.file).expect_err("two databases").code(), "backups.damaged");
    for (rows, code) in [
        (rows.replace("mail.send", "mail.lost"), "backups.database"),
        (rows.replace(&format!("\"schema\":\"{schema}\""), "\"schema\":\"20261124000001\""), "backups.older"),
        ("no rows".to_owned(), "backups.database"),
    ] {
        put(&rows, &[]);
        assert_eq!(ground.restore(&to).expect_err("refused").code(), code);
        assert_eq!(files(&to), BTreeMap::new(), "nothing is left behind");
    }
    put(&rows, &[("keys/master", &[7; 32])]);
    let report = ground.restore(&to).expect("restored");
    assert_eq!((report.letters_set_aside, report.migrated.len()), (1, 0));
    assert_eq!(files(&to).into_keys().collect::<Vec<_>>(), ["keys/master", "rialto.db"]);
}

#[test]
fn wherever_it_was_cut_it_is_refused() {
    let ground = Ground::new();
    let file = exported(&ground);
    let whole = std::fs::read(&file).expect("read");
    let target = other(&ground);
    for length in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
        std::fs::write(&file, &whole[..length]).expect("written");
        let code = check_lines(&file).expect_err("cut").code();
        let is_first_line = !whole[..length].contains(&b'\n');
        assert_eq!(code, if is_first_line { "backups.other" } else { "backups.cut_short" }, "{length} of {}", whole.len());
    }
    std::fs::write(&file, [whole.as_slice(), b"\n"].concat()).expect("written");
    assert_eq!(check_lines(&file).expect_err("longer").code(), "backups.damaged");
    std::fs::write(&file, &whole).expect("written");
    import(&check_lines(&file).expect("whole again"), &target).expect("imported");
}

#[test]
fn whichever_byte_was_flipped_it_is_refused() {
    let ground = Ground::new();
    let file = exported(&ground);
    let whole = std::fs::read(&file).expect("read");
    for at in (0..whole.len()).step_by(5) {
        let mut other = whole.clone();
        other[at] ^= 1;
        std::fs::write(&file, &other).expect("written");
        let code = check_lines(&file).expect_err("flipped").code();
        assert!(code.starts_with("backups."), "{code}");
    }
}

#[test]
fn what_changes_between_the_look_and_the_work_leaves_an_empty_database() {
    let ground = Ground::new();
    let file = exported(&ground);
    let (checked, target) = (check_lines(&file).expect("whole"), other(&ground));
    let text = std::fs::read_to_string(&file).expect("text");
    std::fs::write(&file, text.replace("mail.send", "mail.lost")).expect("written");
    assert_eq!(import(&checked, &target).expect_err("changed").code(), "backups.damaged");
    let mut conn = target.reader().expect("a database");
    assert_eq!(table_in_use(&mut conn).expect("read"), None);
}

#[test]
fn what_another_version_wrote_is_named() {
    let ground = Ground::new();
    let file = exported(&ground);
    let text = std::fs::read_to_string(&file).expect("text");
    let (first, rest) = text.split_once('\n').expect("lines");
    let header: Header = serde_json::from_str(first).expect("a header");
    for (changed, code) in [
        (Header { format: LINES_FORMAT + 1, ..header.clone() }, "backups.format"),
        (Header { schema: "20990101000000".to_owned(), ..header.clone() }, "backups.newer"),
        (Header { schema: "20261124000001".to_owned(), ..header.clone() }, "backups.older"),
        (Header { export: "another".to_owned(), ..header.clone() }, "backups.other"),
        // The end says that it was changed afterwards.
        (Header { version: "9.9".to_owned(), ..header }, "backups.damaged"),
    ] {
        std::fs::write(&file, format!("{}\n{rest}", serde_json::to_string(&changed).expect("json"))).expect("written");
        assert_eq!(check_lines(&file).expect_err("refused").code(), code);
    }
    assert_eq!(check_lines(&ground.file).expect_err("a tar").code(), "backups.other");
    assert_eq!(check_lines(&ground.outer.path().join("nothing")).expect_err("none").code(), "backups.unreadable");
}
