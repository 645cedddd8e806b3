//! Facts and decision among 1,000,000 members with 20,000,000 edges, generated once by SQL and kept in `target/`.

use std::path::PathBuf;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use rialto::ids::MemberId;
use rialto::settings::{Class, Classes, Settings};
use rialto::social::{self, Act, Asker, Edge, Edges, Facts, Reach, Relation};
use rialto::storage::{Conn, Target, migrate};
use stats_alloc::Region;

use super::ALLOCATIONS;
use super::report::Row;

const MEMBERS: f64 = 1_000_000.0;
const EDGES_EACH: i64 = 20;
/// Questions asked warm; the first tenth of them warms.
const ASKED: usize = 200_000;
/// Noon of a day.
const NOON: i64 = 1_793_534_400_000;

fn file(members: i64) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("target/bench-reach-{members}.db"))
}

/// The database, made when it is not there. A half-made one has another name.
fn database(members: i64) -> Conn {
    let (there, making) = (file(members), file(members).with_extension("making"));
    if !there.is_file() {
        let begun = Instant::now();
        let _ = std::fs::remove_file(&making);
        let mut conn = Target::Sqlite(making.clone()).writer().expect("a database");
        migrate(&mut conn).expect("tables");
        generate(&mut conn, members);
        drop(conn);
        std::fs::rename(&making, &there).expect("renamed");
        eprintln!("generated {members} members in {:.0} s", begun.elapsed().as_secs_f64());
    }
    Target::Sqlite(there).writer().expect("a database")
}

/// Members 1 to `members`; each has edges of one of four sorts to twenty others, spread over all. Every third has chosen who may reach
/// them.
fn generate(conn: &mut Conn, members: i64) {
    let bits = |edges: &[Edge]| Edges::of(edges).bits();
    let (contact, follows) = (bits(&[Edge::Contact]), bits(&[Edge::Follows]));
    let (both, blocks) = (bits(&[Edge::Contact, Edge::Follows]), bits(&[Edge::Blocks]));
    let rules = r#"{"message":{"from":["contacts","people_i_follow"]},"call":{"from":["contacts","mutual"]},"video_call":{"from":["contacts"]},"invite":{"from":["contacts"]},"mention":{"from":["everyone"]}}"#;
    let sql = format!(
        "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_size = -400000; BEGIN;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {members})
         INSERT INTO members SELECT i, 'm' || i, 'Member ' || i, 'member ' || i, '', '', '', '', NULL, i % 12, NULL, NULL, '', 'Europe/Paris',
           'system', 0, 0, NULL, 1, {NOON}, {NOON} FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {members}),
           k(j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM k WHERE j < {EDGES_EACH})
         INSERT OR IGNORE INTO relations SELECT i, o, CASE (i + j) % 10 WHEN 0 THEN {blocks} WHEN 1 THEN {contact} WHEN 2 THEN {both} ELSE {follows} END, {NOON}
           FROM (SELECT i, j, 1 + (i * 7919 + j * j * 104729 + j * 31) % {members} AS o FROM n, k) WHERE o <> i;
         INSERT INTO reach SELECT id, '{rules}', id % 3, CASE WHEN id % 2 = 0 THEN 1320 END, CASE WHEN id % 2 = 0 THEN 420 END, 0, {NOON}
           FROM members WHERE id % 3 = 0;
         COMMIT; ANALYZE;"
    );
    conn.batch_execute(&sql).expect("generated");
}

/// Pseudo-random, and the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % u64::try_from(most).expect("positive")).expect("small") + 1
    }
}

/// Somebody, and somebody to whom they have an edge half of the time.
fn pair(dice: &mut Dice, members: i64) -> (MemberId, MemberId) {
    let (one, j) = (dice.below(members), dice.below(EDGES_EACH));
    let known = 1 + (one * 7_919 + j * j * 104_729 + j * 31) % members;
    let other = if dice.below(2) == 1 { known } else { dice.below(members) };
    (MemberId(one), MemberId(if other == one { one % members + 1 } else { other }))
}

fn ask(conn: &mut Conn, settings: &Settings, n: usize, (from, to): (MemberId, MemberId)) -> f64 {
    let act = Act::ALL[n % Act::ALL.len()];
    let begun = Instant::now();
    let verdict = social::answer(conn, settings, &Asker::plain(from, act), to, false, NOON).expect("an answer");
    let took = begun.elapsed().as_secs_f64() * 1e6;
    std::hint::black_box(verdict);
    took
}

fn part(sorted: &[f64], part: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * part) as usize]
}

/// The pure decision alone: microseconds, and allocations, for each.
fn decision() -> (f64, f64) {
    let mut reach = Reach::defaults(&Settings::default());
    reach.quiet = Some(social::Quiet { from: 1_320, to: 420 });
    let relation = Relation { mine: Edges::of(&[Edge::Follows]), theirs: Edges::of(&[Edge::Follows]) };
    let facts = Facts {
        act: Act::Call,
        may_start: true,
        within_rate: true,
        relation,
        reach: &reach,
        ceiling: Classes::of(&[Class::Everyone]),
        roles: &[],
        plans: &[],
        is_verified: false,
        is_busy: false,
    };
    let times = 1_000_000;
    let ask_all = || {
        for n in 0..times {
            std::hint::black_box(social::decide(std::hint::black_box(&facts), NOON + n));
        }
    };
    let begun = Instant::now();
    ask_all();
    let took = begun.elapsed().as_secs_f64() * 1e6 / times as f64;
    let region = Region::new(ALLOCATIONS);
    ask_all();
    let allocated = region.change().allocations;
    (took, allocated as f64 / times as f64)
}

/// Everything.
pub fn measure(scale: f64) -> Vec<Row> {
    let members = ((MEMBERS * scale) as i64).max(100);
    let settings = Settings::default();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut conn = database(members);
    // The page cache of this connection is empty; that of the system may not be.
    let mut cold: Vec<f64> = (0..200)
        .map(|_| pair(&mut dice, members))
        .collect::<Vec<_>>()
        .into_iter()
        .enumerate()
        .map(|(n, two)| ask(&mut conn, &settings, n, two))
        .collect();
    let mut warm: Vec<f64> = Vec::with_capacity(ASKED);
    for n in 0..ASKED {
        let took = ask(&mut conn, &settings, n, pair(&mut dice, members));
        if n >= ASKED / 10 {
            warm.push(took);
        }
    }
    cold.sort_by(f64::total_cmp);
    warm.sort_by(f64::total_cmp);
    let row = |name: &str, value: f64, bar: Option<f64>| Row {
        bar,
        note: format!("{members} members"),
        ..Row::new(&format!("reach-{name}"), "us", value)
    };
    let (took, allocated) = decision();
    let allocations = Row { unit: "", note: "allocations for each".to_owned(), ..row("decision-allocations", allocated, Some(0.0)) };
    vec![
        row("warm-p50", part(&warm, 0.5), None),
        row("warm-p99", part(&warm, 0.99), Some(1_000.0)),
        row("cold-p50", part(&cold, 0.5), None),
        row("cold-p99", part(&cold, 0.99), None),
        row("decision", took, None),
        allocations,
    ]
}
