//! Addresses in letters and answers are those of the community, whatever a request says about the way on which it came.

use rialto::mail::{self, StoredLetter};
use serde_json::json;

use crate::support::{Town, raw, tell};

const OURS: &str = "https://talk.example.org";

/// The head of a request that names us, and says more: all of it is served, and none of it believed. `@` is the rest of the head.
const SAYS_MORE: [&str; 14] = [
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: TALK.example.ORG:443\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nX-Forwarded-Host: evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nX-Forwarded-Host: talk.example.org, evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nForwarded: for=1.2.3.4;host=evil.example;proto=http\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nX-Forwarded-Server: evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nX-HTTP-Host-Override: evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nX-Host: evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nX-Original-Host: evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nX-Forwarded-Port: 8443\r\nX-Forwarded-Proto: http\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nX-Original-URL: http://evil.example/\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nX-Forwarded-Prefix: //evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nReferer: https://evil.example/\r\n@",
    "POST http://talk.example.org/api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nX-Forwarded-Host: evil.example\r\n@",
];

/// The head of a request that names somebody else, or nobody.
const NAMES_OTHERS: [&str; 14] = [
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: evil.example:443\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org:8443\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org.evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org@evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: evil.example#talk.example.org\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org, evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org.\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\nHost: evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: talk.example.org\r\n@",
    "POST http://evil.example/api/v1/password-resets HTTP/1.1\r\nHost: talk.example.org\r\n@",
    "POST http://evil.example/api/v1/password-resets HTTP/1.1\r\nHost: evil.example\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\nHost:\r\n@",
    "POST /api/v1/password-resets HTTP/1.1\r\n@",
];

async fn ask(town: &Town, form: &str, token: Option<&str>, body: &serde_json::Value) -> String {
    let body = body.to_string();
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let rest = format!("{token}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    // Only the last one stands for the rest: a name may have one of its own.
    let (head, _) = form.rsplit_once('@').expect("a place for the rest");
    raw(town, format!("{head}{rest}").as_bytes()).await
}

async fn letters(town: &Town) -> Vec<StoredLetter> {
    let read = town.app().ground.db.read(|conn| {
        let heads = mail::outbox(conn, None, 1_000)?;
        heads.into_iter().map(|head| mail::letter(conn, head.id)).collect()
    });
    read.await.expect("letters")
}

/// Every address in a text that is not ours.
fn foreign(text: &str) -> Vec<String> {
    let addresses = text.match_indices("http").map(|(at, _)| &text[at..]);
    let addresses = addresses.filter(|rest| rest.starts_with("http://") || rest.starts_with("https://"));
    addresses.filter(|rest| !rest.starts_with(&format!("{OURS}/"))).map(|rest| rest.chars().take(60).collect()).collect()
}

#[actix_web::test]
async fn letters_and_links_name_the_community_however_one_asks() {
    let town = Town::with(|config| {
        config.public_url = Some(OURS.to_owned());
        config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
        config.raised_limits = true;
    })
    .await;
    let (owner, marta) = (town.owner("olave").await, town.member("marta").await);
    let id = marta.id;
    let change = SAYS_MORE[0].replace("POST /api/v1/password-resets", "PATCH /api/v1/me");
    let to = json!({ "email": "marta@people.example", "password": "" });
    assert!(ask(&town, &change, Some(&marta.token), &to).await.starts_with("HTTP/1.1 200"));

    let asked = json!({ "username_or_email": "marta" });
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for form in NAMES_OTHERS {
        let said = ask(&town, form, None, &asked).await;
        refused += usize::from(said.starts_with("HTTP/1.1 421") || said.starts_with("HTTP/1.1 400"));
        if !said.starts_with("HTTP/1.1 4") || said.contains("evil.example") {
            wrong.push(format!("{form}: {said}"));
        }
    }
    assert_eq!(letters(&town).await.len(), 0, "nobody is written to");
    for form in SAYS_MORE {
        let said = ask(&town, form, None, &asked).await;
        if !said.starts_with("HTTP/1.1 202") {
            wrong.push(format!("{form}: {said}"));
        }
        for path in [format!("/api/v1/admin/members/{id}/reset-link"), "/api/v1/admin/invites".to_owned()] {
            let said = ask(&town, &form.replace("/api/v1/password-resets", &path), Some(&owner.token), &json!({})).await;
            if !said.starts_with("HTTP/1.1 201") || !said.contains(OURS) || !foreign(&said).is_empty() {
                wrong.push(format!("{form} at {path}: {said}"));
            }
        }
    }
    let all = letters(&town).await;
    wrong.extend(all.iter().flat_map(|letter| foreign(&letter.text).into_iter().chain(foreign(&letter.html))));
    tell("forms that name somebody else, refused", refused);
    tell("forms that say more than they should", SAYS_MORE.len());
    tell("letters that they caused", all.len());
    tell("addresses in letters and answers that are not ours", wrong.len());
    assert_eq!((all.len(), refused), (SAYS_MORE.len(), NAMES_OTHERS.len()));
    assert!(all.iter().all(|letter| letter.text.contains(&format!("{OURS}/reset/"))));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    town.close().await;
}
