//! A member's own data: all of it in one document and nothing of others; and after the account is deleted, nothing of it anywhere.

use diesel::connection::SimpleConnection;
use reqwest::Method;
use rialto::backups;
use rialto::chat::RoomKind;
use rialto::clock::Clock;
use rialto::storage::{Conn, Target};
use serde_json::json;

use crate::support::{NOON, Person, Town, tell};

/// Words of ann's that say who she is or what she keeps to herself: nowhere once she is gone.
const HERS: [&str; 11] = [
    "zqannusername",
    "zqannshown",
    "zqannpronouns",
    "zqannbio",
    "zqannstatus",
    "zqannmail@example.org",
    "zqannformer@example.org",
    "zqanntoken",
    "zqannownname",
    "zqannnote",
    "zqanninvite",
];
/// What she said to others, which keeps its place without her name.
const SAID: [&str; 3] = ["zqannroomwords", "zqanndirectwords", "zqannreport"];
/// What others wrote beside and about her.
const OTHERS: [&str; 4] = ["zqbobwords", "zqbobanswer", "zqbobnote", "zqbobbio"];

async fn set(person: &Person, method: Method, path: &str, body: serde_json::Value) {
    let (status, answer) = person.call(method, path, Some(body)).await;
    assert!(status.is_success(), "{path}: {status} {answer}");
}

/// Two people with words of each everywhere.
async fn two(town: &Town) -> (Person, Person) {
    let (ann, bob) = (town.person("zqannusername", &[rialto::members::RoleKind::Administrator]).await, town.member("bob").await);
    let profile = json!({
        "display_name": "zqannshown", "pronouns": "zqannpronouns", "bio": "zqannbio",
    });
    set(&ann, Method::PATCH, "/api/v1/me", profile).await;
    set(&ann, Method::PUT, "/api/v1/me/status", json!({ "emoji": "🌊", "text": "zqannstatus" })).await;
    set(&ann, Method::POST, "/api/v1/me/tokens", json!({ "name": "zqanntoken", "scopes": ["read"] })).await;
    set(&ann, Method::POST, "/api/v1/admin/invites", json!({ "note": "zqanninvite" })).await;
    set(&bob, Method::PATCH, "/api/v1/me", json!({ "bio": "zqbobbio" })).await;
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let (hers, _) = ann.says(room, "k1", "zqannroomwords").await;
    bob.says(room, "k2", "zqbobwords").await;
    let answer = json!({ "client_key": "k3", "body": "zqbobanswer", "reply_to": hers });
    bob.post(&format!("/api/v1/rooms/{room}/messages"), answer).await;
    let direct = ann.post("/api/v1/rooms", json!({ "kind": "direct", "members": [bob.id] })).await["id"].as_str().expect("an id").parse();
    ann.says(direct.expect("a room"), "k4", "zqanndirectwords").await;
    set(&ann, Method::PATCH, &format!("/api/v1/contacts/{}", bob.id), json!({ "own_name": "zqannownname", "note": "zqannnote" })).await;
    set(&bob, Method::PATCH, &format!("/api/v1/contacts/{}", ann.id), json!({ "note": "zqbobnote" })).await;
    set(&ann, Method::POST, "/api/v1/reports", json!({ "member": bob.id, "reason": "other", "text": "zqannreport" })).await;
    // A letter to an address that she gives up, and one to that of now.
    for address in ["zqannformer@example.org", "zqannmail@example.org"] {
        set(&ann, Method::PATCH, "/api/v1/me", json!({ "email": address, "password": "" })).await;
        let asked = json!({ "username_or_email": "zqannusername" });
        assert!(town.http.post(town.url("/api/v1/password-resets")).json(&asked).send().await.expect("an answer").status().is_success());
    }
    (ann, bob)
}

#[actix_web::test]
async fn a_member_takes_everything_of_their_own_and_nothing_of_others() {
    let town = Town::new().await;
    let (ann, bob) = two(&town).await;
    let answer = town.http.get(town.url("/api/v1/me/data")).bearer_auth(&ann.token).send().await.expect("an answer");
    assert_eq!(answer.headers()["content-disposition"].to_str().ok(), Some("attachment; filename=\"my-data.json\""));
    let data: serde_json::Value = answer.json().await.expect("JSON");
    let text = data.to_string();
    for word in HERS.iter().chain(&SAID) {
        assert!(text.contains(word), "{word} is not in it");
    }
    tell("canaries in the document of whose they are", HERS.iter().chain(&SAID).filter(|word| text.contains(**word)).count());
    tell("canaries of others in it", OTHERS.iter().filter(|word| text.contains(**word)).count());
    for word in OTHERS.iter().chain(&["$argon2", "token_hash", "hides_from", "unheard"]) {
        assert!(!text.contains(word), "{word} is in it");
    }
    assert_eq!((&data["member"], &data["tables"]["members"][0]["id"]), (&json!(ann.id), &json!(ann.id)));
    assert_eq!(data["tables"]["messages"].as_array().map(Vec::len), Some(2));

    // An address that is free again brings nobody the letters of whoever had it.
    set(&bob, Method::PATCH, "/api/v1/me", json!({ "email": "zqannformer@example.org", "password": "" })).await;
    // Whoever is shut out finds the same as before.
    let tables = |data: &serde_json::Value| data["tables"].as_object().expect("tables").clone();
    let before = tables(&bob.get("/api/v1/me/data").await);
    assert_eq!(before["letters"], json!([]));
    set(&ann, Method::PUT, &format!("/api/v1/blocks/{}", bob.id), json!({})).await;
    assert_eq!(tables(&bob.get("/api/v1/me/data").await), before);
    bob.get("/api/v1/me/data").await;
    bob.refused(Method::GET, "/api/v1/me/data", None, 429, "error.slow_down").await;
    town.close().await;
}

#[actix_web::test]
async fn after_an_account_is_deleted_nothing_says_whose_it_was() {
    let town = Town::new().await;
    let (ann, bob) = two(&town).await;
    let folder = tempfile::tempdir().expect("a folder");
    let target = town.app().ground.config.target.clone();
    let rows = |name: &str| {
        let file = folder.path().join(name);
        backups::export(&target, &file, &Clock::held(NOON).0).expect("exported");
        std::fs::read_to_string(file).expect("lines")
    };
    let before = rows("before");
    for word in HERS.iter().chain(&SAID).chain(&OTHERS) {
        assert!(before.contains(word), "{word} was not planted");
    }
    assert_eq!(ann.call(Method::DELETE, "/api/v1/me", Some(json!({ "password": "" }))).await.0, 204);
    let after = rows("after");
    let mut table = "";
    let mut left = Vec::new();
    for line in after.lines() {
        table = line.strip_prefix("{\"table\":\"").and_then(|rest| rest.split('"').next()).unwrap_or(table);
        // What was done with the rights of an administrator stays in the community's log as it was written down.
        let is_logged = |word: &str| table == "audit" && ["zqanninvite", "zqanntoken"].contains(&word);
        left.extend(HERS.iter().filter(|word| line.contains(**word) && !is_logged(word)).map(|word| format!("{word} in {table}: {line}")));
    }
    tell("canaries left in rows", left.len());
    assert!(left.is_empty(), "{left:#?}");
    // What others noted about her goes too: there is nobody whom it is about.
    assert!(!after.contains("zqbobnote"));
    for word in SAID.iter().chain(OTHERS.iter().filter(|word| **word != "zqbobnote")) {
        assert!(after.contains(word), "{word} keeps its place");
    }
    // What she said stands there without a name.
    let rooms = bob.get("/api/v1/rooms").await.to_string();
    assert!(HERS.iter().all(|word| !rooms.contains(word)), "{rooms}");
    town.close().await;
}

/// Which of these are in the files of a SQLite database, after its log was written back.
fn in_files(town: &Town, words: &[&str]) -> Vec<String> {
    let Target::Sqlite(file) = town.app().ground.config.target.clone() else { unreachable!("asked for SQLite alone") };
    let log = file.with_file_name("rialto.db-wal");
    // A reader may hold it up for a moment.
    while std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let Ok(Conn::Sqlite(mut conn)) = town.app().ground.config.target.writer() else { unreachable!("it is open already") };
        conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").expect("written back");
    }
    let bytes = std::fs::read(file).expect("a database");
    let holds = |word: &&&str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    words.iter().filter(holds).map(|word| (*word).to_owned()).collect()
}

#[actix_web::test]
async fn after_an_account_is_deleted_its_words_are_in_no_page_of_the_file() {
    let town = Town::new().await;
    if !town.app().ground.config.target.is_sqlite() {
        // What PostgreSQL keeps of deleted rows is gone after its own VACUUM.
        return town.close().await;
    }
    let (ann, bob) = two(&town).await;
    let room = town.room(&bob, RoomKind::Private, "Attic", &[&ann]).await;
    let (said, _) = ann.says(room, "k9", "zqanndeleted").await;
    assert_eq!(in_files(&town, &["zqanndeleted"]).len(), 1, "it was there");
    let edit = format!("/api/v1/rooms/{room}/messages/{said}");
    assert!(ann.call(Method::PATCH, &edit, Some(json!({ "body": "zqannedited" }))).await.0.is_success());
    assert_eq!(in_files(&town, &["zqannedited"]).len(), 1, "it was there");
    set(&ann, Method::DELETE, &format!("/api/v1/rooms/{room}/messages/{said}"), json!({})).await;
    // What she did as an administrator stays in the community's log, as it was written down.
    let logged = ["zqanninvite", "zqanntoken"];
    let hers: Vec<&str> = HERS.into_iter().filter(|word| !logged.contains(word)).chain(["zqbobnote"]).collect();
    assert_eq!(in_files(&town, &hers).len(), hers.len(), "they were there");
    let deleted = in_files(&town, &["zqanndeleted", "zqannedited"]);
    assert_eq!(ann.call(Method::DELETE, "/api/v1/me", Some(json!({ "password": "" }))).await.0, 204);
    let left = in_files(&town, &hers);
    tell("canaries looked for in the file", hers.len() + 2);
    tell("canaries left in the file", left.len() + deleted.len());
    assert!(left.is_empty() && deleted.is_empty(), "{left:?} {deleted:?}");
    assert_eq!(in_files(&town, &SAID).len(), SAID.len(), "what she said to others keeps its place");
    town.close().await;
}
