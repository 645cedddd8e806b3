//! Conversations that were held before the program ran: for the village and for load.
//!
//! The same acts as in a running community, but without the question whether one may, and called inside [`Tx::as_of`], so that rows
//! and logs carry the time of the story and nobody is told.

use super::changing::{bury, place_words, set_pin, set_reaction};
use super::drafting::{Draft, Prepared, Sent, render_with_names};
use super::membership::enter;
use super::objects::rooms_of_mine;
use super::posting::{Speaker, room_head, say};
use super::rooming::{NewRoom, create_room};
use crate::chat::events::{Event, MeEvent};
use crate::chat::model::{Calls, MessageRow, RoomKind, RoomRole, RoomRow};
use crate::chat::store::{self, RoomFields};
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::{LogId, Seq};
use crate::social::{self, NewRequest, RequestKind};
use crate::storage::{Conn, Tx};
use crate::text;

/// Most bytes of a seeded message: the default limit of a new community.
const MESSAGE_BYTES: usize = 16_384;

/// A message as it was once sent.
#[derive(Clone, Debug)]
pub struct Said<'a> {
    /// Where.
    pub room: RoomId,
    /// By whom; they must be in the room.
    pub author: MemberId,
    /// The author's key for it.
    pub client_key: &'a str,
    /// Markdown.
    pub body: &'a str,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The first message of its thread.
    pub thread: Option<MessageId>,
}

/// Makes a room with everyone in `wish.members` in it; a conversation of two is made once.
///
/// # Errors
/// As [`create_room`].
pub fn place_room(tx: &mut Tx<'_>, wish: &NewRoom, maker: MemberId) -> Result<RoomId> {
    let room = create_room(tx, wish, Some(maker))?;
    for member in wish.members.iter().filter(|member| **member != maker) {
        enter(tx, room, *member, maker, RoomRole::Member)?;
    }
    Ok(room)
}

/// Gives a room voice: one may call in it.
///
/// # Errors
/// [`Error::NotFound`] when there is no such room.
pub fn place_voice(tx: &mut Tx<'_>, room: RoomId, by: MemberId) -> Result<()> {
    change(tx, room, by, |row| row.voice = true)
}

/// Makes a room slow by so many seconds.
///
/// # Errors
/// [`Error::NotFound`] when there is no such room.
pub fn place_pace(tx: &mut Tx<'_>, room: RoomId, by: MemberId, seconds: i32) -> Result<()> {
    change(tx, room, by, |row| row.slow_seconds = seconds)
}

fn change(tx: &mut Tx<'_>, room: RoomId, by: MemberId, change: impl FnOnce(&mut RoomRow)) -> Result<()> {
    let mut row = store::room(tx, room)?.found()?;
    change(&mut row);
    let name_key = row.name.as_deref().map(text::name_key);
    store::update_room(tx, room, &RoomFields::of(&row, name_key.as_deref()))?;
    tx.announce(LogId::Room(room), Event::room_changed(&row, by)?.announcement(Some(by))?)?;
    Ok(())
}

/// Puts a member into a room, by themselves or added by `by`; says whether they were not in it before.
///
/// # Errors
/// When the database refuses.
pub fn place_member(tx: &mut Tx<'_>, room: RoomId, member: MemberId, by: MemberId) -> Result<bool> {
    enter(tx, room, member, by, RoomRole::Member)
}

/// Gives a member of a room a role in it.
///
/// # Errors
/// [`Error::NotFound`] when they are not in it.
pub fn place_role(tx: &mut Tx<'_>, room: RoomId, member: MemberId, by: MemberId, role: RoomRole) -> Result<()> {
    store::set_room_role(tx, room, member, role.number())?.then_some(()).found()?;
    let event = Event::RoomRoleSet { actor: Some(by), member, role };
    tx.announce(LogId::Room(room), event.announcement(Some(by))?)?;
    Ok(())
}

/// Stores a message and whom it mentions.
///
/// # Errors
/// What makes a body, a key or an answer wrong; `chat.not_a_member` when the author is not in the room.
pub fn place_message(tx: &mut Tx<'_>, said: &Said<'_>) -> Result<MessageId> {
    let prepared = render_with_names(tx, said.body, Calls::default())?;
    Ok(place(tx, said, &prepared)?.id)
}

/// Stores a message of plain words, which mention nobody: the quick way for many.
///
/// # Errors
/// As [`place_message`].
pub fn place_plain_message(tx: &mut Tx<'_>, said: &Said<'_>) -> Result<MessageId> {
    let html = text::render(said.body, &|_| None).html;
    Ok(place(tx, said, &Prepared { html, names: text::Mentions::default() })?.id)
}

fn place(tx: &mut Tx<'_>, said: &Said<'_>, prepared: &Prepared) -> Result<Sent> {
    must_be_in(tx, said.room, said.author)?;
    let draft = Draft::parse(said.client_key, said.body, said.reply_to, said.thread, MESSAGE_BYTES)?;
    let from = Speaker { room: said.room, member: said.author, floor: 0, may_call: false, is_heard: true, reaching: None };
    say(tx, &from, &draft, prepared, &|_| Vec::new())
}

/// Stores the first words of somebody to one who has not let them in: they wait for a yes.
///
/// # Errors
/// As [`place_message`].
pub fn place_first_words(tx: &mut Tx<'_>, from: MemberId, to: MemberId, client_key: &str, body: &str) -> Result<MessageId> {
    let wish = NewRoom { kind: RoomKind::Direct, name: None, topic: String::new(), history: None, members: vec![to] };
    let room = create_room(tx, &wish, Some(from))?;
    tx.announce(LogId::Room(room), Event::MemberJoined { member: to, actor: from }.announcement(Some(from))?)?;
    store::count_members(tx, room, 1)?;
    social::admit(tx, from, to)?;
    social::ask(tx, from, &NewRequest { room: Some(room), ..NewRequest::of(RequestKind::Message, to, true) }, None)?;
    place_message(tx, &Said { room, author: from, client_key, body, reply_to: None, thread: None })
}

/// Asks somebody into a room, who has not answered yet.
///
/// # Errors
/// When the database refuses.
pub fn place_invitation(tx: &mut Tx<'_>, room: RoomId, member: MemberId, by: MemberId) -> Result<()> {
    store::insert_invitation(tx, room, member, by)?;
    social::ask(tx, by, &NewRequest { room: Some(room), ..NewRequest::of(RequestKind::Invite, member, true) }, None)?;
    tx.announce(LogId::Room(room), Event::MemberInvited { member, actor: by }.announcement(Some(by))?)?;
    Ok(())
}

/// Changes a message's words, as its author.
///
/// # Errors
/// [`Error::NotFound`] when there is no such message.
pub fn place_edit(tx: &mut Tx<'_>, message: MessageId, body: &str) -> Result<()> {
    let row = message_row(tx, message)?;
    let body = text::clean_body(body, MESSAGE_BYTES)?;
    let prepared = render_with_names(tx, &body, Calls::default())?;
    place_words(tx, &row, &body, &prepared)?;
    Ok(())
}

/// Leaves a tombstone.
///
/// # Errors
/// As [`place_edit`].
pub fn place_deletion(tx: &mut Tx<'_>, message: MessageId, by: MemberId) -> Result<()> {
    let row = message_row(tx, message)?;
    bury(tx, &row, by)?;
    Ok(())
}

/// Pins a message.
///
/// # Errors
/// As [`place_edit`].
pub fn place_pin(tx: &mut Tx<'_>, message: MessageId, by: MemberId) -> Result<()> {
    let row = message_row(tx, message)?;
    set_pin(tx, &row, by, true)?;
    Ok(())
}

/// Puts an emoji under a message.
///
/// # Errors
/// As [`place_edit`]; `chat.not_a_member` when `by` is not in the room, `chat.not_an_emoji`.
pub fn place_reaction(tx: &mut Tx<'_>, message: MessageId, by: MemberId, emoji: &str) -> Result<()> {
    let row = message_row(tx, message)?;
    must_be_in(tx, row.room, by)?;
    set_reaction(tx, &row, by, emoji, true)?;
    Ok(())
}

/// Moves a read mark so that the newest `unread` messages of others are unread.
///
/// # Errors
/// [`Error::NotFound`] when the room has not that many.
pub fn place_read_mark(tx: &mut Tx<'_>, room: RoomId, member: MemberId, unread: usize) -> Result<()> {
    must_be_in(tx, room, member)?;
    let seq: Seq = match unread.checked_sub(1) {
        None => room_head(tx, room)?,
        Some(newer) => store::seq_from_others(tx, room, member, newer)?.found()? - 1,
    };
    store::set_read_mark(tx, member, room, None, seq)?;
    let event = MeEvent::ReadMarked { room, thread: None, seq };
    tx.announce(LogId::Member(member), event.announcement(Some(member))?)?;
    Ok(())
}

/// What is unread for a member, room by room, as their clients are told: for comparing with the story.
///
/// # Errors
/// When the database cannot be read.
pub fn unread_of(conn: &mut Conn, member: MemberId) -> Result<Vec<(RoomId, usize)>> {
    let rooms = rooms_of_mine(conn, member, 0)?;
    Ok(rooms.into_iter().filter_map(|room| Some((room.id, room.mine?.unread))).collect())
}

fn message_row(tx: &mut Tx<'_>, message: MessageId) -> Result<MessageRow> {
    store::message(tx, message)?.found()
}

fn must_be_in(tx: &mut Tx<'_>, room: RoomId, member: MemberId) -> Result<()> {
    store::place(tx, room, member)?.map(|_| ()).ok_or(Error::forbidden("chat.not_a_member"))
}
