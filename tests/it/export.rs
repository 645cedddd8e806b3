//! A community moves from one database to the other and back, with the program itself and row by row.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use diesel::connection::SimpleConnection;
use rialto::backups;
use rialto::cli::{offline, village};
use rialto::clock::Clock;
use rialto::storage::{Target, migrate, migration_state, tables};

use crate::support::{Database, NOON};

/// The village, exported from a SQLite database of its own.
fn village_in(folder: &Path) -> backups::CheckedLines {
    let (clock, _) = Clock::held(NOON);
    let target = Target::Sqlite(folder.join("village.db"));
    let db = offline::open(&target, &clock).expect("a database");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(village::build(&db, NOON)).expect("a village");
    drop(db);
    exported(&target, &folder.join("village.lines"))
}

fn exported(target: &Target, file: &Path) -> backups::CheckedLines {
    backups::export(target, file, &Clock::held(NOON).0).expect("exported");
    backups::check_lines(file).expect("whole")
}

#[test]
fn the_village_goes_to_the_other_database_and_back_and_every_row_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = village_in(folder.path());
    assert!(first.rows() > 2_000, "{} rows", first.rows());
    // PostgreSQL when there is a server for tests, else SQLite once more.
    let between = Database::create(folder.path());
    backups::import(&first, &between.target()).expect("imported");
    let second = exported(&between.target(), &folder.path().join("between.lines"));
    let back = Target::Sqlite(folder.path().join("back.db"));
    backups::import(&second, &back).expect("imported");
    let third = exported(&back, &folder.path().join("back.lines"));
    for (one, two, three) in first.checksums().zip(second.checksums()).zip(third.checksums()).map(|((a, b), c)| (a, b, c)) {
        assert_eq!((one, one), (two, three));
    }
    assert_eq!(first.checksums().count(), tables().len());
    assert_eq!(backups::import(&first, &between.target()).expect_err("full").code(), "backups.not_empty");
}

fn rialto(data: &Path, line: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rialto"));
    command.env_clear().current_dir(data.parent().expect("a folder")).arg("--data").arg(data).args(line).stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

#[test]
fn the_program_says_what_it_moved_and_refuses_with_a_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    assert_eq!(rialto(&one, &["migrate"]).0, Some(0));
    let (code, said, complained) = rialto(&one, &["export", "all.lines"]);
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}");
    assert!(said.starts_with("Exported "), "{said}");
    let (code, said, complained) = rialto(&two, &["import", "all.lines"]);
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}");
    assert!(said.starts_with("Imported 0 rows of the export of "), "{said}");
    // The lineage alone makes it a database in use.
    let (code, _, complained) = rialto(&two, &["import", "all.lines"]);
    assert_eq!(code, Some(1));
    assert!(complained.trim_end().ends_with("(backups.not_empty)"), "{complained}");
    let held = rialto::cli::data_folder::DataFolder::open(&one, true).expect("held");
    for line in [["export", "again.lines"], ["import", "all.lines"]] {
        let (code, _, complained) = rialto(&one, &line);
        assert_eq!(code, Some(1));
        assert!(complained.contains("is in use by process"), "{complained}");
    }
    drop(held);
    std::fs::write(folder.path().join("half.lines"), b"{\"export\":\"rialto\"").expect("written");
    let (code, _, complained) = rialto(&folder.path().join("three"), &["import", "half.lines"]);
    assert_eq!(code, Some(1));
    assert!(complained.trim_end().ends_with("(backups.other)") && !folder.path().join("three").exists(), "{complained}");
}

#[test]
fn a_database_of_an_older_version_is_refused_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = folder.path().join("all.lines");
    let new = Target::Sqlite(folder.path().join("new.db"));
    migrate(&mut new.writer().expect("a database")).expect("forward");
    let checked = exported(&new, &lines);
    let old = Database::create(folder.path());
    let mut conn = old.target().writer().expect("a database");
    migrate(&mut conn).expect("forward");
    let newest = "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT MAX(version) FROM __diesel_schema_migrations)";
    conn.batch_execute(newest).expect("older");
    drop(conn);
    assert_eq!(backups::import(&checked, &old.target()).expect_err("in use").code(), "backups.not_empty");
    let mut conn = old.target().writer().expect("a database");
    assert_eq!(migration_state(&mut conn).expect("a state").pending.len(), 1, "nothing was migrated");
}
