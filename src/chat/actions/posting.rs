//! Sending, changing, deleting, reacting, pinning, reading.

use sha2::{Digest, Sha256};

use super::calling::{Online, allowed_mentions, present};
use super::hiding::{announce_about, heard_instead, other_of, thread_totals};
use super::objects::{mentions_of, quote, shared_floor};
use super::reaching::Reaching;
use crate::chat::events::{Event, MeEvent};
use crate::chat::model::{Calls, Mentions, MessageBody, MessageRow};
use crate::chat::policy::{BeIn, ChangeMessage, PinMessage, PostIn, ReactTo, RemoveMessage};
use crate::chat::store::{self, NewMessageRow, NewWords};
use crate::clock::Millis;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::{Hub, Instead, LogId, Seq};
use crate::members;
use crate::mutants::Mutant;
use crate::social;
use crate::storage::{Announcement, Conn, Tx, head, one_at_a_time};
use crate::text;

/// Most different emoji under one message.
const EMOJI_PER_MESSAGE: usize = 20;

/// A message as its author wrote it, checked.
#[derive(Clone, Debug)]
pub(in crate::chat) struct Draft {
    pub client_key: String,
    pub body: String,
    pub reply_to: Option<MessageId>,
    pub thread: Option<MessageId>,
}

impl Draft {
    /// Checks what came in.
    ///
    /// # Errors
    /// `chat.client_key`, `text.nul`, `chat.message_empty`, `chat.message_too_long`.
    pub(in crate::chat) fn parse(
        client_key: &str,
        body: &str,
        reply_to: Option<MessageId>,
        thread: Option<MessageId>,
        max_bytes: usize,
    ) -> Result<Self> {
        let length = client_key.chars().count();
        if length == 0 || length > 64 || client_key.chars().any(char::is_control) {
            return Err(Error::invalid("client_key", "chat.client_key"));
        }
        Ok(Self { client_key: client_key.to_owned(), body: text::clean_body(body, max_bytes)?, reply_to, thread })
    }

    /// What makes two sends under one key the same.
    fn hash(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(self.body.as_bytes());
        hash.update([0]);
        hash.update(self.reply_to.map_or(0, |id| id.0).to_be_bytes());
        hash.update(self.thread.map_or(0, |id| id.0).to_be_bytes());
        hash.finalize().to_vec()
    }
}

/// Safe HTML of a body, and whom it names.
#[derive(Clone, Debug)]
pub(in crate::chat) struct Prepared {
    pub html: String,
    pub names: text::Mentions,
}

/// Bodies longer than this are rendered on a reader's thread, so that no connection waits for them.
const RENDER_HERE_BYTES: usize = 2_048;

/// Can the body be rendered at once, without asking the database who is mentioned?
pub(in crate::chat) fn renders_here(body: &str) -> bool {
    body.len() <= RENDER_HERE_BYTES && !body.contains('@')
}

/// Renders a body that mentions nobody.
pub(in crate::chat) fn render_here(body: &str) -> Prepared {
    Prepared { html: text::render(body, &|_| None).html, names: text::Mentions::default() }
}

/// Renders a body; whoever is mentioned is looked up once for all. A call that the author may not make stays text.
pub(in crate::chat) fn render_with_names(conn: &mut Conn, body: &str, calls: Calls) -> Result<Prepared> {
    use text::MentionTarget as Target;
    let names = text::mention_candidates(body);
    let known = if names.is_empty() { Vec::new() } else { store::members_by_username(conn, &names)? };
    let roles = if names.is_empty() || !calls.many { Vec::new() } else { members::role_handles(conn)? };
    let role = |name: &str| {
        let name = text::name_key(name);
        roles.iter().find(|(_, handle)| *handle == name).map(|(id, _)| Target::Role(*id))
    };
    let rendered = text::render(body, &|name| match name {
        "room" | "all" => calls.many.then_some(Target::Room),
        "here" => calls.here.then_some(Target::Here),
        name => known.iter().find(|(known, _)| known == name).map(|(_, id)| Target::Member(*id)).or_else(|| role(name)),
    });
    Ok(Prepared { html: rendered.html, names: rendered.mentions })
}

/// What a sender is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) struct Sent {
    pub id: MessageId,
    pub seq: Seq,
    pub at: Millis,
}

/// The answer given before for this key, if it was used.
///
/// # Errors
/// 409 `chat.key_reused` when it was used for something else.
pub(in crate::chat) fn sent_before(conn: &mut Conn, author: MemberId, room: RoomId, draft: &Draft) -> Result<Option<Sent>> {
    one_at_a_time(conn, &format!("key {author} {}", draft.client_key))?;
    if Mutant::NoUniqueKey.is_on() {
        return Ok(None);
    }
    let Some((id, sent_room, seq, at, hash)) = store::sent_before(conn, author, &draft.client_key)? else { return Ok(None) };
    if sent_room == room && hash == draft.hash() { Ok(Some(Sent { id, seq, at })) } else { Err(Error::conflict("chat.key_reused")) }
}

/// Stores a message and announces it.
///
/// # Errors
/// `chat.reply_to` or `chat.thread` when what is answered is not there to see, 429 `social.too_many_requests`.
pub(in crate::chat) fn send_message(
    tx: &mut Tx<'_>,
    may: &PostIn,
    draft: &Draft,
    prepared: &Prepared,
    hub: &Hub,
    reaching: &Reaching,
) -> Result<Sent> {
    let is_heard = match may.other() {
        Some(other) => reaching.before_words(tx, may.room(), may.member(), other)?,
        None => true,
    };
    let untold = reaching.untold(tx, may.member(), &prepared.names.members)?;
    let from = Speaker { room: may.room(), member: may.member(), floor: may.floor(), may_call: may.may_call(), is_heard, untold };
    say(tx, &from, draft, prepared, &|most| hub.those_online(most))
}

/// Who writes where, and what they may see and do there.
#[derive(Clone, Debug)]
pub(super) struct Speaker {
    pub(super) room: RoomId,
    pub(super) member: MemberId,
    /// The place after which they see messages.
    pub(super) floor: Seq,
    pub(super) may_call: bool,
    /// Does anybody but themselves hear it?
    pub(super) is_heard: bool,
    /// Whom they name without their hearing of it.
    pub(super) untold: Vec<MemberId>,
}

/// [`send_message`] without the question whether one may.
pub(super) fn say(tx: &mut Tx<'_>, from: &Speaker, draft: &Draft, prepared: &Prepared, online: Online<'_>) -> Result<Sent> {
    let visible = |tx: &mut Tx<'_>, id: MessageId, code| -> Result<_> {
        let is_there = |row: &MessageRow| row.room == from.room && row.seq > from.floor && row.is_heard_by(from.member);
        store::message(tx, id)?.filter(is_there).ok_or_else(|| Error::invalid("reply_to", code))
    };
    let quoted = draft.reply_to.map(|id| visible(tx, id, "chat.reply_to")).transpose()?;
    let reply_to = match &quoted {
        Some(row) => Some(quote(row, shared_floor(tx, row.room)?)),
        None => None,
    };
    let (mut unheard, mut thread_total, mut for_other) = (!from.is_heard, None, None);
    if let Some(id) = draft.thread {
        // A thread has one root: answers to answers stay in it.
        let root = visible(tx, id, "chat.thread")?;
        if root.thread.is_some() {
            return Err(Error::invalid("thread", "chat.thread"));
        }
        // Whoever does not hear what is answered does not hear the answer.
        unheard |= root.unheard;
        let count = store::count_thread(tx, id, 1)?;
        let totals = thread_totals(tx, from.room, id, from.member, count)?;
        (thread_total, for_other) = (Some(totals.0), totals.1);
    }
    let mentions = allowed_mentions(tx, from, &prepared.names, online)?;
    let id: MessageId = tx.new_id();
    let object = MessageBody {
        id,
        author: from.member,
        client_key: draft.client_key.clone(),
        body: Some(draft.body.clone()),
        body_html: Some(prepared.html.clone()),
        edited_at: None,
        deleted: false,
        reply_to,
        thread: draft.thread,
        thread_count: 0,
        pinned: false,
        mentions,
        reactions: Vec::new(),
        thread_total,
    };
    let mentions = object.mentions.clone();
    // Whoever is not in the room hears nothing of it anyway.
    let untold = from.untold.iter().copied().filter(|member| mentions.members.contains(member)).collect::<Vec<_>>();
    let hides_quote = quoted.is_some_and(|row| row.unheard);
    let mut instead = Vec::new();
    if (unheard || hides_quote || for_other.is_some())
        && let Some(other) = other_of(tx, from.room, from.member)?
    {
        let reply_to = object.reply_to.clone().filter(|_| !hides_quote);
        let thread_total = for_other.map_or(object.thread_total, |(_, total)| Some(total));
        let mentions = if untold.contains(&other) { mentions.clone().without(other) } else { mentions.clone() };
        let body = MessageBody { reply_to, thread_total, mentions, ..object.clone() };
        instead.push(heard_instead(other, &if unheard { Event::Hidden } else { Event::MessageSent(body) })?);
    }
    for member in untold.iter().copied() {
        if instead.iter().all(|known: &Instead| known.member != member) {
            let body = MessageBody { mentions: mentions.clone().without(member), ..object.clone() };
            instead.push(heard_instead(member, &Event::MessageSent(body))?);
        }
    }
    let what = Announcement { instead, ..Event::MessageSent(object).announcement(Some(from.member))? };
    let (seq, at) = tx.announce(LogId::Room(from.room), what)?;
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
            unheard,
        },
    )?;
    if !mentions.is_empty() {
        store::replace_mentions(tx, from.room, (id, seq), &mentions, &untold, true)?;
    }
    Ok(Sent { id, seq, at })
}

/// Changes a message's words. To who shuts the author out they are new words: from then on the message is not for them any more.
///
/// # Errors
/// When the database refuses.
pub(in crate::chat) fn edit_message(
    tx: &mut Tx<'_>,
    may: &ChangeMessage,
    body: &str,
    prepared: &Prepared,
    reaching: &Reaching,
) -> Result<Seq> {
    let untold = reaching.untold(tx, may.member(), &prepared.names.members)?;
    let mut message = may.message().clone();
    if !message.unheard
        && message.body != body
        && let Some(other) = other_of(tx, message.room, may.member())?
        && social::is_shut_out(tx, other, may.member())?
    {
        store::hide_message(tx, message.id)?;
        message.unheard = true;
    }
    reword(tx, &message, may.member(), body, prepared, &untold)
}

/// [`edit_message`] without the question whether one may.
pub(super) fn reword(
    tx: &mut Tx<'_>,
    message: &MessageRow,
    actor: MemberId,
    body: &str,
    prepared: &Prepared,
    untold: &[MemberId],
) -> Result<Seq> {
    if message.body == body {
        return room_head(tx, message.room);
    }
    let (names, kept) = (&prepared.names, mentions_of(message.mentions.as_deref()));
    // Whether many were called was decided when it was sent: an edit calls nobody together.
    let mentions = Mentions {
        members: present(tx, message.room, &names.members)?,
        roles: kept.roles.into_iter().filter(|role| names.roles.contains(role)).collect(),
        room: kept.room && names.room,
        here: if names.here { kept.here } else { Vec::new() },
    };
    let at = tx.now();
    let edited = |mentions: Mentions| Event::MessageEdited {
        id: message.id,
        actor,
        body: Some(body.to_owned()),
        body_html: Some(prepared.html.clone()),
        edited_at: Some(at),
        mentions,
    };
    let stored = if mentions.is_empty() { None } else { Some(serde_json::to_string(&mentions)?) };
    store::update_body(tx, message.id, &NewWords { body, body_html: &prepared.html, renderer: text::RENDERER, mentions: stored, at })?;
    if !(message.mentions.is_none() && mentions.is_empty()) {
        store::replace_mentions(tx, message.room, (message.id, message.seq), &mentions, untold, false)?;
    }
    let event = edited(mentions.clone());
    if message.unheard {
        return announce_about(tx, message, &event, actor);
    }
    let quietly = |member: &MemberId| heard_instead(*member, &edited(mentions.clone().without(*member)));
    let instead = untold.iter().filter(|member| mentions.members.contains(member)).map(quietly).collect::<Result<_>>()?;
    let what = Announcement { instead, ..event.announcement(Some(actor))? };
    Ok(tx.announce(LogId::Room(message.room), what)?.0)
}

/// Leaves a tombstone.
///
/// # Errors
/// When the database refuses.
pub(in crate::chat) fn delete_message(tx: &mut Tx<'_>, may: &RemoveMessage) -> Result<Seq> {
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

pub(super) fn announce(tx: &mut Tx<'_>, room: RoomId, event: &Event, actor: MemberId) -> Result<Seq> {
    Ok(tx.announce(LogId::Room(room), event.announcement(Some(actor))?)?.0)
}

pub(super) fn room_head(tx: &mut Tx<'_>, room: RoomId) -> Result<Seq> {
    Ok(head(tx, LogId::Room(room))?.map_or(0, |head| head.seq))
}
