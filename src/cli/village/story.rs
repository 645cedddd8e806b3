//! The village as one story: everything that ever happened in it, in order of time.

use std::collections::{BTreeSet, HashMap};

use super::data::{MessageStory, Office, Person, RoomStory, Village};
use super::ties::ReportStory;
use crate::billing::Every;
use crate::chat::History;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::members::MemberState;

/// Somebody, by their place in the cast.
pub(super) type PersonNo = usize;
/// A room, by its place among the files.
pub(super) type RoomNo = usize;
/// A message, by its room and its place there.
pub(super) type MessageNo = (RoomNo, usize);

/// Something that happened. The order of the variants is the order of what happens in the same moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// Somebody makes an account.
    Arrive(PersonNo),
    /// The owner makes the plans.
    Plan,
    /// Somebody is given a plan.
    Grant(PersonNo, usize),
    /// A plan of somebody's ends by itself.
    GrantEnds(PersonNo),
    /// Somebody pays for a plan, by hand.
    Pay(PersonNo, usize),
    /// What somebody pays for by hand is looked at: it may be owed, or over.
    Owe(PersonNo),
    /// Somebody asks for a plan.
    Ask(PersonNo, usize),
    /// Somebody is verified.
    Verify(PersonNo),
    /// Somebody makes a room.
    Open(RoomNo),
    /// Somebody enters a room.
    Enter(RoomNo, PersonNo),
    /// Somebody becomes a moderator of a room.
    Lead(RoomNo, PersonNo),
    /// Somebody says something.
    Say(MessageNo),
    /// Somebody changes what they said.
    Edit(MessageNo),
    /// Somebody puts an emoji under a message.
    React(MessageNo, String, PersonNo),
    /// A message is pinned.
    Pin(MessageNo),
    /// A message is deleted by somebody.
    Delete(MessageNo, PersonNo),
    /// Several meet in a call.
    Gather(usize),
    /// Somebody is banned.
    Ban(PersonNo),
    /// Somebody is reported.
    Report(usize),
    /// A report is answered.
    Answer(usize),
    /// Somebody appeals against what was last done to them, in these words.
    Appeal(PersonNo, String),
    /// An appeal against what was done in answer to a report is decided.
    Decide(usize),
    /// Somebody has read a room, but for so many messages.
    Read(RoomNo, PersonNo, usize),
}

const DAY: Millis = 86_400_000;
/// Between two payments of one who pays by the month.
const PAID_EVERY: Millis = 30 * DAY;

/// How long after a message it is edited, pinned, and reacted to once more.
const EDITED_AFTER: Millis = 90_000;
const PINNED_AFTER: Millis = 150_000;
const NEXT_REACTION: Millis = 20_000;
/// How long before a ban the messages that led to it are deleted.
const DELETED_BEFORE: Millis = 60_000;
/// When everyone looked last, before now.
const LAST_LOOK: Millis = 1_000;

/// Everything, in order of time.
///
/// # Errors
/// When the village contradicts itself.
pub(super) fn story(village: &Village, now: Millis) -> Result<Vec<(Millis, Act)>> {
    let mut teller = Teller { village, now, acts: Vec::new() };
    for (no, person) in village.people.iter().enumerate() {
        teller.tell(now - person.joined.0, Act::Arrive(no));
        if let Some(ban) = &person.ban {
            teller.tell(now - ban.ago.0, Act::Ban(no));
            if let Some(appeal) = &ban.appeal {
                teller.tell(now - appeal.ago.0, Act::Appeal(no, appeal.words.clone()));
            }
        }
        teller.membership(no, person);
    }
    for (no, room) in village.rooms.iter().enumerate() {
        teller.room(no, room)?;
    }
    for (no, tale) in village.ties.gathering.iter().enumerate() {
        teller.tell(now - tale.ago.0, Act::Gather(no));
    }
    for (no, report) in village.ties.report.iter().enumerate() {
        teller.report(no, report)?;
    }
    // Stable for equal moments: the acts' own order, rooms and messages by number.
    teller.acts.sort();
    Ok(teller.acts)
}

struct Teller<'a> {
    village: &'a Village,
    now: Millis,
    acts: Vec<(Millis, Act)>,
}

impl Teller<'_> {
    fn tell(&mut self, at: Millis, act: Act) {
        self.acts.push((at, act));
    }

    fn report(&mut self, no: usize, report: &ReportStory) -> Result<()> {
        self.tell(self.now - report.ago.0, Act::Report(no));
        if let Some(answer) = &report.answer {
            self.tell(self.now - answer.ago.0, Act::Answer(no));
        }
        if let Some(appeal) = &report.appeal {
            let of = self.village.person(&report.of)?;
            self.tell(self.now - appeal.ago.0, Act::Appeal(of, appeal.words.clone()));
            if let Some(end) = &appeal.decision {
                self.tell(self.now - end.ago.0, Act::Decide(no));
            }
        }
        Ok(())
    }

    fn membership(&mut self, no: PersonNo, person: &Person) {
        for (n, grant) in person.grants.iter().enumerate() {
            self.tell(self.now - grant.given.0, Act::Grant(no, n));
            if let Some(ended) = grant.ended {
                self.tell(self.now - ended.0, Act::GrantEnds(no));
            }
        }
        for (n, paid) in person.paid.iter().enumerate() {
            for time in 0..Millis::from(paid.times) {
                let paid_at = self.now - paid.ago.0 + time * PAID_EVERY;
                self.tell(paid_at, Act::Pay(no, n));
                // Where nobody paid again it is owed, and then over.
                let month = if paid.every == Every::Year { 366 } else { 32 };
                for at in [month, month + 8].map(|days| paid_at + days * DAY) {
                    if at < self.now {
                        self.tell(at, Act::Owe(no));
                    }
                }
            }
        }
        for (n, asked) in person.asked.iter().enumerate() {
            self.tell(self.now - asked.ago.0, Act::Ask(no, n));
        }
        if let Some(verified) = &person.verified {
            self.tell(self.now - verified.ago.0, Act::Verify(no));
        }
        if person.role == Office::Owner {
            self.tell(self.now - person.joined.0, Act::Plan);
        }
    }

    fn room(&mut self, no: RoomNo, room: &RoomStory) -> Result<()> {
        let wrong = |what: &str| Error::broken(format!("room {}: {what}", no + 1));
        let created = self.now - room.created.0;
        self.tell(created, Act::Open(no));
        let members = self.members_of(room)?;
        let maker = self.village.person(&room.created_by)?;
        for member in &members {
            let arrived = self.now - self.village.people[*member].joined.0;
            if room.history == History::SinceJoin && arrived > created {
                return Err(wrong("somebody came later and would not see what was said before"));
            }
            // Whoever was there when a conversation began is in it from the start.
            if *member != maker && !(room.kind.is_conversation() && arrived <= created) {
                self.tell(created.max(arrived), Act::Enter(no, *member));
            }
        }
        for name in &room.moderators {
            let leader = self.village.person(name)?;
            let arrived = self.now - self.village.people[leader].joined.0;
            if leader != maker {
                self.tell(created.max(arrived), Act::Lead(no, leader));
            }
        }
        if room.messages.windows(2).any(|pair| pair[0].ago <= pair[1].ago) {
            return Err(wrong("the messages are not in order of time"));
        }
        self.guests(no, room, &members)?;
        for (place, message) in room.messages.iter().enumerate() {
            self.message((no, place), message)?;
        }
        for member in members {
            let unread = room.read.get(&self.village.people[member].username).copied().unwrap_or(0);
            self.tell(self.now - LAST_LOOK, Act::Read(no, member, unread));
        }
        Ok(())
    }

    /// Who is in a room today.
    fn members_of(&self, room: &RoomStory) -> Result<BTreeSet<PersonNo>> {
        if room.members == ["*"] {
            let active = |no: &PersonNo| self.village.people[*no].state == MemberState::Active;
            return Ok((0..self.village.people.len()).filter(active).collect());
        }
        room.members.iter().map(|name| self.village.person(name)).collect()
    }

    /// Those who wrote here but are not here any more came with their first message.
    fn guests(&mut self, no: RoomNo, room: &RoomStory, members: &BTreeSet<PersonNo>) -> Result<()> {
        let mut seen = HashMap::new();
        for message in &room.messages {
            let author = self.village.person(&message.from)?;
            if !members.contains(&author) {
                seen.entry(author).or_insert(message.ago);
            }
        }
        for (guest, ago) in seen {
            if self.village.people[guest].state != MemberState::Banned {
                return Err(Error::broken(format!("room {}: {} writes but is not in it", no + 1, self.village.people[guest].username)));
            }
            self.tell(self.now - ago.0, Act::Enter(no, guest));
        }
        Ok(())
    }

    fn message(&mut self, no: MessageNo, message: &MessageStory) -> Result<()> {
        let at = self.now - message.ago.0;
        self.tell(at, Act::Say(no));
        let count = Millis::try_from(message.react.values().map(Vec::len).sum::<usize>()).unwrap_or(Millis::MAX);
        // What is a minute old has its reactions already.
        let pause = NEXT_REACTION.min((message.ago.0 - 2 * LAST_LOOK) / (count + 1));
        let mut then = at;
        for (emoji, names) in &message.react {
            for name in names {
                then += pause;
                self.tell(then, Act::React(no, emoji.clone(), self.village.person(name)?));
            }
        }
        let latest = self.now - 2 * LAST_LOOK;
        let soon = |after: Millis| (at + after).min(latest);
        if message.edited {
            self.tell(soon(EDITED_AFTER), Act::Edit(no));
        }
        if message.pinned {
            self.tell(soon(PINNED_AFTER), Act::Pin(no));
        }
        if message.deleted {
            let author = self.village.person(&message.from)?;
            let (when, by) = match &self.village.people[author].ban {
                Some(ban) => (self.now - ban.ago.0 - DELETED_BEFORE, self.village.person(&ban.by)?),
                None => (soon(EDITED_AFTER), author),
            };
            self.tell(when, Act::Delete(no, by));
        }
        Ok(())
    }
}
