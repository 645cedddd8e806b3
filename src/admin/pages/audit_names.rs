//! What ids and values of the audit log stand for: names, times and words instead of what is stored.

use serde_json::Value;

use super::JOB_KINDS;
use super::audit_words::{Change, Part, field_name, role_name, text, word};
use crate::access::Permission;
use crate::admin::model::AuditEntry;
use crate::admin::store;
use crate::error::Result;
use crate::ids::{MemberId, RoomId};
use crate::members::{self, Profile, Role};
use crate::settings::Class;
use crate::storage::Conn;

/// Everything that ids of the log stand for.
pub(super) struct Names {
    people: Vec<Profile>,
    roles: Vec<Role>,
    rooms: Vec<(RoomId, String)>,
}

/// The room and the member of a subject such as `5:7`.
pub(super) fn in_room(subject: &str) -> Option<(RoomId, MemberId)> {
    let (room, member) = subject.split_once(':')?;
    Some((room.parse().ok()?, member.parse().ok()?))
}

/// The owner whom a set-up made.
fn owner_of(entry: &AuditEntry) -> Option<MemberId> {
    entry.after.as_ref()?.get("owner")?.as_str()?.parse().ok()
}

impl Names {
    pub(super) fn read(conn: &mut Conn, entries: &[AuditEntry], mut people: Vec<Profile>, now: i64) -> Result<Self> {
        let mut rooms: Vec<RoomId> = Vec::new();
        let mut others: Vec<MemberId> = entries.iter().filter_map(owner_of).collect();
        for entry in entries {
            match entry.subject_kind.as_str() {
                "room" => rooms.extend(entry.subject.parse::<RoomId>().ok()),
                "room_member" => {
                    let (room, member) = in_room(&entry.subject).unzip();
                    rooms.extend(room);
                    others.extend(member);
                }
                _ => {}
            }
        }
        others.retain(|id| people.iter().all(|known| known.id != *id));
        others.sort_unstable();
        others.dedup();
        people.extend(members::profiles(conn, &others, now)?);
        Ok(Self { people, roles: members::roles(conn)?, rooms: store::room_names(conn, &rooms)? })
    }

    pub(super) fn person(&self, id: MemberId) -> Option<&Profile> {
        self.people.iter().find(|one| one.id == id)
    }

    fn room(&self, id: RoomId) -> Part {
        let name = self.rooms.iter().find(|(known, name)| *known == id && !name.is_empty());
        name.map_or_else(|| word("admin.subject_room"), |(_, name)| text(name))
    }

    /// A role by its id, which may be gone.
    fn role(&self, id: &str) -> Part {
        self.roles.iter().find(|role| role.id.to_string() == id).map_or_else(|| word("admin.deleted_role"), |role| role_name(&role.name))
    }

    /// What an act was done to, beside a member.
    pub(super) fn subject(&self, entry: &AuditEntry) -> Option<Part> {
        let said = || entry.after.as_ref().or(entry.before.as_ref()).and_then(|value| value.get("name")?.as_str());
        match entry.subject_kind.as_str() {
            "room" => entry.subject.parse().ok().map(|room| self.room(room)),
            "room_member" => in_room(&entry.subject).map(|(room, _)| self.room(room)),
            "role" => Some(said().map_or_else(|| self.role(&entry.subject), role_name)),
            "settings" => Some(word("admin.subject_settings")),
            "invite" => Some(word("admin.subject_invite")),
            "plan" => said().map(text),
            "promotion" => entry.after.as_ref().and_then(|value| value.get("code")?.as_str()).map(text),
            "automod_rule" => Some(said().map_or_else(|| word("admin.subject_automod_rule"), text)),
            "backup" => Some(text(said().unwrap_or(&entry.subject))),
            "job" => Some(word("admin.subject_job")),
            "member" => None,
            "members" => Some(word("shell.admin_members")),
            _ => Some(text(&format!("{} {}", entry.subject_kind, entry.subject))),
        }
    }

    /// A stored value in the words of people; nothing for nothing.
    fn parts(&self, field: &str, value: Option<&Value>) -> Vec<Part> {
        match value {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(all)) => all.iter().flat_map(|one| self.parts(field, Some(one))).collect(),
            Some(Value::Bool(is)) => vec![word(match (field, is) {
                ("archived" | "hidden" | "gifts" | "same_person" | "calls.start" | "calls.video" | "calls.record" | "rooms.create", is) => {
                    if *is {
                        "admin.value_yes"
                    } else {
                        "admin.value_no"
                    }
                }
                (_, true) => "admin.value_on",
                (_, false) => "admin.value_off",
            })],
            Some(Value::String(said)) if said.is_empty() => Vec::new(),
            Some(Value::String(said)) => vec![self.said(field, said)],
            Some(Value::Number(number)) => match (field, number.as_i64()) {
                ("until" | "expires_at" | "starts_at" | "ends_at", Some(at)) => vec![Part::Time(at)],
                _ => vec![text(&number.to_string())],
            },
            Some(other) => vec![text(&other.to_string())],
        }
    }

    fn said(&self, field: &str, said: &str) -> Part {
        match field {
            "sign_up_mode" if ["open", "invite", "approval", "closed"].contains(&said) => word(&format!("admin.mode_{said}")),
            "calls_open_to" if ["paying_members", "all_members"].contains(&said) => word(&format!("billing.calls_{said}")),
            "verified_badge" if ["plan", "administrator", "either", "off"].contains(&said) => {
                word(&format!("billing.verified_badge_{said}"))
            }
            "rooms_may_keep" if ["as_community", "shorter", "any"].contains(&said) => word(&format!("admin.may_keep_{said}")),
            "source" if ["manual", "comp", "gift", "owner", "test", "stripe", "trial"].contains(&said) => {
                word(&format!("billing.source_{said}"))
            }
            "every" if ["once", "month", "year"].contains(&said) => word(&format!("billing.every_{said}")),
            "method" if ["cash", "bank", "card", "other"].contains(&said) => word(&format!("billing.method_{said}")),
            "default_language" if said == "en" => text("English"),
            "default_language" if said == "fr" => text("Français"),
            "permissions" if Permission::ALL.iter().any(|one| one.name() == said) => {
                word(&format!("admin.permission_{}", said.replace('.', "_")))
            }
            _ if field.starts_with("reach_") && Class::ALL.iter().any(|one| one.name() == said) => word(&format!("social.class_{said}")),
            "outcome" if ["refuse", "report", "refuse_and_report"].contains(&said) => word(&format!("automod.outcome_{said}")),
            "looks_for" if ["words", "links", "mentions", "newcomers"].contains(&said) => word(&format!("automod.kind_{said}")),
            "outcome" if ["acted", "dismissed"].contains(&said) => word(&format!("social.close_{said}")),
            "sanction" if ["ban", "mute", "warning", "removal", "kick"].contains(&said) => word(&format!("admin.sanction_{said}")),
            "scopes" if crate::access::Scope::ALL.iter().any(|one| one.name() == said) => word(&format!("members.scope_{said}")),
            "job" if JOB_KINDS.contains(&said) => word(&format!("jobs.kind_{}", said.replace('.', "_"))),
            "roles" => role_name(said),
            "role" => self.role(said),
            "owner" => match said.parse().ok().and_then(|id| self.person(id)) {
                Some(person) if !person.display_name.is_empty() => text(&person.display_name),
                _ => word("admin.deleted_member"),
            },
            _ => text(said),
        }
    }

    /// What differs between two states; of one state alone, all that it says. Of lists only what came and went.
    pub(super) fn changes(&self, before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
        let names = |value: Option<&Value>| -> Vec<String> {
            value.and_then(Value::as_object).map(|all| all.keys().cloned().collect()).unwrap_or_default()
        };
        let mut all = names(before);
        all.extend(names(after).into_iter().filter(|name| !names(before).contains(name)));
        let of_field = |name: String| {
            let (old, new) = (before.and_then(|value| value.get(&name)), after.and_then(|value| value.get(&name)));
            let is_list = old.is_some_and(Value::is_array) && new.is_some_and(Value::is_array);
            let (old, new) = (self.parts(&name, old), self.parts(&name, new));
            let but = |all: &[Part], others: &[Part]| all.iter().filter(|one| !others.contains(one)).cloned().collect::<Vec<_>>();
            let (before, after) = if is_list { (but(&old, &new), but(&new, &old)) } else { (old, new) };
            Change { field: field_name(&name), before, after }
        };
        all.into_iter().map(of_field).filter(|change| change.before != change.after).collect()
    }
}

/// How a setting was changed, in the words of people.
pub(super) fn told_setting(name: &str, before: &Value, after: &Value) -> Change {
    let nobody = Names { people: Vec::new(), roles: Vec::new(), rooms: Vec::new() };
    Change { field: field_name(name), before: nobody.parts(name, Some(before)), after: nobody.parts(name, Some(after)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nobody() -> Names {
        Names { people: Vec::new(), roles: Vec::new(), rooms: Vec::new() }
    }

    fn change(field: &str, before: &[Part], after: &[Part]) -> Change {
        Change { field: word(field), before: before.to_vec(), after: after.to_vec() }
    }

    #[test]
    fn only_what_differs_is_a_change() {
        let (before, after) = (json!({ "name": "quay", "topic": "a", "place": 1 }), json!({ "name": "quay", "topic": "b", "place": 1 }));
        assert_eq!(nobody().changes(Some(&before), Some(&after)), [change("admin.field_topic", &[text("a")], &[text("b")])]);
        assert_eq!(nobody().changes(None, Some(&json!("a text"))), []);
        assert_eq!(nobody().changes(None, Some(&json!({ "until": null, "note": "" }))), [], "nothing is no change");
    }

    #[test]
    fn of_lists_only_what_came_and_went_is_shown() {
        let permissions = |names: &[&str]| json!({ "permissions": names });
        let (before, after) = (permissions(&["rooms.create", "members.ban"]), permissions(&["rooms.create", "audit.read"]));
        let told = [change("admin.field_permissions", &[word("admin.permission_members_ban")], &[word("admin.permission_audit_read")])];
        assert_eq!(nobody().changes(Some(&before), Some(&after)), told);
        let given = json!({ "roles": ["Owner", "Crew"] });
        assert_eq!(nobody().changes(None, Some(&given)), [change("admin.roles", &[], &[word("members.role_owner"), text("Crew")])]);
    }

    #[test]
    fn every_setting_has_a_name() {
        let all = serde_json::to_value(crate::settings::Settings::default()).expect("json");
        for name in all.as_object().expect("an object").keys() {
            assert!(matches!(field_name(name), Part::Word(_)), "{name} has no words in the log");
        }
    }

    #[test]
    fn stored_values_become_words_names_and_times() {
        for (field, value, shown) in [
            ("show_presence", json!(false), word("admin.value_off")),
            ("archived", json!(true), word("admin.value_yes")),
            ("sign_up_mode", json!("approval"), word("admin.mode_approval")),
            ("sign_up_mode", json!("ajar"), text("ajar")),
            ("default_language", json!("fr"), text("Français")),
            ("expires_at", json!(5), Part::Time(5)),
            ("max_uses", json!(5), text("5")),
            ("role", json!("77"), word("admin.deleted_role")),
            ("owner", json!("77"), word("admin.deleted_member")),
            ("job", json!("mail.send"), word("jobs.kind_mail_send")),
            ("job", json!("tea.brew"), text("tea.brew")),
            ("scopes", json!("send"), word("members.scope_send")),
        ] {
            assert_eq!(nobody().parts(field, Some(&value)), [shown], "{field} {value}");
        }
        assert_eq!(field_name("shoe_size"), text("shoe_size"), "what has no words is shown as it is");
    }
}
