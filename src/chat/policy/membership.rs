//! A member's place in a room: who puts them in, takes them out, gives them a role.

use diesel::prelude::*;

use super::stand::{Stand, must_not_be_muted};
use crate::access::{Actor, Permission, Permit, Scope};
use crate::chat::model::{RoomKind, RoomRole, RoomRow};
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoomId};
use crate::storage::Conn;
use crate::storage::schema::{room_invitations, room_members};

/// A permit about one member's place in a room: which room, who acts, and whose place it is.
macro_rules! place_permit {
    ($(#[$doc:meta])* $name:ident, |$conn:ident, $stand:ident, $actor:ident, $member:ident| $check:block) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            room: RoomRow,
            actor: MemberId,
            member: MemberId,
        }

        impl $name {
            /// The room as it was a moment ago.
            pub const fn row(&self) -> &RoomRow { &self.room }

            /// Who acts.
            pub const fn actor(&self) -> MemberId { self.actor }

            /// Whose place it is.
            pub const fn member(&self) -> MemberId { self.member }
        }

        impl Permit for $name {
            type Target = (RoomId, MemberId);
            const SCOPE: Scope = Scope::Rooms;

            fn check($conn: &mut Conn, $actor: &Actor, (room, $member): (RoomId, MemberId)) -> Result<Self> {
                let $stand = Stand::of($conn, $actor, room)?;
                let allowed: Result<bool> = $check;
                if allowed? {
                    Ok(Self { actor: $stand.member, room: $stand.room, member: $member })
                } else {
                    Err(Error::forbidden("access.not_allowed"))
                }
            }
        }
    };
}

/// Did the one invite the other into the room?
fn invited(conn: &mut Conn, room: RoomId, one: MemberId, other: MemberId) -> Result<bool> {
    let by = room_invitations::table.find((room.0, other.0)).select(room_invitations::invited_by).first::<i64>(conn).optional()?;
    Ok(by == Some(one.0))
}

/// The role that a member has in a room.
fn role_in(conn: &mut Conn, room: RoomId, member: MemberId) -> Result<Option<RoomRole>> {
    let role = room_members::table.find((room.0, member.0)).select(room_members::role).first::<i16>(conn).optional()?;
    role.map(RoomRole::from_number).transpose()
}

place_permit! {
    /// May put a member into a room: themselves into an open one; invites others who leads it or is in the group.
    AddToRoom, |conn, stand, actor, member| {
        stand.must_be_alive()?;
        let themselves = member == stand.member;
        if !themselves {
            must_not_be_muted(actor)?;
        }
        Ok(match stand.kind {
            RoomKind::Public | RoomKind::Announcement => themselves || stand.place.is_some(),
            RoomKind::Private => themselves || stand.leads(actor),
            RoomKind::Group => stand.place.is_some(),
            RoomKind::Direct => themselves,
        })
    }
}

place_permit! {
    /// May take a member out of a room: themselves, and others for who leads it; owners only for owners. Whoever invited somebody takes
    /// that back.
    RemoveFromRoom, |conn, stand, actor, member| {
        if stand.kind == RoomKind::Direct {
            return Err(Error::forbidden("chat.cannot_leave"));
        }
        let is_owner = |role: Option<RoomRole>| role == Some(RoomRole::Owner);
        let commands = stand.keeps(actor) || is_owner(stand.role());
        let moderates = actor.permissions.has(Permission::Moderate) && !stand.kind.is_conversation();
        let themselves = member == stand.member;
        let leads = (stand.leads(actor) || moderates) && (commands || !is_owner(role_in(conn, stand.room.id, member)?));
        Ok(themselves || leads || invited(conn, stand.room.id, stand.member, member)?)
    }
}

place_permit! {
    /// May give roles within a room: its owners, and administrators of rooms.
    LeadRoom, |conn, stand, actor, member| {
        Ok(stand.kind != RoomKind::Direct && (stand.role() == Some(RoomRole::Owner) || stand.keeps(actor)))
    }
}
