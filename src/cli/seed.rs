//! `rialto seed`: the village, and thousands around it who talk in its words, to measure with.
//!
//! What they say is drawn word by word from what follows which in the village's own conversations, so that lengths and letters are like
//! those of people; it means nothing. The same numbers come out again on an equally filled database at the same time.

use std::collections::BTreeMap;

use super::village;
use crate::chat::seed::{Said, place_member, place_plain_message, place_read_mark};
use crate::chat::{NewRoom, RoomKind, create_room};
use crate::clock::{Clock, Millis};
use crate::error::{Error, Result};
use crate::ids::{Ids, MemberId, RoomId};
use crate::members::{self, DisplayName, NewMember, Username, create_member};
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
/// How long ago the first of them came, and the first of them spoke.
const CAME: Millis = 120 * 86_400_000;
const SPOKE: Millis = 90 * 86_400_000;
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
    /// Was the village built as well, because nobody owned the community?
    pub village: bool,
}

/// Adds `scale` thousand members and ten times as many messages, the newest a minute before `now`; first the village, when nobody owns
/// the community. Nothing is published.
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
    for _ in 0..steps {
        let first = db.read(members::seed::count_ever).await?;
        let mut quarter = Quarter::new(u64::try_from(first).unwrap_or(0), size, now, ids)?;
        quarter = lend(db, quarter, Quarter::open_rooms).await?;
        while quarter.people.len() < size.members {
            quarter = lend(db, quarter, Quarter::settle_some).await?;
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
    words: Words,
    dice: Dice,
    ids: Ids,
    people: Vec<MemberId>,
    rooms: Vec<(RoomId, Vec<MemberId>)>,
    said: usize,
    read: usize,
}

impl Quarter {
    fn new(first: u64, size: Size, now: Millis, ids: Ids) -> Result<Self> {
        let words = Words::of_the_village()?;
        Ok(Self { first, size, now, words, dice: Dice(first), ids, people: Vec::new(), rooms: Vec::new(), said: 0, read: 0 })
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
            let then = self.now - CAME + step(CAME - SPOKE, n, self.size.members);
            let shown = name(&mut self.dice);
            let given = shown.split(' ').next().unwrap_or("someone").to_lowercase();
            let username = Username::parse(&format!("{given}.{}", self.first + n as u64))?;
            let bio = self.words.sentence(&mut self.dice);
            let new = NewMember { bio, welcomed: true, ..NewMember::named(username, DisplayName::parse(&shown)?) };
            let id = self.at(tx, then, |tx| create_member(tx, &new))?;
            self.people.push(id);
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
            let (room, members) = &self.rooms[self.said % ROOMS];
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

/// Numbers that look random and come out the same again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        // Splitmix64: a counter whose bits are mixed.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end.max(1)
    }

    fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let n = self.below(among.len() as u64);
        among.get(usize::try_from(n).unwrap_or(0))
    }
}

/// A name that nobody in the village has.
fn name(dice: &mut Dice) -> String {
    const BEGIN: [&str; 16] = ["Ba", "Ce", "Do", "Fi", "Ga", "He", "Ju", "Ka", "Lo", "Me", "Ni", "Pe", "Ro", "Sa", "Te", "Vi"];
    const END: [&str; 12] = ["lin", "ra", "na", "to", "vic", "mar", "sa", "del", "rik", "la", "min", "dor"];
    const FAMILY: [&str; 12] = ["wick", "berg", "mann", "ova", "sen", "ston", "ez", "ides", "field", "quist", "brook", "ardi"];
    let mut part = |list: &[&'static str]| dice.pick(list).copied().unwrap_or("");
    format!("{}{} {}{}{}", part(&BEGIN), part(&END), part(&BEGIN), part(&END), part(&FAMILY))
}

/// What follows which in the village's conversations.
struct Words {
    first: Vec<String>,
    next: BTreeMap<String, Vec<String>>,
    nouns: Vec<String>,
}

impl Words {
    /// Most words of a sentence.
    const MOST: usize = 40;

    fn of_the_village() -> Result<Self> {
        let (mut first, mut next, mut nouns) = (Vec::new(), BTreeMap::<String, Vec<String>>::new(), Vec::new());
        for line in village::said_in_english()? {
            let words: Vec<&str> = line.split_whitespace().filter(|word| is_plain(word)).collect();
            first.extend(words.first().map(|word| (*word).to_owned()));
            for pair in words.windows(2) {
                next.entry(pair[0].to_owned()).or_default().push(pair[1].to_owned());
                if pair[0] == "the" && pair[1].len() > 3 && pair[1].bytes().all(|b| b.is_ascii_lowercase()) {
                    nouns.push(pair[1].to_owned());
                }
            }
        }
        Ok(Self { first, next, nouns })
    }

    fn sentence(&self, dice: &mut Dice) -> String {
        let mut word = dice.pick(&self.first).map_or("Yes.", String::as_str);
        let mut text = word.to_owned();
        for _ in 1..Self::MOST {
            let ends = word.ends_with(['.', '?', '!']) && dice.below(3) > 0;
            let Some(follows) = self.next.get(word).filter(|_| !ends) else { break };
            let Some(then) = dice.pick(follows) else { break };
            word = then;
            text.push(' ');
            text.push_str(word);
        }
        text
    }

    /// What has a "the" before it, which is a thing more often than not.
    fn noun(&self, dice: &mut Dice) -> String {
        dice.pick(&self.nouns).cloned().unwrap_or_else(|| "quay".to_owned())
    }
}

/// No Markdown, no names behind an `@`.
fn is_plain(word: &str) -> bool {
    word.chars().all(|c| c.is_alphanumeric() || "'’-,.!?;:".contains(c)) && word.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dice_fall_the_same_way_again_and_the_words_are_the_villages() {
        let words = Words::of_the_village().expect("words");
        let told = |seed| {
            let mut dice = Dice(seed);
            (0..200).map(|_| words.sentence(&mut dice)).collect::<Vec<_>>()
        };
        assert_eq!(told(7), told(7));
        assert_ne!(told(7), told(8));
        let different: std::collections::BTreeSet<String> = told(7).into_iter().collect();
        assert!(different.len() > 150, "only {} different sentences of 200", different.len());
        assert!(different.iter().all(|line| !line.contains(['@', '*', '`', '|', '[']) && line.split(' ').count() <= Words::MOST));
    }

    #[tokio::test]
    async fn hundreds_come_to_the_village_and_more_after_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let (clock, _) = Clock::held(1_795_000_000_000);
        let target = crate::storage::Target::Sqlite(folder.path().join("rialto.db"));
        let db = super::super::offline::open(&target, &clock).expect("a database");
        let small = Size { members: 200, messages: 500 };
        let first = fill(&db, 2, small, clock.now()).await.expect("seeded");
        assert_eq!(first, Added { members: 400, rooms: 2 * ROOMS, messages: 1_000, village: true });
        let again = fill(&db, 1, small, clock.now() + 1_000).await.expect("seeded again");
        assert_eq!(again, Added { members: 200, rooms: ROOMS, messages: 500, village: false });
    }
}
