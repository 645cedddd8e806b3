//! Letters as a server takes them: nothing that anybody writes becomes a header or a recipient, and nobody's mailbox is filled by strangers.

use std::collections::BTreeSet;

use reqwest::Method;
use rialto::mail;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Browser, PASSWORD};
use crate::support::{Town, tell};

/// What tries to end a line, a letter, or an address.
const EVIL: [&str; 16] = [
    "\r\nBcc: eve@evil.example",
    "\nBcc: eve@evil.example",
    "\rBcc: eve@evil.example",
    "\r\n\r\nBcc: eve@evil.example",
    "\r\n.\r\nRCPT TO:<eve@evil.example>",
    "\u{85}Bcc: eve@evil.example",
    "\u{2028}Bcc: eve@evil.example",
    "\u{2029}Bcc: eve@evil.example",
    "\u{b}Bcc: eve@evil.example",
    "\u{c}Bcc: eve@evil.example",
    "\0Bcc: eve@evil.example",
    "%0d%0aBcc: eve@evil.example",
    "=?utf-8?q?=0D=0ABcc:_eve@evil.example?=",
    "\\\r\nBcc: eve@evil.example",
    "\u{560d}\u{560a}Bcc: eve@evil.example",
    "\" <eve@evil.example>, \"",
];

/// Addresses that are more than one, or hide something.
const ADDRESSES: [&str; 22] = [
    "marta@people.example,eve@evil.example",
    "marta@people.example;eve@evil.example",
    "marta@people.example eve@evil.example",
    "marta@people.example\r\nBcc: eve@evil.example",
    "marta@people.example\nRCPT TO:<eve@evil.example>",
    "marta@people.example>\r\nRCPT TO:<eve@evil.example",
    "marta@people.example%0aBcc:eve@evil.example",
    "\"marta\\\r\n\"@people.example",
    "\"marta\\\" <eve@evil.example>\"@people.example",
    "\"eve@evil.example \"@people.example",
    "<eve@evil.example>",
    "Marta <eve@evil.example>",
    "marta(eve@evil.example)@people.example",
    "@evil.example:marta@people.example",
    "eve%evil.example@people.example",
    "evil.example!eve@people.example",
    "marta@people.example\0eve@evil.example",
    "marta@people.example\u{2028}",
    "marta\u{200b}@people.example",
    "marta@people\u{ff0e}example",
    "marta@[127.0.0.1]",
    "m\u{e0}rta@people.example",
];

/// Headers that a letter has, each once in its head.
const HEADERS: [&str; 9] =
    ["from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type", "content-transfer-encoding"];

/// What the server was given in one transaction.
struct Taken {
    recipients: Vec<String>,
    message: String,
}

/// Takes every letter.
async fn server() -> (String, UnboundedReceiver<Taken>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (taken, letters) = unbounded_channel();
    actix_web::rt::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = take(stream, &taken).await;
        }
    });
    (format!("smtp://{address}"), letters)
}

async fn take(stream: TcpStream, taken: &UnboundedSender<Taken>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let (mut lines, mut recipients) = (BufReader::new(read).lines(), Vec::new());
    write.write_all(b"220 here\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut message = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    message.push_str(&line);
                    message.push('\n');
                }
                let _ = taken.send(Taken { recipients: std::mem::take(&mut recipients), message });
                "250 taken"
            }
            "RCPT" => {
                recipients.push(line);
                "250 ok"
            }
            "EHLO" => "250-here\r\n250-8BITMIME\r\n250 SMTPUTF8",
            "QUIT" => return write.write_all(b"221 bye\r\n").await,
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// Until every letter of the outbox was taken, or refused for good; how many were taken.
async fn settled(town: &Town) -> usize {
    loop {
        let heads = town.app().ground.db.read(|conn| mail::outbox(conn, None, 10_000)).await.expect("the outbox");
        if heads.iter().all(|head| head.sent_at.is_some() || head.last_error.is_some()) {
            return heads.iter().filter(|head| head.sent_at.is_some()).count();
        }
        assert!(town.http.get(town.url("/readyz")).send().await.expect("an answer").status().is_success());
    }
}

/// Names in the head of a letter that it has not by us, and those that stand there twice.
fn strange_headers(message: &str) -> Vec<String> {
    let head = message.split("\n\n").next().unwrap_or_default();
    let lines = head.lines().filter(|line| !line.starts_with([' ', '\t']));
    let mut seen = BTreeSet::new();
    // Some take a bare one for the end of a line too.
    let bare = head.contains('\r').then(|| "a carriage return".to_owned());
    lines
        .map(|line| line.split(':').next().unwrap_or_default().to_lowercase())
        .filter(|name| !HEADERS.contains(&name.as_str()) || !seen.insert(name.clone()))
        .chain(bare)
        .collect()
}

#[actix_web::test]
async fn nothing_that_anybody_writes_becomes_a_header_or_a_recipient() {
    let (smtp, mut letters) = server().await;
    let town = Town::with(|config| {
        (config.smtp_url, config.mail_from) = (Some(smtp), Some("quay@community.example".to_owned()));
        config.raised_limits = true;
    })
    .await;
    let (owner, marta) = (town.owner("olave").await, town.member("marta").await);
    let (mut written, mut refused, mut addresses) = (0, 0, BTreeSet::from(["marta@people.example".to_owned()]));
    let mut set = async |by: &crate::support::Person, method: Method, path: &str, body: serde_json::Value| {
        let status = by.call(method, path, Some(body)).await.0;
        written += 1;
        refused += usize::from(status == 422);
        assert!(status.is_success() || status == 422, "{path}: {status}");
        status.is_success()
    };
    let reset = async || {
        let asked = town.http.post(town.url("/api/v1/password-resets")).json(&json!({ "username_or_email": "marta" }));
        assert_eq!(asked.send().await.expect("an answer").status(), 202);
    };
    let to = json!({ "email": "marta@people.example", "password": "" });
    assert!(set(&marta, Method::PATCH, "/api/v1/me", to.clone()).await);
    let warn = format!("/api/v1/admin/members/{}", marta.id);
    for evil in EVIL {
        let text = format!("Quay{evil}");
        set(&owner, Method::PATCH, "/api/v1/admin/settings", json!({ "community_name": text })).await;
        set(&marta, Method::PATCH, "/api/v1/me", json!({ "display_name": text })).await;
        set(&owner, Method::PATCH, "/api/v1/me", json!({ "display_name": text })).await;
        reset().await;
        let (until, path) = (crate::support::NOON + 60_000, format!("{warn}/mute"));
        set(&owner, Method::POST, &path, json!({ "until": until, "reason": text })).await;
        owner.call(Method::POST, &format!("{warn}/unmute"), None).await;
    }
    for address in ADDRESSES {
        if set(&marta, Method::PATCH, "/api/v1/me", json!({ "email": address, "password": "" })).await {
            let stored = marta.get("/api/v1/me").await["email"].as_str().map(str::to_owned);
            addresses.extend(stored.or_else(|| Some(address.to_lowercase())));
            reset().await;
        }
    }
    let sent = settled(&town).await;
    let (mut wrong, mut taken) = (Vec::new(), 0);
    while taken < sent {
        let letter = letters.recv().await.expect("a letter");
        taken += 1;
        let to = letter.recipients.first().and_then(|line| line.split(['<', '>']).nth(1)).unwrap_or_default().to_lowercase();
        if letter.recipients.len() != 1 || !addresses.contains(&to) {
            wrong.push(format!("to {:?}", letter.recipients));
        }
        wrong.extend(strange_headers(&letter.message).into_iter().map(|name| format!("{name} in {}", letter.message)));
    }
    tell("fields with the end of a line in them", written);
    tell("of them refused", refused);
    tell("letters that a server took", taken);
    tell("headers or recipients put in", wrong.len());
    assert!(taken >= EVIL.len(), "{taken} letters");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    town.close().await;
}

#[actix_web::test]
async fn strangers_fill_nobodys_mailbox() {
    let town = Town::with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")]).await;
    let marta = town.member("marta").await;
    let to = json!({ "email": "marta@people.example", "password": "" });
    assert_eq!(marta.call(Method::PATCH, "/api/v1/me", Some(to)).await.0, 200);
    let ask = async |name: &str, from: String| {
        let asked = town.http.post(town.url("/api/v1/password-resets")).header("X-Forwarded-For", from);
        asked.json(&json!({ "username_or_email": name })).send().await.expect("an answer").status().as_u16()
    };
    let spelled =
        ["marta", "MARTA", " marta ", "marta@people.example", "Marta@People.Example", "MARTA@PEOPLE.EXAMPLE", "\tmarta@people.example"];
    let (mut asked, mut refused) = (0, 0);
    for n in 0..21 {
        let status = ask(spelled[n % spelled.len()], format!("198.51.100.{n}")).await;
        asked += 1;
        refused += usize::from(status == 429);
        assert!([202, 429].contains(&status), "{status}");
    }
    let letters = town.app().ground.db.read(|conn| Ok(mail::outbox(conn, None, 100)?.len())).await.expect("letters");
    // From one address nobody is written to more often either, whoever is named.
    let from_one: Vec<u16> =
        futures_util::future::join_all((0..8).map(|n| ask(["a", "b", "c", "d"][n % 4], "203.0.113.7".to_owned()))).await;
    tell("letters asked for in an hour, by 21 addresses and in seven spellings", asked);
    tell("letters written to one address in an hour", letters);
    tell("letters asked for by one address in an hour and let through", from_one.iter().filter(|status| **status == 202).count());
    // Three by the name and three by the address are answered, however they are spelled; the limit of one does not show at the other.
    assert_eq!((letters, refused), (3, asked - 6));
    assert_eq!(from_one.iter().filter(|status| **status == 202).count(), 3);
    town.close().await;
}

#[actix_web::test]
async fn an_address_in_capitals_is_the_same_address() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let owner = town.owner("olave").await;
    assert_eq!(owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "sign_up_mode": "open" }))).await.0, 200);
    let browser = Browser::new(&town);
    let spelled = ["ann@people.example", "ANN@people.example", "Ann@People.Example", " ann@PEOPLE.EXAMPLE "];
    let mut accounts = 0;
    for (n, email) in spelled.iter().enumerate() {
        let form = json!({ "username": format!("ann{n}"), "password": PASSWORD, "email": email });
        accounts += usize::from(browser.call(Method::POST, "/api/v1/sign-up", Some(form)).await.status.is_success());
    }
    tell("accounts of one address in four spellings", accounts);
    assert_eq!(accounts, 1);
    town.close().await;
}
