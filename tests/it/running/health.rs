//! The health lights: what they say, who reads them, and the ticket of the operator.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Method;
use rialto::admin::health::ticket;
use rialto::members::RoleKind;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{dead_job, light, owner_of, with_rights};
use crate::support::Town;

const HEALTH: &str = "/api/v1/admin/health";

#[actix_web::test]
async fn the_lights_say_how_each_part_is_and_what_is_not_set_up_is_no_trouble() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    let health = owner.get(HEALTH).await;
    let names: Vec<&str> = health["checks"].as_array().expect("checks").iter().map(|check| check["name"].as_str().expect("name")).collect();
    assert_eq!(names, ["database", "disk", "memory", "writes", "calls", "mail", "payments", "backups", "jobs"]);
    for (name, color) in
        [("database", "green"), ("writes", "green"), ("calls", "grey"), ("mail", "grey"), ("payments", "grey"), ("jobs", "green")]
    {
        assert_eq!(light(&health, name)["light"], color, "{health}");
    }
    let saved = light(&health, "backups");
    assert_eq!((&saved["light"], &saved["code"]), (&json!("grey"), &json!("admin.backups_early")));
    let kind = if town.app().ground.config.target.is_sqlite() { "SQLite" } else { "PostgreSQL" };
    assert!(light(&health, "database")["what"].as_str().is_some_and(|what| what.starts_with(kind)), "{health}");

    let french = town.http.get(town.url(HEALTH)).bearer_auth(&owner.token).header("accept-language", "fr").send().await.expect("an answer");
    let french: Value = serde_json::from_str(&french.text().await.expect("a body")).expect("json");
    assert_eq!(light(&french, "mail")["what"], "Les lettres ne sont pas envoyées. Elles restent dans le courrier sortant.");
    town.close().await;
}

#[actix_web::test]
async fn what_is_set_aside_is_told_on_the_front_page_to_those_who_can_mend_it() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    dead_job(&town, "mail.send", "no luck").await;
    let jobs = light(&owner.get(HEALTH).await, "jobs").clone();
    assert_eq!((&jobs["light"], &jobs["path"]), (&json!("amber"), &json!("/admin/jobs?show=dead")));
    let page = owner.page_text("/admin").await;
    assert!(page.contains("One job was set aside after its last attempt.") && page.contains("data-light=\"amber\""), "{page}");
    assert!(page.contains("href=\"/admin/jobs?show=dead\"") || page.contains("href=\"&#x2f;admin&#x2f;jobs?show=dead\""), "{page}");
    let moderator = town.person("mona", &[RoleKind::Moderator]).await;
    assert!(!moderator.page_text("/admin").await.contains("data-light"), "who cannot mend it is not troubled with it");
    let french = owner.call(Method::PATCH, "/api/v1/me", Some(json!({ "language": "fr" }))).await;
    assert_eq!(french.0, 200);
    let page = owner.page_text("/admin").await;
    assert!(page.contains("Une tâche a été mise de côté"), "in the reader's own language, whatever the browser asks for: {page}");
    town.close().await;
}

#[actix_web::test]
async fn monitors_read_the_lights_with_the_right_to_metrics_and_the_operator_with_a_ticket() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    let monitor = with_rights(&town, &owner, "monitor", &["metrics.read"]).await;
    assert!(monitor.get(HEALTH).await["light"].is_string());
    monitor.refused(Method::GET, "/api/v1/admin/jobs", None, 403, "access.not_allowed").await;
    town.member("plain").await.refused(Method::GET, HEALTH, None, 403, "access.not_allowed").await;

    let ground = &town.app().ground;
    let made = ticket(&ground.keys, ground.clock.now());
    let with = |ticket: String| {
        let request = town.http.get(town.url(&format!("{HEALTH}?ticket={ticket}")));
        async move { request.send().await.expect("an answer").status().as_u16() }
    };
    assert_eq!((with(made.clone()).await, with("nonsense".to_owned()).await, with(String::new()).await), (200, 401, 401));
    town.hand.fetch_add(60_000, Ordering::Relaxed);
    assert_eq!(with(made).await, 401, "a minute later it is over");
    town.close().await;
}

/// Asks on a connection that goes on, and reads the answer whole.
async fn asks(connection: &mut TcpStream, address: SocketAddr) {
    connection.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await.expect("sent");
    let (mut head, mut byte) = (String::new(), [0_u8]);
    while !head.ends_with("\r\n\r\n") {
        connection.read_exact(&mut byte).await.expect("an answer");
        head.push(char::from(byte[0]));
    }
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).expect("a length")];
    connection.read_exact(&mut body).await.expect("a body");
}

#[actix_web::test]
async fn a_connection_that_rests_is_not_closed_under_a_proxy_that_means_to_use_it_again() {
    let town = Town::new().await;
    let address = town.running.as_ref().expect("it runs").address;
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    asks(&mut connection, address).await;
    // Servers are known to close after five seconds. One that does would be heard to.
    let closed = tokio::time::timeout(Duration::from_secs(6), connection.read(&mut [0])).await;
    assert!(closed.is_err(), "closed after less than six seconds: {closed:?}");
    asks(&mut connection, address).await;
    drop(connection);
    town.close().await;
}
