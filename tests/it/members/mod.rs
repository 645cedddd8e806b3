//! Accounts over the API, as browsers and programs meet them: coming in, guessing, and the life of a session.

mod enumeration;
mod flood;
mod front_page;
mod guessing;
mod letters;
mod poisoning;
mod rights;
mod sessions;
mod single_use;

use reqwest::{Method, StatusCode};
use rialto::ids::MemberId;
use rialto::members::{self, DisplayName, NewMember, Password, Username};
use serde_json::{Value, json};

use crate::support::Town;

/// The password of every account here.
const PASSWORD: &str = "along the old quay";

/// A member who signs in with [`PASSWORD`] and has no session yet.
async fn account(town: &Town, name: &str) -> MemberId {
    let password = Password::parse(PASSWORD, name, "password").expect("a good password");
    let hash = town.app().members.hasher.make(password).await.expect("a hash");
    let new = NewMember {
        password: Some(hash),
        ..NewMember::named(Username::parse(name).expect("a name"), DisplayName::parse(name).expect("a name"))
    };
    town.app().ground.db.write(move |tx| members::create_member(tx, &new)).await.expect("a member")
}

/// What came back.
struct Answer {
    status: StatusCode,
    json: Value,
    /// The value of the session cookie that was set.
    cookie: Option<String>,
}

/// A browser that keeps no cookie by itself, so that a test can hold several, or somebody else's.
#[derive(Clone)]
struct Browser {
    client: reqwest::Client,
    base: String,
    /// The value of the session cookie.
    cookie: Option<String>,
}

impl Browser {
    fn new(town: &Town) -> Self {
        Self { client: reqwest::Client::new(), base: town.url(""), cookie: None }
    }

    fn with(&self, cookie: &str) -> Self {
        Self { cookie: Some(cookie.to_owned()), ..self.clone() }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).header("Origin", &self.base);
        if let Some(cookie) = &self.cookie {
            let port = self.base.rsplit_once(':').expect("a port").1;
            request = request.header("Cookie", format!("rialto-{port}={cookie}"));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let cookie = answer.cookies().find(|cookie| cookie.name().starts_with("rialto-")).map(|cookie| cookie.value().to_owned());
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        Answer { status, json: serde_json::from_str(&text).unwrap_or(Value::Null), cookie }
    }

    /// The same browser after signing in.
    async fn sign_in(&self, name: &str, password: &str) -> Self {
        let answer = self.call(Method::POST, "/api/v1/sign-in", Some(json!({ "username": name, "password": password }))).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        self.with(&answer.cookie.expect("a cookie"))
    }

    /// Whose browser it is; nobody's without a session.
    async fn whose(&self) -> Option<String> {
        let me = self.call(Method::GET, "/api/v1/me", None).await;
        assert!([200, 401].contains(&me.status.as_u16()), "{}", me.json);
        me.json["username"].as_str().map(str::to_owned)
    }
}
