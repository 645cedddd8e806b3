//! A member as a test plays them: calls of the API, and live connections.

use reqwest::{Method, StatusCode};
use rialto::ids::{MemberId, RoomId, SessionId};
use serde_json::{Value, json};

use super::Socket;

/// A signed-in member.
#[derive(Clone)]
pub struct Person {
    /// Username.
    pub name: String,
    /// Id.
    pub id: MemberId,
    /// Their session.
    pub session: SessionId,
    /// Their bearer token.
    pub token: String,
    base: String,
    client: reqwest::Client,
}

impl Person {
    /// With a session that exists.
    pub fn new(base: String, name: &str, id: MemberId, session: SessionId, token: String) -> Self {
        Self { name: name.to_owned(), id, session, token, base, client: reqwest::Client::new() }
    }

    /// The same member at another address of the program.
    pub fn at(&self, base: String) -> Self {
        Self { base, ..self.clone() }
    }

    /// One call of the API: status and JSON (null without a body).
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// A page as it was sent, but for the words that its scripts may need: among them is every sentence, shown or not.
    pub async fn page_text(&self, path: &str) -> String {
        let answer = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token).send().await.expect("an answer");
        assert!(answer.status().is_success(), "GET {path}: {}", answer.status());
        let page = answer.text().await.expect("a page");
        let Some((before, rest)) = page.split_once("id=\"words\"") else { return page };
        format!("{before}{}", rest.split_once("</script>").expect("an end").1)
    }

    /// Takes a password, by which they are known when they are asked again.
    pub async fn takes_password(&self, password: &str) {
        let new = json!({ "current": "", "new": password });
        assert_eq!(self.call(Method::POST, "/api/v1/me/password", Some(new)).await.0, 204);
    }

    /// GET that must succeed.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert!(status.is_success(), "GET {path}: {status} {body}");
        body
    }

    /// POST that must succeed.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "POST {path}: {status} {answer}");
        answer
    }

    /// A call that must be refused with this status and code.
    pub async fn refused(&self, method: Method, path: &str, body: Option<Value>, status: u16, code: &str) {
        let (got, answer) = self.call(method, path, body).await;
        assert_eq!((got.as_u16(), answer["code"].as_str()), (status, Some(code)), "{path}: {answer}");
    }

    /// Sends a message over HTTP and returns its id and place.
    pub async fn says(&self, room: RoomId, key: &str, body: &str) -> (String, i64) {
        let sent = self.post(&format!("/api/v1/rooms/{room}/messages"), json!({ "client_key": key, "body": body })).await;
        (sent["id"].as_str().expect("id").to_owned(), sent["seq"].as_i64().expect("seq"))
    }

    /// Says yes to the newest of what waits for their answer.
    pub async fn says_yes(&self) {
        let page = self.get("/api/v1/requests").await;
        let request = page["items"][0]["id"].as_str().expect("something waits");
        let (status, answer) = self.call(Method::POST, &format!("/api/v1/requests/{request}/accept"), Some(json!({}))).await;
        assert!(status.is_success(), "{}: {status} {answer}", self.name);
    }

    /// A live connection, greeted.
    pub async fn connect(&self) -> Socket {
        Socket::open(&self.base, &self.token).await.expect("a connection")
    }
}
