//! What waits for a member's yes once they have chosen anew who may reach them: it comes through, or ends, or waits on.

use super::reach::whatever_the_hour;
use super::requests::{admit_waiting, end_request, find_open};
use super::{Asker, follows, hold_pairs};
use crate::billing::Billing;
use crate::error::Result;
use crate::ids::{MemberId, RequestId};
use crate::jobs::{Enqueue, enqueue};
use crate::settings::Settings;
use crate::social::decide::Verdict;
use crate::social::jobs::{SETTLE, Settle};
use crate::social::model::{Act, Edge, Outcome, Reach, RequestKind, RequestRow};
use crate::social::notices::{Notice, Social};
use crate::social::store;
use crate::storage::{Conn, Tx};

/// Requests that are looked at in one write.
const HANDFUL: i64 = 50;

/// Has a job look again at what waits for a member, if anything does. One for each choice: that of an earlier one may be past what this one
/// lets through.
pub(super) fn settle_soon(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    let waits = !store::requests::open_to(tx, member, RequestId(0), 1)?.is_empty();
    if waits || !store::relations::askers(tx, member, 1)?.is_empty() {
        enqueue(tx, SETTLE, &Settle { member }, Enqueue::default())?;
    }
    Ok(())
}

/// What a member has chosen as it holds at no quiet hour, which asks nobody.
fn chosen(conn: &mut Conn, member: MemberId, settings: &Settings) -> Result<Option<Reach>> {
    Ok(store::reach::of(conn, member, settings)?.map(|(reach, _)| Reach { quiet: None, ..reach }))
}

/// Looks at the next of what waits for a member behind `after`: first words and wishes to call. What needs no yes by now ends as with one, and
/// what nobody could ask any more ends without a word to whoever asked. Where to go on; none: nothing is left.
///
/// # Errors
/// When the database refuses.
pub fn settle_waiting(
    tx: &mut Tx<'_>,
    member: MemberId,
    after: RequestId,
    billing: &Billing,
    social: &Social,
) -> Result<Option<RequestId>> {
    let settings = Settings::load(tx)?;
    let rows = store::requests::open_to(tx, member, after, HANDFUL)?;
    let (Some(last), Some(reach)) = (rows.last().map(|row| row.id), chosen(tx, member, &settings)?) else { return Ok(None) };
    let mut senders: Vec<MemberId> = rows.iter().map(|row| row.sender).collect();
    senders.sort_unstable();
    senders.dedup();
    hold_pairs(tx, member, &senders)?;
    for row in rows {
        let Some(act) = act_of(RequestKind::from_number(row.kind)) else { continue };
        let now = tx.now();
        let standing = billing.standings.of_within(tx, row.sender, now)?;
        // What their plans give was asked when they asked, and is asked again when they call.
        let asker = Asker { may_start: true, ..Asker::standing(row.sender, act, &standing) };
        match whatever_the_hour(tx, &settings, &asker, &reach, member)? {
            Verdict::Through | Verdict::Busy => let_through(tx, &row, social)?,
            Verdict::Quietly | Verdict::Unheard => {
                end_request(tx, &row, Outcome::Closed)?;
            }
            // The administrators' bound is no choice of the member's.
            Verdict::Asks | Verdict::Refused(_) => {}
        }
    }
    Ok(Some(last))
}

/// In which way a request wants to reach its addressee; contacts and followers are asked for by themselves, and an invitation asks whether one
/// wants to come.
const fn act_of(kind: RequestKind) -> Option<Act> {
    match kind {
        RequestKind::Message => Some(Act::Message),
        RequestKind::Call => Some(Act::Call),
        RequestKind::VideoCall => Some(Act::VideoCall),
        RequestKind::Contact | RequestKind::Follow | RequestKind::Invite => None,
    }
}

fn let_through(tx: &mut Tx<'_>, row: &RequestRow, social: &Social) -> Result<()> {
    let always = store::relations::between(tx, row.member, row.sender)?.mine.has(Edge::Always);
    let ended = end_request(tx, row, if always { Outcome::AcceptedAlways } else { Outcome::AcceptedOnce })?;
    match row.room.filter(|_| ended) {
        Some(room) => social.tell(tx, Notice::Accepted { member: row.member, room }),
        None => Ok(()),
    }
}

/// Where a member asks to be asked no more, whoever wants to follow them does, also whom they left unanswered or shut out: asking anew these
/// would follow as well, and one who still seemed to ask would know that they are among them. `false` when nobody is left.
///
/// # Errors
/// When the database refuses.
pub fn admit_askers(tx: &mut Tx<'_>, member: MemberId, social: &Social) -> Result<bool> {
    let settings = Settings::load(tx)?;
    if chosen(tx, member, &settings)?.is_none_or(|reach| reach.asks_before_follow) {
        return Ok(false);
    }
    let askers = store::relations::askers(tx, member, HANDFUL)?;
    hold_pairs(tx, member, &askers)?;
    for asker in &askers {
        let relation = store::relations::between(tx, *asker, member)?;
        if !relation.mine.has(Edge::AskedFollow) {
            continue;
        }
        if let Some(request) = find_open(tx, *asker, member, RequestKind::Follow)? {
            end_request(tx, &request, Outcome::AcceptedOnce)?;
        }
        follows::begin(tx, *asker, member, relation, member)?;
        admit_waiting(tx, *asker, member, social)?;
    }
    Ok(!askers.is_empty())
}
