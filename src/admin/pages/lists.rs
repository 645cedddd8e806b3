//! Lists of the dashboard: rooms, the outbox, the audit log.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ROWS, given, href, show};
use crate::access::{Allow, Permission, Query};
use crate::admin::actions;
use crate::admin::model::{AuditEntry, LetterItem, LetterText, Page, RoomItem};
use crate::admin::policy::{ReadAudit, ReadLetter, ReadMail, SeeRooms};
use crate::admin::store::{self, RoomFilter};
use crate::error::Result;
use crate::http::Site;
use crate::ids::{AuditId, LetterId, RoomId};
use crate::mail::letter as stored_letter;
use crate::members::Profile;

#[derive(Deserialize)]
pub struct FindRooms {
    q: Option<String>,
    show: Option<String>,
    before: Option<String>,
    /// The room whose form stands above the list.
    edit: Option<String>,
}

/// What `admin/rooms.html` sees.
#[derive(Serialize)]
struct RoomsPage {
    rooms: Vec<RoomItem>,
    editing: Option<RoomItem>,
    q: String,
    show: String,
    total: i64,
    is_filtered: bool,
    is_first: bool,
    first: String,
    next: Option<String>,
    may_make: bool,
    may_make_private: bool,
}

/// `GET /admin/rooms`.
pub async fn rooms(gate: Allow<SeeRooms>, query: Query<FindRooms>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/rooms.html", move |conn, _, actor| {
        let FindRooms { q, show, before, edit } = query.0;
        let (q, show) = (q.unwrap_or_default(), show.unwrap_or_default());
        let (before, edit) = (given::<RoomId>(before.as_deref()), given::<RoomId>(edit.as_deref()));
        let archived = match show.as_str() {
            "archived" => Some(true),
            "open" => Some(false),
            _ => None,
        };
        let found = store::rooms(conn, &RoomFilter { q: q.clone(), archived, before, limit: ROWS + 1 })?;
        let Page { items, next } = Page::of(found, ROWS, |room| room.id.to_string());
        // Ids are unique, so the one room "before the next id" is this one or none.
        let editing = match edit {
            Some(id) => {
                store::rooms(conn, &RoomFilter { before: Some(RoomId(id.0.saturating_add(1))), limit: 1, ..RoomFilter::default() })?
                    .pop()
                    .filter(|room| room.id == id)
            }
            None => None,
        };
        let link = |before: &str| href("/admin/rooms", &[("q", &q), ("show", &show), ("before", before)]);
        Ok(RoomsPage {
            rooms: items,
            editing,
            total: store::room_count(conn)?,
            is_filtered: !q.trim().is_empty() || archived.is_some(),
            is_first: before.is_none(),
            first: link(""),
            next: next.as_deref().map(link),
            may_make: actor.permissions.has(Permission::RoomsCreate),
            may_make_private: actor.permissions.has(Permission::RoomsCreatePrivate),
            q,
            show,
        })
    })
    .await
}

#[derive(Deserialize)]
pub struct FindLetters {
    before: Option<String>,
}

/// What `admin/mail.html` sees.
#[derive(Serialize)]
struct MailPage {
    letters: Vec<LetterItem>,
    is_set_up: bool,
    is_first: bool,
    next: Option<String>,
}

/// `GET /admin/mail`.
pub async fn mail(gate: Allow<ReadMail>, query: Query<FindLetters>, site: Site) -> Result<HttpResponse> {
    let is_set_up = gate.ground().mailer.is_set_up();
    show(gate, site, "admin/mail.html", move |conn, may, _| {
        let before = given::<LetterId>(query.0.before.as_deref());
        let page = actions::mail_page(conn, may, before, ROWS)?;
        let next = page.next.map(|id| href("/admin/mail", &[("before", &id)]));
        Ok(MailPage { letters: page.items, is_set_up, is_first: before.is_none(), next })
    })
    .await
}

/// What `admin/letter.html` sees.
#[derive(Serialize)]
struct LetterPage {
    letter: LetterText,
}

/// `GET /admin/mail/{letter}`.
pub async fn letter(gate: Allow<ReadLetter>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/letter.html", |conn, may, _| Ok(LetterPage { letter: stored_letter(conn, may.letter())?.into() })).await
}

/// Acts that the log knows, as the page has words for them.
pub const ACTS: [&str; 19] = [
    "members.approve",
    "members.turn_down",
    "members.mute",
    "members.unmute",
    "members.ban",
    "members.unban",
    "members.roles",
    "members.sign_out",
    "members.reset_link",
    "members.delete",
    "invites.make",
    "invites.end",
    "roles.make",
    "roles.change",
    "roles.delete",
    "rooms.change",
    "rooms.remove_member",
    "settings.change",
    "setup.finish",
];
/// Beginnings of acts, for the filter.
const KINDS: [&str; 5] = ["members.", "invites.", "roles.", "rooms.", "settings."];

#[derive(Deserialize)]
pub struct FindActs {
    act: Option<String>,
    before: Option<String>,
}

/// Names of what are times.
const TIMES: [&str; 2] = ["until", "expires_at"];

/// One thing that changed.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Change {
    name: String,
    before: Option<String>,
    after: Option<String>,
    /// Are both times, in milliseconds?
    is_time: bool,
}

/// A row of the log as the page shows it.
#[derive(Serialize)]
struct AuditLine {
    #[serde(flatten)]
    entry: AuditEntry,
    by: Option<Profile>,
    member: Option<Profile>,
    /// Name of the room, role or whatever else it was done to.
    subject_name: Option<String>,
    changes: Vec<Change>,
    /// Has the page words for it?
    is_known: bool,
}

/// What `admin/audit.html` sees.
#[derive(Serialize)]
struct AuditPage {
    rows: Vec<AuditLine>,
    act: String,
    kinds: [&'static str; 5],
    acts: [&'static str; 19],
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// A value in few words; none for nothing.
fn plain(value: Option<&Value>) -> Option<String> {
    match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Array(all)) => Some(all.iter().filter_map(|one| plain(Some(one))).collect::<Vec<_>>().join(", ")),
        Some(other) => Some(other.to_string()),
    }
}

/// What differs between two states; of one state alone, all that it says.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let names =
        |value: Option<&Value>| value.and_then(Value::as_object).map(|all| all.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let mut all = names(before);
    all.extend(names(after).into_iter().filter(|name| !names(before).contains(name)));
    let part = |value: Option<&Value>, name: &str| plain(value.and_then(|value| value.get(name)));
    all.into_iter()
        .map(|name| Change { before: part(before, &name), after: part(after, &name), is_time: TIMES.contains(&name.as_str()), name })
        .filter(|change| change.before != change.after)
        .collect()
}

/// `GET /admin/audit`.
pub async fn audit(gate: Allow<ReadAudit>, query: Query<FindActs>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/audit.html", move |conn, may, actor| {
        let act = query.0.act.unwrap_or_default();
        let before = given::<AuditId>(query.0.before.as_deref());
        let wanted = Some(act.as_str()).filter(|act| !act.is_empty());
        let page = actions::audit_page(conn, may, before, wanted, ROWS, actor.now)?;
        let rooms: Vec<RoomId> =
            page.items.iter().filter(|row| row.subject_kind == "room").filter_map(|row| row.subject.parse().ok()).collect();
        let rooms = store::room_names(conn, &rooms)?;
        let person = |id: &str| page.members.iter().find(|one| one.id.to_string() == id).cloned();
        let line = |entry: AuditEntry| {
            let said =
                entry.after.as_ref().or(entry.before.as_ref()).and_then(|value| value.get("name")).and_then(|name| plain(Some(name)));
            AuditLine {
                by: entry.actor.and_then(|id| person(&id.to_string())),
                member: if entry.subject_kind == "member" { person(&entry.subject) } else { None },
                subject_name: rooms.iter().find(|(id, _)| id.to_string() == entry.subject).map(|(_, name)| name.clone()).or(said),
                changes: changes(entry.before.as_ref(), entry.after.as_ref()),
                is_known: ACTS.contains(&entry.act.as_str()),
                entry,
            }
        };
        let rows = page.items.into_iter().map(line).collect();
        let link = |before: &str| href("/admin/audit", &[("act", &act), ("before", before)]);
        Ok(AuditPage {
            rows,
            kinds: KINDS,
            acts: ACTS,
            is_first: before.is_none(),
            first: link(""),
            next: page.next.as_deref().map(link),
            act,
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_a_change() {
        let (before, after) = (json!({ "name": "quay", "topic": "a", "place": 1 }), json!({ "name": "quay", "topic": "b", "place": 1 }));
        let change = |name: &str, before: Option<&str>, after: Option<&str>| Change {
            name: name.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
            is_time: false,
        };
        assert_eq!(changes(Some(&before), Some(&after)), [change("topic", Some("a"), Some("b"))]);
        assert_eq!(
            changes(None, Some(&json!({ "roles": ["Owner", "Member"], "until": null }))),
            [change("roles", None, Some("Owner, Member"))]
        );
        assert_eq!(changes(None, Some(&json!("a text"))), []);
    }
}
