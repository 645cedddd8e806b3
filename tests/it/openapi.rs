//! The description of the API: every route under `/api` stands in it and no other, and ids are strings.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Town;

fn description() -> Value {
    serde_json::to_value(rialto::wire::description()).expect("JSON")
}

#[actix_web::test]
async fn every_route_of_the_api_is_described_and_no_other() {
    let town = Town::new().await;
    let rows = town.routes().await;
    let routes: BTreeSet<(String, String)> = rows.iter().map(|row| (row.path.clone(), row.method.to_lowercase())).collect();
    let all = description();
    let paths = all["paths"].as_object().expect("paths");
    let described: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, item)| item.as_object().expect("an item").keys().map(|method| (path.clone(), method.clone())).collect::<Vec<_>>())
        .filter(|(_, method)| ["get", "post", "put", "patch", "delete"].contains(&method.as_str()))
        .collect();
    let missing: Vec<_> = routes.iter().filter(|(path, _)| path.starts_with("/api/")).filter(|route| !described.contains(*route)).collect();
    let invented: Vec<_> = described.difference(&routes).collect();
    assert!(missing.is_empty() && invented.is_empty(), "not described: {missing:#?}\nnot there: {invented:#?}");
    town.close().await;
}

#[test]
fn what_stands_in_a_path_is_named_there_and_nothing_else() {
    let all = description();
    for (path, item) in all["paths"].as_object().expect("paths") {
        let of_operation = |operation: &Value| operation["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in item.as_object().expect("an item").values().flat_map(of_operation) {
            let name = parameter["name"].as_str().expect("a name");
            let place = if path.contains(&format!("{{{name}}}")) { "path" } else { "query" };
            assert_eq!(parameter["in"], place, "{name} of {path}");
        }
    }
}

/// Calls `look` with every value and the name under which it stands.
fn walk(name: &str, value: &Value, look: &mut impl FnMut(&str, &Value)) {
    look(name, value);
    match value {
        Value::Object(all) => all.iter().for_each(|(key, value)| walk(&format!("{name}/{key}"), value, look)),
        Value::Array(all) => all.iter().enumerate().for_each(|(n, value)| walk(&format!("{name}/{n}"), value, look)),
        _ => {}
    }
}

/// Names under which ids stand.
const IDS: &[&str] = &[
    "id",
    "room",
    "member",
    "members",
    "author",
    "actor",
    "created_by",
    "reply_to",
    "thread",
    "session",
    "role",
    "roles",
    "message",
    "by",
    "before",
    "after",
    "invite",
    "letter",
    "sender",
    "request",
    "report",
    "conversation",
];

#[test]
fn ids_are_strings_everywhere() {
    let all = description();
    let mut wrong = Vec::new();
    let mut seen = 0;
    walk("", &all, &mut |name, value| {
        let parts: Vec<&str> = name.split('/').collect();
        let is_id = parts.len() > 2 && parts[parts.len() - 2] == "properties" && IDS.contains(parts.last().expect("a part"));
        if is_id {
            seen += 1;
            let kinds = [&value["type"], &value["items"]["type"]];
            if kinds.iter().any(|kind| kind.to_string().contains("integer") || kind.to_string().contains("number")) {
                wrong.push(name.to_owned());
            }
        }
        let is_parameter = value["in"] == "path" && value["name"].as_str().is_some_and(|name| IDS.contains(&name));
        if is_parameter {
            seen += 1;
            if value["schema"].to_string().contains("integer") {
                wrong.push(format!("{name} {}", value["name"]));
            }
        }
    });
    for id in ["MemberId", "RoomId", "MessageId", "SessionId", "RoleId", "InviteId", "RequestId", "ReportId", "PlanId"] {
        let schema = &all["components"]["schemas"][id];
        assert!(schema.is_null() || schema["type"] == "string", "{id}: {schema}");
    }
    assert!(seen > 40, "only {seen} ids were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
