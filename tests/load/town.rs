//! People and rooms put straight into the database before the program starts: making a thousand accounts is not what is measured.

use std::path::Path;
use std::sync::Arc;

use diesel::connection::SimpleConnection;
use rialto::access::Scopes;
use rialto::chat::{self, NewRoom, RoomKind};
use rialto::clock::Clock;
use rialto::error::Result;
use rialto::ids::{Ids, MemberId, RoomId};
use rialto::live::{Logged, Signal};
use rialto::members::{self, DisplayName, MemberFilter, MemberState, NewMember, RoleKind, SessionKind, Username};
use rialto::storage::{Conn, Db, DbLimits, Sink, Target, Tx, set_fact};

/// A member with a token.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The member.
    pub member: MemberId,
    /// Their bearer token.
    pub token: String,
}

/// The database of a program that does not run.
pub struct Town {
    db: Db,
    target: Target,
}

struct Nobody;

impl Sink for Nobody {
    fn publish(&self, _events: Vec<Logged>) {}
    fn signal(&self, _signal: Signal) {}
    fn wake_jobs(&self) {}
}

/// Members are made this many at a time.
const SLICE: usize = 500;

impl Town {
    /// Makes an empty database in the data folder, or in PostgreSQL.
    pub async fn found(data: &Path, database_url: Option<&str>) -> std::result::Result<Self, String> {
        std::fs::create_dir_all(data).map_err(|error| error.to_string())?;
        let target = database_url.map_or_else(|| Target::Sqlite(data.join("rialto.db")), |url| Target::Postgres(url.to_owned()));
        let clock = Clock::system();
        let ids = Arc::new(Ids::new(clock.clone()));
        let limits = DbLimits { readers: 1, writers: 1, ..DbLimits::default() };
        let db = Db::open(target.clone(), limits, clock, ids, Arc::new(Nobody)).map_err(|error| error.to_string())?;
        let made = db.write(|tx| {
            set_fact(tx, "epoch", "a town to measure")?;
            members::ensure_built_in_roles(tx)
        });
        made.await.map_err(|error| error.to_string())?;
        Ok(Self { db, target })
    }

    /// `count` members, the first of them the owner, with tokens.
    pub async fn people(&self, count: usize) -> std::result::Result<Vec<Seat>, String> {
        let mut seats = Vec::with_capacity(count);
        while seats.len() < count {
            let (from, to) = (seats.len(), count.min(seats.len() + SLICE));
            let made = self.db.write(move |tx| (from..to).map(|n| person(tx, n)).collect::<Result<Vec<Seat>>>());
            seats.extend(made.await.map_err(|error| error.to_string())?);
        }
        Ok(seats)
    }

    /// The owner and so many active members who are there already, with tokens.
    pub async fn seats(&self, count: usize) -> std::result::Result<Vec<Seat>, String> {
        let made = self.db.write(move |tx| {
            let limit = i64::try_from(count).unwrap_or(i64::MAX);
            let filter = MemberFilter { state: Some(MemberState::Active), limit, ..MemberFilter::default() };
            let now = tx.now();
            let others = members::accounts(tx, filter, now)?.0.into_iter().map(|one| one.profile.id);
            let owner = members::owners(tx)?.first().copied();
            owner.into_iter().chain(others).map(|member| seat(tx, member)).collect::<Result<Vec<Seat>>>()
        });
        made.await.map_err(|error| error.to_string())
    }

    /// A private room with these members in it.
    pub async fn room(&self, name: &str, seats: &[Seat]) -> std::result::Result<RoomId, String> {
        let wish =
            NewRoom { kind: RoomKind::Private, name: Some(name.to_owned()), topic: String::new(), history: None, members: Vec::new() };
        let ids: Vec<MemberId> = seats.iter().map(|seat| seat.member).collect();
        let made = self.db.write(move |tx| {
            let room = chat::create_room(tx, &wish, ids.first().copied())?;
            for id in ids.iter().skip(1) {
                chat::join_quietly(tx, room, *id)?;
            }
            Ok(room)
        });
        made.await.map_err(|error| error.to_string())
    }

    /// Fills SQLite rooms with plain messages of one author, `each` in every room, with their events and heads.
    pub fn fill(&self, rooms: &[RoomId], author: MemberId, each: u32) -> std::result::Result<(), String> {
        let mut conn = self.target.writer().map_err(|error| error.to_string())?;
        let Conn::Sqlite(conn) = &mut conn else { return Err("only SQLite is filled".to_owned()) };
        for (place, room) in rooms.iter().enumerate() {
            let sql = FILL
                .replace("$ROOM", &room.0.to_string())
                .replace("$AUTHOR", &author.0.to_string())
                .replace("$EACH", &each.to_string())
                .replace("$PLACE", &place.to_string());
            conn.batch_execute(&sql).map_err(|error| error.to_string())?;
        }
        conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize;").map_err(|error| error.to_string())
    }
}

/// Messages as the program would have stored them: ids grow with `seq`, and no two rooms share one.
const FILL: &str = "
BEGIN IMMEDIATE;
CREATE TEMP TABLE said AS
  WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < $EACH)
  SELECT n, (SELECT seq FROM room_heads WHERE room = $ROOM) + n AS seq, 1700000000000 + n * 1000 AS at FROM n;
INSERT INTO messages (id, room, seq, author, client_key, body_hash, body, body_html, renderer, thread_count, reactions, sent_at)
  SELECT 1000000000000 + $PLACE * 10000000 + n, $ROOM, seq, $AUTHOR, 'f$PLACE-' || n, x'00',
    'The boats at the quay ' || n || ' were counted again before the tide turned, and nobody had gone.',
    '<p>The boats at the quay ' || n || ' were counted again before the tide turned, and nobody had gone.</p>', 1, 0, 0, at FROM said;
UPDATE room_heads SET seq = (SELECT max(seq) FROM said) WHERE room = $ROOM;
DROP TABLE said;
COMMIT;";

fn person(tx: &mut Tx<'_>, n: usize) -> Result<Seat> {
    let name = format!("member{n}");
    let mut new = NewMember::named(Username::parse(&name)?, DisplayName::parse(&name)?);
    if n == 0 {
        new.roles.push(members::built_in_role(tx, RoleKind::Owner)?);
    }
    new.welcomed = true;
    let member = members::create_member(tx, &new)?;
    seat(tx, member)
}

fn seat(tx: &mut Tx<'_>, member: MemberId) -> Result<Seat> {
    let (_, token) = members::make_session(tx, member, SessionKind::Bearer, Scopes::ALL, "load", None)?;
    Ok(Seat { member, token: token.reveal().to_owned() })
}
