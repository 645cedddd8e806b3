//! The audit log as people read it: who did what to whom, and what changed, in words instead of stored values.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{JOB_KINDS, ROWS, given, href, show};
use crate::access::{Allow, Permission, Query};
use crate::admin::actions;
use crate::admin::model::AuditEntry;
use crate::admin::policy::ReadAudit;
use crate::admin::store;
use crate::error::Result;
use crate::http::Site;
use crate::ids::{AuditId, MemberId, RoomId};
use crate::members::{self, BAN_IS_OVER, Profile, Role, RoleKind};
use crate::settings::Class;
use crate::storage::Conn;

/// Acts that the log knows, as the page has words for them.
pub const ACTS: [&str; 61] = [
    "appeals.lift",
    "appeals.uphold",
    "automod.change",
    "automod.delete",
    "automod.make",
    "backups.delete",
    "backups.download",
    "backups.make",
    "backups.rehearse",
    "backups.restore",
    "calls.end",
    "calls.mute",
    "jobs.drop",
    "jobs.replay",
    "members.approve",
    "members.turn_down",
    "members.warn",
    "members.mute",
    "members.unmute",
    "members.ban",
    "members.unban",
    "members.roles",
    "members.sign_out",
    "members.reset_link",
    "members.delete",
    "members.export",
    "members.verify",
    "members.unverify",
    "grants.give",
    "grants.change",
    "grants.revoke",
    "gifts.make",
    "gifts.withdraw",
    "gifts.redeem",
    "orders.decline",
    "orders.set_aside",
    "payments.record",
    "payments.reverse",
    "payments.refund",
    "payments.allow_card",
    "prices.set",
    "prices.archive",
    "promotions.make",
    "promotions.end",
    "plans.make",
    "plans.change",
    "invites.make",
    "invites.end",
    "roles.make",
    "roles.change",
    "roles.delete",
    "reports.close",
    "messages.remove",
    "rooms.change",
    "rooms.remove_member",
    "settings.change",
    "stripe.connect",
    "stripe.disconnect",
    "stripe.replay",
    "setup.finish",
    "tokens.make",
];
/// Beginnings of acts, for the filter.
const KINDS: [&str; 20] = [
    "appeals.",
    "automod.",
    "backups.",
    "calls.",
    "jobs.",
    "members.",
    "grants.",
    "gifts.",
    "orders.",
    "payments.",
    "prices.",
    "plans.",
    "promotions.",
    "invites.",
    "roles.",
    "reports.",
    "messages.",
    "rooms.",
    "settings.",
    "stripe.",
];

/// What may have changed, and the key of its words.
const FIELDS: [(&str, &str); 106] = [
    ("account", "billing.stripe_whose"),
    ("account_days", "automod.account_days_label"),
    ("amount", "billing.amount"),
    ("archived", "admin.field_archived"),
    ("backup_every_days", "admin.set_backup_every_days"),
    ("backup_hour", "admin.set_backup_hour"),
    ("backups_kept", "admin.set_backups_kept"),
    ("badge", "billing.set_badge"),
    ("call_members", "admin.set_call_members"),
    ("call_ring_members", "admin.set_call_ring_members"),
    ("calls.group_size", "billing.set_calls_group_size"),
    ("calls.max_minutes", "billing.set_calls_max_minutes"),
    ("calls.record", "billing.can_calls_record"),
    ("calls.start", "billing.can_calls_start"),
    ("calls.video", "billing.can_calls_video"),
    ("calls_at_once", "admin.set_calls_at_once"),
    ("calls_open_to", "billing.calls_title"),
    ("calls_per_day", "admin.set_calls_per_day"),
    ("code", "billing.promotion"),
    ("community_hue", "admin.set_hue"),
    ("community_name", "admin.field_community_name"),
    ("community_sentence", "admin.set_sentence"),
    ("connections_per_member", "admin.set_connections_per_member"),
    ("count", "admin.field_count"),
    ("currency", "billing.currency_label"),
    ("default_language", "admin.set_language"),
    ("description", "billing.plan_description_label"),
    ("domains", "automod.domains_label"),
    ("enabled", "automod.enabled"),
    ("ends_at", "billing.field_ends_at"),
    ("event", "billing.stripe_event"),
    ("every", "billing.price_every"),
    ("expires_at", "admin.field_expires_at"),
    ("gifts", "billing.gifts_sold"),
    ("group_members", "admin.set_group_members"),
    ("handshakes_per_second", "admin.set_handshakes_per_second"),
    ("hidden", "billing.hidden"),
    ("hours", "automod.hours_label"),
    ("invitations_per_day", "admin.set_invitations_per_day"),
    ("job", "jobs.kind"),
    ("keep_days", "admin.field_keep_days"),
    ("keep_messages_days", "admin.set_keep_messages_days"),
    ("key", "billing.stripe_key_label"),
    ("looks_for", "admin.field_looks_for"),
    ("max_uses", "admin.field_max_uses"),
    ("message_bytes", "admin.set_message_bytes"),
    ("method", "billing.method"),
    ("months", "billing.gift_months_label"),
    ("most", "automod.most_label"),
    ("mute_minutes", "automod.mute_label"),
    ("name", "admin.field_name"),
    ("note", "admin.field_note"),
    ("off", "billing.promotion_off"),
    ("outcome", "admin.field_outcome"),
    ("owner", "members.role_owner"),
    ("payment_grace_days", "billing.payment_grace_days"),
    ("payment_words", "billing.payment_words"),
    ("people_per_member", "admin.set_people_per_member"),
    ("permissions", "admin.field_permissions"),
    ("place", "admin.field_place"),
    ("plan", "billing.plan"),
    ("position", "billing.plan_position_label"),
    ("presence_members", "admin.set_presence_members"),
    ("price", "billing.choose_price"),
    ("reach_ceiling_call", "admin.set_reach_ceiling_call"),
    ("reach_ceiling_invite", "admin.set_reach_ceiling_invite"),
    ("reach_ceiling_mention", "admin.set_reach_ceiling_mention"),
    ("reach_ceiling_message", "admin.set_reach_ceiling_message"),
    ("reach_ceiling_video_call", "admin.set_reach_ceiling_video_call"),
    ("reach_default_call", "admin.set_reach_default_call"),
    ("reach_default_invite", "admin.set_reach_default_invite"),
    ("reach_default_mention", "admin.set_reach_default_mention"),
    ("reach_default_message", "admin.set_reach_default_message"),
    ("reach_default_video_call", "admin.set_reach_default_video_call"),
    ("receipt", "billing.receipt_label"),
    ("reference", "billing.reference"),
    ("reports_per_day", "admin.set_reports_per_day"),
    ("requests_per_day", "admin.set_requests_per_day"),
    ("requests_to_one_per_day", "admin.set_requests_to_one_per_day"),
    ("role", "admin.role"),
    ("roles", "admin.roles"),
    ("rooms.create", "billing.can_rooms_create"),
    ("rooms_may_keep", "admin.set_rooms_may_keep"),
    ("rooms_need_plan", "billing.rooms_need_plan"),
    ("rooms_per_day", "admin.set_rooms_per_day"),
    ("same_person", "moderation.field_same_person"),
    ("sanction", "moderation.field_sanction"),
    ("scopes", "admin.field_scopes"),
    ("seconds", "automod.seconds_label"),
    ("sentence", "automod.sentence_label"),
    ("sessions", "admin.field_sessions"),
    ("show_presence", "admin.set_presence"),
    ("sign_up_mode", "admin.mode_title"),
    ("slow_seconds", "admin.field_slow_seconds"),
    ("source", "billing.source"),
    ("starts_at", "billing.field_starts_at"),
    ("storage.quota_mb", "billing.set_storage_quota_mb"),
    ("stretched", "automod.stretched"),
    ("test_payments", "billing.test_payments"),
    ("topic", "admin.field_topic"),
    ("trial_days", "billing.trial_label"),
    ("until", "admin.field_until"),
    ("upload.max_mb", "billing.set_upload_max_mb"),
    ("verified_badge", "billing.verified_badge_title"),
    ("voice", "admin.field_voice"),
    ("words", "automod.words_label"),
];

#[derive(Deserialize)]
pub struct FindActs {
    act: Option<String>,
    before: Option<String>,
}

/// A piece of a value as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub(super) enum Part {
    /// The key of our own words.
    Word(String),
    /// A name, a number, or what somebody wrote.
    Text(String),
    /// Milliseconds UTC.
    Time(i64),
}

/// One thing that changed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    /// What; a key of words, or the stored name of what has none.
    field: Part,
    before: Vec<Part>,
    after: Vec<Part>,
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

/// Everything that ids of the log stand for.
struct Names {
    people: Vec<Profile>,
    roles: Vec<Role>,
    rooms: Vec<(RoomId, String)>,
}

/// The room and the member of a subject such as `5:7`.
fn in_room(subject: &str) -> Option<(RoomId, MemberId)> {
    let (room, member) = subject.split_once(':')?;
    Some((room.parse().ok()?, member.parse().ok()?))
}

/// The owner whom a set-up made.
fn owner_of(entry: &AuditEntry) -> Option<MemberId> {
    entry.after.as_ref()?.get("owner")?.as_str()?.parse().ok()
}

impl Names {
    fn read(conn: &mut Conn, entries: &[AuditEntry], mut people: Vec<Profile>, now: i64) -> Result<Self> {
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

    fn person(&self, id: MemberId) -> Option<&Profile> {
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
    fn subject(&self, entry: &AuditEntry) -> Option<Part> {
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
    fn changes(&self, before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
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

    fn line(&self, entry: AuditEntry) -> AuditLine {
        let on = match entry.subject_kind.as_str() {
            "member" => entry.subject.parse().ok(),
            "room_member" => in_room(&entry.subject).map(|(_, member)| member),
            _ => None,
        };
        let reason = entry.reason.as_deref().filter(|reason| !reason.is_empty());
        AuditLine {
            by: entry.actor.and_then(|id| self.person(id)).cloned(),
            member: on.and_then(|id| self.person(id)).cloned(),
            subject_part: self.subject(&entry),
            changes: self.changes(entry.before.as_ref(), entry.after.as_ref()),
            reason_part: reason.map(|reason| if reason == BAN_IS_OVER { word("admin.reason_ban_over") } else { text(reason) }),
            is_known: ACTS.contains(&entry.act.as_str()),
            entry,
        }
    }
}

fn word(key: &str) -> Part {
    Part::Word(key.to_owned())
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

/// A name of a built-in role is our own word as long as the community did not give it another.
fn role_name(name: &str) -> Part {
    let known = RoleKind::BUILT_IN.into_iter().find_map(|kind| kind.word(name));
    known.map_or_else(|| text(name), |known| word(&format!("members.role_{known}")))
}

/// What a field is called.
pub(super) fn field_name(name: &str) -> Part {
    FIELDS.iter().find(|(known, _)| *known == name).map_or_else(|| text(name), |(_, key)| word(key))
}

/// How a setting was changed, in the words of people.
pub(super) fn told_setting(name: &str, before: &Value, after: &Value) -> Change {
    let nobody = Names { people: Vec::new(), roles: Vec::new(), rooms: Vec::new() };
    Change { field: field_name(name), before: nobody.parts(name, Some(before)), after: nobody.parts(name, Some(after)) }
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
            rows: page.items.into_iter().map(|entry| names.line(entry)).collect(),
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
