//! The village on each database: whole, twice the same, and as its files say.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::data::Village;
use super::{Cast, Door, build};
use crate::clock::{Clock, Millis};
use crate::ids::{Ids, RoomId};
use crate::live::Logged;
use crate::members::{self, MemberState};
use crate::storage::schema::{member_events, messages, room_log, sanctions};
use crate::storage::{Conn, Db, DbLimits, Sink, Target, all_heads};
use crate::{chat, social};

const NOW: Millis = 1_795_000_000_000;

/// Nobody may be told anything.
struct Silent;

impl Sink for Silent {
    fn publish(&self, events: Vec<Logged>) {
        assert!(events.is_empty(), "something was published");
    }

    fn signal(&self, _: crate::live::Signal) {}

    fn wake_jobs(&self) {}
}

/// A database of a test's own; PostgreSQL when `RIALTO_TEST_POSTGRES` names a server.
struct Place {
    target: Target,
    _folder: tempfile::TempDir,
    server: Option<(String, String)>,
}

impl Place {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let Ok(server) = std::env::var("RIALTO_TEST_POSTGRES") else {
            return Self { target: Target::Sqlite(folder.path().join("rialto.db")), _folder: folder, server: None };
        };
        let name = format!("rialto_village_{}_{name}", std::process::id());
        let mut admin = PgConnection::establish(&server).expect("a server");
        admin.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database");
        let base = server.rsplit_once('/').map_or(server.as_str(), |(base, _)| base);
        Self { target: Target::Postgres(format!("{base}/{name}")), _folder: folder, server: Some((server, name)) }
    }

    fn open(&self) -> Db {
        let (clock, _) = Clock::held(NOW);
        let ids = Arc::new(Ids::new(clock.clone()));
        Db::open(self.target.clone(), DbLimits::default(), clock, ids, Arc::new(Silent)).expect("a database")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.server
            && let Ok(mut admin) = PgConnection::establish(server)
        {
            let _ = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Every table with every column but those that are random.
const DUMPED: &[(&str, &str)] = &[
    ("members", "id, username, display_name, name_key, bio, state, permissions, created_at, last_seen_at, hue"),
    ("roles", "id, name, kind, place, permissions"),
    ("member_roles", "member, role"),
    ("sanctions", "id, reason, made_by, made_at"),
    ("plans", "id, name, description, position, created_at"),
    ("plan_entitlements", "plan, name, value"),
    ("grants", "id, member, plan, source, starts_at, ends_at, revoked_at, given_by, note, phase"),
    ("grant_log", "id, member, at, kind, grant_id, plan, actor, ends_at, note"),
    ("prices", "id, plan, amount, currency, every, created_at"),
    ("payers", "member, number"),
    ("orders", "id, buyer, client_key, state, amount, note, placed_at, paid_at"),
    ("payments", "id, order_id, method, amount, reference, received_at, receipt_year, receipt_number"),
    ("ledger", "id, transfer, at, account, amount, currency"),
    ("subscriptions", "id, member, plan, status, started_at, period_end"),
    ("verifications", "member, verified_by, verified_at, note"),
    ("member_badges", "member, reason, text, hue, since"),
    ("audit", "id, at, act, subject"),
    ("rooms", "id, kind, name, topic, history, circle, created_at, member_count"),
    ("room_members", "room, member, role, joined_at, joined_seq"),
    ("messages", "id, room, seq, author, client_key, body, body_html, mentions, sent_at, reactions"),
    ("reactions", "message, emoji, member, place"),
    ("mentions", "room, seq, target_kind, target, message"),
    ("read_marks", "member, room, seq"),
    ("room_heads", "room, seq, at"),
    ("room_log", "room, seq, at, kind, actor, data"),
    ("member_heads", "member, seq, at"),
    ("member_events", "member, seq, at, kind, data"),
    ("settings", "name, value"),
];

fn dump(conn: &mut Conn) -> BTreeMap<&'static str, Vec<String>> {
    let lines = |(table, columns): &(&'static str, &str)| {
        let query = format!("SELECT concat_ws(' ', {columns}) AS line FROM {table} ORDER BY 1");
        let rows: Vec<Line> = diesel::sql_query(query).load(conn).expect(table);
        (*table, rows.into_iter().map(|row| row.line).collect())
    };
    DUMPED.iter().map(lines).collect()
}

async fn built(place: &Place) -> (Db, Cast) {
    let db = place.open();
    let cast = build(&db, NOW).await.expect("a village");
    (db, cast)
}

#[tokio::test]
async fn two_villages_of_the_same_time_are_the_same() {
    let (one, two) = (Place::new("one"), Place::new("two"));
    let begun = std::time::Instant::now();
    let (first, _) = built(&one).await;
    println!("one village takes {:?}", begun.elapsed());
    let (second, _) = built(&two).await;
    let first = first.read(|conn| Ok(dump(conn))).await.expect("read");
    let second = second.read(|conn| Ok(dump(conn))).await.expect("read");
    for (table, rows) in &first {
        assert!(!rows.is_empty(), "{table} is empty");
        assert_eq!(rows, &second[table], "{table}");
    }
}

#[tokio::test]
async fn logs_are_dense_and_agree_with_their_heads_and_with_time() {
    let place = Place::new("logs");
    let (db, _) = built(&place).await;
    let (heads, rooms, members) = db
        .read(|conn| {
            let rooms: Vec<(i64, i64, i64)> =
                room_log::table.order((room_log::room, room_log::seq)).select((room_log::room, room_log::seq, room_log::at)).load(conn)?;
            let members: Vec<(i64, i64, i64)> = member_events::table
                .order((member_events::member, member_events::seq))
                .select((member_events::member, member_events::seq, member_events::at))
                .load(conn)?;
            Ok((all_heads(conn)?, rooms, members))
        })
        .await
        .expect("read");
    let mut last: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for (log, seq, at) in rooms.into_iter().chain(members) {
        let (before, then) = last.insert(log, (seq, at)).unwrap_or((0, 0));
        assert_eq!(seq, before + 1, "log {log} has a gap");
        assert!(at >= then && at < NOW, "log {log} goes back in time, or beyond now");
    }
    for (log, seq) in heads {
        let id = match log {
            crate::live::LogId::Room(room) => room.0,
            crate::live::LogId::Member(member) => member.0,
        };
        assert_eq!(last.get(&id).map_or(0, |(seq, _)| *seq), seq, "{log:?}");
    }
}

#[tokio::test]
async fn what_the_issue_asks_for_is_there_and_no_sentence_is_said_twice() {
    let place = Place::new("counts");
    let (db, cast) = built(&place).await;
    assert!(cast.members.len() >= 12 && cast.rooms.len() >= 12);
    for door in [Door::Owner, Door::Paying, Door::Free] {
        assert!(cast.behind(door).is_some_and(|member| member.state == MemberState::Active), "{door:?}");
    }
    let (bodies, edited, deleted, pinned, threads): (Vec<String>, i64, i64, i64, i64) = db
        .read(|conn| {
            let bodies = messages::table.filter(messages::deleted_at.is_null()).select(messages::body).load(conn)?;
            let edited = messages::table.filter(messages::edited_at.is_not_null()).count().get_result(conn)?;
            let deleted =
                messages::table.filter(messages::deleted_at.is_not_null()).filter(messages::body.eq("")).count().get_result(conn)?;
            let pinned = messages::table.filter(messages::pinned_at.is_not_null()).count().get_result(conn)?;
            let threads = messages::table.filter(messages::thread_count.gt(0)).count().get_result(conn)?;
            Ok((bodies, edited, deleted, pinned, threads))
        })
        .await
        .expect("read");
    assert!(bodies.len() >= 400, "{} messages", bodies.len());
    let village = Village::read().expect("read");
    let told = |f: fn(&super::data::MessageStory) -> bool| {
        i64::try_from(village.rooms.iter().flat_map(|room| &room.messages).filter(|m| f(m)).count()).expect("few")
    };
    assert_eq!((edited, deleted, pinned), (told(|m| m.edited), told(|m| m.deleted), told(|m| m.pinned)));
    assert!(threads >= 2);
    let mut seen = HashSet::new();
    for body in bodies {
        let sentence = body.to_lowercase();
        assert!(seen.insert(sentence), "said twice: {body}");
    }
}

#[tokio::test]
async fn the_banned_one_is_out_and_what_asked_for_money_is_gone() {
    let place = Place::new("ban");
    let (db, cast) = built(&place).await;
    let vik = cast.member("vik").expect("vik").id;
    let ilse = cast.member("ilse").expect("ilse").id;
    let (rooms, sanction, left): (usize, (Option<i64>, Option<i64>), i64) = db
        .read(move |conn| {
            let rooms = chat::standing_rooms(conn, vik)?.len();
            let sanction =
                sanctions::table.filter(sanctions::member.eq(vik.0)).select((sanctions::made_by, sanctions::lifted_at)).first(conn)?;
            let left = room_log::table
                .filter(room_log::kind.eq(chat::EventNumber::MemberLeft as i16))
                .filter(room_log::data.like("%\"banned\"%"))
                .count()
                .get_result(conn)?;
            Ok((rooms, sanction, left))
        })
        .await
        .expect("read");
    assert_eq!((rooms, sanction, left), (0, (Some(ilse.0), None), 3));
    assert_eq!(cast.member("vik").expect("vik").state, MemberState::Banned);
    assert_eq!(cast.member("pia").expect("pia").state, MemberState::Pending);
}

#[tokio::test]
async fn the_queue_has_what_waits_and_what_was_answered_and_everybody_has_read_what_they_were_told() {
    let place = Place::new("queue");
    let (db, cast) = built(&place).await;
    let mara = cast.member("mara").expect("mara").id;
    let wren = cast.member("wren").expect("wren").id;
    let ids: Vec<_> = cast.members.iter().map(|member| member.id).collect();
    db.read(move |conn| {
        let sought = |closed| social::SoughtReports { closed, member: None, before: None };
        let waits = [social::reports(conn, mara, &sought(false), 50, NOW)?, social::reports(conn, mara, &sought(true), 50, NOW)?];
        assert_eq!(waits.map(|page| page.items.len()), [1, 2], "open and closed");
        let appeals = [members::appeals(conn, mara, false, None, 50, NOW)?, members::appeals(conn, mara, true, None, 50, NOW)?];
        assert_eq!(appeals.map(|page| page.items.len()), [1, 1], "waiting and decided");
        let lifted = members::sanctions_of(conn, wren)?;
        assert_eq!(lifted.iter().map(|row| row.upheld).collect::<Vec<_>>(), [Some(false)]);
        assert_eq!(social::answered_reports(conn, wren, 50)?.len(), 1);
        for member in ids {
            assert_eq!(social::unread_notices(conn, member)?, 0, "of {member}");
        }
        Ok(())
    })
    .await
    .expect("a village");
}

#[tokio::test]
async fn everyone_has_as_much_unread_as_is_written_down() {
    let place = Place::new("unread");
    let (db, cast) = built(&place).await;
    let village = Village::read().expect("read");
    let rooms: BTreeMap<RoomId, usize> = cast.rooms.iter().enumerate().map(|(no, room)| (room.id, no)).collect();
    for member in cast.members.iter().filter(|member| member.state == MemberState::Active) {
        let id = member.id;
        let seen = db.read(move |conn| chat::seed::unread_of(conn, id)).await.expect("read");
        assert!(!seen.is_empty());
        for (room, unread) in seen {
            // First words that wait for a yes are in no file of a room.
            let Some(no) = rooms.get(&room) else { continue };
            let story = &village.rooms[*no];
            let declared = story.read.get(&member.username).copied().unwrap_or(0);
            assert_eq!(unread, declared, "{} in room {}", member.username, no + 1);
        }
    }
}

#[test]
fn an_age_is_read_only_as_it_is_written() {
    use super::data::Age;
    assert_eq!(Age::try_from("19d 5h 3m".to_owned()), Ok(Age(((19 * 24 + 5) * 60 + 3) * 60_000)));
    for wrong in ["", "5", "5s", "d", "-1d", "five d", "5é"] {
        assert!(Age::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn calls_were_made_in_conversations_rooms_and_groups_and_stand_in_their_logs_in_order_of_time() {
    use crate::storage::schema::{calls, rooms};
    let place = Place::new("calls");
    let (db, cast) = built(&place).await;
    let told = db
        .read(move |conn| {
            let kinds: Vec<(i16, Option<i64>)> =
                calls::table.filter(calls::ended_at.is_not_null()).select((calls::kind, calls::room)).load(conn)?;
            let voice: Vec<Option<String>> = rooms::table.filter(rooms::voice).order(rooms::name).select(rooms::name).load(conn)?;
            let room = cast.room("night-shift").expect("a room").id;
            let lines: Vec<(i16, i64)> =
                room_log::table.filter(room_log::room.eq(room.0)).order(room_log::seq).select((room_log::kind, room_log::at)).load(conn)?;
            let slow = rooms::table.filter(rooms::slow_seconds.gt(0)).select((rooms::name, rooms::slow_seconds)).load(conn)?;
            Ok((kinds, voice, lines, slow))
        })
        .await
        .expect("a village");
    let (kinds, voice, lines, slow): (_, _, _, Vec<(Option<String>, i32)>) = told;
    let count = |kind: i16| kinds.iter().filter(|(found, _)| *found == kind).count();
    assert_eq!((count(1), count(2)), (2, 2), "in groups, and in rooms with voice");
    assert!(count(0) >= 8);
    assert_eq!(voice, [Some("choir".to_owned()), Some("night-shift".to_owned())]);
    assert_eq!(slow, [(Some("market".to_owned()), 60)], "one room is slow");
    assert!(lines.iter().any(|(kind, _)| *kind == 20) && lines.iter().any(|(kind, _)| *kind == 21));
    assert!(lines.is_sorted_by_key(|(_, at)| *at), "the cards stand where they belong");
}

#[tokio::test]
async fn the_paying_member_may_call_the_free_one_and_the_other_way_is_locked() {
    use crate::billing::{self, Billing};
    use crate::settings::Settings;
    use crate::social::{Act, Asker, Own, Verdict};
    let place = Place::new("reach");
    let (db, cast) = built(&place).await;
    let [paying, free] = [Door::Paying, Door::Free].map(|door| cast.behind(door).expect("a door").id);
    let billing = Billing::new(billing::Notices::to(crate::consequences::follow_billing));
    let (there, back) = db
        .read(move |conn| {
            let settings = Settings::load(conn)?;
            let mut asked = |from, to, act| {
                let standing = billing.standings.of(conn, from, NOW)?;
                social::answer(conn, &settings, &Asker::standing(from, act, &standing), to, false, NOW)
            };
            Ok((asked(paying, free, Act::Call)?, asked(free, paying, Act::Call)?))
        })
        .await
        .expect("a village");
    assert_eq!((there, back), (Verdict::Through, Verdict::Refused(Own::NotEntitled)));
}
