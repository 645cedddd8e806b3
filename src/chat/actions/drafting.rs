//! A message before it is stored: its words checked and rendered, and the answer given before for its key.

use sha2::{Digest, Sha256};

use crate::chat::model::Calls;
use crate::chat::store;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::Seq;
use crate::members;
use crate::mutants::Mutant;
use crate::storage::{Conn, one_at_a_time};
use crate::text;

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
    pub(super) fn hash(&self) -> Vec<u8> {
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
