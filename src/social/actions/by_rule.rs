//! Reports that no member makes: a rule of the community found something.

use crate::error::Result;
use crate::ids::{MemberId, MessageId, RoomId, RuleId};
use crate::social::model::ReportRow;
use crate::social::store;
use crate::storage::{Tx, one_at_a_time};
use crate::text;

/// Nobody among members: the community's own rules.
const BY_RULE: MemberId = MemberId(0);
/// The reason of such a report.
const REASON: &str = "rule";

/// What a rule found.
#[derive(Clone, Copy, Debug)]
pub struct RuleReport<'a> {
    /// Who wrote it.
    pub member: MemberId,
    /// Where.
    pub room: RoomId,
    /// The message, if it is stored.
    pub message: Option<MessageId>,
    /// By which rule.
    pub rule: RuleId,
    /// Its name and what it found, for whoever reads the queue.
    pub text: &'a str,
    /// The words.
    pub body: &'a str,
}

/// Puts what a rule found into the queue. What one rule refuses again and again in one room is one report with the words of the last time.
///
/// # Errors
/// When the database refuses.
pub fn report_by_rule(tx: &mut Tx<'_>, found: &RuleReport<'_>) -> Result<()> {
    one_at_a_time(tx, &format!("rule reports of {}", found.member))?;
    let excerpt = text::excerpt(found.body);
    if let Some(open) = store::reports::open_by_rule(tx, found.member, (found.rule, found.room), found.message)?
        && store::reports::find_anew(tx, &open, found.text, &excerpt)?
    {
        return Ok(());
    }
    let row = ReportRow {
        id: tx.new_id(),
        reporter: BY_RULE,
        member: found.member,
        message: found.message,
        room: Some(found.room),
        reason: REASON.to_owned(),
        text: found.text.to_owned(),
        excerpt,
        at: tx.now(),
        closed_at: None,
        closed_by: None,
        outcome: None,
        note: String::new(),
        said_again: 0,
        again_of: None,
        rule: Some(found.rule),
        answer_seen_at: None,
    };
    store::reports::insert(tx, &row)
}
