//! The village while it is told: each act of its story, done through the product's own acts at its time in the past.

mod peace;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::json;

use super::data::{self, Office, Village};
use super::story::{Act, MessageNo, PersonNo, RoomNo};
use super::{Cast, CastMember, CastRoom, TIED_BEFORE, nobody_calls, ties};
use crate::admin::place_settings;
use crate::billing::{self, Billing, NewGrant, NewOrder, NewPayment, NewSale};
use crate::calls::seed::{CallStory, place_call};
use crate::calls::{Cause, Fate};
use crate::chat::seed::{self, Said};
use crate::chat::{NewRoom, RoomRole};
use crate::clock::{Clock, Millis};
use crate::consequences;
use crate::error::{Error, Result};
use crate::ids::{Ids, MemberId, MessageId, PlanId, RoomId};
use crate::members::{
    self, DisplayName, MemberState, Members, NewMember, RoleKind, Status, Username, built_in_role, create_member, ensure_built_in_roles,
};
use crate::settings::SignUpMode;
use crate::social::seed as people;
use crate::storage::Tx;

/// The village while it is told: what has become of whom so far.
pub(super) struct World {
    village: Village,
    members: Members,
    billing: Billing,
    passwords: Vec<String>,
    ids: Ids,
    hand: Arc<AtomicI64>,
    people: Vec<Option<MemberId>>,
    rooms: Vec<Option<RoomId>>,
    said: Vec<Vec<Option<MessageId>>>,
    last_seen: Vec<Millis>,
    /// The time at which the story ends.
    now: Millis,
}

impl World {
    pub(super) fn new(village: Village, members: Members, billing: Billing, passwords: Vec<String>, first: Millis, now: Millis) -> Self {
        let (clock, hand) = Clock::held(first);
        Self {
            ids: Ids::new(clock),
            hand,
            people: vec![None; village.people.len()],
            rooms: vec![None; village.rooms.len()],
            said: village.rooms.iter().map(|room| vec![None; room.messages.len()]).collect(),
            last_seen: vec![0; village.people.len()],
            now,
            village,
            members,
            billing,
            passwords,
        }
    }

    /// Runs `f` at a time of the story. Ids are made for that time, so they come out the same again.
    fn then<T>(&mut self, tx: &mut Tx<'_>, at: Millis, f: impl FnOnce(&Self, &mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.hand.store(at, Ordering::Relaxed);
        tx.as_of(at, &self.ids, |tx| f(self, tx))
    }

    /// Before anybody comes.
    pub(super) fn found(&mut self, tx: &mut Tx<'_>, at: Millis) -> Result<()> {
        if members::community_has_owner(tx)? {
            return Err(Error::broken("the village needs a database of its own"));
        }
        self.then(tx, at, |world, tx| {
            ensure_built_in_roles(tx)?;
            billing::ensure(tx, &world.billing)
        })
    }

    pub(super) fn happen(&mut self, tx: &mut Tx<'_>, at: Millis, act: &Act) -> Result<()> {
        let told = self.perform(tx, at, act);
        told.map_err(|error| Error::broken(format!("the village, {act:?}: {error}")))
    }

    fn perform(&mut self, tx: &mut Tx<'_>, at: Millis, act: &Act) -> Result<()> {
        match act {
            Act::Arrive(no) => {
                let id = self.then(tx, at, |world, tx| world.arrive(tx, *no))?;
                self.people[*no] = Some(id);
                self.last_seen[*no] = at;
                Ok(())
            }
            Act::Open(no) => {
                let id = self.then(tx, at, |world, tx| world.open(tx, *no))?;
                self.rooms[*no] = Some(id);
                Ok(())
            }
            Act::Say(no) => {
                let id = self.then(tx, at, |world, tx| world.say(tx, *no))?;
                self.said[no.0][no.1] = Some(id);
                let author = self.author_no(*no)?;
                self.last_seen[author] = at;
                Ok(())
            }
            other => self.then(tx, at, |world, tx| world.follow(tx, other)),
        }
    }

    /// What makes nothing new.
    fn follow(&self, tx: &mut Tx<'_>, act: &Act) -> Result<()> {
        match act {
            Act::Enter(room, person) => {
                let by = if self.village.rooms[*room].kind.is_open() { *person } else { self.maker_no(*room)? };
                seed::place_member(tx, self.room(*room)?, self.person(*person)?, self.person(by)?).map(|_| ())
            }
            Act::Lead(room, person) => {
                let by = self.person(self.maker_no(*room)?)?;
                seed::place_role(tx, self.room(*room)?, self.person(*person)?, by, RoomRole::Moderator)
            }
            Act::Edit(no) => seed::place_edit(tx, self.message(*no)?, &self.village.rooms[no.0].messages[no.1].text),
            Act::React(no, emoji, person) => seed::place_reaction(tx, self.message(*no)?, self.person(*person)?, emoji),
            Act::Pin(no) => seed::place_pin(tx, self.message(*no)?, self.person(self.maker_no(no.0)?)?),
            Act::Delete(no, by) => seed::place_deletion(tx, self.message(*no)?, self.person(*by)?),
            Act::Ban(no) => {
                let ban = self.village.people[*no].ban.as_ref().ok_or_else(|| Error::broken("a ban without a story"))?;
                let by = self.person(self.village.person(&ban.by)?)?;
                members::seed::place_ban(tx, &self.members, self.person(*no)?, by, &ban.reason)
            }
            Act::Gather(no) => self.gather(tx, &self.village.ties.gathering[*no]),
            Act::Report(no) => self.report(tx, *no),
            Act::Answer(no) => self.answer(tx, *no),
            Act::Appeal(no, words) => self.appeal(tx, *no, words),
            Act::Decide(no) => self.decide(tx, *no),
            Act::Plan => {
                let owner = self.owner()?;
                let community = &self.village.community;
                community.plans.iter().try_for_each(|new| billing::seed::place_plan(tx, owner, new.clone()).map(|_| ()))?;
                community.prices.iter().try_for_each(|one| {
                    let plan = plan_named(tx, &one.plan)?;
                    billing::seed::place_price(tx, owner, plan, one.price).map(|_| ())
                })?;
                community.promotions.iter().try_for_each(|new| billing::seed::place_promotion(tx, owner, new))
            }
            Act::Grant(no, n) => self.grant(tx, *no, *n),
            Act::Pay(no, n) => self.pay(tx, *no, *n),
            Act::Owe(no) => billing::seed::place_advance(tx, &self.billing, self.person(*no)?),
            Act::Ask(no, n) => self.ask(tx, *no, *n),
            Act::GrantEnds(no) => billing::seed::place_turn(tx, &self.billing, self.person(*no)?),
            Act::Verify(no) => {
                let why = self.village.people[*no].verified.as_ref().map_or("", |verified| verified.note.as_str());
                billing::seed::place_verification(tx, &self.billing, self.person(*no)?, self.owner()?, why)
            }
            Act::Read(room, person, unread) => seed::place_read_mark(tx, self.room(*room)?, self.person(*person)?, *unread),
            Act::Arrive(_) | Act::Open(_) | Act::Say(_) => Err(Error::broken("this makes something")),
        }
    }

    fn owner(&self) -> Result<MemberId> {
        let no = self.village.people.iter().position(|person| person.role == Office::Owner);
        self.person(no.ok_or_else(|| Error::broken("nobody owns the village"))?)
    }

    fn grant(&self, tx: &mut Tx<'_>, no: PersonNo, n: usize) -> Result<()> {
        let grant = &self.village.people[no].grants[n];
        let plan = plan_named(tx, &grant.plan)?;
        let ends_at = grant.ended.map(|ago| self.now - ago.0).or(grant.ends_in.map(|after| self.now + after.0));
        let new = NewGrant { plan, source: Some(grant.source), starts_at: None, ends_at, note: grant.note.clone() };
        billing::seed::place_grant(tx, &self.billing, self.person(no)?, self.owner()?, new)
    }

    fn pay(&self, tx: &mut Tx<'_>, no: PersonNo, n: usize) -> Result<()> {
        let paid = &self.village.people[no].paid[n];
        let plan = plan_named(tx, &paid.plan)?;
        let price = billing::seed::price_of(tx, plan, paid.every)?;
        let payment = NewPayment {
            amount: price.money.amount,
            currency: Some(price.money.currency),
            every: None,
            method: paid.method,
            reference: paid.reference.clone(),
            received_at: None,
        };
        let sale = NewSale { plan, price: Some(price.id), payment };
        billing::seed::place_sale(tx, &self.billing, self.person(no)?, self.owner()?, &sale).map(|_| ())
    }

    fn ask(&self, tx: &mut Tx<'_>, no: PersonNo, n: usize) -> Result<()> {
        let asked = &self.village.people[no].asked[n];
        let plan = plan_named(tx, &asked.plan)?;
        let price = billing::seed::price_of(tx, plan, asked.every)?;
        if let Some(paid) = asked.paid {
            return billing::seed::place_strange(tx, self.person(no)?, plan, &price, paid);
        }
        let new = NewOrder {
            plan,
            price: Some(price.id),
            client_key: format!("village-{n}"),
            gift: false,
            promotion: None,
            note: asked.note.clone(),
        };
        billing::seed::place_ask(tx, self.person(no)?, &new).map(|_| ())
    }

    fn arrive(&self, tx: &mut Tx<'_>, no: PersonNo) -> Result<MemberId> {
        let person = &self.village.people[no];
        let office = match person.role {
            Office::Owner => Some(RoleKind::Owner),
            Office::Administrator => Some(RoleKind::Administrator),
            Office::Moderator => Some(RoleKind::Moderator),
            Office::Member => None,
        };
        let roles = office.map(|kind| built_in_role(tx, kind)).transpose()?.into_iter().collect();
        let status = person.status.as_ref().map(|mood| Status { emoji: mood.emoji.clone(), text: mood.text.clone(), until: None });
        let named = NewMember::named(Username::parse_for_operator(&person.username)?, DisplayName::parse(&person.display_name)?);
        let new = NewMember {
            password: Some(self.passwords[no].clone()),
            language: person.language.clone(),
            pronouns: person.pronouns.clone(),
            bio: person.bio.clone(),
            hue: Some(person.hue),
            status,
            // Whoever is banned today was welcome once.
            state: if person.state == MemberState::Pending { MemberState::Pending } else { MemberState::Active },
            roles,
            welcomed: person.state != MemberState::Pending,
            ..named
        };
        let id = create_member(tx, &new)?;
        billing::welcome(tx, id)?;
        billing::keep_owner_grant(tx, &self.billing, id)?;
        Ok(id)
    }

    fn open(&self, tx: &mut Tx<'_>, no: RoomNo) -> Result<RoomId> {
        let room = &self.village.rooms[no];
        let mut members = Vec::new();
        if room.kind.is_conversation() {
            for name in &room.members {
                // Those who have not arrived yet come later by themselves.
                members.extend(self.people[self.village.person(name)?]);
            }
        }
        let wish = NewRoom { kind: room.kind, name: room.name.clone(), topic: room.topic.clone(), history: Some(room.history), members };
        let maker = self.person(self.maker_no(no)?)?;
        let id = seed::place_room(tx, &wish, maker)?;
        if room.voice {
            seed::place_voice(tx, id, maker)?;
        }
        if room.slow_seconds > 0 {
            seed::place_pace(tx, id, maker, room.slow_seconds)?;
        }
        Ok(id)
    }

    fn say(&self, tx: &mut Tx<'_>, no: MessageNo) -> Result<MessageId> {
        let message = &self.village.rooms[no.0].messages[no.1];
        let key = format!("village-{:02}-{:03}", no.0 + 1, no.1 + 1);
        let body = if message.edited { first_draft(&message.text) } else { &message.text };
        let said = Said {
            room: self.room(no.0)?,
            author: self.person(self.author_no(no)?)?,
            client_key: &key,
            body,
            reply_to: message.reply_to.as_deref().map(|key| self.keyed(no.0, key)).transpose()?,
            thread: message.thread.as_deref().map(|key| self.keyed(no.0, key)).transpose()?,
        };
        seed::place_message(tx, &said)
    }

    /// What is true today: who was there last, and how the community is called.
    pub(super) fn settle(&mut self, tx: &mut Tx<'_>, now: Millis) -> Result<()> {
        self.then(tx, now - TIED_BEFORE, Self::tie)?;
        for tale in self.village.ties.call.clone() {
            self.then(tx, now - tale.ago.0, |world, tx| world.call(tx, &tale))?;
        }
        self.then(tx, now, |world, tx| {
            for (no, at) in world.last_seen.iter().enumerate() {
                members::seed::place_visit(tx, world.person(no)?, *at)?;
            }
            world.everyone_has_read(tx)?;
            let community = &world.village.community;
            let settings = json!({
                "community_name": community.name,
                "community_sentence": community.sentence,
                "community_hue": community.hue,
                "payment_words": community.payment_words,
                "test_payments": true,
                "sign_up_mode": SignUpMode::Approval,
            });
            let changes = settings.as_object().ok_or_else(|| Error::broken("settings are not an object"))?;
            place_settings(tx, world.owner()?, &world.billing, changes)
        })
    }

    /// Who knows whom, who is let through, what waits.
    fn tie(&self, tx: &mut Tx<'_>) -> Result<()> {
        let ties = &self.village.ties;
        let who = |name: &String| self.person(self.village.person(name)?);
        for [one, other] in &ties.contacts {
            people::place_contact(tx, who(one)?, who(other)?)?;
        }
        for [one, other] in &ties.follows {
            people::place_follow(tx, who(one)?, who(other)?)?;
        }
        for story in &ties.reach {
            people::place_reach(tx, who(&story.of)?, story.choice.clone())?;
        }
        for [one, other] in &ties.asks {
            people::place_contact_request(tx, who(one)?, who(other)?)?;
        }
        for wish in &ties.wishes {
            people::place_call_request(tx, who(&wish.from)?, who(&wish.to)?, wish.kind, wish.met)?;
        }
        for (n, words) in ties.first_words.iter().enumerate() {
            seed::place_first_words(tx, who(&words.from)?, who(&words.to)?, &format!("village-first-{n}"), &words.text)?;
        }
        for story in &ties.invites {
            let named = self.village.rooms.iter().position(|room| room.name.as_deref() == Some(story.room.as_str()));
            let room = self.room(named.ok_or_else(|| Error::broken(format!("no room {}", story.room)))?)?;
            seed::place_invitation(tx, room, who(&story.of)?, who(&story.by)?)?;
        }
        let social = consequences::social(&self.billing, &nobody_calls());
        for [one, other] in &ties.blocks {
            people::place_block(tx, who(one)?, who(other)?, &social)?;
        }
        Ok(())
    }

    fn call(&self, tx: &mut Tx<'_>, tale: &ties::CallTale) -> Result<()> {
        let who = |name: &str| self.person(self.village.person(name)?);
        let cause = match tale.fate {
            Fate::Taken => Cause::Left,
            Fate::Declined => Cause::Declined,
            Fate::Busy => Cause::Busy,
            _ => Cause::NoAnswer,
        };
        let story = CallStory {
            room: None,
            is_group: false,
            video: tale.video,
            starter: who(&tale.from)?,
            others: vec![(who(&tale.to)?, tale.fate)],
            seconds: tale.seconds,
            cause: Some(cause),
            quality: tale.quality,
        };
        place_call(tx, &story).map(|_| ())
    }

    fn gather(&self, tx: &mut Tx<'_>, tale: &ties::GatheringTale) -> Result<()> {
        let who = |name: &String, fate| Ok((self.person(self.village.person(name)?)?, fate));
        let no = tale.room.checked_sub(1).filter(|no| *no < self.village.rooms.len());
        let no = no.ok_or_else(|| Error::broken(format!("there is no room {}", tale.room)))?;
        let came = tale.with.iter().map(|name| who(name, Fate::Taken));
        let story = CallStory {
            room: Some(self.room(no)?),
            is_group: self.village.rooms[no].kind.is_conversation(),
            video: tale.video,
            starter: self.person(self.village.person(&tale.from)?)?,
            others: came.chain(tale.missed.iter().map(|name| who(name, Fate::Missed))).collect::<Result<_>>()?,
            seconds: tale.seconds,
            cause: Some(Cause::Left),
            quality: Some(tale.quality),
        };
        place_call(tx, &story).map(|_| ())
    }

    pub(super) fn cast(&self) -> Result<Cast> {
        let member = |(no, person): (usize, &data::Person)| {
            Ok(CastMember {
                id: self.person(no)?,
                username: person.username.clone(),
                state: person.state,
                plan: person.plan,
                door: person.demo,
            })
        };
        let room = |(no, room): (usize, &data::RoomStory)| Ok(CastRoom { id: self.room(no)?, name: room.name.clone() });
        Ok(Cast {
            members: self.village.people.iter().enumerate().map(member).collect::<Result<_>>()?,
            rooms: self.village.rooms.iter().enumerate().map(room).collect::<Result<_>>()?,
        })
    }

    fn person(&self, no: PersonNo) -> Result<MemberId> {
        self.people[no].ok_or_else(|| Error::broken(format!("{} is not there yet", self.village.people[no].username)))
    }

    fn room(&self, no: RoomNo) -> Result<RoomId> {
        self.rooms[no].ok_or_else(|| Error::broken(format!("room {} is not there yet", no + 1)))
    }

    fn message(&self, no: MessageNo) -> Result<MessageId> {
        self.said[no.0][no.1].ok_or_else(|| Error::broken(format!("message {no:?} was not sent yet")))
    }

    fn keyed(&self, room: RoomNo, key: &str) -> Result<MessageId> {
        let place = self.village.rooms[room].messages.iter().position(|message| message.key.as_deref() == Some(key));
        self.message((room, place.ok_or_else(|| Error::broken(format!("room {}: no message has the key {key}", room + 1)))?))
    }

    fn maker_no(&self, room: RoomNo) -> Result<PersonNo> {
        self.village.person(&self.village.rooms[room].created_by)
    }

    fn author_no(&self, no: MessageNo) -> Result<PersonNo> {
        self.village.person(&self.village.rooms[no.0].messages[no.1].from)
    }
}

/// What somebody wrote before they changed it: all but the last word. Nobody sees it: the log keeps no words.
fn first_draft(text: &str) -> &str {
    text.trim_end().rsplit_once(char::is_whitespace).map_or(text, |(before, _)| before)
}

/// The plan of this name, which the stories speak of.
fn plan_named(tx: &mut Tx<'_>, name: &str) -> Result<PlanId> {
    billing::seed::plan_named(tx, name)?.ok_or_else(|| Error::broken(format!("the village has no plan {name}")))
}
