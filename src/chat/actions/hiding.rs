//! What one member does not hear of what another does in a room that both are in: acts on words that were not for them.

use std::sync::Arc;

use crate::chat::events::Event;
use crate::chat::model::{Mentions, MessageRow};
use crate::chat::store;
use crate::error::Result;
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::{Instead, LogId, Seq};
use crate::storage::Tx;

/// The other of a conversation of two; nobody in rooms of many.
pub(super) fn other_of(tx: &mut Tx<'_>, room: RoomId, member: MemberId) -> Result<Option<MemberId>> {
    Ok(store::room(tx, room)?.and_then(|row| row.other_than(member)))
}

/// What a member hears in the place of an event.
pub(super) fn heard_instead(member: MemberId, event: &Event) -> Result<Instead> {
    Ok(Instead { member, event: Arc::from(serde_json::to_string(event)?) })
}

/// What those hear whom a message calls without their hearing of it: `event` with mentions that do not call them. Those whom it names nowhere,
/// since it calls the whole room or a role, hear the same, which is written once.
pub(in crate::chat) fn for_the_untold(mentions: &Mentions, untold: &[MemberId], event: &dyn Fn(Mentions) -> Event) -> Result<Vec<Instead>> {
    let mut unnamed: Option<Arc<str>> = None;
    let mut instead = Vec::with_capacity(untold.len());
    for member in untold.iter().copied() {
        let is_named = mentions.names(member);
        let text = match unnamed.as_ref().filter(|_| !is_named) {
            Some(text) => Arc::clone(text),
            None => Arc::from(serde_json::to_string(&event(mentions.clone().without(member)))?),
        };
        if !is_named {
            unnamed = Some(Arc::clone(&text));
        }
        instead.push(Instead { member, event: text });
    }
    Ok(instead)
}

/// Announces what happened to a message; whoever was not to hear it does not hear that either.
pub(super) fn announce_about(tx: &mut Tx<'_>, message: &MessageRow, event: &Event, actor: MemberId) -> Result<Seq> {
    let mut what = event.announcement(Some(actor))?;
    if message.unheard {
        let other = other_of(tx, message.room, message.author)?;
        what.instead = other.map(|other| heard_instead(other, &Event::Hidden)).transpose()?.into_iter().collect();
    }
    Ok(tx.announce(LogId::Room(message.room), what)?.0)
}

/// How many of the `count` answers of a thread are there for `member`, and, where it is another number, for the other of the conversation.
pub(super) fn thread_totals(
    tx: &mut Tx<'_>,
    room: RoomId,
    root: MessageId,
    member: MemberId,
    count: i32,
) -> Result<(i32, Option<(MemberId, i32)>)> {
    let Some(other) = other_of(tx, room, member)? else { return Ok((count, None)) };
    let mut without = |author| store::hidden_answers(tx, author, &[root]).map(|hidden| count - hidden.get(&root).copied().unwrap_or(0));
    let (mine, theirs) = (without(other)?, without(member)?);
    Ok((mine, (mine != theirs).then_some((other, theirs))))
}
