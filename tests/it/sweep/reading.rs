//! Whoever only reads changes nothing: every GET × every visitor, and the whole database before and after, row by row.

use std::collections::BTreeMap;

use rialto::backups;
use rialto::clock::Clock;
use serde_json::Value;

use super::cast::{Cast, filled};
use super::table::TABLE;
use crate::support::{NOON, tell};

/// Columns in which it is noted that somebody was here.
const SEEN: [(&str, &str); 2] = [("members", "last_seen_at"), ("sessions", "last_seen_at")];

/// The rows of every table, without what is noted of those who were here.
fn rows(cast: &Cast) -> BTreeMap<String, Vec<Value>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rows");
    backups::export(&cast.town.app().ground.config.target, &file, &Clock::held(NOON).0).expect("exported");
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let (mut table, mut seen) = (String::new(), None);
    for line in std::fs::read_to_string(file).expect("lines").lines() {
        let value: Value = serde_json::from_str(line).expect("JSON");
        if let Some(name) = value["table"].as_str() {
            name.clone_into(&mut table);
            let columns = value["columns"].as_array().expect("columns");
            seen = columns.iter().position(|column| SEEN.iter().any(|(of, name)| table == *of && column == name));
        } else if let Value::Array(mut row) = value {
            if let Some(place) = seen {
                row.remove(place);
            }
            all.entry(table.clone()).or_default().push(Value::Array(row));
        }
    }
    all
}

#[actix_web::test]
async fn whoever_only_reads_changes_nothing() {
    let cast = Cast::gather().await;
    let mut asked = Vec::new();
    for row in TABLE.iter().filter(|row| row.method == "GET") {
        for visitor in &cast.visitors {
            // What there is to read is made before.
            let targets = cast.targets("GET", row.path, cast.private, visitor).await;
            asked.push((visitor, filled(row.path, &targets), targets));
        }
    }
    let before = rows(&cast);
    for (visitor, path, targets) in &asked {
        cast.call(visitor, "GET", path, targets).await;
    }
    let after = rows(&cast);
    let rows_of = |all: &BTreeMap<String, Vec<Value>>, table: &String| all.get(table).cloned().unwrap_or_default();
    let mut changed = Vec::new();
    for table in before.keys().chain(after.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (then, now) = (rows_of(&before, table), rows_of(&after, table));
        changed.extend(then.iter().filter(|row| !now.contains(row)).map(|row| format!("{table}: was {row}")));
        changed.extend(now.iter().filter(|row| !then.contains(row)).map(|row| format!("{table}: is {row}")));
    }
    tell("requests that only read", asked.len());
    tell("rows compared", before.values().map(Vec::len).sum());
    tell("rows changed by reading", changed.len());
    assert!(before.values().map(Vec::len).sum::<usize>() > 500, "there is something to change");
    assert!(changed.is_empty(), "{}", changed.join("\n"));
    cast.town.close().await;
}
