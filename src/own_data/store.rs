//! What of each table is a member's: one list, which a test holds against the schema.

use std::io::Write;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::storage::{Conn, tables};

/// Integers up to this are the same to every reader of JSON.
const EXACT: u64 = 1 << 53;

/// What of a table is given to a member.
enum Share {
    /// Rows of which this holds, `{}` being the member; but for these columns.
    Rows(&'static str, &'static [&'static str]),
    /// Nothing, and why.
    #[cfg_attr(not(test), expect(dead_code, reason = "why is for whoever reads the list, and for its test"))]
    Nothing(&'static str),
}
use Share::{Nothing, Rows};

/// Every table. What is withheld is a secret, somebody else's words, or what somebody keeps from the member: that they are shut out, or not heard.
const SHARES: [(&str, Share); 64] = [
    ("facts", Nothing("the database's own")),
    ("settings", Nothing("the community's")),
    ("room_heads", Nothing("counters")),
    ("room_events", Nothing("what happened to rows that are given")),
    ("member_heads", Nothing("counters")),
    ("member_events", Nothing("what the member's own browsers were told of rows that are given")),
    ("idempotency", Nothing("answers of the last day, kept for whoever asks twice")),
    ("jobs", Nothing("work that waits")),
    ("letters", Rows("member = {}", &["body_text", "body_html", "last_error"])),
    ("audit", Nothing("the community's log, which outlives accounts")),
    ("members", Rows("id = {}", &["password", "name_key", "permissions"])),
    ("roles", Nothing("the community's")),
    ("member_roles", Rows("member = {}", &[])),
    ("sessions", Rows("member = {}", &["token_hash"])),
    ("invites", Rows("created_by = {}", &[])),
    ("one_time_links", Nothing("secrets")),
    ("sanctions", Rows("member = {}", &["made_by", "note", "report", "decided_by"])),
    ("rooms", Rows("created_by = {} AND id IN (SELECT room FROM room_members WHERE member = {})", &["name_key", "circle", "member_count"])),
    ("room_members", Rows("member = {}", &[])),
    ("room_invitations", Rows("member = {}", &[])),
    (
        "messages",
        Rows(
            "author = {} AND deleted_at IS NULL",
            &[
                "client_key",
                "body_hash",
                "body_html",
                "renderer",
                "thread_count",
                "mentions",
                "reactions",
                "unheard",
                "heard",
                "hides_from",
            ],
        ),
    ),
    ("reactions", Rows("member = {}", &["place"])),
    ("mentions", Nothing("what others wrote, and what stands in messages that are given")),
    ("read_marks", Rows("member = {}", &[])),
    ("slow_marks", Rows("member = {}", &[])),
    ("plans", Nothing("the community's")),
    ("plan_entitlements", Nothing("the community's")),
    ("grants", Rows("member = {}", &["phase"])),
    ("grant_log", Rows("member = {}", &[])),
    ("verifications", Rows("member = {}", &[])),
    ("member_badges", Rows("member = {}", &[])),
    ("relations", Rows("member = {}", &[])),
    ("contact_notes", Rows("member = {}", &["name_key"])),
    ("reach", Rows("member = {}", &[])),
    ("requests", Rows("sender = {}", &["ended_at", "outcome", "counts"])),
    ("reports", Rows("reporter = {}", &["excerpt", "said_again", "closed_by", "outcome", "note"])),
    ("calls", Rows("starter = {}", &["client_key", "cause", "answered_at"])),
    ("call_people", Rows("member = {} AND listed", &["held", "rung", "fate", "listed"])),
    ("call_stays", Rows("member = {}", &[])),
    ("prices", Nothing("the community's")),
    ("payers", Rows("member = {}", &[])),
    ("orders", Rows("buyer = {}", &["client_key", "session", "url", "attempt"])),
    ("order_lines", Rows("order_id IN (SELECT id FROM orders WHERE buyer = {})", &[])),
    ("payments", Rows("order_id IN (SELECT id FROM orders WHERE buyer = {})", &["external_id"])),
    ("refunds", Rows("payment IN (SELECT id FROM payments WHERE order_id IN (SELECT id FROM orders WHERE buyer = {}))", &[])),
    ("disputes", Rows("member = {}", &["forgiven_by"])),
    ("strange_checkouts", Nothing("what administrators look into")),
    ("receipt_counters", Nothing("counters")),
    ("ledger", Nothing("the community's books")),
    ("fulfilments", Rows("line IN (SELECT id FROM order_lines WHERE order_id IN (SELECT id FROM orders WHERE buyer = {}))", &[])),
    ("subscriptions", Rows("member = {}", &["external_id", "fetched_at"])),
    ("payment_failures", Rows("subscription IN (SELECT id FROM subscriptions WHERE member = {})", &[])),
    ("promotions", Nothing("the community's")),
    ("promotion_plans", Nothing("the community's")),
    ("plan_changes", Rows("line IN (SELECT id FROM order_lines WHERE order_id IN (SELECT id FROM orders WHERE buyer = {}))", &[])),
    ("test_objects", Nothing("what the test provider plays")),
    ("stripe_events", Nothing("what was told of objects that orders and payments mirror")),
    ("stripe_objects", Nothing("counters")),
    ("stripe_calls", Nothing("work that waits")),
    ("secrets", Nothing("secrets")),
    ("gifts", Rows("claimed_by = {} OR made_by = {}", &["token", "claimed_by", "withdrawn_by"])),
    ("letter_causes", Nothing("counters")),
    ("automod_rules", Nothing("the community's")),
    ("backups", Nothing("the community's")),
];

/// Writes what the database holds of a member: one JSON object, by table a list of rows, each an object of its columns.
///
/// # Errors
/// When the database cannot be read, or `out` takes no more.
pub fn write_of_member(conn: &mut Conn, member: MemberId, out: &mut impl Write) -> Result<()> {
    let mut before_table: &[u8] = b"{";
    for table in tables() {
        let share = SHARES.iter().find(|(name, _)| *name == table.name()).map(|(_, share)| share);
        let Some(Rows(whose, withheld)) = share else { continue };
        let columns = table.columns();
        out.write_all(std::mem::replace(&mut before_table, b","))?;
        write!(out, "\"{}\":", table.name())?;
        let mut before_row: &[u8] = b"[";
        table.each_row_where(conn, &whose.replace("{}", &member.to_string()), |row| {
            out.write_all(std::mem::replace(&mut before_row, b","))?;
            let Value::Array(values) = serde_json::from_str(row)? else { return Err(Error::broken("a row is an array")) };
            let given = columns.iter().zip(values).filter(|(column, _)| !withheld.contains(column));
            let row: Map<String, Value> = given.map(|(column, value)| ((*column).to_owned(), exact(value))).collect();
            Ok(serde_json::to_writer(&mut *out, &row)?)
        })?;
        out.write_all(if before_row == b"[" { b"[]" } else { b"]" })?;
    }
    Ok(out.write_all(b"}")?)
}

/// An integer that some readers would round becomes a string.
fn exact(value: Value) -> Value {
    match value.as_i64() {
        Some(number) if number.unsigned_abs() > EXACT => Value::String(number.to_string()),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::storage::{Target, migrate};

    #[test]
    fn every_table_is_given_or_withheld_for_a_reason() {
        let listed: Vec<&str> = SHARES.iter().map(|(name, _)| *name).collect();
        let known: Vec<&str> = tables().iter().map(crate::storage::Table::name).collect();
        assert_eq!(listed, known);
        for (table, (name, share)) in tables().iter().zip(&SHARES) {
            match share {
                Nothing(why) => assert!(!why.is_empty(), "{name}"),
                Rows(whose, withheld) => {
                    assert!(whose.contains("{}"), "{name}");
                    assert!(withheld.iter().all(|column| table.columns().contains(column)), "{name}: {withheld:?}");
                }
            }
        }
    }

    #[test]
    fn no_secret_and_nothing_that_others_keep_to_themselves_is_given() {
        let hidden = [
            "password",
            "token",
            "token_hash",
            "body_hash",
            "sealed",
            "unheard",
            "heard",
            "hides_from",
            "outcome",
            "excerpt",
            "fate",
            "url",
        ];
        for (table, (name, share)) in tables().iter().zip(&SHARES) {
            let Rows(_, withheld) = share else { continue };
            let given: Vec<&str> =
                table.columns().into_iter().filter(|column| hidden.contains(column) && !withheld.contains(column)).collect();
            assert!(given.is_empty(), "{name}: {given:?}");
        }
    }

    /// What is small in every community, and has no index on the member for it.
    const READ_WHOLE: [&str; 2] = ["invites", "gifts"];

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = diesel::sql_types::Text)]
        detail: String,
    }

    #[test]
    fn no_table_that_grows_is_read_whole_for_one_member() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut conn = Target::Sqlite(folder.path().join("rialto.db")).writer().expect("a database");
        migrate(&mut conn).expect("forward");
        let Conn::Sqlite(conn) = &mut conn else { unreachable!() };
        for (name, share) in &SHARES {
            let Rows(whose, _) = share else { continue };
            let query = format!("EXPLAIN QUERY PLAN SELECT * FROM {name} WHERE {}", whose.replace("{}", "7"));
            let steps: Vec<Step> = diesel::sql_query(query).load(conn).expect("a plan");
            let scans = steps.iter().any(|step| step.detail.starts_with("SCAN"));
            assert_eq!(scans, READ_WHOLE.contains(name), "{name}");
        }
    }

    #[test]
    fn integers_that_readers_round_are_strings() {
        assert_eq!(exact(Value::from(1_795_000_000_000_i64)), Value::from(1_795_000_000_000_i64));
        assert_eq!(exact(Value::from(121_309_338_009_600_005_i64)), Value::from("121309338009600005"));
        assert_eq!(exact(Value::from("x")), Value::from("x"));
    }
}
