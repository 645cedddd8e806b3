//! What became of each setting: its changes, read back from the audit log, and one taken back.

use serde_json::{Map, Value};

use super::settings::{Wish, change_settings, deletes, object, would_delete};
use crate::access::{Actor, Page};
use crate::admin::model::SettingChange;
use crate::admin::policy::ManageSettings;
use crate::billing::Billing;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{AuditId, MemberId};
use crate::members;
use crate::settings::Settings;
use crate::storage::{AuditRow, Conn, Tx, audit_row, audit_rows_of};

/// The act under which the audit log keeps changes of settings.
const CHANGE: &str = "settings.change";
/// Rows that are read at once.
const AT_ONCE: i64 = 200;

/// A setting with its value before and after.
type Changed = (String, Value, Value);

/// What a row of the log says.
fn changes_in(row: &AuditRow) -> Vec<Changed> {
    let read = |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let (Some(before), Some(after)) = (read(&row.before), read(&row.after)) else { return Vec::new() };
    let both = |(name, after): (String, Value)| before.get(&name).cloned().map(|before| (name, before, after));
    after.into_iter().filter_map(both).collect()
}

/// A page of what changed, newest first; of one setting alone, where it is named. A change of several settings stands on one page.
///
/// # Errors
/// When the database cannot be read.
pub fn setting_history(
    conn: &mut Conn,
    _: &ManageSettings,
    name: Option<&str>,
    (mut before, limit): (Option<AuditId>, i64),
    now: Millis,
) -> Result<Page<SettingChange>> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found: Vec<(AuditRow, Vec<Changed>)> = Vec::new();
    loop {
        let rows = audit_rows_of(conn, CHANGE, before, AT_ONCE)?;
        before = rows.last().map(|row| row.id);
        let is_last = i64::try_from(rows.len()).is_ok_and(|read| read < AT_ONCE);
        let named = |(one, _, _): &Changed| name.is_none_or(|name| name == one);
        let kept = rows.into_iter().map(|row| (changes_in(&row).into_iter().filter(named).collect::<Vec<_>>(), row));
        found.extend(kept.filter(|(changes, _)| !changes.is_empty()).map(|(changes, row)| (row, changes)));
        if is_last || found.len() > wanted {
            break;
        }
    }
    let Page { items, next } = Page::of(found, limit, |(row, _)| row.id.to_string());
    let mut people: Vec<MemberId> = items.iter().filter_map(|(row, _)| row.actor).collect();
    people.sort_unstable();
    people.dedup();
    let people = members::profiles(conn, &people, now)?;
    let settings = Settings::load(conn)?;
    let present = object(&settings)?;
    let would_delete = |name: &str, before: &Value| {
        let again = settings.with(&Map::from_iter([(name.to_owned(), before.clone())]));
        again.is_ok_and(|again| deletes(&settings, &again))
    };
    let told = |(row, changes): (AuditRow, Vec<Changed>)| {
        let by = people.iter().find(|one| Some(one.id) == row.actor).cloned();
        let of_row = changes.into_iter().map(|(name, before, after)| SettingChange {
            change: row.id,
            at: row.at,
            by: by.clone(),
            wants_password: would_delete(&name, &before),
            may_undo: present.get(&name) == Some(&after) && before != after,
            name,
            before,
            after,
        });
        of_row.collect::<Vec<_>>()
    };
    Ok(Page { items: items.into_iter().flat_map(told).collect(), next })
}

/// What a setting was before one change, while that change is still what holds.
fn to_undo(conn: &mut Conn, (change, name): (AuditId, &str)) -> Result<Map<String, Value>> {
    let row = audit_row(conn, change)?.filter(|row| row.act == CHANGE).ok_or(Error::NotFound)?;
    let (_, before, after) = changes_in(&row).into_iter().find(|(one, _, _)| one == name).ok_or(Error::NotFound)?;
    if object(&Settings::load(conn)?)?.get(name) != Some(&after) {
        return Err(Error::conflict("settings.changed_since"));
    }
    Ok(Map::from_iter([(name.to_owned(), before)]))
}

/// Would taking it back delete messages? Then the password is asked first.
///
/// # Errors
/// Those of [`undo_setting`].
pub fn undo_deletes(conn: &mut Conn, what: (AuditId, &str)) -> Result<bool> {
    let changes = to_undo(conn, what)?;
    would_delete(conn, &Wish { changes: &changes, seen: None, asked_again: false })
}

/// Sets a setting to what it was before one change, while that change is still what holds.
///
/// # Errors
/// [`Error::NotFound`] where there is no such change, 409 `settings.changed_since`, and those of [`change_settings`].
pub fn undo_setting(
    tx: &mut Tx<'_>,
    may: &ManageSettings,
    actor: &Actor,
    billing: &Billing,
    what: (AuditId, &str),
    asked_again: bool,
) -> Result<Settings> {
    let changes = to_undo(tx, what)?;
    change_settings(tx, may, actor, billing, &Wish { changes: &changes, seen: None, asked_again })
}
