//! Sending: a message is stored, announced, and calls those whom it may.

use super::calling::{Online, allowed_mentions};
use super::drafting::{Draft, Prepared, Sent};
use super::hiding::{for_the_untold, heard_instead, other_of, thread_totals};
use super::objects::{quote, shared_floor};
use super::reaching::Reaching;
use super::watching::{Watch, Writing};
use crate::automod::{self, Set, Verdict};
use crate::chat::events::Event;
use crate::chat::model::{Mentions, MessageBody, MessageRow, Quote};
use crate::chat::pace;
use crate::chat::policy::PostIn;
use crate::chat::store::{self, NewMessageRow};
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::{Hub, Instead, LogId, Seq};
use crate::storage::{Announcement, Tx, head, one_at_a_time};
use crate::text;

/// Stores a message and announces it. A refusal by a rule of the community comes back inside: what follows it is written all the same.
///
/// # Errors
/// `chat.reply_to` or `chat.thread` when what is answered is not there to see, 429 `chat.slow_mode`, 429 `automod.slow`, 429
/// `social.too_many_requests`; inside 403 `automod.refused`.
pub(in crate::chat) fn send_message(
    tx: &mut Tx<'_>,
    may: &PostIn,
    draft: &Draft,
    prepared: &Prepared,
    hub: &Hub,
    (reaching, watch): (&Reaching, &Watch),
) -> Result<Result<Sent>> {
    let is_slowed = must_keep_pace(tx, may, &watch.rules)?;
    let writing = Writing { member: may.member(), room: may.room(), body: &draft.body, prepared, watch };
    let verdict = if may.is_watched() { writing.judged(tx)? } else { Verdict::default() };
    if verdict.refused.is_some()
        && let Some(refusal) = writing.followed(tx, &verdict, None)?
    {
        return Ok(Err(refusal));
    }
    let is_heard = match may.other() {
        Some(other) => reaching.before_words(tx, may.room(), may.member(), other)?,
        None => true,
    };
    let reaching = Some(reaching);
    let from = Speaker { room: may.room(), member: may.member(), floor: may.floor(), may_call: may.may_call(), is_heard, reaching };
    let sent = say(tx, &from, draft, prepared, &|most| hub.those_online(most))?;
    if may.slow_seconds() > 0 {
        store::mark_said(tx, may.member(), may.room(), sent.at)?;
    }
    if is_slowed {
        store::mark_said(tx, may.member(), ANYWHERE, sent.at)?;
    }
    writing.followed(tx, &verdict, Some(sent.id))?;
    Ok(Ok(sent))
}

/// Where the pause of new members is counted: in all rooms together.
const ANYWHERE: RoomId = RoomId(0);

/// Where the room is slow, whoever does not keep order there waits between two messages, an answer in a thread being one like any other; new
/// members may have to wait wherever they write. Answers whether this is one who does.
fn must_keep_pace(tx: &mut Tx<'_>, may: &PostIn, rules: &Set) -> Result<bool> {
    if may.keeps_order() {
        return Ok(false);
    }
    if may.slow_seconds() > 0 {
        must_wait(tx, may, may.room(), may.slow_seconds(), "chat.slow_mode")?;
    }
    if !may.is_watched() || rules.is_empty() {
        return Ok(false);
    }
    let age = tx.now() - automod::account_made_at(tx, may.member())?;
    let Some(seconds) = rules.pause(age) else { return Ok(false) };
    // Messages of one member in two rooms do not wait for each other otherwise.
    one_at_a_time(tx, &format!("pace of {}", may.member()))?;
    must_wait(tx, may, ANYWHERE, seconds, "automod.slow")?;
    Ok(true)
}

fn must_wait(tx: &mut Tx<'_>, may: &PostIn, place: RoomId, seconds: i32, code: &'static str) -> Result<()> {
    let last = store::said_at(tx, may.member(), place)?;
    match u64::try_from(pace::wait(seconds, last, tx.now())).unwrap_or(0) {
        0 => Ok(()),
        wait => Err(Error::slow_down(code, wait)),
    }
}

/// Who writes where, and what they may see and do there.
#[derive(Clone, Debug)]
pub(super) struct Speaker<'a> {
    pub(super) room: RoomId,
    pub(super) member: MemberId,
    /// The place after which they see messages.
    pub(super) floor: Seq,
    pub(super) may_call: bool,
    /// Does anybody but themselves hear it?
    pub(super) is_heard: bool,
    /// What says whom they reach by calling them; without it, everybody.
    pub(super) reaching: Option<&'a Reaching>,
}

impl Speaker<'_> {
    /// A message that they answer, as they see it.
    fn visible(&self, tx: &mut Tx<'_>, id: MessageId, code: &'static str) -> Result<MessageRow> {
        let is_there = |row: &MessageRow| row.room == self.room && row.seq > self.floor && row.is_heard_by(self.member);
        store::message(tx, id)?.filter(is_there).ok_or_else(|| Error::invalid("reply_to", code))
    }

    /// What the draft answers.
    fn answered(&self, tx: &mut Tx<'_>, draft: &Draft) -> Result<Answered> {
        let quoted = draft.reply_to.map(|id| self.visible(tx, id, "chat.reply_to")).transpose()?;
        let floor = if quoted.is_some() { shared_floor(tx, self.room)? } else { 0 };
        let mut answered = Answered { quoted, floor, unheard: !self.is_heard, thread_total: None, for_other: None };
        if let Some(id) = draft.thread {
            // A thread has one root: answers to answers stay in it.
            let root = self.visible(tx, id, "chat.thread")?;
            if root.thread.is_some() {
                return Err(Error::invalid("thread", "chat.thread"));
            }
            // Whoever does not hear what is answered does not hear the answer.
            answered.unheard |= root.unheard;
            let count = store::count_thread(tx, id, 1)?;
            let totals = thread_totals(tx, self.room, id, self.member, count)?;
            (answered.thread_total, answered.for_other) = (Some(totals.0), totals.1);
        }
        Ok(answered)
    }
}

/// What a message answers, and who sees it otherwise than its author.
struct Answered {
    quoted: Option<MessageRow>,
    /// The place above which everyone in the room has seen what is quoted.
    floor: Seq,
    /// Is the answer for its author's eyes alone?
    unheard: bool,
    thread_total: Option<i32>,
    /// The other of a conversation for whom the thread has another count.
    for_other: Option<(MemberId, i32)>,
}

impl Answered {
    /// The quote as this member sees it.
    fn quote_for(&self, member: MemberId) -> Option<Quote> {
        let seen = self.quoted.clone().filter(|row| row.is_heard_by(member))?;
        Some(quote(&seen.heard_by(member), self.floor))
    }

    /// Does the other of a conversation see anything else than the author?
    fn differs(&self) -> bool {
        let quotes_hidden = self.quoted.as_ref().is_some_and(|row| row.unheard || row.heard.is_some());
        self.unheard || self.for_other.is_some() || quotes_hidden
    }
}

/// [`send_message`] without the question whether one may.
pub(super) fn say(tx: &mut Tx<'_>, from: &Speaker<'_>, draft: &Draft, prepared: &Prepared, online: Online<'_>) -> Result<Sent> {
    let answered = from.answered(tx, draft)?;
    let mentions = allowed_mentions(tx, from, &prepared.names, online)?;
    let untold = match from.reaching {
        Some(reaching) => reaching.untold(tx, from.room, from.member, &mentions)?,
        None => Vec::new(),
    };
    let id: MessageId = tx.new_id();
    let object = MessageBody {
        id,
        author: from.member,
        client_key: draft.client_key.clone(),
        body: Some(draft.body.clone()),
        body_html: Some(prepared.html.clone()),
        edited_at: None,
        deleted: false,
        reply_to: answered.quote_for(from.member),
        thread: draft.thread,
        thread_count: 0,
        pinned: false,
        mentions: mentions.clone(),
        reactions: Vec::new(),
        thread_total: answered.thread_total,
    };
    let instead = heard_by_others(tx, from, &object, &answered, &untold)?;
    let what = Announcement { instead, ..Event::MessageSent(object).announcement(Some(from.member))? };
    let (seq, at) = tx.announce(LogId::Room(from.room), what)?;
    let hides_from = answered.unheard.then(|| store::hides_from(tx, from.room, from.member, seq)).transpose()?;
    let stored_mentions = if mentions.is_empty() { None } else { Some(serde_json::to_string(&mentions)?) };
    store::insert_message(
        tx,
        &NewMessageRow {
            id,
            room: from.room,
            seq,
            author: from.member,
            client_key: &draft.client_key,
            body_hash: &draft.hash(),
            body: &draft.body,
            body_html: &prepared.html,
            renderer: text::RENDERER,
            reply_to: draft.reply_to,
            thread: draft.thread,
            mentions: stored_mentions,
            at,
            hides_from,
        },
    )?;
    // Words for their author's eyes alone call nobody.
    if !mentions.is_empty() && !answered.unheard {
        store::insert_mentions(tx, from.room, (id, seq), &mentions, &untold)?;
    }
    Ok(Sent { id, seq, at })
}

/// What members hear of a new message who hear something else than everybody: the other of a conversation, and those whom it calls without
/// their hearing of it.
fn heard_by_others(
    tx: &mut Tx<'_>,
    from: &Speaker<'_>,
    object: &MessageBody,
    answered: &Answered,
    untold: &[MemberId],
) -> Result<Vec<Instead>> {
    let with = |mentions: Mentions| Event::MessageSent(MessageBody { mentions, ..object.clone() });
    let mut instead = for_the_untold(&object.mentions, untold, &with)?;
    if answered.differs()
        && let Some(other) = other_of(tx, from.room, from.member)?
    {
        instead.retain(|known| known.member != other);
        let mentions = object.mentions.clone();
        let body = MessageBody {
            reply_to: answered.quote_for(other),
            thread_total: answered.for_other.map_or(object.thread_total, |(_, total)| Some(total)),
            mentions: if untold.contains(&other) { mentions.without(other) } else { mentions },
            ..object.clone()
        };
        instead.push(heard_instead(other, &if answered.unheard { Event::Hidden } else { Event::MessageSent(body) })?);
    }
    Ok(instead)
}

pub(super) fn announce(tx: &mut Tx<'_>, room: RoomId, event: &Event, actor: MemberId) -> Result<Seq> {
    Ok(tx.announce(LogId::Room(room), event.announcement(Some(actor))?)?.0)
}

pub(super) fn room_head(tx: &mut Tx<'_>, room: RoomId) -> Result<Seq> {
    Ok(head(tx, LogId::Room(room))?.map_or(0, |head| head.seq))
}
