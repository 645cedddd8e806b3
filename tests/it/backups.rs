//! A backup of a program that serves, from the program itself: restored elsewhere, served again, and met by clients of before.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rialto::chat::RoomKind;
use rialto::storage::Target;
use serde_json::json;

use crate::support::Town;

fn rialto(data: &Path, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rialto"));
    command.env_clear().current_dir(data.parent().expect("a folder")).arg("--data").arg(data).args(line).stdin(Stdio::null());
    command
}

fn ran(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

/// The data folder of a town, if its database is in it.
fn folder_of(town: &Town) -> Option<std::path::PathBuf> {
    let config = &town.app().ground.config;
    config.target.is_sqlite().then(|| config.data.clone())
}

#[actix_web::test]
async fn every_message_acknowledged_before_the_backup_is_restored_and_clients_converge() {
    let mut town = Town::with(|config| config.raised_limits = true).await;
    let Some(data) = folder_of(&town) else { return town.close().await };
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let (mut sender, mut listener) = (ann.connect().await, bob.connect().await);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let (file, other) = (elsewhere.path().join("all.tar"), elsewhere.path().join("data"));

    // Fifty messages a second until the backup is made; what was acknowledged when it began is remembered.
    let over = AtomicBool::new(false);
    let sending = async {
        let mut acked = Vec::new();
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        while !over.load(Ordering::Relaxed) {
            ticks.tick().await;
            let key = format!("k{}", acked.len());
            let ack = sender.done(json!({ "type": "chat.send", "room": room, "client_key": key, "body": format!("Line {key}") })).await;
            acked.push((ack["id"].as_str().expect("id").to_owned(), ack["seq"].as_i64().expect("seq")));
        }
        acked
    };
    let saving = async {
        let mut before = 0;
        while before < 50 {
            before += usize::from(listener.event("message_sent").await["seq"].is_i64());
        }
        let command = rialto(&data, &["backup", file.to_str().expect("text")]);
        let saved = actix_web::web::block(move || ran(command)).await.expect("it ran");
        // A little more, which no backup holds.
        for _ in 0..10 {
            listener.event("message_sent").await;
        }
        over.store(true, Ordering::Relaxed);
        (before, saved)
    };
    let (acked, (before, saved)) = futures_util::join!(sending, saving);
    assert_eq!((saved.0, saved.2.as_str()), (Some(0), ""));
    let old_epoch = listener.hello["epoch"].clone();
    let old_head = acked.last().expect("messages").1;

    let (code, said, complained) = ran(rialto(&other, &["restore", "--rehearse", file.to_str().expect("text")]));
    assert_eq!((code, complained.as_str(), other.exists()), (Some(0), "", false), "{said}");
    let (code, said, complained) = ran(rialto(&other, &["restore", file.to_str().expect("text")]));
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}");
    let (code, _, complained) = ran(rialto(&other, &["restore", file.to_str().expect("text")]));
    assert_eq!(code, Some(1));
    assert!(complained.trim_end().ends_with("(backups.not_empty)"), "{complained}");

    town.restart_with(|config| {
        config.target = Target::Sqlite(other.join("rialto.db"));
        config.data.clone_from(&other);
    })
    .await;
    // Sessions go on. The listener stood beyond what was restored.
    let (ann, bob) = (ann.at(town.url("")), bob.at(town.url("")));
    let mut listener = bob.connect().await;
    let head = listener.hello["heads"][room.to_string()].as_i64().expect("a head");
    assert_ne!(listener.hello["epoch"], old_epoch, "a new lineage");
    assert!(head < old_head, "some came after the backup: {head} of {old_head}");
    assert!(head >= acked[before - 1].1, "all before it are there: {head} of {}", acked[before - 1].1);
    let mut found = Vec::new();
    let mut next = Some(format!("/api/v1/rooms/{room}/messages?limit=100"));
    while let Some(path) = next {
        let page = bob.get(&path).await;
        assert_eq!(page["epoch"], listener.hello["epoch"]);
        found.extend(page["items"].as_array().expect("items").iter().map(|item| item["id"].as_str().expect("id").to_owned()));
        next = page["next"].as_str().map(|seq| format!("/api/v1/rooms/{room}/messages?limit=100&before={seq}"));
    }
    found.reverse();
    let restored: Vec<String> = acked.iter().filter(|(_, seq)| *seq <= head).map(|(id, _)| id.clone()).collect();
    assert_eq!(found, restored, "each acknowledged message up to the head, once, in order");

    // Whoever asks from the old place is told to load anew, and then hears what happens at places that they have seen taken before.
    listener.done(json!({ "type": "sync", "rooms": { room.to_string(): old_head } })).await;
    assert_eq!(listener.next("reset").await["room"], room.to_string());
    let again = ann.says(room, &format!("k{}", acked.len() - 1), "Once more from the outbox").await;
    assert_eq!(again.1, head + 1);
    let heard = listener.event("message_sent").await;
    assert_eq!((heard["seq"].as_i64(), heard["event"]["id"].as_str()), (Some(head + 1), Some(again.0.as_str())));
    town.close().await;
}

#[actix_web::test]
async fn a_full_disk_ends_a_backup_and_hurts_nobody() {
    let town = Town::new().await;
    let Some(data) = folder_of(&town) else { return town.close().await };
    let ann = town.member("ann").await;
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[]).await;
    ann.says(room, "k1", "Before").await;
    let outer = tempfile::tempdir().expect("a folder");
    let file = outer.path().join("all.tar");
    // The kernel refuses to let a file grow beyond 64 KiB, as a full disk refuses.
    let mut command = Command::new("sh");
    let line = "trap '' XFSZ; ulimit -f 128; exec \"$0\" --data \"$1\" backup \"$2\"";
    command.env_clear().current_dir(outer.path()).args(["-c", line, env!("CARGO_BIN_EXE_rialto")]).arg(&data).arg(&file);
    let (code, said, complained) = ran(command);
    assert_eq!((code, said.as_str()), (Some(1), ""), "{complained}");
    assert!(complained.contains("(backups.full)"), "{complained}");
    assert_eq!(std::fs::read_dir(outer.path()).expect("a folder").count(), 0, "nothing is left where it was to be");
    assert_eq!(std::fs::read_dir(data.join("backups")).expect("a folder").count(), 0, "nor in the data folder");
    assert_eq!(ann.says(room, "k2", "After").await.1, ann.says(room, "k1", "Before").await.1 + 1);
    let (code, _, complained) = ran(rialto(&data, &["backup", file.to_str().expect("text")]));
    assert_eq!((code, complained.as_str()), (Some(0), ""));
    town.close().await;
}
