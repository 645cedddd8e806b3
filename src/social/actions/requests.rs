//! Requests: made, answered, taken back. What its addressee shuts out is kept too, so that nobody counts where their requests end.

use super::contacts::become_contacts;
use super::reach::{Asker, lets_in};
use super::shutting::block_member;
use super::{announce, follows, hold, hold_pairs, set, set_listed, yeses};
use crate::access::not_too_often;
use crate::clock::Millis;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::{MemberId, ReportId, RequestId, RoomId};
use crate::settings::Settings;
use crate::social::events::SocialEvent;
use crate::social::model::{Act, ContactState, Edge, FollowState, NewReport, Outcome, Relation, RequestKind, RequestRow};
use crate::social::notices::{Invitation, Notice, Social};
use crate::social::policy::{AnswerRequest, MakeReport};
use crate::social::store;
use crate::storage::{Tx, hold_room, one_at_a_time};

/// The time in which requests are counted.
const DAY: Millis = 86_400_000;

/// What is asked of somebody.
#[derive(Clone, Copy, Debug)]
pub struct NewRequest {
    /// Of whom.
    pub to: MemberId,
    /// For what.
    pub kind: RequestKind,
    /// In which room.
    pub room: Option<RoomId>,
    /// How it ends as it begins; `None`: it waits for their answer.
    pub ended: Option<Outcome>,
}

impl NewRequest {
    /// One that is about no room; it waits, or they never hear of it.
    #[must_use]
    pub const fn of(kind: RequestKind, to: MemberId, is_heard: bool) -> Self {
        Self { to, kind, room: None, ended: if is_heard { None } else { Some(Outcome::Unheard) } }
    }
}

/// How often one may ask within a day.
#[derive(Clone, Copy, Debug)]
pub struct Daily {
    /// Whomever.
    pub all: usize,
    /// One and the same member, for anything.
    pub to_one: usize,
}

/// Asks somebody for something, at most `most` times within a day; without `most` it neither counts nor is refused. Nobody hears of it when
/// the same is asked already, or was left unanswered before; but with `most` every wish counts, whatever became of those before, so that
/// nobody learns it from counting.
///
/// # Errors
/// 429 `social.too_many_requests`, for invitations `social.too_many_invitations`; `social.too_many_to_one`.
pub fn ask(tx: &mut Tx<'_>, sender: MemberId, new: &NewRequest, most: Option<Daily>) -> Result<()> {
    let NewRequest { to: member, kind, room, mut ended } = *new;
    let before = store::requests::newest(tx, sender, member, kind, room)?;
    let was = |outcome: Outcome| before.is_some_and(|row| row.outcome == Some(outcome.number()));
    match kind {
        RequestKind::Contact => {}
        RequestKind::Follow if was(Outcome::Ignored) => ended = Some(Outcome::Ignored),
        RequestKind::Follow => {}
        _ => {
            let waits = before.is_some_and(|row| row.ended_at.is_none());
            let changes_nothing = was(Outcome::Ignored) || (ended == Some(Outcome::Unheard) && was(Outcome::Unheard));
            if waits || (changes_nothing && most.is_none()) {
                return Ok(());
            }
            if was(Outcome::Ignored) {
                ended = Some(Outcome::Ignored);
            }
        }
    }
    if let Some(most) = most {
        must_have_asked_little(tx, sender, member, kind == RequestKind::Invite, most)?;
    }
    let (request, at) = (tx.new_id::<RequestId>(), tx.now());
    let row = RequestRow {
        id: request,
        member,
        sender,
        kind: kind.number(),
        room,
        at,
        ended_at: ended.map(|_| at),
        outcome: ended.map(Outcome::number),
        counts: most.is_some(),
        yes_unseen: false,
    };
    store::requests::insert(tx, &row)?;
    match ended {
        None => announce(tx, member, &SocialEvent::RequestCame { request, about: kind, sender }, sender),
        Some(_) => Ok(()),
    }
}

/// Refuses who has invited, or asked for anything else, `most.all` times within a day, or has asked this one member `most.to_one` times,
/// until the first of them is a day old.
fn must_have_asked_little(tx: &mut Tx<'_>, sender: MemberId, member: MemberId, invites: bool, most: Daily) -> Result<()> {
    one_at_a_time(tx, &format!("requests of {sender}"))?;
    let (now, limit) = (tx.now(), |most: usize| i64::try_from(most).unwrap_or(i64::MAX));
    let code = if invites { "social.too_many_invitations" } else { "social.too_many_requests" };
    not_too_often(code, &store::requests::made_since(tx, sender, now - DAY, invites, limit(most.all))?, most.all, DAY, now)?;
    let to_one = store::requests::made_to_since(tx, sender, member, now - DAY, limit(most.to_one))?;
    not_too_often("social.too_many_to_one", &to_one, most.to_one, DAY, now)
}

/// The open request of this kind from one to another.
pub(super) fn find_open(tx: &mut Tx<'_>, sender: MemberId, member: MemberId, kind: RequestKind) -> Result<Option<RequestRow>> {
    Ok(store::requests::newest(tx, sender, member, kind, None)?.filter(|row| row.ended_at.is_none()))
}

/// The request to be a contact that waits between these two.
///
/// # Errors
/// When the database cannot be read.
pub fn newest_request(tx: &mut Tx<'_>, sender: MemberId, member: MemberId) -> Result<Option<RequestId>> {
    Ok(find_open(tx, sender, member, RequestKind::Contact)?.map(|row| row.id))
}

/// Ends a request and tells its addressee's clients; `false` when it had ended before.
pub(super) fn end_request(tx: &mut Tx<'_>, request: &RequestRow, outcome: Outcome) -> Result<bool> {
    let ended = store::requests::end(tx, request.id, outcome)?;
    if ended {
        announce(tx, request.member, &SocialEvent::RequestEnded { request: request.id, outcome }, request.member)?;
    }
    Ok(ended)
}

/// Ends the request of the permit; a conflict when it had ended otherwise before, nothing when just so.
fn settle(tx: &mut Tx<'_>, may: &AnswerRequest, outcome: Outcome) -> Result<bool> {
    if end_request(tx, may.request(), outcome)? {
        return Ok(true);
    }
    let before = store::requests::newest(
        tx,
        may.request().sender,
        may.request().member,
        RequestKind::from_number(may.request().kind),
        may.request().room,
    )?;
    let same = before.is_some_and(|row| row.id == may.request().id && row.outcome == Some(outcome.number()));
    if same { Ok(false) } else { Err(Error::refused(RefusalKind::Gone, "social.request_over")) }
}

/// Says yes, once or from now on. A second yes of the same sort changes nothing. `false` when there was nothing left to say yes to: an
/// invitation into a room that cannot take them any more, or by somebody who has left it, ends as taken back.
///
/// # Errors
/// 410 `social.request_over` when it was answered otherwise, or taken back.
pub fn accept(tx: &mut Tx<'_>, may: &AnswerRequest, social: &Social, always: bool) -> Result<bool> {
    let RequestRow { member, sender, kind, room, .. } = *may.request();
    let kind = RequestKind::from_number(kind);
    if let Some(room) = room.filter(|_| kind == RequestKind::Invite) {
        // Whoever writes in a room holds it before anything else.
        hold_room(tx, room)?;
        if store::requests::is_open(tx, may.request().id)? && !social.may_still(tx, Invitation { member, sender, room })? {
            return end_request(tx, may.request(), Outcome::Withdrawn).map(|_| false);
        }
    }
    let relation = hold(tx, member, sender)?;
    if !settle(tx, may, if always { Outcome::AcceptedAlways } else { Outcome::AcceptedOnce })? {
        return Ok(true);
    }
    let relation = grant(tx, may.request(), relation, always)?;
    match kind {
        RequestKind::Contact => become_contacts(tx, member, sender, relation),
        RequestKind::Follow => {
            let of_follower = Relation { mine: relation.theirs, theirs: relation.mine };
            follows::begin(tx, sender, member, of_follower, member)
        }
        RequestKind::Message | RequestKind::Call | RequestKind::VideoCall | RequestKind::Invite => match room {
            Some(room) => social.tell(tx, Notice::Accepted { member, room }),
            None => Ok(()),
        },
    }?;
    admit_waiting(tx, member, sender, social)?;
    Ok(true)
}

/// What a yes gives whoever asked, who is told of one to a call. `relation.mine` are the edges of who said it.
fn grant(tx: &mut Tx<'_>, request: &RequestRow, mut relation: Relation, always: bool) -> Result<Relation> {
    let kind = RequestKind::from_number(request.kind);
    let granted: &[Edge] = match kind {
        RequestKind::Message => &[Edge::Admits],
        RequestKind::Call => &[Edge::Once],
        RequestKind::VideoCall => &[Edge::Once, Edge::OnceShown],
        RequestKind::Contact | RequestKind::Follow | RequestKind::Invite => &[],
    };
    let before = relation.mine;
    relation.mine = granted.iter().fold(before, |mine, edge| mine.with(*edge, true));
    if always && !matches!(kind, RequestKind::Contact | RequestKind::Follow) {
        relation.mine = relation.mine.with(Edge::Always, true).without_once();
    }
    set_listed(tx, request.member, request.sender, before, relation.mine)?;
    yeses::tell(tx, request, relation)?;
    Ok(relation)
}

/// Two stand to each other in another way now: what of either waits for a yes, and needs none any more, ends as with one.
///
/// # Errors
/// When the database refuses.
pub(super) fn admit_waiting(tx: &mut Tx<'_>, one: MemberId, other: MemberId, social: &Social) -> Result<()> {
    for (sender, member) in [(one, other), (other, one)] {
        for request in end_needless(tx, sender, member)? {
            if let Some(room) = request.room {
                social.tell(tx, Notice::Accepted { member, room })?;
            }
        }
    }
    Ok(())
}

/// Ends what one asks of the other that needs no yes any more: to be heard, to ring. Contacts and follows are asked for by themselves, and
/// an invitation asks whether one wants to come.
fn end_needless(tx: &mut Tx<'_>, sender: MemberId, member: MemberId) -> Result<Vec<RequestRow>> {
    let mut ended = Vec::new();
    for request in store::requests::open_between(tx, sender, member)? {
        let act = match RequestKind::from_number(request.kind) {
            RequestKind::Message => Act::Message,
            RequestKind::Call => Act::Call,
            RequestKind::VideoCall => Act::VideoCall,
            RequestKind::Contact | RequestKind::Follow | RequestKind::Invite => continue,
        };
        let settings = Settings::load(tx)?;
        let relation = store::relations::between(tx, sender, member)?;
        if !lets_in(tx, &settings, &Asker::plain(sender, act), relation, member)? {
            continue;
        }
        let always = relation.theirs.has(Edge::Always);
        if end_request(tx, &request, if always { Outcome::AcceptedAlways } else { Outcome::AcceptedOnce })? {
            ended.push(request);
        }
    }
    Ok(ended)
}

/// Leaves a request unanswered for good; the sender is not told.
///
/// # Errors
/// 410 `social.request_over` when it was answered otherwise, or taken back.
pub fn ignore(tx: &mut Tx<'_>, may: &AnswerRequest) -> Result<()> {
    let relation = hold(tx, may.request().member, may.request().sender)?;
    if leave_unanswered(tx, may.request(), relation)? { Ok(()) } else { settle(tx, may, Outcome::Ignored).map(|_| ()) }
}

/// Ends a request as ignored; `false` when it had ended before. `relation.mine` are the edges of its addressee.
fn leave_unanswered(tx: &mut Tx<'_>, request: &RequestRow, relation: Relation) -> Result<bool> {
    let RequestRow { member, sender, kind, .. } = *request;
    let ended = end_request(tx, request, Outcome::Ignored)?;
    if ended && RequestKind::from_number(kind) == RequestKind::Contact {
        set(tx, member, sender, relation.mine.with(Edge::Ignores, true))?;
        announce(tx, member, &SocialEvent::ContactChanged { member: sender, state: ContactState::None }, member)?;
    }
    Ok(ended)
}

/// Blocks whoever asks; every request of theirs ends with it.
///
/// # Errors
/// When the database refuses.
pub fn block_sender(tx: &mut Tx<'_>, may: &AnswerRequest, social: &Social) -> Result<()> {
    block_member(tx, may.request().member, may.request().sender, social)
}

/// Reports whoever asks, with the newest of the words that wait, and leaves the request unanswered if it still waits; or `blocks` them, which
/// ends whatever they ask for.
///
/// # Errors
/// As for a report.
pub fn report_sender(
    tx: &mut Tx<'_>,
    may: &AnswerRequest,
    reporter: &MakeReport,
    (report, blocks): (NewReport, bool),
    social: &Social,
    most: usize,
) -> Result<ReportId> {
    let RequestRow { id, member, sender, kind, .. } = *may.request();
    let is_of_words = RequestKind::from_number(kind) == RequestKind::Message;
    let message = if is_of_words { store::requests::waiting(tx, &[id])?.remove(&id).and_then(|words| words.message) } else { None };
    let made = super::reports::make_report(tx, reporter, &NewReport { member: Some(sender), message, ..report }, social, most)?;
    if blocks {
        block_member(tx, member, sender, social)?;
    } else {
        let relation = hold(tx, member, sender)?;
        leave_unanswered(tx, may.request(), relation)?;
    }
    Ok(made)
}

/// A member has written to another, or let their words in: from now on the other needs no request.
///
/// # Errors
/// When the database refuses.
pub fn admit(tx: &mut Tx<'_>, member: MemberId, other: MemberId) -> Result<()> {
    if !store::relations::between(tx, member, other)?.mine.has(Edge::Admits) {
        let mine = hold(tx, member, other)?.mine;
        set(tx, member, other, mine.with(Edge::Admits, true))?;
        end_needless(tx, other, member)?;
    }
    come_through(tx, other, member)
}

/// Words of one have come through to another: those that waited wait no longer.
///
/// # Errors
/// When the database refuses.
pub fn come_through(tx: &mut Tx<'_>, sender: MemberId, member: MemberId) -> Result<()> {
    match find_open(tx, sender, member, RequestKind::Message)? {
        Some(request) => end_request(tx, &request, Outcome::AcceptedOnce).map(|_| ()),
        None => Ok(()),
    }
}

/// What asks a member into a room waits no longer, whoever asked.
///
/// # Errors
/// When the database refuses.
pub fn end_invitations(tx: &mut Tx<'_>, room: RoomId, member: MemberId, outcome: Outcome) -> Result<()> {
    for request in store::requests::open_invitations(tx, room, member)? {
        end_request(tx, &request, outcome)?;
    }
    Ok(())
}

/// Takes hold of all that a member's going writes to: how they stand to those of whom they ask something and to `besides`, and then all these
/// logs and their own. Rooms are held before.
///
/// # Errors
/// When it takes too long.
pub fn hold_all_of(tx: &mut Tx<'_>, member: MemberId, besides: &[MemberId]) -> Result<()> {
    let asked = store::requests::open_about(tx, member)?.into_iter().filter(|row| row.sender == member).map(|row| row.member);
    let mut others: Vec<MemberId> = asked.chain(besides.iter().copied()).filter(|other| *other != member).collect();
    others.sort_unstable();
    others.dedup();
    hold_pairs(tx, member, &others)
}

/// Somebody is shut out of the community: what they asked for does not wait any longer. [`hold_all_of`] comes first.
///
/// # Errors
/// When the database refuses.
pub fn withdraw_all(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    let asked: Vec<RequestRow> = store::requests::open_about(tx, member)?.into_iter().filter(|row| row.sender == member).collect();
    for request in asked {
        let (other, mine) = (request.member, store::relations::between(tx, member, request.member)?.mine);
        if !end_request(tx, &request, Outcome::Withdrawn)? {
            continue;
        }
        let (edge, event) = match RequestKind::from_number(request.kind) {
            RequestKind::Contact => (Edge::AskedContact, SocialEvent::ContactChanged { member: other, state: ContactState::None }),
            RequestKind::Follow => (Edge::AskedFollow, SocialEvent::FollowChanged { member: other, state: FollowState::None }),
            _ => continue,
        };
        if mine.has(edge) {
            set(tx, member, other, mine.with(edge, false))?;
            announce(tx, member, &event, member)?;
        }
    }
    Ok(())
}

/// Somebody is gone for good: nothing leads to them or from them any more. [`hold_all_of`] comes first.
///
/// # Errors
/// When the database refuses.
pub fn forget(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    for request in store::requests::open_about(tx, member)? {
        end_request(tx, &request, Outcome::Withdrawn)?;
    }
    store::requests::forget_yeses(tx, member)?;
    store::relations::forget(tx, member)?;
    store::reach::forget(tx, member)
}

/// Lets one ask another to be a contact.
///
/// # Errors
/// When the database refuses.
pub fn place_contact_request(tx: &mut Tx<'_>, sender: MemberId, member: MemberId) -> Result<()> {
    let relation = hold(tx, sender, member)?;
    ask(tx, sender, &NewRequest::of(RequestKind::Contact, member, true), None)?;
    set(tx, sender, member, relation.mine.with(Edge::AskedContact, true))
}

/// Lets one wish to call another, who has said yes to it, or not yet.
///
/// # Errors
/// When the database refuses.
pub fn place_call_request(tx: &mut Tx<'_>, sender: MemberId, member: MemberId, kind: RequestKind, is_met: bool) -> Result<()> {
    let relation = hold(tx, member, sender)?;
    ask(tx, sender, &NewRequest::of(kind, member, true), None)?;
    if let Some(request) = find_open(tx, sender, member, kind)?.filter(|_| is_met) {
        end_request(tx, &request, Outcome::AcceptedOnce)?;
        grant(tx, &request, relation, false)?;
    }
    Ok(())
}
