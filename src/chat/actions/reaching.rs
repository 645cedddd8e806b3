//! Whom one reaches in chat: first words, mentions; and the conversation of two in which one of them is not, or not any more.
//!
//! The conversation looks the same to its author whether the other hears it, has it in their inbox, or never learns of it: its log says
//! that both came, it has two members, and every message has its place.

use std::sync::Arc;

use super::membership::enter;
use super::posting::{announce, room_head};
use crate::access::Ground;
use crate::billing::Billing;
use crate::chat::events::{Departure, Event, MeEvent};
use crate::chat::model::{Level, Mentions, PlaceRow, RoomKind, RoomRole, RoomRow};
use crate::chat::policy::sees;
use crate::chat::store;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::LogId;
use crate::settings::{Class, Settings};
use crate::social::{self, Act, Asker, Daily, NewRequest, Outcome, RequestKind, Verdict};
use crate::storage::Tx;

/// Members about whom is asked with one statement.
const ASKED_AT_ONCE: usize = 1_000;

/// What the question who reaches whom rests on beside the database.
#[derive(Clone, Debug)]
pub(in crate::chat) struct Reaching {
    settings: Arc<Settings>,
    billing: Billing,
    requests: Daily,
    invitations: Daily,
}

impl Reaching {
    /// As it is now.
    pub(in crate::chat) fn of(ground: &Ground, billing: &Billing) -> Self {
        let settings = ground.settings.get();
        let most = |most: usize| if ground.config.raised_limits { usize::MAX } else { most };
        let of = |all: usize| Daily { all: most(all), to_one: most(settings.requests_to_one_per_day) };
        let (requests, invitations) = (of(settings.requests_per_day), of(settings.invitations_per_day));
        Self { settings, billing: billing.clone(), requests, invitations }
    }

    /// How many invitations a member makes in a day.
    pub(super) const fn invitations(&self) -> Daily {
        self.invitations
    }

    /// May one reach the other in this way now?
    pub(super) fn verdict(&self, tx: &mut Tx<'_>, act: Act, from: MemberId, to: MemberId, now: i64) -> Result<Verdict> {
        let standing = self.billing.standings.of_within(tx, from, now)?;
        social::answer(tx, &self.settings, &Asker::standing(from, act, &standing), to, false, now)
    }

    /// Who comes into a new conversation of two beside its maker: the other, if they let the maker in. Its log says that they came anyway.
    ///
    /// # Errors
    /// `social.you_block`, `social.closed_message`.
    pub(super) fn begin_conversation(&self, tx: &mut Tx<'_>, room: RoomId, maker: MemberId, other: MemberId) -> Result<()> {
        social::must_be_open(&self.settings, Act::Message)?;
        let now = tx.now();
        match self.verdict(tx, Act::Message, maker, other, now)? {
            Verdict::Through | Verdict::Quietly | Verdict::Busy => enter(tx, room, other, maker, RoomRole::Member).map(|_| ()),
            Verdict::Asks | Verdict::Unheard => {
                announce(tx, room, &Event::MemberJoined { member: other, actor: maker }, maker)?;
                store::count_members(tx, room, 1)
            }
            Verdict::Refused(_) => Err(Error::conflict("social.you_block")),
        }
    }

    /// Before a message to the other of a conversation: from now on the other may answer, and whoever is not in the conversation comes in,
    /// is asked, or hears nothing. Says whether they hear the message. First words count among the author's requests, whatever becomes of
    /// them; in a conversation in which they see words already nothing counts, so that no refusal tells what became of them.
    ///
    /// # Errors
    /// 429 `social.too_many_requests`; `social.closed_message` of first words alone, for the same reason.
    pub(super) fn before_words(&self, tx: &mut Tx<'_>, room: RoomId, author: MemberId, other: MemberId) -> Result<bool> {
        // First of all, since it holds the pair: of two first words at once the second finds the first.
        social::admit(tx, author, other)?;
        let most = if store::has_words(tx, room, author)? { None } else { Some(self.requests) };
        if most.is_some() {
            social::must_be_open(&self.settings, Act::Message)?;
        }
        if most.is_none() && store::place(tx, room, other)?.is_some() {
            return Ok(true);
        }
        // Between the question and what follows from it nobody shuts the other out or lets them back.
        social::hold_pairs(tx, author, &[other])?;
        let first = |ended| NewRequest { to: other, kind: RequestKind::Message, room: Some(room), ended };
        if store::place(tx, room, other)?.is_some() {
            return came_through(tx, author, &first(Some(Outcome::AcceptedOnce)), most);
        }
        let now = tx.now();
        match self.verdict(tx, Act::Message, author, other, now)? {
            Verdict::Through | Verdict::Quietly | Verdict::Busy => {
                let_in(tx, room, other)?;
                social::come_through(tx, author, other)?;
                came_through(tx, author, &first(Some(Outcome::AcceptedOnce)), most)
            }
            Verdict::Asks => {
                social::ask(tx, author, &first(None), most)?;
                Ok(true)
            }
            Verdict::Unheard | Verdict::Refused(_) => {
                social::ask(tx, author, &first(Some(Outcome::Unheard)), most)?;
                Ok(false)
            }
        }
    }

    /// Those of the called who do not let the author call them, by name or among many, in ascending id. The message calls them all the same:
    /// they only hear nothing of it.
    pub(super) fn untold(&self, tx: &mut Tx<'_>, room: RoomId, author: MemberId, mentions: &Mentions) -> Result<Vec<MemberId>> {
        let mut called: Vec<MemberId> = mentions.members.iter().chain(&mentions.here).copied().collect();
        if mentions.room || !mentions.roles.is_empty() {
            let everyone = [social::default_of, social::ceiling].iter().all(|of| of(&self.settings, Act::Mention).has(Class::Everyone));
            // Where everyone may call whoever has chosen nothing, only those are asked about who have chosen.
            called.extend(store::those_called(tx, room, everyone.then_some(author))?);
        }
        called.retain(|member| *member != author);
        called.sort_unstable();
        called.dedup();
        if called.is_empty() {
            return Ok(Vec::new());
        }
        let now = tx.now();
        let standing = self.billing.standings.of_within(tx, author, now)?;
        let asker = Asker::standing(author, Act::Mention, &standing);
        let mut untold = Vec::new();
        for some in called.chunks(ASKED_AT_ONCE) {
            let answers = social::answers(tx, &self.settings, &asker, some, now)?;
            let is_untold = |verdict| matches!(verdict, Verdict::Unheard | Verdict::Refused(_));
            untold.extend(answers.into_iter().filter(|(_, verdict)| is_untold(*verdict)).map(|(member, _)| member));
        }
        Ok(untold)
    }
}

/// Words that are heard leave a trace only where they count.
fn came_through(tx: &mut Tx<'_>, author: MemberId, words: &NewRequest, most: Option<Daily>) -> Result<bool> {
    if most.is_some() {
        social::ask(tx, author, words, most)?;
    }
    Ok(true)
}

/// Somebody said yes to what waited for them in a room: a conversation, or an invitation. A room that takes nobody any more is left as it
/// is.
///
/// # Errors
/// When the database refuses.
pub fn let_in(tx: &mut Tx<'_>, room: RoomId, member: MemberId) -> Result<()> {
    let Some(row) = store::room(tx, room)? else { return Ok(()) };
    if row.kind == RoomKind::Direct.number() {
        return come_back(tx, &row, member);
    }
    if row.archived_at.is_none() {
        enter(tx, room, member, member, RoomRole::Member)?;
    }
    Ok(())
}

/// Can somebody come into a room to which they were invited? Whoever invited them must be in it, and a group must have a place left.
///
/// # Errors
/// When the database cannot be read.
pub fn takes_invited(tx: &mut Tx<'_>, invitation: &social::Invitation) -> Result<bool> {
    let social::Invitation { member, sender, room } = *invitation;
    let Some(row) = store::room(tx, room)? else { return Ok(false) };
    if row.archived_at.is_some() || store::place(tx, room, sender)?.is_none() {
        return Ok(false);
    }
    if row.kind != RoomKind::Group.number() || store::place(tx, room, member)?.is_some() {
        return Ok(true);
    }
    Ok(usize::try_from(row.member_count).unwrap_or(0) < Settings::load(tx)?.group_members)
}

/// Puts a member into their conversation without a word to the other. What waits for them there is unread.
fn come_back(tx: &mut Tx<'_>, row: &RoomRow, member: MemberId) -> Result<()> {
    let head = room_head(tx, row.id)?;
    let place = PlaceRow {
        room: row.id,
        member,
        role: RoomRole::Member.number(),
        level: Level::All.number(),
        joined_at: row.created_at,
        joined_seq: head,
    };
    if !store::insert_place_uncounted(tx, &place)? {
        return Ok(());
    }
    // First words that get through bring the other in, and they are a command.
    tx.forget_recalled();
    if store::read_seq(tx, member, row.id, None)?.is_none() {
        store::set_read_mark(tx, member, row.id, None, 0)?;
    }
    tx.announce(LogId::Member(member), MeEvent::RoomJoined { room: row.id, head }.announcement(Some(member))?)?;
    Ok(())
}

/// A member shuts another out: their conversation is no longer theirs. The other sees no difference.
///
/// # Errors
/// When the database refuses.
pub fn leave_conversation(tx: &mut Tx<'_>, member: MemberId, other: MemberId) -> Result<()> {
    let Some(room) = store::room_of_circle(tx, &social::pair(member, other))? else { return Ok(()) };
    if store::delete_place_uncounted(tx, room, member)? {
        social::suspend(tx, member, other, true)?;
        tx.announce(LogId::Member(member), MeEvent::RoomLeft { room, reason: Departure::Left }.announcement(Some(member))?)?;
    }
    Ok(())
}

/// They may hear of each other again: whoever was in the conversation is in it again. What was said meanwhile stays unheard.
///
/// # Errors
/// When the database refuses.
pub fn return_to_conversation(tx: &mut Tx<'_>, member: MemberId, other: MemberId) -> Result<()> {
    if !social::suspend(tx, member, other, false)? {
        return Ok(());
    }
    match store::room_of_circle(tx, &social::pair(member, other))? {
        Some(room) => let_in(tx, room, member),
        None => Ok(()),
    }
}

/// A message with the eyes of somebody who reports it; none when it is gone, or was not for them.
///
/// # Errors
/// When the database cannot be read.
pub fn look_at(tx: &mut Tx<'_>, member: MemberId, message: MessageId) -> Result<Option<social::SeenMessage>> {
    let Some(row) = store::message(tx, message)?.filter(|row| row.deleted_at.is_none() && row.is_heard_by(member)) else {
        return Ok(None);
    };
    let is_seen = sees(tx, member, &row)?;
    let row = row.heard_by(member);
    Ok(Some(social::SeenMessage { room: row.room, author: row.author, body: row.body, is_seen }))
}
