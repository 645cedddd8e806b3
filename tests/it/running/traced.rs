//! The log at its most talkative: a run with every secret there is, and not one of them in any line.

use std::fs::File;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::logs::{OWNERS, Serving, set_up};
use crate::support::{Socket, tell};

/// What is said, typed or sent in the run, beside what the program makes itself.
const SAID: [(&str, &str); 12] = [
    ("a password", "zqmemberpassword-42"),
    ("another password", "zqotherpassword-42"),
    ("a wrong password", "zqwrongpassword-42"),
    ("an address", "zqmail"),
    ("words of a message", "zqmessagetext"),
    ("words over a connection", "zqsocketwords"),
    ("what somebody types", "zqquery"),
    ("a note", "zqnote"),
    ("a card", "4242424242424242"),
    ("a card, as one types it", "4242 4242 4242 4242"),
    ("a body that is not read", "zqunreadbody"),
    ("the secret of webhooks", "whsec_zqwebhooksecret"),
];

/// A program and who asks it.
struct Caller {
    client: reqwest::Client,
    base: String,
}

impl Caller {
    /// Asks, and looks that the answer is the expected one: a step that was refused would have had no secret in it.
    async fn send(&self, expected: u16, (method, path): (Method, &str), headers: &[(&str, &str)], body: Option<Value>) -> Response {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), expected, "{method} {path}");
        answer
    }

    async fn by(&self, token: &str, expected: u16, asked: (Method, &str), body: Value) -> Value {
        let authorization = format!("Bearer {token}");
        let answer = self.send(expected, asked, &[("authorization", &authorization)], Some(body)).await;
        serde_json::from_str(&answer.text().await.expect("a body")).unwrap_or_default()
    }

    async fn post(&self, token: &str, expected: u16, path: &str, body: Value) -> Value {
        self.by(token, expected, (Method::POST, path), body).await
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("text, not {value}")).to_owned()
}

/// Comes in with a cookie, changes the password, forgets it, and takes another by a link; the secrets that the program made on the way.
async fn come_in(caller: &Caller, owner: &str) -> Vec<(&'static str, String)> {
    let own = [("origin", caller.base.as_str())];
    let joined = json!({ "username": "zqmember", "password": SAID[0].1, "email": "zqmail@example.org" });
    let cookie_of = |answer: &Response| {
        let cookie = answer.cookies().find(|cookie| cookie.name().starts_with("rialto-")).expect("a cookie");
        (cookie.name().to_owned(), cookie.value().to_owned())
    };
    let post = |path: &'static str| (Method::POST, path);
    let (name, first) = cookie_of(&caller.send(201, post("/api/v1/sign-up"), &own, Some(joined)).await);
    let cookie = format!("{name}={first}");
    let signed = [("origin", caller.base.as_str()), ("cookie", cookie.as_str())];
    let me = caller.send(200, (Method::GET, "/api/v1/me"), &signed, None).await;
    let id = text(&me.json::<Value>().await.expect("JSON")["id"]);
    let change = json!({ "current": SAID[0].1, "new": SAID[1].1 });
    let (_, second) = cookie_of(&caller.send(204, post("/api/v1/me/password"), &signed, Some(change)).await);
    let wrong = json!({ "username": "zqmember", "password": SAID[2].1 });
    caller.send(403, post("/api/v1/sign-in"), &[], Some(wrong)).await;
    caller.send(202, post("/api/v1/password-resets"), &[], Some(json!({ "username_or_email": "zqmail@example.org" }))).await;
    let link = text(&caller.post(owner, 201, &format!("/api/v1/admin/members/{id}/reset-link"), json!({})).await["url"]);
    let reset = link.rsplit('/').next().expect("a code").to_owned();
    caller.send(200, (Method::GET, &format!("/reset/{reset}")), &[("accept", "text/html")], None).await;
    let by_link = format!("/api/v1/password-resets/{reset}");
    caller.send(204, (Method::POST, &by_link), &[], Some(json!({ "password": SAID[0].1 }))).await;
    vec![("a cookie", first), ("a cookie after a change", second), ("a reset link", reset)]
}

#[actix_web::test]
async fn no_secret_comes_into_a_log_that_tells_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let owner = set_up(&data);
    let serving = Serving::logging(&data, File::create(&log).expect("a file"), "trace");
    let caller = Caller { client: reqwest::Client::new(), base: serving.1.clone() };
    caller.by(&owner, 200, (Method::PATCH, "/api/v1/admin/settings"), json!({ "sign_up_mode": "open" })).await;
    let mut secrets: Vec<(&str, String)> = SAID.iter().map(|(what, said)| (*what, (*said).to_owned())).collect();
    secrets.extend([("the owner's password", OWNERS.to_owned()), ("the owner's token", owner.clone())]);
    secrets.extend(come_in(&caller, &owner).await);

    let room = text(&caller.post(&owner, 201, "/api/v1/rooms", json!({ "kind": "public", "name": "Quay" })).await["id"]);
    for (key, body) in [("k1", "zqmessagetext"), ("k2", SAID[8].1), ("k3", SAID[9].1)] {
        caller.post(&owner, 201, &format!("/api/v1/rooms/{room}/messages"), json!({ "client_key": key, "body": body })).await;
    }
    let mut socket = Socket::open(&caller.base, &owner).await.expect("a connection");
    socket.done(json!({ "type": "chat.send", "room": room, "client_key": "k4", "body": "zqsocketwords" })).await;
    let unread = socket.ask(json!({ "type": "chat.send", "room": room, "client_key": "k4", "nobody": "zqunreadbody" })).await;
    assert_eq!(unread["type"], "refused", "{unread}");
    let token = json!({ "name": "zqnote", "scopes": ["read"] });
    let token = text(&caller.post(&owner, 201, "/api/v1/me/tokens", token).await["token"]);
    caller.by(&token, 200, (Method::GET, "/api/v1/members?q=zqquery"), Value::Null).await;
    let invite = text(&caller.post(&owner, 201, "/api/v1/admin/invites", json!({ "note": "zqnote" })).await["code"]);
    caller.send(200, (Method::GET, &format!("/invite/{invite}")), &[("accept", "text/html")], None).await;
    let plans = caller.by(&owner, 200, (Method::GET, "/api/v1/plans"), Value::Null).await;
    let gift = json!({ "plan": plans["items"][0]["id"], "note": "zqnote" });
    let gift = text(&caller.post(&owner, 201, "/api/v1/admin/gifts", gift).await["code"]);
    let back =
        caller.send(200, (Method::POST, "/api/v1/sign-in"), &[], Some(json!({ "username": "zqmember", "password": SAID[0].1 }))).await;
    let program = text(&back.json::<Value>().await.expect("JSON")["token"]);
    caller.post(&program, 200, "/api/v1/me/gifts/redeem", json!({ "code": gift })).await;
    let hook = [("stripe-signature", "t=1,v1=00")];
    caller.send(422, (Method::POST, "/hooks/stripe"), &hook, Some(json!({ "id": "zqunreadbody" }))).await;
    caller.post(&owner, 503, "/api/v1/admin/stripe/check", json!({})).await;
    caller.send(422, (Method::POST, "/api/v1/sign-in"), &[], Some(json!({ "zqunreadbody": "zqunreadbody" }))).await;
    caller.by("zqnotatoken", 401, (Method::GET, "/admin/members?q=zqquery"), Value::Null).await;
    secrets.extend([
        ("a token", token),
        ("a token of a sign-in", program),
        ("a token that is none", "zqnotatoken".to_owned()),
        ("an invite", invite),
        ("a gift", gift),
    ]);
    secrets.extend([("the mail server's password", "zqsmtppass".to_owned()), ("a key of the provider", "zqstripekey".to_owned())]);

    drop((socket, serving));
    let log = String::from_utf8_lossy(&std::fs::read(&log).expect("a log")).into_owned();
    let found: Vec<String> = secrets
        .iter()
        .flat_map(|(what, secret)| {
            log.lines().filter(|line| line.contains(secret.as_str())).take(2).map(move |line| format!("{what}: {line}"))
        })
        .collect();
    tell("secrets in a run that logs everything", secrets.len());
    tell("lines of its log", log.lines().count());
    tell("secrets in the log", found.len());
    assert!(log.contains("TRACE") && log.contains("answered"), "it tells everything");
    assert!(found.is_empty(), "{}", found.join("\n"));
}
