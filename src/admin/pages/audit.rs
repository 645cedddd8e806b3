//! The audit log as people read it: who did what to whom, and what changed, in words instead of stored values.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::audit_names::{Names, in_room};
use super::audit_words::{ACTS, Change, KINDS, Part, text, word};
use super::{ROWS, given, href, show};
use crate::access::{Allow, Query};
use crate::admin::actions;
use crate::admin::model::AuditEntry;
use crate::admin::policy::ReadAudit;
use crate::error::Result;
use crate::http::Site;
use crate::ids::AuditId;
use crate::members::{BAN_IS_OVER, Profile};

#[derive(Deserialize)]
pub struct FindActs {
    act: Option<String>,
    before: Option<String>,
}

/// A row of the log as the page shows it.
#[derive(Serialize)]
struct AuditLine {
    #[serde(flatten)]
    entry: AuditEntry,
    by: Option<Profile>,
    member: Option<Profile>,
    /// The room, role or whatever else it was done to; with a member: where.
    subject_part: Option<Part>,
    changes: Vec<Change>,
    reason_part: Option<Part>,
    /// Has the page words for it?
    is_known: bool,
}

impl AuditLine {
    fn of(entry: AuditEntry, names: &Names) -> Self {
        let on = match entry.subject_kind.as_str() {
            "member" => entry.subject.parse().ok(),
            "room_member" => in_room(&entry.subject).map(|(_, member)| member),
            _ => None,
        };
        let reason = entry.reason.as_deref().filter(|reason| !reason.is_empty());
        Self {
            by: entry.actor.and_then(|id| names.person(id)).cloned(),
            member: on.and_then(|id| names.person(id)).cloned(),
            subject_part: names.subject(&entry),
            changes: names.changes(entry.before.as_ref(), entry.after.as_ref()),
            reason_part: reason.map(|reason| if reason == BAN_IS_OVER { word("admin.reason_ban_over") } else { text(reason) }),
            is_known: ACTS.contains(&entry.act.as_str()),
            entry,
        }
    }
}

/// What `admin/audit.html` sees.
#[derive(Serialize)]
struct AuditPage {
    rows: Vec<AuditLine>,
    act: String,
    kinds: [&'static str; KINDS.len()],
    acts: &'static [&'static str],
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// `GET /admin/audit`.
pub async fn audit(gate: Allow<ReadAudit>, query: Query<FindActs>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/audit.html", move |conn, may, actor| {
        let act = query.0.act.unwrap_or_default();
        let before = given::<AuditId>(query.0.before.as_deref());
        let wanted = Some(act.as_str()).filter(|act| !act.is_empty());
        let page = actions::audit_page(conn, may, actor.member, wanted, (before, ROWS), actor.now)?;
        let names = Names::read(conn, &page.items, page.members, actor.now)?;
        let link = |before: &str| href("/admin/audit", &[("act", &act), ("before", before)]);
        Ok(AuditPage {
            rows: page.items.into_iter().map(|entry| AuditLine::of(entry, &names)).collect(),
            kinds: KINDS,
            acts: &ACTS,
            is_first: before.is_none(),
            first: link(""),
            next: page.next.as_deref().map(link),
            act,
        })
    })
    .await
}
