//! When this happens there, that follows here: the one place where slices that do not know each other meet.

use std::sync::Arc;

use serde::Serialize;

use crate::billing::{self, Billing};
use crate::calls::Calls;
use crate::chat;
use crate::error::Result;
use crate::ids::MemberId;
use crate::live::to_everyone;
use crate::members::{self, MemberState, Notice, Notices, Profile, Removed};
use crate::moderation;
use crate::social;
use crate::storage::Tx;

/// What hears the notices of members.
#[must_use]
pub fn notices(billing: &Billing, calls: &Calls) -> Notices {
    let (billing, calls) = (billing.clone(), calls.clone());
    Notices::to(move |tx, notice| follow(tx, &billing, &calls, notice))
}

/// Runs inside the transaction of what happened.
///
/// # Errors
/// Those of what follows; the whole is then rolled back.
pub fn follow(tx: &mut Tx<'_>, billing: &Billing, calls: &Calls, notice: &Notice) -> Result<()> {
    match notice {
        Notice::MemberLeaves { member } => chat::hold_rooms_of(tx, *member).map(|_| ()),
        Notice::MemberRemoved { member, reason } => {
            // In the one order in which everybody takes hold: rooms, the member's row, pairs, logs. The rooms are held already, but for one
            // that they came into meanwhile.
            let invited = chat::hold_rooms_of(tx, *member)?;
            social::hold_all_of(tx, *member, &invited)?;
            calls.member_removed(tx, *member);
            chat::leave_everything(tx, *member, matches!(reason, Removed::Banned))?;
            match reason {
                Removed::Banned => social::withdraw_all(tx, *member),
                Removed::Deleted => {
                    social::forget(tx, *member)?;
                    billing::drop_everything(tx, billing, *member)
                }
            }
        }
        Notice::MemberJoined { member } => {
            chat::join_announcements(tx, *member)?;
            billing::welcome(tx, *member)?;
            billing::keep_owner_grant(tx, billing, *member)
        }
        Notice::MemberReturned { member } => chat::join_announcements(tx, *member),
        Notice::MemberChanged { member } => {
            billing::keep_owner_grant(tx, billing, *member)?;
            tell_look(tx, *member)
        }
        Notice::Sanctioned { member, sanction } => moderation::tell_sanctioned(tx, billing.pen(), *member, *sanction),
        Notice::AppealDecided { member, sanction } => moderation::tell_decided(tx, billing.pen(), *member, *sanction),
        Notice::RoleDeleted { .. } => Ok(()),
    }
}

/// The same for what happens to memberships.
///
/// # Errors
/// As [`follow`].
pub fn follow_billing(tx: &mut Tx<'_>, notice: &billing::Notice) -> Result<()> {
    match notice {
        billing::Notice::BadgeChanged { member } => tell_look(tx, *member),
    }
}

/// What people need of the slices after them.
#[must_use]
pub fn social(billing: &Billing, calls: &Calls) -> social::Social {
    let (billing, calls) = (billing.clone(), calls.clone());
    social::Social::new(
        Arc::new(move |tx, notice| follow_people(tx, &billing, &calls, notice)),
        Arc::new(chat::takes_invited),
        Arc::new(chat::look_at),
    )
}

/// The same for what happened between members.
///
/// # Errors
/// Those of what follows; the whole is then rolled back.
pub fn follow_people(tx: &mut Tx<'_>, billing: &Billing, calls: &Calls, notice: &social::Notice) -> Result<()> {
    match *notice {
        social::Notice::ShutOut { member, other } => {
            calls.shut_out(tx, member, other);
            chat::leave_conversation(tx, member, other)
        }
        social::Notice::LetBack { member, other } => chat::return_to_conversation(tx, member, other),
        social::Notice::Accepted { member, room } => chat::let_in(tx, room, member),
        social::Notice::ReportClosed { reporter } => moderation::tell_answered(tx, billing.pen(), reporter),
    }
}

/// The signal of a member's new look.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct MemberChanged {
    #[cfg_attr(test, ts(type = "\"member_changed\""))]
    kind: &'static str,
    member: Profile,
}

/// Everyone who is there sees a member as they are now.
fn tell_look(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    let now = tx.now();
    // Those who still wait to be let in are not seen yet.
    if let Some(member) = members::profiles(tx, &[member], now)?.pop().filter(|member| member.state != MemberState::Pending) {
        tx.signal(to_everyone(&MemberChanged { kind: "member_changed", member }));
    }
    Ok(())
}
