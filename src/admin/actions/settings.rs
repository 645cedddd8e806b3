//! The settings: changed in one transaction with its trace, in force once that is committed.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::access::{Actor, Permit};
use crate::admin::policy::ManageSettings;
use crate::billing::{self, Billing};
use crate::chat;
use crate::error::{Error, Problem, Result};
use crate::ids::MemberId;
use crate::live::to_everyone;
use crate::members;
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
pub(super) fn object(settings: &Settings) -> Result<Map<String, Value>> {
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

/// What somebody wants of the settings.
pub struct Wish<'a> {
    /// Those that are named, and their values.
    pub changes: &'a Map<String, Value>,
    /// The values that whoever wants it saw before.
    pub seen: Option<&'a Map<String, Value>>,
    /// Were they asked for their password?
    pub asked_again: bool,
}

/// The same, but for what a form makes of a text: how its lines end, and blanks around it.
fn is_same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(Value::String(one)), Some(Value::String(other))) => {
            one == other || one.replace("\r\n", "\n").trim() == other.replace("\r\n", "\n").trim()
        }
        _ => one == other,
    }
}

/// What is really wanted: of values that whoever wants it saw, what they left as they saw it is not. Two administrators at one page do not
/// overwrite each other.
fn wanted(before: &Settings, wish: &Wish<'_>) -> Result<Map<String, Value>> {
    let changes = cleaned(wish.changes)?;
    let Some(seen) = wish.seen else { return Ok(changes) };
    let (now, saw, wants) = (object(before)?, object(&before.with(seen)?)?, object(&before.with(&changes)?)?);
    let (mut wanted, mut problems) = (Map::new(), Vec::new());
    for (name, value) in changes {
        let (now, saw, wants) = (now.get(&name), saw.get(&name), wants.get(&name));
        if !seen.contains_key(&name) || (!is_same(wants, saw) && (is_same(now, saw) || is_same(now, wants))) {
            wanted.insert(name, value);
        } else if !is_same(wants, saw) {
            problems.push(Problem { field: name.into(), code: "settings.changed_since" });
        }
    }
    if problems.is_empty() { Ok(wanted) } else { Err(Error::Invalid(problems)) }
}

/// Are messages of rooms kept for a shorter time afterwards? That deletes some.
pub(super) fn deletes(before: &Settings, after: &Settings) -> bool {
    let span = |settings: &Settings| Some(i32::from(settings.keep_messages_days)).filter(|days| *days > 0);
    chat::shortens(span(before), span(after))
}

/// Would this delete messages? Then the password is asked first.
///
/// # Errors
/// Those of a change that does not fit.
pub fn would_delete(conn: &mut Conn, wish: &Wish<'_>) -> Result<bool> {
    let before = Settings::load(conn)?;
    Ok(deletes(&before, &before.with(&wanted(&before, wish)?)?))
}

/// Changes some settings, leaves a trace of those that differ now, and tells everyone. With the values that whoever wants it `seen`, only
/// what they changed of these. The caller puts them in force with the commit.
///
/// # Errors
/// `settings.unknown`, `settings.value`, `social.above_ceiling`, `social.default_names`, a problem of each field that does not fit,
/// `settings.changed_since` where somebody else changed it since it was seen, or `members.password_wrong` where messages would be deleted and
/// nobody was asked for the password.
pub fn change_settings(tx: &mut Tx<'_>, may: &ManageSettings, actor: &Actor, billing: &Billing, wish: &Wish<'_>) -> Result<Settings> {
    let before = Settings::load(tx)?;
    let after = before.with(&wanted(&before, wish)?)?;
    if deletes(&before, &after) && !wish.asked_again {
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

/// Changes some settings as `by` would have done it then: for the village.
///
/// # Errors
/// The refusal when `by` may not, and those of `change_settings`.
pub fn place_settings(tx: &mut Tx<'_>, by: MemberId, billing: &Billing, changes: &Map<String, Value>) -> Result<()> {
    let actor = members::seed::actor_of(tx, by)?;
    let may = ManageSettings::check(tx, &actor, ())?;
    change_settings(tx, &may, &actor, billing, &Wish { changes, seen: None, asked_again: false }).map(|_| ())
}
