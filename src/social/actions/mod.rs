//! What happens between members: rows, announcements, notices. Knows neither HTTP nor sockets.

mod by_rule;
mod contacts;
mod follows;
mod reach;
mod reading;
mod reports;
mod requests;
mod settling;
mod shutting;
mod yeses;

pub use by_rule::{RuleReport, report_by_rule};
pub use contacts::OWN_NAME_KEYS;
pub(super) use contacts::{ask_contact, change_note, remove_contact};
pub(super) use follows::{follow, remove_follower, unfollow};
pub use reach::{Asker, answer, answers};
pub(super) use reach::{change_reach, plan_names, reach_view, role_names, would_mean};
pub use reading::{Mine, OwnNames, blocked_of, inbox, may_refuse, mine, own_names, unless_shut};
pub(super) use reading::{directory, known_people, list, open_requests, person};
pub(super) use reports::make_report;
pub use reports::{answered_reports, close_report, open_reports, other_reports, report, reports, reports_of, see_answers, unread_notices};
pub use requests::{Daily, NewRequest, admit, ask, come_through, end_invitations, forget, hold_all_of, newest_request, withdraw_all};
pub(super) use requests::{accept, block_sender, ignore, report_sender};
pub(super) use settling::{admit_askers, settle_waiting};
pub(super) use shutting::{add_always, block, mute, remove_always, set_never, unblock, unmute};
pub use shutting::{is_shut_out, suspend};
pub use yeses::{MayCall, may_call, see_yes, to_call, use_once};
pub(super) use yeses::{closed_after, put_away_yes, yes_of};

pub mod seed {
    //! The same acts without the question whether one may: for the village and for load.

    pub use super::contacts::place_contact;
    pub use super::follows::place_follow;
    pub use super::reach::place_reach;
    pub use super::reports::{place_closing, place_report};
    pub use super::requests::{place_call_request, place_contact_request};
    pub use super::shutting::place_block;
}

use super::events::SocialEvent;
use super::model::{Edge, Edges, Relation};
use super::store;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::live::LogId;
use crate::members;
use crate::storage::{Tx, hold_members, one_at_a_time};

/// What one member may do at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests within 24 hours, but for invitations.
    pub requests: Daily,
    /// Reports within 24 hours.
    pub reports_per_day: usize,
    /// People to whom they stand in some way.
    pub people: usize,
}

/// Somebody to whom a member stands in no way yet finds a place among at most `most`. Nobody needs one to shut somebody out.
fn must_have_place(tx: &mut Tx<'_>, me: MemberId, mine: Edges, most: usize) -> Result<()> {
    if mine == Edges::NONE && store::relations::count_all(tx, me)? >= most {
        return Err(Error::conflict("social.too_many_people"));
    }
    Ok(())
}

/// Nobody else changes how these stand to each other before the end of the transaction, or writes to their logs. Several pairs are held in
/// the order of their names, and then all logs.
///
/// # Errors
/// When it takes too long.
pub fn hold_pairs(tx: &mut Tx<'_>, me: MemberId, others: &[MemberId]) -> Result<()> {
    let mut pairs: Vec<String> = others.iter().map(|other| super::model::pair(me, *other)).collect();
    pairs.sort_unstable();
    pairs.iter().try_for_each(|pair| one_at_a_time(tx, &format!("relation {pair}")))?;
    let mut all = others.to_vec();
    all.push(me);
    hold_members(tx, &all)
}

/// Takes the turn of these two, then reads how they stand to each other: nothing changes it before the end of the transaction.
fn hold(tx: &mut Tx<'_>, me: MemberId, other: MemberId) -> Result<Relation> {
    hold_pairs(tx, me, &[other])?;
    store::relations::between(tx, me, other)
}

/// Stores my edges to somebody.
fn set(tx: &mut Tx<'_>, me: MemberId, other: MemberId, edges: Edges) -> Result<()> {
    store::relations::set(tx, me, other, edges)
}

/// Stores my edges to somebody, and tells my own clients when that changes my lists of always and never.
fn set_listed(tx: &mut Tx<'_>, me: MemberId, other: MemberId, before: Edges, after: Edges) -> Result<()> {
    set(tx, me, other, after)?;
    let listed = |edges: Edges| (edges.has(Edge::Always), edges.has(Edge::Never));
    let (always, never) = listed(after);
    if listed(before) == (always, never) {
        return Ok(());
    }
    announce(tx, me, &SocialEvent::Listed { member: other, always, never }, me)
}

/// Writes an event into a member's log.
fn announce(tx: &mut Tx<'_>, member: MemberId, event: &SocialEvent, actor: MemberId) -> Result<()> {
    tx.announce(LogId::Member(member), event.announcement(Some(actor))?)?;
    Ok(())
}

/// Puts what a client should know of a person together: the profile, how I stand to them, what I call them.
fn people(conn: &mut crate::storage::Conn, me: MemberId, ids: &[MemberId], now: crate::clock::Millis) -> Result<Vec<super::model::Person>> {
    let profiles = members::profiles(conn, ids, now)?;
    let mine = store::relations::all_of(conn, me, ids)?;
    let theirs = store::relations::all_to(conn, me, ids)?;
    let notes = store::relations::notes_on(conn, me, ids)?;
    let edges =
        |all: &[(MemberId, Edges)], id: MemberId| all.iter().find(|(other, _)| *other == id).map_or(Edges::NONE, |(_, edges)| *edges);
    let person = |id: &MemberId| {
        let member = profiles.iter().find(|profile| profile.id == *id)?.clone();
        let note = notes.iter().find(|(other, _)| other == id).map(|(_, note)| note.clone()).unwrap_or_default();
        let known = Relation { mine: edges(&mine, *id), theirs: edges(&theirs, *id) }.known();
        Some(super::model::Person { member, known, own_name: note.own_name, note: note.note })
    };
    Ok(ids.iter().filter_map(person).collect())
}
