//! The last lines of the log, and what the program says of itself: found, and without anybody's secret.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;

use super::{owner_of, with_rights};
use crate::support::Town;

const LOGS: &str = "/api/v1/admin/logs";

#[actix_web::test]
async fn lines_are_found_by_level_words_and_request_and_nobody_else_reads_them() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    let recent = town.app().recent.clone();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(recent), || {
        for n in 0..60 {
            tracing::warn!(n, "the quay is wet");
        }
        tracing::error!(request_id = "0123456789ab", "a request failed at zqbob@example.org");
        tracing::info!("nothing to look at");
    });
    let all = owner.get(&format!("{LOGS}?limit=200")).await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(61));
    let newest = &all["items"][0];
    assert_eq!(
        (&newest["level"], &newest["text"], &newest["request"]),
        (&json!("error"), &json!("a request failed at […]"), &json!("0123456789ab"))
    );
    assert_eq!(newest["at"], json!(crate::support::NOON));
    let first = owner.get(&format!("{LOGS}?level=warning&limit=20")).await;
    let next = first["next"].as_str().expect("there is more");
    let second = owner.get(&format!("{LOGS}?level=warning&limit=20&before={next}")).await;
    assert_eq!((&first["items"][19]["details"], &second["items"][0]["details"]), (&json!("n=40"), &json!("n=39")));
    assert_eq!(owner.get(&format!("{LOGS}?q=0123456789AB")).await["items"].as_array().map(Vec::len), Some(1));

    let page = owner.page_text("/admin/logs?level=error").await;
    assert!(page.contains("a request failed at […]") && page.contains("0123456789ab") && !page.contains("the quay is wet"), "{page}");
    let page = owner.page_text("/admin/logs").await;
    assert!(page.contains("rel=\"next\"") && page.contains("the quay is wet"), "{page}");
    assert!(owner.page_text("/admin/logs?q=nobody+says+this").await.contains("Nothing fits"));
    let keeper = with_rights(&town, &owner, "keeper", &["mail.read", "audit.read"]).await;
    for path in [LOGS, "/api/v1/admin/diagnostics"] {
        keeper.refused(Method::GET, path, None, 403, "access.not_allowed").await;
    }
    town.close().await;
}

#[actix_web::test]
async fn diagnostics_tell_versions_choices_and_lights_and_no_name() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    let change = json!({
        "community_name": "zqname", "community_sentence": "zqsentence", "payment_words": "zqiban", "community_hue": 7, "sign_up_mode": "open",
    });
    assert_eq!(owner.call(Method::PATCH, "/api/v1/admin/settings", Some(change)).await.0, 200);
    let told = owner.get("/api/v1/admin/diagnostics").await;
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    let database = if town.app().ground.config.target.is_sqlite() { "sqlite" } else { "postgresql" };
    assert_eq!((&told["database"], &told["settings"]["community_hue"]), (&json!(database), &json!(7)));
    assert_eq!((&told["settings"]["sign_up_mode"], &told["started_with"]["mail"]), (&json!("open"), &json!(false)));
    assert_eq!(told["health"].as_array().map(Vec::len), Some(9));
    let text = told.to_string();
    let data = town.app().ground.config.data.display().to_string();
    for secret in ["zq", "olga", owner.token.as_str(), data.as_str(), "127.0.0.1", "postgres://"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let page = owner.page_text("/admin/logs").await;
    let shown = page.split("id=\"diagnostics\"").nth(1).and_then(|rest| rest.split("</pre>").next()).expect("the text to copy");
    assert!(shown.contains("uptime_seconds") && !shown.contains("zq") && shown.contains("community_hue"), "{shown}");
    town.close().await;
}

/// The program as it is started, with a log of its own; where it listens.
pub(super) struct Serving(Child, pub(super) String);

fn rialto(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rialto"));
    command.env_clear().current_dir(data.parent().expect("a folder")).arg("--data").arg(data).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

impl Serving {
    /// With a mail server and a provider that are not there, and whose addresses hold secrets.
    fn on(data: &Path) -> Self {
        Self::logging(data, Stdio::null(), "info")
    }

    /// The same, logging to this, and that much.
    pub(super) fn logging(data: &Path, log: impl Into<Stdio>, level: &str) -> Self {
        let mut command = rialto(data);
        command.stderr(log).env("RIALTO_LOG", level);
        command.args(["serve", "--listen", "127.0.0.1:0", "--media-port", "0", "--mail-from", "harbour@example.org"]);
        command.args(["--smtp-url", "smtp://zqsmtpuser:zqsmtppass@127.0.0.1:1", "--stripe-key", "sk_test_zqstripekey0123456789"]);
        command.args(["--stripe-url", "http://127.0.0.1:1", "--stripe-webhook-secret", "whsec_zqwebhooksecret"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let url = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        Self(child, url.expect("it says where it listens"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) const OWNERS: &str = "zqownerpassword-lantern";

/// The owner's token, made on the command line as an operator does.
pub(super) fn set_up(data: &Path) -> String {
    let set_up = ["setup", "--community", "Harbour", "--owner", "olga", "--password-file", "-"];
    let mut child = rialto(data).args(set_up).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    child.stdin.take().expect("its input").write_all(format!("{OWNERS}\n").as_bytes()).expect("written");
    assert!(child.wait().expect("it ends").success());
    let made = rialto(data).args(["token", "create", "--member", "olga"]).output().expect("it runs");
    String::from_utf8(made.stdout).expect("text").trim().to_owned()
}

#[actix_web::test]
async fn no_token_key_password_address_or_message_comes_into_the_log_or_the_diagnostics() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let token = set_up(&data);
    let serving = Serving::on(&data);
    let client = reqwest::Client::new();
    let ask = async |method: Method, path: &str, token: &str, body: Option<Value>| {
        let mut request = client.request(method, format!("{}{path}", serving.1)).header("accept", "text/html, application/json");
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.expect("an answer").text().await.expect("a body")
    };
    let post = async |path: &str, token: &str, body: Value| {
        serde_json::from_str::<Value>(&ask(Method::POST, path, token, Some(body)).await).unwrap_or_default()
    };

    // Whatever may go wrong with secrets in it: letters that nobody takes, a provider that is not there, guesses, words, nonsense.
    ask(Method::PATCH, "/api/v1/admin/settings", &token, Some(json!({ "sign_up_mode": "open" }))).await;
    let joined =
        json!({ "username": "zqmember", "display_name": "zqmember", "password": "zqmemberpassword-42", "email": "zqmail@example.org" });
    let member = post("/api/v1/sign-up", "", joined).await["token"].as_str().expect("a token").to_owned();
    let room = post("/api/v1/rooms", &member, json!({ "kind": "public", "name": "Quay" })).await["id"].as_str().expect("a room").to_owned();
    post(&format!("/api/v1/rooms/{room}/messages"), &member, json!({ "client_key": "k", "body": "zqmessagetext" })).await;
    post("/api/v1/sign-in", "", json!({ "username": "zqmember", "password": "zqwrongpassword" })).await;
    post("/api/v1/password-resets", "", json!({ "username_or_email": "zqmember" })).await;
    post("/api/v1/sign-in", "", json!({ "zqfield": "zqvalue" })).await;
    ask(Method::GET, "/redeem/K7QM-4ZTP-9WRX-0H2D?zqquery=zqvalue", &member, None).await;
    ask(Method::POST, "/api/v1/admin/stripe/check", &token, Some(json!({}))).await;
    ask(Method::GET, "/admin/members?q=zqsearched", "zqnotatoken", None).await;

    // The letter that nobody takes is told of.
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    let mut log = String::new();
    for n in 0.. {
        looks.tick().await;
        log = ask(Method::GET, "/api/v1/admin/logs?limit=200", &token, None).await;
        if log.contains("kind=mail.send") {
            break;
        }
        assert!(n < 600, "no letter fails: {log}");
    }
    let page = ask(Method::GET, "/admin/logs", &token, None).await;
    let shown = page.split("id=\"words\"").next().expect("a page");
    assert!(shown.contains("mail.send"), "the page shows it too: {shown}");
    let diagnostics = ask(Method::GET, "/api/v1/admin/diagnostics", &token, None).await;
    assert!(diagnostics.contains("\"mail\":true") && diagnostics.contains("\"stripe_key\""), "{diagnostics}");
    let data = data.display().to_string();
    for (what, text) in [("the log", log.as_str()), ("the page", shown), ("the diagnostics", &diagnostics)] {
        for secret in ["zq", OWNERS, &token, &member, "K7QM", "example.org", &data] {
            assert!(!text.contains(secret), "{secret} in {what}:\n{text}");
        }
    }
}
