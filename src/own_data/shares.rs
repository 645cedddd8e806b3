//! What of each table is a member's: one list of every table and of every column, which a test holds against the schema. What stands in no list
//! is given to nobody.

/// What of a table is given to a member.
pub(super) enum Share {
    /// Rows of which this holds, `{}` being the member: of them these columns. The last are withheld, each on purpose.
    #[cfg_attr(not(test), expect(dead_code, reason = "what is withheld is for whoever reads the list, and for its test"))]
    Rows(&'static str, &'static str, &'static str),
    /// Nothing, and why.
    #[cfg_attr(not(test), expect(dead_code, reason = "why is for whoever reads the list, and for its test"))]
    Nothing(&'static str),
}
use Share::{Nothing, Rows};

/// Every table. What is withheld is a secret, somebody else's words, or what somebody keeps from the member: that they are shut out, or not heard.
pub(super) const SHARES: [(&str, Share); 65] = [
    ("facts", Nothing("the database's own")),
    ("settings", Nothing("the community's")),
    ("room_heads", Nothing("counters")),
    ("room_events", Nothing("what happened to rows that are given")),
    ("member_heads", Nothing("counters")),
    ("member_events", Nothing("what the member's own browsers were told of rows that are given")),
    ("idempotency", Nothing("answers of the last day, kept for whoever asks twice")),
    ("jobs", Nothing("work that waits")),
    ("letters", Rows("member = {}", "id kind recipient subject at sent_at member", "body_text body_html last_error")),
    ("audit", Nothing("the community's log, which outlives accounts")),
    (
        "members",
        Rows(
            "id = {}",
            "id username display_name pronouns bio status_emoji status_text status_until hue email language time_zone theme state \
             muted_until welcomed created_at last_seen_at",
            "password name_key permissions",
        ),
    ),
    ("roles", Nothing("the community's")),
    ("member_roles", Rows("member = {}", "member role", "")),
    ("sessions", Rows("member = {}", "id member kind name address scopes created_at last_seen_at expires_at", "token_hash")),
    ("invites", Rows("created_by = {}", "id created_by created_at expires_at max_uses uses role note revoked_at", "")),
    ("one_time_links", Nothing("secrets")),
    (
        "sanctions",
        Rows(
            "member = {}",
            "id member kind reason made_at until lifted_at room seen_at appeal appealed_at decided_at upheld answer",
            "made_by note report decided_by",
        ),
    ),
    (
        "rooms",
        Rows(
            "created_by = {} AND id IN (SELECT room FROM room_members WHERE member = {})",
            "id kind name topic history created_by created_at archived_at voice slow_seconds keep_days expired_seq",
            "name_key circle member_count",
        ),
    ),
    ("room_members", Rows("member = {}", "room member role level joined_at joined_seq", "")),
    ("room_invitations", Rows("member = {}", "room member invited_by at", "")),
    (
        "messages",
        Rows(
            "author = {} AND deleted_at IS NULL",
            "id room seq author body reply_to thread pinned_at sent_at edited_at deleted_at",
            "client_key body_hash body_html renderer thread_count mentions reactions unheard heard hides_from",
        ),
    ),
    ("reactions", Rows("member = {}", "message emoji member", "place")),
    ("mentions", Nothing("what others wrote, and what stands in messages that are given")),
    ("read_marks", Rows("member = {}", "member room thread seq", "")),
    ("slow_marks", Rows("member = {}", "member room said_at", "")),
    ("plans", Nothing("the community's")),
    ("plan_entitlements", Nothing("the community's")),
    ("grants", Rows("member = {}", "id member plan source source_id starts_at ends_at revoked_at given_by given_at note", "phase")),
    ("grant_log", Rows("member = {}", "id member at kind grant_id plan actor ends_at note", "")),
    ("verifications", Rows("member = {}", "member verified_by verified_at note", "")),
    ("member_badges", Rows("member = {}", "member reason text hue since", "")),
    ("relations", Rows("member = {}", "member other bits changed_at", "")),
    ("contact_notes", Rows("member = {}", "member other name note", "name_key")),
    ("reach", Rows("member = {}", "member rules unknown_callers quiet_from quiet_to asks_before_follow changed_at", "")),
    // What counts is what its sender did; a further row is made where the other shut them out, or lets nobody through.
    ("requests", Rows("sender = {} AND counts", "id member sender kind room at", "ended_at outcome counts yes_unseen")),
    (
        "reports",
        Rows(
            "reporter = {}",
            "id reporter member message room reason text at closed_at again_of answer_seen_at",
            "excerpt said_again closed_by outcome note rule",
        ),
    ),
    (
        "calls",
        Rows(
            "starter = {}",
            "id kind room video starter started_at ends_at group_size locked ended_at members pictures",
            "client_key cause answered_at",
        ),
    ),
    ("call_people", Rows("member = {} AND listed", "call member seen role removed seconds quality", "held rung fate listed")),
    (
        "call_stays",
        Rows("member = {}", "id call member joined_at left_at parting connected_ms route kbps_in kbps_out loss_permille trouble", ""),
    ),
    ("prices", Nothing("the community's")),
    ("payers", Rows("member = {}", "member number", "")),
    (
        "orders",
        Rows(
            "buyer = {}",
            "id buyer provider state amount currency subscription note answer placed_at expires_at paid_at closed_at closed_by \
             promotion promotion_code",
            "client_key session url attempt",
        ),
    ),
    (
        "order_lines",
        Rows("order_id IN (SELECT id FROM orders WHERE buyer = {})", "id order_id kind ref_id plan every quantity amount text", ""),
    ),
    (
        "payments",
        Rows(
            "order_id IN (SELECT id FROM orders WHERE buyer = {})",
            "id order_id provider method amount currency state reverses received_at recorded_at recorded_by reference note receipt_year \
             receipt_number",
            "external_id",
        ),
    ),
    (
        "refunds",
        Rows(
            "payment IN (SELECT id FROM payments WHERE order_id IN (SELECT id FROM orders WHERE buyer = {}))",
            "id payment amount note after state asked_at asked_by",
            "",
        ),
    ),
    ("disputes", Rows("member = {}", "payment member state seen_at closed_at forgiven_at", "forgiven_by")),
    ("strange_checkouts", Nothing("what administrators look into")),
    ("receipt_counters", Nothing("counters")),
    ("ledger", Nothing("the community's books")),
    (
        "fulfilments",
        Rows(
            "line IN (SELECT id FROM order_lines WHERE order_id IN (SELECT id FROM orders WHERE buyer = {}))",
            "line state result period_start period_end done_at undone_at",
            "",
        ),
    ),
    (
        "subscriptions",
        Rows(
            "member = {}",
            "id member plan price provider status every amount currency started_at anchor_at periods period_start period_end trial_end \
             cancels_at_end past_due_since ended_at next_plan next_price next_amount next_at promotion next_every next_paid \
             promotion_left",
            "external_id fetched_at",
        ),
    ),
    ("payment_failures", Rows("subscription IN (SELECT id FROM subscriptions WHERE member = {})", "subscription at", "")),
    ("promotions", Nothing("the community's")),
    ("promotion_plans", Nothing("the community's")),
    (
        "plan_changes",
        Rows(
            "line IN (SELECT id FROM order_lines WHERE order_id IN (SELECT id FROM orders WHERE buyer = {}))",
            "line subscription plan price amount",
            "",
        ),
    ),
    ("test_objects", Nothing("what the test provider plays")),
    ("stripe_events", Nothing("what was told of objects that orders and payments mirror")),
    ("stripe_objects", Nothing("counters")),
    ("stripe_calls", Nothing("work that waits")),
    ("secrets", Nothing("secrets")),
    (
        "gifts",
        Rows(
            "claimed_by = {} OR made_by = {}",
            "id plan months note made_by made_at expires_at order_id claimed_at withdrawn_at",
            "token claimed_by withdrawn_by",
        ),
    ),
    ("letter_causes", Nothing("counters")),
    ("automod_rules", Nothing("the community's")),
    ("day_figures", Nothing("counts of everybody together")),
    ("backups", Nothing("the community's")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::storage::{Table, tables};

    fn names(list: &str) -> BTreeSet<&str> {
        list.split_whitespace().collect()
    }

    /// What is wrong with a list of the columns of a table.
    fn mistakes(columns: &[&str], given: &str, withheld: &str) -> Vec<String> {
        let known: BTreeSet<&str> = columns.iter().copied().collect();
        let (given, withheld) = (names(given), names(withheld));
        let nowhere =
            known.iter().filter(|column| !given.contains(*column) && !withheld.contains(*column)).map(|one| format!("{one} nowhere"));
        let twice = given.intersection(&withheld).map(|one| format!("{one} twice"));
        let unknown = given.union(&withheld).filter(|column| !known.contains(*column)).map(|one| format!("{one} unknown"));
        nowhere.chain(twice).chain(unknown).collect()
    }

    #[test]
    fn every_table_and_every_column_is_given_or_withheld() {
        let listed: Vec<&str> = SHARES.iter().map(|(name, _)| *name).collect();
        let known: Vec<&str> = tables().iter().map(Table::name).collect();
        assert_eq!(listed, known);
        for (table, (name, share)) in tables().iter().zip(&SHARES) {
            match share {
                Nothing(why) => assert!(!why.is_empty(), "{name}"),
                Rows(whose, given, withheld) => {
                    assert!(whose.contains("{}"), "{name}");
                    assert_eq!(mistakes(&table.columns(), given, withheld), Vec::<String>::new(), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_column_that_nobody_decided_about_is_noticed() {
        assert_eq!(mistakes(&["a", "b", "c"], "a", "b"), ["c nowhere"]);
        assert_eq!(mistakes(&["a", "b"], "a b", "b"), ["b twice"]);
        assert_eq!(mistakes(&["a"], "a", "b"), ["b unknown"]);
    }

    #[test]
    fn no_secret_and_nothing_that_others_keep_to_themselves_is_given() {
        let hidden = names("password token token_hash body_hash sealed unheard heard hides_from outcome excerpt fate url");
        for (name, share) in &SHARES {
            let Rows(_, given, _) = share else { continue };
            let told: Vec<&str> = names(given).intersection(&hidden).copied().collect();
            assert!(told.is_empty(), "{name}: {told:?}");
        }
    }
}
