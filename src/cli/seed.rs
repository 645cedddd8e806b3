//! `rialto seed`: the village, and thousands around it who talk in its words, pay, call and report each other, to measure with.
//!
//! What they say is drawn word by word from what follows which in the village's own conversations, so that lengths and letters are like
//! those of people; it means nothing. The same numbers come out again on an equally filled database at the same time.

mod doings;
mod words;

use self::doings::Means;
use self::words::{Dice, Words, name};
use super::village;
use crate::chat::seed::{Said, place_member, place_plain_message, place_read_mark};
use crate::chat::{NewRoom, RoomKind, create_room};
use crate::clock::{Clock, Millis};
use crate::error::{Error, Result};
use crate::ids::{Ids, MemberId, RoomId};
use crate::members::{self, DisplayName, MemberState, NewMember, Username, create_member};
use crate::storage::{Db, Tx};

/// How much is made at once.
#[derive(Clone, Copy)]
struct Size {
    members: usize,
    messages: usize,
}

/// Each step of the scale.
const STEP: Size = Size { members: 1_000, messages: 10_000 };
/// Rooms of each step.
const ROOMS: usize = 10;
/// How many members, and how many messages, share one transaction.
const MEMBER_SLICE: usize = 100;
const MESSAGE_SLICE: usize = 500;
const DAY: Millis = 86_400_000;
/// How long ago the first of them came, and the first of them spoke.
const CAME: Millis = 400 * DAY;
const SPOKE: Millis = 90 * DAY;
/// One of so many waits for a yes of an administrator.
const WAITS: usize = 300;
/// One message of so many is said between two people, where some talk with each other.
const BETWEEN_TWO: usize = 20;
/// The newest messages that somebody may have left unread.
const UNREAD: u64 = 6;

/// What was added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Members without a password.
    pub members: usize,
    /// Public rooms; the first of each ten holds a thousand members.
    pub rooms: usize,
    /// Messages.
    pub messages: usize,
    /// Subscriptions, each with what was paid for it.
    pub subscriptions: usize,
    /// Was the village built as well, because nobody owned the community?
    pub village: bool,
}

/// Adds `scale` thousand members and ten times as many messages, the newest a minute before `now`; a tenth of the members pay. First the
/// village, when nobody owns the community. Nothing is published.
///
/// # Errors
/// When the database refuses.
pub async fn run(db: &Db, scale: u32, now: Millis) -> Result<Added> {
    fill(db, scale, STEP, now).await
}

async fn fill(db: &Db, steps: u32, size: Size, now: Millis) -> Result<Added> {
    let mut added = Added::default();
    if !db.read(members::community_has_owner).await? {
        village::build(db, now).await?;
        added.village = true;
    }
    // Ids are of now, though what they name happened before: so many made in the past would meet those of another run.
    let mut ids = Ids::new(Clock::held(now).0);
    let means = db.write(Means::find).await?;
    for _ in 0..steps {
        let first = db.read(members::seed::count_ever).await?;
        let mut quarter = Quarter::new(u64::try_from(first).unwrap_or(0), size, now, (means.clone(), ids))?;
        quarter = lend(db, quarter, Quarter::open_rooms).await?;
        while quarter.people.len() < size.members {
            quarter = lend(db, quarter, Quarter::settle_some).await?;
        }
        while quarter.done < size.members {
            quarter = lend(db, quarter, Quarter::happen).await?;
        }
        while quarter.said < size.messages {
            quarter = lend(db, quarter, Quarter::talk).await?;
        }
        while quarter.read < size.members {
            quarter = lend(db, quarter, Quarter::read_some).await?;
        }
        added.members += quarter.people.len();
        added.rooms += quarter.rooms.len();
        added.messages += quarter.said;
        added.subscriptions += quarter.subscriptions;
        ids = quarter.ids;
    }
    Ok(added)
}

async fn lend(db: &Db, mut quarter: Quarter, f: fn(&mut Quarter, &mut Tx<'_>) -> Result<()>) -> Result<Quarter> {
    db.write(move |tx| {
        f(&mut quarter, tx)?;
        Ok(quarter)
    })
    .await
}

/// A thousand people, while they are made.
struct Quarter {
    /// How many were there before.
    first: u64,
    size: Size,
    now: Millis,
    means: Means,
    words: Words,
    dice: Dice,
    ids: Ids,
    people: Vec<MemberId>,
    rooms: Vec<(RoomId, Vec<MemberId>)>,
    /// Conversations of two.
    talks: Vec<(RoomId, Vec<MemberId>)>,
    subscriptions: usize,
    done: usize,
    said: usize,
    read: usize,
}

impl Quarter {
    fn new(first: u64, size: Size, now: Millis, (means, ids): (Means, Ids)) -> Result<Self> {
        Ok(Self {
            first,
            size,
            now,
            means,
            words: Words::of_the_village()?,
            dice: Dice(first),
            ids,
            people: Vec::new(),
            rooms: Vec::new(),
            talks: Vec::new(),
            subscriptions: 0,
            done: 0,
            said: 0,
            read: 0,
        })
    }

    /// When the `n`th of them came.
    fn came(&self, n: usize) -> Millis {
        self.now - CAME + step(CAME - SPOKE, n, self.size.members)
    }

    /// Does the `n`th of them wait to be let in?
    const fn waits(n: usize) -> bool {
        n % WAITS == WAITS - 2
    }

    fn at<T>(&self, tx: &mut Tx<'_>, then: Millis, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        tx.as_of(then, &self.ids, f)
    }

    fn open_rooms(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        for n in 0..ROOMS {
            let name = format!("{} {}", self.words.noun(&mut self.dice), self.first + n as u64);
            let topic = self.words.sentence(&mut self.dice);
            let wish = NewRoom { kind: RoomKind::Public, name: Some(name), topic, history: None, members: Vec::new() };
            let room = self.at(tx, self.now - CAME, |tx| create_room(tx, &wish, None))?;
            self.rooms.push((room, Vec::new()));
        }
        Ok(())
    }

    fn settle_some(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        for _ in 0..MEMBER_SLICE {
            let n = self.people.len();
            let then = self.came(n);
            let shown = name(&mut self.dice);
            let given = shown.split(' ').next().unwrap_or("someone").to_lowercase();
            let username = Username::parse(&format!("{given}.{}", self.first + n as u64))?;
            let bio = self.words.sentence(&mut self.dice);
            let state = if Self::waits(n) { MemberState::Pending } else { MemberState::Active };
            let roles = if n.is_multiple_of(5) { vec![self.means.regulars] } else { Vec::new() };
            let new = NewMember { bio, state, roles, welcomed: true, ..NewMember::named(username, DisplayName::parse(&shown)?) };
            let id = self.at(tx, then, |tx| create_member(tx, &new))?;
            self.people.push(id);
            if Self::waits(n) {
                continue;
            }
            // Everyone is in the square, and in two rooms more.
            let one = 1 + n % (ROOMS - 1);
            for room in [0, one, 1 + (one + n / ROOMS) % (ROOMS - 1)] {
                let place = self.rooms[room].0;
                if self.at(tx, then, |tx| place_member(tx, place, id, id))? {
                    self.rooms[room].1.push(id);
                }
            }
        }
        Ok(())
    }

    fn talk(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        for _ in 0..MESSAGE_SLICE {
            let then = self.now - SPOKE + step(SPOKE - 60_000, self.said, self.size.messages);
            let is_between_two = self.said % BETWEEN_TWO == BETWEEN_TWO - 1 && !self.talks.is_empty();
            let (room, members) =
                if is_between_two { &self.talks[self.said / BETWEEN_TWO % self.talks.len()] } else { &self.rooms[self.said % ROOMS] };
            let author = *self.dice.pick(members).ok_or_else(|| Error::broken("a room without members"))?;
            let room = *room;
            let body = self.words.sentence(&mut self.dice);
            let client_key = format!("seed-{}-{}", self.first, self.said);
            let said = Said { room, author, client_key: &client_key, body: &body, reply_to: None, thread: None };
            self.at(tx, then, |tx| place_plain_message(tx, &said))?;
            self.said += 1;
        }
        Ok(())
    }

    fn read_some(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let from = self.read;
        self.read += MEMBER_SLICE;
        for n in from..self.read {
            let member = self.people[n];
            let rooms: Vec<RoomId> = self.rooms.iter().filter(|(_, members)| members.contains(&member)).map(|(room, _)| *room).collect();
            for room in rooms {
                let unread = usize::try_from(self.dice.below(UNREAD)).unwrap_or(0);
                self.at(tx, self.now - 1_000, |tx| place_read_mark(tx, room, member, unread))?;
            }
        }
        Ok(())
    }
}

/// How far into `whole` the `n`th of `count` equal steps is.
fn step(whole: Millis, n: usize, count: usize) -> Millis {
    let count = Millis::try_from(count).unwrap_or(1);
    whole / count * Millis::try_from(n).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hundreds_come_to_the_village_and_more_after_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let (clock, _) = Clock::held(1_795_000_000_000);
        let target = crate::storage::Target::Sqlite(folder.path().join("rialto.db"));
        let db = super::super::offline::open(&target, &clock).expect("a database");
        let small = Size { members: 200, messages: 500 };
        let first = fill(&db, 2, small, clock.now()).await.expect("seeded");
        assert_eq!(first, Added { members: 400, rooms: 2 * ROOMS, messages: 1_000, subscriptions: 40, village: true });
        let again = fill(&db, 1, small, clock.now() + 1_000).await.expect("seeded again");
        assert_eq!(again, Added { members: 200, rooms: ROOMS, messages: 500, subscriptions: 20, village: false });
    }
}
