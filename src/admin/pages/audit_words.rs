//! The words of the audit log: acts, kinds of acts and fields, and the pieces in which values are shown.

use serde::Serialize;

use crate::members::RoleKind;

/// Acts that the log knows, as the page has words for them.
pub const ACTS: [&str; 62] = [
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
    "orders.look",
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
pub(super) const KINDS: [&str; 20] = [
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
    pub(super) field: Part,
    pub(super) before: Vec<Part>,
    pub(super) after: Vec<Part>,
}

/// One of our own words.
pub(super) fn word(key: &str) -> Part {
    Part::Word(key.to_owned())
}

/// As it is.
pub(super) fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

/// A name of a built-in role is our own word as long as the community did not give it another.
pub(super) fn role_name(name: &str) -> Part {
    let known = RoleKind::BUILT_IN.into_iter().find_map(|kind| kind.word(name));
    known.map_or_else(|| text(name), |known| word(&format!("members.role_{known}")))
}

/// What a field is called.
pub(super) fn field_name(name: &str) -> Part {
    FIELDS.iter().find(|(known, _)| *known == name).map_or_else(|| text(name), |(_, key)| word(key))
}
