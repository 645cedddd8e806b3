//! One message: who sees it, changes it, takes it away, pins it, reacts to it.

use diesel::prelude::*;

use super::stand::{Stand, must_not_be_muted};
use crate::access::{Actor, Permission, Permit, Scope};
use crate::chat::model::{MessageRow, RoomKind};
use crate::error::{Error, Found, RefusalKind, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::storage::Conn;
use crate::storage::schema::messages;

/// A message as somebody who may see it stands towards it.
fn message(conn: &mut Conn, stand: &Stand, id: MessageId) -> Result<MessageRow> {
    messages::table
        .filter(messages::id.eq(id.0))
        .filter(messages::room.eq(stand.room.id.0))
        .filter(messages::seq.gt(stand.floor()))
        .filter(messages::unheard.eq(false).or(messages::author.eq(stand.member.0)))
        .select(MessageRow::as_select())
        .first(conn)
        .optional()?
        .found()
}

/// A permit about one message: what it was a moment ago, and who acts.
macro_rules! message_permit {
    ($(#[$doc:meta])* $name:ident, $scope:ident, |$conn:ident, $stand:ident, $actor:ident, $message:ident| $check:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            message: MessageRow,
            member: MemberId,
            is_watched: bool,
        }

        impl $name {
            /// The message as it was a moment ago.
            pub const fn message(&self) -> &MessageRow { &self.message }

            /// Who acts.
            #[allow(dead_code, reason = "whoever only reads leaves no name")]
            pub const fn member(&self) -> MemberId { self.member }

            /// Does automod look at what they write here?
            #[allow(dead_code, reason = "only who changes words writes any")]
            pub const fn is_watched(&self) -> bool { self.is_watched }
        }

        impl Permit for $name {
            type Target = (RoomId, MessageId);
            const SCOPE: Scope = Scope::$scope;

            fn check($conn: &mut Conn, $actor: &Actor, (room, id): (RoomId, MessageId)) -> Result<Self> {
                let $stand = Stand::of($conn, $actor, room)?;
                let $message = message($conn, &$stand, id)?;
                let checked: Result<()> = $check;
                checked?;
                Ok(Self { member: $stand.member, is_watched: $stand.is_watched($actor), message: $message })
            }
        }
    };
}

message_permit! {
    /// May see a message: whoever sees the room and came before it.
    ReadMessage, Read, |conn, stand, actor, message| Ok(())
}

message_permit! {
    /// May change a message: its author, while they may write there.
    ChangeMessage, Send, |conn, stand, actor, message| {
        stand.must_be_in()?;
        stand.must_be_alive()?;
        must_not_be_muted(actor)?;
        if message.author != stand.member {
            Err(Error::forbidden("chat.not_yours"))
        } else if message.deleted_at.is_some() {
            Err(Error::refused(RefusalKind::Gone, "chat.deleted"))
        } else if stand.hides_from_newest(conn, message.seq)? {
            // Everyone in the room hears of an edit, also those who came after the message.
            Err(Error::forbidden("chat.before_somebody"))
        } else {
            Ok(())
        }
    }
}

message_permit! {
    /// May delete a message: its author, who leads the room, and moderators where they are members.
    RemoveMessage, Send, |_conn, stand, actor, message| {
        let moderates = !stand.kind.is_conversation() && actor.permissions.has(Permission::MessagesModerate);
        if message.author == stand.member || moderates || (stand.kind != RoomKind::Direct && stand.leads(actor)) {
            Ok(())
        } else {
            Err(Error::forbidden("chat.not_yours"))
        }
    }
}

message_permit! {
    /// May pin and unpin: who leads the room, moderators, and everyone in a conversation.
    PinMessage, Send, |_conn, stand, actor, message| {
        stand.must_be_in()?;
        stand.must_be_alive()?;
        let moderates = actor.permissions.has(Permission::MessagesModerate);
        if message.deleted_at.is_some() {
            Err(Error::refused(RefusalKind::Gone, "chat.deleted"))
        } else if stand.kind.is_conversation() || moderates || stand.leads(actor) {
            Ok(())
        } else {
            Err(Error::forbidden("access.not_allowed"))
        }
    }
}

message_permit! {
    /// May react to a message.
    ReactTo, Send, |conn, stand, actor, message| {
        stand.must_be_in()?;
        stand.must_be_alive()?;
        must_not_be_muted(actor)?;
        if message.deleted_at.is_some() {
            Err(Error::refused(RefusalKind::Gone, "chat.deleted"))
        } else if stand.hides_from_newest(conn, message.seq)? {
            // Everyone in the room hears of a reaction, also those who came after the message.
            Err(Error::forbidden("chat.before_somebody"))
        } else {
            Ok(())
        }
    }
}
