//! What clients may say about chat over the live connection. Every command names its permit; the check runs inside the write.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::actions::{self, Draft, Prepared, Reaching, Watch};
use super::events::Signal as ChatSignal;
use super::policy::{BeIn, ChangeMessage, PinMessage, PostIn, ReactTo, RemoveMessage, calls_of};
use crate::access::{Actor, Ground, Permit, RateClass, Target};
use crate::automod::Automod;
use crate::billing::Billing;
use crate::error::{Error, Result};
use crate::ids::{MessageId, RoomId};
use crate::live::{Ack, Caller, Seq, Signal, signal_frame};
use crate::members::Members;
use crate::storage::Tx;

/// Every command of chat with the name of its permit: the sweep walks this table.
pub const COMMANDS: &[(&str, &str)] = &[
    ("chat.send", "PostIn"),
    ("chat.edit", "ChangeMessage"),
    ("chat.delete", "RemoveMessage"),
    ("chat.pin", "PinMessage"),
    ("chat.unpin", "PinMessage"),
    ("chat.react", "ReactTo"),
    ("chat.unreact", "ReactTo"),
    ("chat.read", "BeIn"),
    ("chat.typing", "PostIn"),
];

type Answer = BoxFuture<'static, Result<Option<Ack>>>;

/// What a command that was carried out answers. A refusal in it keeps what was written on the way: that something was refused may be put on
/// record.
type Outcome = Result<Ack>;

/// A command that writes.
trait Command: Send + 'static {
    /// Proof that the caller may.
    type Permit: Permit;

    /// What it is about.
    fn target(&self) -> <Self::Permit as Permit>::Target;

    /// A text of it that is rendered before it is written, and where it stands.
    fn text(&self) -> Option<(RoomId, &str)> {
        None
    }

    /// Is this the answer to something said before? Asked before the permit: a key keeps its answer for ever.
    fn before(&self, _tx: &mut Tx<'_>, _actor: &Actor, _ground: &Ground) -> Result<Option<Ack>> {
        Ok(None)
    }

    /// Writes.
    fn run(self, tx: &mut Tx<'_>, may: &Self::Permit, prepared: Option<Prepared>, ground: &Ground) -> Result<Outcome>;
}

/// Runs the command of this name; `None` when there is none.
pub fn run(
    ground: &Arc<Ground>,
    billing: &Billing,
    (automod, members): (&Automod, &Members),
    caller: Caller,
    name: &str,
    frame: &str,
) -> Option<Answer> {
    Some(match name {
        "chat.send" => send(ground, billing, Watch::of(automod, members), caller, frame),
        "chat.edit" => edit(ground, billing, Watch::of(automod, members), caller, frame),
        "chat.delete" => write::<Delete>(ground, caller, frame),
        "chat.pin" => write::<Pin<true>>(ground, caller, frame),
        "chat.unpin" => write::<Pin<false>>(ground, caller, frame),
        "chat.react" => write::<React<true>>(ground, caller, frame),
        "chat.unreact" => write::<React<false>>(ground, caller, frame),
        "chat.read" => write::<Read>(ground, caller, frame),
        "chat.typing" => typing(ground, caller, frame),
        _ => return None,
    })
}

fn refuse(error: Error) -> Answer {
    std::future::ready(Err(error)).boxed()
}

/// Parses, and queues the write before returning; a text that mentions somebody is rendered first.
fn write<C: Command + DeserializeOwned>(ground: &Arc<Ground>, caller: Caller, frame: &str) -> Answer {
    match serde_json::from_str::<C>(frame) {
        Ok(command) => queue(ground, caller, command),
        Err(_) => refuse(Error::invalid("", "live.fields")),
    }
}

fn queue<C: Command>(ground: &Arc<Ground>, caller: Caller, command: C) -> Answer {
    match command.text() {
        None => queue_prepared(ground, caller, command, None).boxed(),
        Some((_, text)) if actions::renders_here(text) => {
            let prepared = actions::render_here(text);
            queue_prepared(ground, caller, command, Some(prepared)).boxed()
        }
        Some((room, text)) => {
            let (text, ground, inner) = (text.to_owned(), Arc::clone(ground), Arc::clone(ground));
            let prepared = ground.db.read(move |conn| {
                let actor = inner.authenticator.actor_of_session(conn, caller.session, caller.address, inner.clock.now())?;
                let calls = calls_of(conn, &actor, room, inner.settings.get().show_presence);
                actions::render_with_names(conn, &text, calls)
            });
            async move { queue_prepared(&ground, caller, command, Some(prepared.await?)).await }.boxed()
        }
    }
}

fn queue_prepared<C: Command>(
    ground: &Arc<Ground>,
    caller: Caller,
    command: C,
    prepared: Option<Prepared>,
) -> impl Future<Output = Result<Option<Ack>>> + Send + use<C> {
    let inner = Arc::clone(ground);
    // One session's commands are done in the order in which they came.
    let written = ground.db.write_command(caller.session.0.unsigned_abs(), caller.shard, move |tx| {
        command.target().take_turn(tx)?;
        let actor = inner.authenticator.actor_of_command(tx, caller.session, caller.address)?;
        actor.check_scope(C::Permit::SCOPE)?;
        if let Some(ack) = command.before(tx, &actor, &inner)? {
            return Ok(Ok(ack));
        }
        let may = C::Permit::check_command(tx, &actor, command.target())?;
        command.run(tx, &may, prepared, &inner)
    });
    async move { written.await?.map(Some) }
}

fn at_seq(seq: Seq) -> Ack {
    Ack { seq: Some(seq), ..Ack::default() }
}

fn done_at(seq: Seq) -> Outcome {
    Ok(at_seq(seq))
}

#[derive(Deserialize)]
struct SendFields {
    room: RoomId,
    client_key: String,
    body: String,
    #[serde(default)]
    reply_to: Option<MessageId>,
    #[serde(default)]
    thread: Option<MessageId>,
}

/// `chat.send` with its fields checked.
struct SendDraft {
    room: RoomId,
    draft: Draft,
    reaching: Reaching,
    watch: Watch,
}

fn send(ground: &Arc<Ground>, billing: &Billing, watch: Watch, caller: Caller, frame: &str) -> Answer {
    let Ok(fields) = serde_json::from_str::<SendFields>(frame) else { return refuse(Error::invalid("", "live.fields")) };
    let counted = count_send(ground, caller, fields.room);
    let max = ground.settings.get().message_bytes;
    let draft = counted.and_then(|()| Draft::parse(&fields.client_key, &fields.body, fields.reply_to, fields.thread, max));
    match draft {
        Ok(draft) => {
            let reaching = Reaching::of(ground, billing);
            queue(ground, caller, SendDraft { room: fields.room, draft, reaching, watch })
        }
        Err(error) => refuse(error),
    }
}

/// Counts a message against its author's rate and the room's.
pub(super) fn count_send(ground: &Ground, caller: Caller, room: RoomId) -> Result<()> {
    ground.rates.count(RateClass::Send, u128::from(caller.member.0.unsigned_abs()))?;
    ground.rates.count(RateClass::SendRoom, u128::from(room.0.unsigned_abs()))
}

impl Command for SendDraft {
    type Permit = PostIn;

    fn target(&self) -> RoomId {
        self.room
    }

    fn text(&self) -> Option<(RoomId, &str)> {
        Some((self.room, &self.draft.body))
    }

    fn before(&self, tx: &mut Tx<'_>, actor: &Actor, _: &Ground) -> Result<Option<Ack>> {
        let sent = actions::sent_before(tx, actor.signed_in()?, self.room, &self.draft)?;
        Ok(sent.map(|sent| Ack { id: Some(sent.id.to_string()), seq: Some(sent.seq), at: Some(sent.at) }))
    }

    fn run(self, tx: &mut Tx<'_>, may: &PostIn, prepared: Option<Prepared>, ground: &Ground) -> Result<Outcome> {
        let prepared = prepared.ok_or_else(|| Error::broken("a message without its rendering"))?;
        let sent = actions::send_message(tx, may, &self.draft, &prepared, &ground.hub, (&self.reaching, &self.watch))?;
        Ok(sent.map(|sent| Ack { id: Some(sent.id.to_string()), seq: Some(sent.seq), at: Some(sent.at) }))
    }
}

#[derive(Deserialize)]
struct EditFields {
    room: RoomId,
    id: MessageId,
    body: String,
}

/// `chat.edit` with its fields checked.
struct Edit {
    fields: EditFields,
    reaching: Reaching,
    watch: Watch,
}

/// What is rendered is what is stored: the body is cleaned before both.
fn edit(ground: &Arc<Ground>, billing: &Billing, watch: Watch, caller: Caller, frame: &str) -> Answer {
    let Ok(fields) = serde_json::from_str::<EditFields>(frame) else { return refuse(Error::invalid("", "live.fields")) };
    match crate::text::clean_body(&fields.body, ground.settings.get().message_bytes) {
        Ok(body) => {
            let reaching = Reaching::of(ground, billing);
            queue(ground, caller, Edit { fields: EditFields { body, ..fields }, reaching, watch })
        }
        Err(error) => refuse(error),
    }
}

impl Command for Edit {
    type Permit = ChangeMessage;

    fn target(&self) -> (RoomId, MessageId) {
        (self.fields.room, self.fields.id)
    }

    fn text(&self) -> Option<(RoomId, &str)> {
        Some((self.fields.room, &self.fields.body))
    }

    fn run(self, tx: &mut Tx<'_>, may: &ChangeMessage, prepared: Option<Prepared>, _: &Ground) -> Result<Outcome> {
        let prepared = prepared.ok_or_else(|| Error::broken("a message without its rendering"))?;
        let edited = actions::edit_message(tx, may, &self.fields.body, &prepared, &self.reaching, &self.watch)?;
        Ok(edited.map(at_seq))
    }
}

#[derive(Deserialize)]
struct Delete {
    room: RoomId,
    id: MessageId,
}

impl Command for Delete {
    type Permit = RemoveMessage;

    fn target(&self) -> (RoomId, MessageId) {
        (self.room, self.id)
    }

    fn run(self, tx: &mut Tx<'_>, may: &RemoveMessage, _: Option<Prepared>, _: &Ground) -> Result<Outcome> {
        actions::delete_message(tx, may).map(done_at)
    }
}

#[derive(Deserialize)]
struct Pin<const ON: bool> {
    room: RoomId,
    id: MessageId,
}

impl<const ON: bool> Command for Pin<ON> {
    type Permit = PinMessage;

    fn target(&self) -> (RoomId, MessageId) {
        (self.room, self.id)
    }

    fn run(self, tx: &mut Tx<'_>, may: &PinMessage, _: Option<Prepared>, _: &Ground) -> Result<Outcome> {
        actions::pin_message(tx, may, ON).map(done_at)
    }
}

#[derive(Deserialize)]
struct React<const ON: bool> {
    room: RoomId,
    id: MessageId,
    emoji: String,
}

impl<const ON: bool> Command for React<ON> {
    type Permit = ReactTo;

    fn target(&self) -> (RoomId, MessageId) {
        (self.room, self.id)
    }

    fn run(self, tx: &mut Tx<'_>, may: &ReactTo, _: Option<Prepared>, _: &Ground) -> Result<Outcome> {
        actions::react(tx, may, &self.emoji, ON).map(done_at)
    }
}

#[derive(Deserialize)]
struct Read {
    room: RoomId,
    #[serde(default)]
    thread: Option<MessageId>,
    seq: Seq,
    #[serde(default)]
    unread: bool,
}

impl Command for Read {
    type Permit = BeIn;

    fn target(&self) -> RoomId {
        self.room
    }

    fn run(self, tx: &mut Tx<'_>, may: &BeIn, _: Option<Prepared>, _: &Ground) -> Result<Outcome> {
        actions::mark_read(tx, may, self.thread, self.seq, self.unread)?;
        Ok(Ok(Ack::default()))
    }
}

#[derive(Deserialize)]
struct Typing {
    room: RoomId,
}

/// Passing, but not for those outside: the permit is checked like any other.
fn typing(ground: &Arc<Ground>, caller: Caller, frame: &str) -> Answer {
    let Ok(Typing { room }) = serde_json::from_str(frame) else { return refuse(Error::invalid("", "live.fields")) };
    let inner = Arc::clone(ground);
    let checked = ground.db.read(move |conn| {
        let actor = inner.authenticator.actor_of_session(conn, caller.session, caller.address, inner.clock.now())?;
        actor.check_scope(PostIn::SCOPE)?;
        Ok(PostIn::check(conn, &actor, room)?.room())
    });
    let hub = ground.hub.clone();
    async move {
        let room = checked.await?;
        let frame = signal_frame(&ChatSignal::Typing { room, member: caller.member });
        hub.signal(Signal::Room { room, but: caller.member, frame });
        Ok(None)
    }
    .boxed()
}
