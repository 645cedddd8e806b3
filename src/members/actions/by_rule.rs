//! What a rule of the community does to a member, by nobody's hand.

use serde_json::json;

use super::{Members, announce_rights, store};
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::MemberId;
use crate::members::model::{SanctionKind, Terms};
use crate::members::notices::Notice;
use crate::storage::{Act, Tx, record};

/// Keeps a member from writing until a time, for what a rule found, and tells them. A mute that lasts longer stays as it is.
///
/// # Errors
/// When the database refuses.
pub fn mute_by_rule(tx: &mut Tx<'_>, members: &Members, member: MemberId, rule: &str, until: Millis) -> Result<()> {
    if store::members::by_id(tx, member)?.found()?.muted_until.is_some_and(|held| held >= until) {
        return Ok(());
    }
    store::sanctions::lift(tx, member, SanctionKind::Mute)?;
    // What a rule is called is for those who made it; its sentence was said when it refused.
    let terms = Terms { until: Some(until), ..Terms::default() };
    let sanction = store::sanctions::insert(tx, member, SanctionKind::Mute, None, &terms, rule)?;
    store::members::set_mute(tx, member, Some(until))?;
    let act = Act {
        actor: None,
        act: "members.mute",
        subject_kind: "member",
        subject: member.to_string(),
        before: None,
        after: Some(json!({ "until": until })),
        reason: Some(rule),
        address: None,
    };
    record(tx, &act)?;
    announce_rights(tx, member, None)?;
    members.notices.tell(tx, Notice::Sanctioned { member, sanction })
}
