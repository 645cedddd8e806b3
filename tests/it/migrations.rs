//! Migrations: forward, back and forward again, equal tables on both databases, and a database from a newer version is refused.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use rialto::storage::{Conn, migrate, migration_state};

use crate::support::Database;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(conn: &mut Conn, query: &str) -> BTreeSet<String> {
    let rows: Vec<Line> = diesel::sql_query(query).load(conn).expect("an answer");
    rows.into_iter().map(|row| row.line).collect()
}

/// Everything that the migrations made: tables with their columns, indexes.
fn structure(conn: &mut Conn) -> BTreeSet<String> {
    let query = match conn {
        Conn::Sqlite(_) => {
            "SELECT type || ' ' || name || ': ' || coalesce(sql, '') AS line FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '__diesel%'"
        }
        Conn::Pg(_) => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS line \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%' \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_diesel%'"
        }
    };
    lines(conn, query)
}

/// `table.column`, the same on both databases.
fn columns(conn: &mut Conn) -> BTreeSet<String> {
    let query = match conn {
        Conn::Sqlite(_) => {
            "SELECT m.name || '.' || c.name AS line FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '__diesel%'"
        }
        Conn::Pg(_) => {
            "SELECT table_name || '.' || column_name AS line FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%'"
        }
    };
    lines(conn, query)
}

fn files(conn: &Conn) -> FileBasedMigrations {
    let folder = if matches!(conn, Conn::Sqlite(_)) { "sqlite" } else { "postgres" };
    FileBasedMigrations::from_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder)).expect("the folder")
}

fn back(conn: &mut Conn) {
    let all = files(conn);
    match conn {
        Conn::Sqlite(conn) => drop(conn.revert_all_migrations(all).expect("back on SQLite")),
        Conn::Pg(conn) => drop(conn.revert_all_migrations(all).expect("back on PostgreSQL")),
    }
}

#[test]
fn forward_back_and_forward_again_give_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::create(folder.path());
    let mut conn = database.target().writer().expect("a connection");
    if let Conn::Pg(pg) = &mut conn {
        pg.batch_execute("SET statement_timeout = 1").expect("hurried");
    }
    let done = migrate(&mut conn).expect("forward");
    assert!(done.len() >= 3);
    let first = structure(&mut conn);
    assert!(first.len() > 20);
    assert_eq!(migrate(&mut conn).expect("again"), Vec::<String>::new(), "nothing is left to do");
    back(&mut conn);
    assert_eq!(structure(&mut conn), BTreeSet::new(), "nothing is left");
    assert_eq!(migrate(&mut conn).expect("forward again"), done);
    assert_eq!(structure(&mut conn), first);
}

#[test]
fn every_table_of_the_schema_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::create(folder.path());
    let mut conn = database.target().writer().expect("a connection");
    migrate(&mut conn).expect("forward");
    let found = columns(&mut conn);
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/storage/schema.rs")).expect("the schema");
    let mut declared = BTreeSet::new();
    let mut table = String::new();
    for line in schema.lines().map(str::trim).filter(|line| !line.starts_with('/') && !line.starts_with('#')) {
        if let Some((name, rest)) = line.split_once(" (")
            && rest.ends_with(") {")
        {
            name.clone_into(&mut table);
        } else if let Some((column, _)) = line.split_once(" -> ") {
            declared.insert(format!("{table}.{column}"));
        }
    }
    assert!(declared.len() > 60, "{} columns were read", declared.len());
    assert_eq!(found, declared);
}

#[test]
fn a_database_from_a_newer_version_is_known_as_such() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::create(folder.path());
    let mut conn = database.target().writer().expect("a connection");
    migrate(&mut conn).expect("forward");
    conn.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')").expect("a later one");
    let state = migration_state(&mut conn).expect("a state");
    assert_eq!((state.pending, state.unknown, state.is_empty), (Vec::new(), vec!["20991231000001".to_owned()], false));
}

#[actix_web::test]
async fn a_program_does_not_start_on_a_database_from_a_newer_version() {
    use rialto::app::App;
    use rialto::clock::Clock;
    use rialto::config::{Config, Given, Machine};
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::create(folder.path());
    {
        let mut conn = database.target().writer().expect("a connection");
        migrate(&mut conn).expect("forward");
        conn.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')").expect("a later one");
    }
    let mut config = Config::from(Given::default(), &Machine { address: None, processors: 2 }).expect("defaults work");
    (config.data, config.target) = (PathBuf::from(folder.path()), database.target());
    let refused = App::build(config, [7; 32], Clock::system(), false).await.expect_err("it does not start").to_string();
    assert!(refused.contains("newer"), "{refused}");
}

#[actix_web::test]
async fn who_was_invited_before_invitations_were_rows_is_invited_after_it() {
    let town = crate::support::Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = ann.post("/api/v1/rooms", serde_json::json!({ "kind": "group", "members": [bob.id, cleo.id] })).await;
    let path = format!("/api/v1/rooms/{}/members", room["id"].as_str().expect("id"));
    cleo.says_yes().await;
    let before = ann.get(&path).await["invited"].clone();
    assert_eq!((&before[0]["member"]["username"], before.as_array().map(Vec::len)), (&serde_json::json!("bob"), Some(1)));
    // As it was when only the requests were there; then what the migration does beside making the table.
    let ran = town.app().ground.db.write(|tx| {
        let folder = if matches!(&**tx, Conn::Sqlite(_)) { "sqlite" } else { "postgres" };
        let file = format!("{}/migrations/{folder}/2026-11-28-000035_invitations/up.sql", env!("CARGO_MANIFEST_DIR"));
        let script = std::fs::read_to_string(file).expect("the migration");
        let at = script.find("INSERT INTO room_invitations").expect("what it brings over");
        tx.batch_execute("DELETE FROM room_invitations")?;
        tx.batch_execute(&script[at..])?;
        Ok(())
    });
    ran.await.expect("it runs");
    assert_eq!(ann.get(&path).await["invited"], before);
    town.close().await;
}

#[test]
fn sqlite_keeps_its_plans() {
    #[derive(diesel::QueryableByName)]
    struct Option {
        #[diesel(sql_type = diesel::sql_types::Text)]
        compile_options: String,
    }
    let mut conn = diesel::SqliteConnection::establish(":memory:").expect("a connection");
    let options: Vec<Option> = diesel::sql_query("PRAGMA compile_options").load(&mut conn).expect("options");
    assert!(options.iter().any(|option| option.compile_options == "ENABLE_QPSG"), "decision 0013: .cargo/config.toml was not read");
}
