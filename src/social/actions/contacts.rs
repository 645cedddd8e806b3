//! Contacts: asked for, accepted, given up; and what one calls and notes about somebody.

use super::requests::{NewRequest, admit_waiting, ask, end_request, find_open};
use super::{Limits, announce, hold, must_have_place, set};
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::social::events::SocialEvent;
use crate::social::model::{ContactState, Edge, Note, NoteChange, Outcome, Relation, RequestKind};
use crate::social::notices::Social;
use crate::social::policy::{Approach, RelateTo};
use crate::social::store;
use crate::storage::{NameKeys, Tx};

/// Asks somebody to be a contact, or says yes to somebody who asked.
///
/// # Errors
/// `social.not_there`, `social.you_block`, `social.too_many_people`, 429 `social.too_many_requests`, `social.too_many_to_one`.
pub fn ask_contact(tx: &mut Tx<'_>, may: &Approach, limits: Limits, social: &Social) -> Result<ContactState> {
    let may = may.relation();
    let (me, other) = (may.member(), may.other());
    let relation = hold(tx, me, other)?;
    if relation.mine.has(Edge::Contact) {
        return Ok(ContactState::Contact);
    }
    may.must_be_there()?;
    if relation.mine.has(Edge::Blocks) {
        return Err(Error::conflict("social.you_block"));
    }
    must_have_place(tx, me, relation.mine, limits.people)?;
    if relation.theirs.has(Edge::AskedContact) {
        if let Some(request) = find_open(tx, other, me, RequestKind::Contact)? {
            end_request(tx, &request, Outcome::AcceptedOnce)?;
        }
        become_contacts(tx, me, other, relation)?;
        admit_waiting(tx, me, other, social)?;
        return Ok(ContactState::Contact);
    }
    if !relation.mine.has(Edge::AskedContact) {
        // Left unanswered once is left unanswered for good.
        let is_heard = !relation.theirs.shuts_out() && !relation.theirs.has(Edge::Ignores);
        ask(tx, me, &NewRequest::of(RequestKind::Contact, other, is_heard), Some(limits.requests))?;
        set(tx, me, other, relation.mine.with(Edge::AskedContact, true))?;
        if is_heard && relation.theirs.has(Edge::Drops) {
            set(tx, other, me, relation.theirs.with(Edge::Drops, false))?;
        }
        announce(tx, me, &SocialEvent::ContactChanged { member: other, state: ContactState::Asked }, me)?;
    }
    Ok(ContactState::Asked)
}

/// Both are contacts from now on. Who shuts the other out hears nothing of it.
pub(super) fn become_contacts(tx: &mut Tx<'_>, me: MemberId, other: MemberId, relation: Relation) -> Result<()> {
    for (one, two, edges) in [(me, other, relation.mine), (other, me, relation.theirs)] {
        let edges = edges.with(Edge::Contact, true).with(Edge::AskedContact, false).with(Edge::Ignores, false).with(Edge::Drops, false);
        set(tx, one, two, edges)?;
        if !edges.shuts_out() {
            announce(tx, one, &SocialEvent::ContactChanged { member: two, state: ContactState::Contact }, me)?;
        }
    }
    Ok(())
}

/// Takes somebody out of the address book, takes a request back, or leaves theirs unanswered.
///
/// # Errors
/// When the database refuses.
pub fn remove_contact(tx: &mut Tx<'_>, may: &RelateTo) -> Result<ContactState> {
    let (me, other) = (may.member(), may.other());
    let relation = hold(tx, me, other)?;
    let (was_contact, had_asked) = (relation.mine.has(Edge::Contact), relation.mine.has(Edge::AskedContact));
    if had_asked && let Some(request) = find_open(tx, me, other, RequestKind::Contact)? {
        end_request(tx, &request, Outcome::Withdrawn)?;
    }
    let is_asked = relation.theirs.has(Edge::AskedContact);
    if is_asked && let Some(request) = find_open(tx, other, me, RequestKind::Contact)? {
        end_request(tx, &request, Outcome::Ignored)?;
    }
    if !(was_contact || had_asked || is_asked) {
        return Ok(ContactState::None);
    }
    set(tx, me, other, relation.mine.with(Edge::Contact, false).with(Edge::AskedContact, false).with(Edge::Ignores, is_asked))?;
    announce(tx, me, &SocialEvent::ContactChanged { member: other, state: ContactState::None }, me)?;
    if was_contact {
        set(tx, other, me, relation.theirs.with(Edge::Contact, false))?;
        if !relation.theirs.shuts_out() {
            announce(tx, other, &SocialEvent::ContactChanged { member: me, state: ContactState::None }, me)?;
        }
    }
    Ok(ContactState::None)
}

/// Changes what a member calls somebody and notes about them.
///
/// # Errors
/// `social.not_there`, `social.own_name`, `social.note`, `social.too_many_people` for a note more than `most`.
pub fn change_note(tx: &mut Tx<'_>, may: &RelateTo, change: &NoteChange, most: usize) -> Result<Note> {
    may.must_not_be_gone()?;
    hold(tx, may.member(), may.other())?;
    let before = store::relations::note(tx, may.member(), may.other())?;
    if before == Note::default() && store::relations::count_notes(tx, may.member())? >= most {
        return Err(Error::conflict("social.too_many_people"));
    }
    let note = before.clone().changed(change)?;
    if note != before {
        store::relations::set_note(tx, may.member(), may.other(), &note)?;
        announce(tx, may.member(), &SocialEvent::NoteChanged { member: may.other() }, may.member())?;
    }
    Ok(note)
}

/// Makes two members contacts.
///
/// # Errors
/// When the database refuses.
pub fn place_contact(tx: &mut Tx<'_>, me: MemberId, other: MemberId) -> Result<()> {
    let relation = hold(tx, me, other)?;
    become_contacts(tx, me, other, relation)
}

/// The keys by which members find others under names of their own.
pub const OWN_NAME_KEYS: NameKeys<(MemberId, MemberId)> = NameKeys {
    before: (MemberId(0), MemberId(0)),
    after: store::relations::names_after,
    set: |tx, (member, other), key| store::relations::set_name_key(tx, member, other, key),
};
