//! What becomes of messages that are there: new words, a tombstone, pins, reactions, read marks.

use super::calling::present;
use super::drafting::Prepared;
use super::hiding::{announce_about, for_the_untold, heard_instead, other_of, thread_totals};
use super::objects::mentions_of;
use super::posting::room_head;
use super::reaching::Reaching;
use super::watching::{Watch, Writing};
use crate::automod::Verdict;
use crate::chat::events::{Event, MeEvent};
use crate::chat::model::{Mentions, MessageRow};
use crate::chat::policy::{BeIn, ChangeMessage, PinMessage, ReactTo, RemoveMessage};
use crate::chat::store::{self, NewWords};
use crate::error::{Error, RefusalKind, Result};
use crate::ids::{MemberId, MessageId};
use crate::live::{LogId, Seq};
use crate::social;
use crate::storage::{Announcement, Tx};
use crate::text;

/// Most different emoji under one message.
const EMOJI_PER_MESSAGE: usize = 20;

/// Changes a message's words. Whoever shuts the author out goes on hearing what they heard before: new words are not for them. A refusal by a
/// rule of the community comes back inside: what follows it is written all the same.
///
/// # Errors
/// When the database refuses; inside 403 `automod.refused`.
pub(in crate::chat) fn edit_message(
    tx: &mut Tx<'_>,
    may: &ChangeMessage,
    body: &str,
    prepared: &Prepared,
    reaching: &Reaching,
    watch: &Watch,
) -> Result<Result<Seq>> {
    let message = may.message();
    if message.body == body {
        return room_head(tx, message.room).map(Ok);
    }
    let writing = Writing { member: may.member(), room: message.room, body, prepared, watch };
    let verdict = if may.is_watched() { writing.judged(tx)? } else { Verdict::default() };
    if let Some(refusal) = writing.followed(tx, &verdict, Some(message.id).filter(|_| verdict.refused.is_none()))? {
        return Ok(Err(refusal));
    }
    let other = other_of(tx, message.room, may.member())?;
    if let Some(other) = other {
        // Between the question whether they hear it and its answer in the rows nobody shuts the other out or lets them back.
        social::hold_pairs(tx, may.member(), &[other])?;
    }
    let mentions = mentions_after(tx, message, &prepared.names)?;
    let untold = untold_after(tx, message, &mentions, reaching)?;
    let edit = Edit { message, actor: may.member(), body, prepared, mentions, untold };
    let shut = match other.filter(|_| !message.unheard) {
        Some(other) if social::is_shut_out(tx, other, may.member())? => Some(other),
        _ => None,
    };
    reword(tx, &edit, shut).map(Ok)
}

/// [`edit_message`] without the question whether one may, or whom it reaches.
pub(super) fn place_words(tx: &mut Tx<'_>, message: &MessageRow, body: &str, prepared: &Prepared) -> Result<Seq> {
    let mentions = mentions_after(tx, message, &prepared.names)?;
    reword(tx, &Edit { message, actor: message.author, body, prepared, mentions, untold: Vec::new() }, None)
}

/// Whom an edited message calls. Whether many were called was decided when it was sent: an edit calls nobody together.
fn mentions_after(tx: &mut Tx<'_>, message: &MessageRow, names: &text::Mentions) -> Result<Mentions> {
    let kept = mentions_of(message.mentions.as_deref());
    Ok(Mentions {
        members: present(tx, message.room, &names.members)?,
        roles: kept.roles.into_iter().filter(|role| names.roles.contains(role)).collect(),
        room: kept.room && names.room,
        here: if names.here { kept.here } else { Vec::new() },
    })
}

/// Who hears nothing of these calls: who is named is asked about now; those who heard nothing when many were called hear nothing still.
fn untold_after(tx: &mut Tx<'_>, message: &MessageRow, mentions: &Mentions, reaching: &Reaching) -> Result<Vec<MemberId>> {
    let named = Mentions { members: mentions.members.clone(), ..Mentions::default() };
    let mut untold = reaching.untold(tx, message.room, message.author, &named)?;
    if mentions.calls_many() {
        let before = store::untold_of(tx, &[message.id], None)?;
        untold.extend(before.into_iter().map(|(_, member)| member).filter(|member| !mentions.members.contains(member)));
    }
    Ok(untold)
}

/// New words of a message.
struct Edit<'a> {
    message: &'a MessageRow,
    actor: MemberId,
    body: &'a str,
    prepared: &'a Prepared,
    mentions: Mentions,
    untold: Vec<MemberId>,
}

/// Stores and announces them; `shut` hears nothing of it.
fn reword(tx: &mut Tx<'_>, edit: &Edit<'_>, shut: Option<MemberId>) -> Result<Seq> {
    let Edit { message, actor, body, prepared, mentions, untold } = edit;
    let at = tx.now();
    let edited = |mentions: Mentions| Event::MessageEdited {
        id: message.id,
        actor: *actor,
        body: Some((*body).to_owned()),
        body_html: Some(prepared.html.clone()),
        edited_at: Some(at),
        mentions,
    };
    let stored = if mentions.is_empty() { None } else { Some(serde_json::to_string(mentions)?) };
    store::update_body(tx, message.id, &NewWords { body, body_html: &prepared.html, renderer: text::RENDERER, mentions: stored, at })?;
    // Whom the words called stays with whoever goes on hearing them: in a conversation of two nobody else is called.
    if shut.is_none() && !message.unheard && !(message.mentions.is_none() && message.heard.is_none() && mentions.is_empty()) {
        store::delete_mentions(tx, message.id)?;
        store::insert_mentions(tx, message.room, (message.id, message.seq), mentions, untold)?;
    }
    let event = edited(mentions.clone());
    if message.unheard {
        return announce_about(tx, message, &event, *actor);
    }
    let mut instead = for_the_untold(mentions, untold, &edited)?;
    if let Some(shut) = shut {
        instead.retain(|known| known.member != shut);
        instead.push(heard_instead(shut, &Event::Hidden)?);
    }
    let (seq, _) = tx.announce(LogId::Room(message.room), Announcement { instead, ..event.announcement(Some(*actor))? })?;
    if shut.is_some() {
        store::keep_heard(tx, message.id, &message.last_heard(seq))?;
    }
    Ok(seq)
}

/// Leaves a tombstone.
///
/// # Errors
/// When the database refuses.
pub fn delete_message(tx: &mut Tx<'_>, may: &RemoveMessage) -> Result<Seq> {
    bury(tx, may.message(), may.member())
}

/// [`delete_message`] without the question whether one may.
pub(super) fn bury(tx: &mut Tx<'_>, message: &MessageRow, actor: MemberId) -> Result<Seq> {
    if message.deleted_at.is_some() {
        return room_head(tx, message.room);
    }
    let now = tx.now();
    store::bury_message(tx, message.id, now)?;
    let deleted = |thread_total| Event::MessageDeleted { id: message.id, actor, thread: message.thread, thread_total };
    let Some(root) = message.thread else { return announce_about(tx, message, &deleted(None), actor) };
    let count = store::count_thread(tx, root, -1)?;
    let (total, for_other) = thread_totals(tx, message.room, root, actor, count)?;
    let instead = match for_other {
        Some((other, total)) if !message.unheard => vec![heard_instead(other, &deleted(Some(total)))?],
        _ => return announce_about(tx, message, &deleted(Some(total)), actor),
    };
    let what = Announcement { instead, ..deleted(Some(total)).announcement(Some(actor))? };
    Ok(tx.announce(LogId::Room(message.room), what)?.0)
}

/// Pins or unpins.
///
/// # Errors
/// When the database refuses.
pub(in crate::chat) fn pin_message(tx: &mut Tx<'_>, may: &PinMessage, pin: bool) -> Result<Seq> {
    set_pin(tx, may.message(), may.member(), pin)
}

/// [`pin_message`] without the question whether one may.
pub(super) fn set_pin(tx: &mut Tx<'_>, message: &MessageRow, actor: MemberId, pin: bool) -> Result<Seq> {
    if message.pinned_at.is_some() == pin {
        return room_head(tx, message.room);
    }
    let at = pin.then(|| tx.now());
    store::set_pinned(tx, message.id, at)?;
    let id = message.id;
    let event = if pin { Event::MessagePinned { id, actor } } else { Event::MessageUnpinned { id, actor } };
    announce_about(tx, message, &event, actor)
}

/// Puts an emoji under a message, or takes it away.
///
/// # Errors
/// `chat.not_an_emoji`, `chat.too_many_emoji`.
pub(in crate::chat) fn react(tx: &mut Tx<'_>, may: &ReactTo, emoji: &str, add: bool) -> Result<Seq> {
    set_reaction(tx, may.message(), may.member(), emoji, add)
}

/// [`react`] without the question whether one may.
pub(super) fn set_reaction(tx: &mut Tx<'_>, message: &MessageRow, actor: MemberId, emoji: &str, add: bool) -> Result<Seq> {
    let emoji = text::one_emoji(emoji).ok_or_else(|| Error::invalid("emoji", "chat.not_an_emoji"))?;
    let id = message.id;
    let changed = if add {
        let known = store::emoji_of(tx, id)?;
        if known.len() >= EMOJI_PER_MESSAGE && !known.iter().any(|one| one == emoji) {
            return Err(Error::refused(RefusalKind::Conflict, "chat.too_many_emoji"));
        }
        // Ids grow with time, so they are the order in which reactions came.
        let place = tx.new_id::<MessageId>().0;
        store::insert_reaction(tx, id, emoji, actor, place)?
    } else {
        store::delete_reaction(tx, id, emoji, actor)?
    };
    if !changed {
        return room_head(tx, message.room);
    }
    let emoji = emoji.to_owned();
    let event = if add { Event::ReactionAdded { id, actor, emoji } } else { Event::ReactionRemoved { id, actor, emoji } };
    announce_about(tx, message, &event, actor)
}

/// Moves a read mark. A mark goes back only when `unread` says so.
///
/// # Errors
/// `chat.read_back`, or `chat.read_ahead` beyond the head; `chat.thread` for what is no thread of the room.
pub(in crate::chat) fn mark_read(tx: &mut Tx<'_>, may: &BeIn, thread: Option<MessageId>, seq: Seq, unread: bool) -> Result<()> {
    let (room, member) = (may.room(), may.member());
    if seq < 0 || seq > room_head(tx, room)? {
        return Err(Error::invalid("seq", "chat.read_ahead"));
    }
    if let Some(root) = thread {
        let is_root = store::message(tx, root)?
            .is_some_and(|row| row.room == room && row.thread.is_none() && row.seq > may.floor() && row.is_heard_by(member));
        if !is_root {
            return Err(Error::invalid("thread", "chat.thread"));
        }
    }
    let before = store::read_seq(tx, member, room, thread)?;
    let before = match before {
        Some(seq) => seq,
        None => store::joined_seq(tx, room, member)?,
    };
    if seq == before {
        return Ok(());
    }
    if seq < before && !unread {
        return Err(Error::invalid("seq", "chat.read_back"));
    }
    store::set_read_mark(tx, member, room, thread, seq)?;
    tx.announce(LogId::Member(member), MeEvent::ReadMarked { room, thread, seq }.announcement(Some(member))?)?;
    Ok(())
}
