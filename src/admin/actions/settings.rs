//! The settings: changed in one transaction with its trace, in force once that is committed.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::access::Actor;
use crate::admin::policy::ManageSettings;
use crate::billing::{self, Billing};
use crate::chat;
use crate::error::{Error, Result};
use crate::live::to_everyone;
use crate::settings::{Class, RoomsMayKeep, Settings};
use crate::social;
use crate::storage::{Act, Conn, Tx, record};
use crate::text::clean_line;

/// Lines as they are stored: trimmed, in one form, without control characters.
fn cleaned(changes: &Map<String, Value>) -> Result<Map<String, Value>> {
    let mut clean = changes.clone();
    let lines = [("community_name", 1, 60, "settings.community_name"), ("community_sentence", 0, 200, "settings.community_sentence")];
    for (name, least, most, code) in lines {
        if let Some(Value::String(text)) = clean.get_mut(name) {
            *text = clean_line(text, least, most, name, code)?;
        }
    }
    Ok(clean)
}

/// The settings as an object of the API.
fn object(settings: &Settings) -> Result<Map<String, Value>> {
    match serde_json::to_value(settings)? {
        Value::Object(all) => Ok(all),
        _ => Err(Error::broken("settings are not an object")),
    }
}

/// No default goes beyond its ceiling, but for what was ticked before: a ceiling that is lowered bounds it anyway. None names roles or plans,
/// for which only a member's own choice has a place.
fn check_defaults(before: &Settings, after: &Settings) -> Result<()> {
    for act in social::Act::ALL {
        let (held, ceiling) = (social::default_of(before, act), social::ceiling(after, act));
        let is_above = |class| !held.has(class) && !social::is_below(class, ceiling);
        let names = |class| matches!(class, Class::Roles | Class::Plans) && !held.has(class);
        if social::default_of(after, act).iter().any(names) {
            return Err(Error::invalid(format!("reach_default_{}", act.name()), "social.default_names"));
        }
        if social::default_of(after, act).iter().any(is_above) {
            return Err(Error::invalid(format!("reach_default_{}", act.name()), "social.above_ceiling"));
        }
    }
    Ok(())
}

/// Are messages of rooms kept for a shorter time afterwards? That deletes some.
fn deletes(before: &Settings, after: &Settings) -> bool {
    let span = |settings: &Settings| Some(i32::from(settings.keep_messages_days)).filter(|days| *days > 0);
    chat::shortens(span(before), span(after))
}

/// Would these changes delete messages? Then the password is asked first.
///
/// # Errors
/// Those of a change that does not fit.
pub fn would_delete(conn: &mut Conn, changes: &Map<String, Value>) -> Result<bool> {
    let before = Settings::load(conn)?;
    Ok(deletes(&before, &before.with(&cleaned(changes)?)?))
}

/// Changes some settings, leaves a trace of those that differ now, and tells everyone. The caller puts them in force with the commit.
///
/// # Errors
/// `settings.unknown`, `settings.value`, `social.above_ceiling`, `social.default_names`, a problem of each field that does not fit, or
/// `members.password_wrong` where messages would be deleted and nobody `asked_again` for the password.
pub fn change_settings(
    tx: &mut Tx<'_>,
    may: &ManageSettings,
    actor: &Actor,
    billing: &Billing,
    (changes, asked_again): (&Map<String, Value>, bool),
) -> Result<Settings> {
    let before = Settings::load(tx)?;
    let after = before.with(&cleaned(changes)?)?;
    if deletes(&before, &after) && !asked_again {
        return Err(Error::invalid("password", "members.password_wrong"));
    }
    check_defaults(&before, &after)?;
    let (old, new) = (object(&before)?, object(&after)?);
    let changed = |all: &Map<String, Value>, other: &Map<String, Value>| -> Map<String, Value> {
        all.iter().filter(|(name, value)| other.get(*name) != Some(*value)).map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let (old, new) = (changed(&old, &new), changed(&new, &old));
    if new.is_empty() {
        return Ok(after);
    }
    after.store(tx, Some(may.member()))?;
    billing::rules_changed(tx, billing, &before, &after)?;
    if before.keep_messages_days != after.keep_messages_days {
        chat::expire_soon(tx, None)?;
    }
    record(
        tx,
        &Act {
            actor: actor.member,
            act: "settings.change",
            subject_kind: "settings",
            subject: String::new(),
            before: Some(Value::Object(old)),
            after: Some(Value::Object(new)),
            reason: None,
            address: actor.address,
        },
    )?;
    announce(tx, &after);
    Ok(after)
}

/// The signal of the community's new look.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SettingsChanged<'a> {
    #[cfg_attr(test, ts(type = "\"settings_changed\""))]
    kind: &'static str,
    #[cfg_attr(test, ts(inline))]
    community: Look<'a>,
}

/// What of the community every page shows.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct Look<'a> {
    name: &'a str,
    hue: u16,
    sentence: &'a str,
    rooms_need_plan: bool,
    keep_messages_days: u16,
    rooms_may_keep: RoomsMayKeep,
    #[cfg_attr(test, ts(type = "string[]"))]
    closed: Vec<social::Act>,
}

/// Tells every connection, after COMMIT, what the community looks like now.
pub fn announce(tx: &mut Tx<'_>, settings: &Settings) {
    let community = Look {
        name: &settings.community_name,
        hue: settings.community_hue,
        sentence: &settings.community_sentence,
        rooms_need_plan: settings.rooms_need_plan,
        keep_messages_days: settings.keep_messages_days,
        rooms_may_keep: settings.rooms_may_keep,
        closed: social::closed_ways(settings),
    };
    tx.signal(to_everyone(&SettingsChanged { kind: "settings_changed", community }));
}
