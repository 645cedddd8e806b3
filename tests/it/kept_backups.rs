//! Backups of the dashboard: made by a job, rehearsed, downloaded with the password, deleted, and made on a disk that is full.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Method;
use rialto::backups;
use rialto::chat::RoomKind;
use serde_json::{Value, json};

use crate::support::{Person, Town};

const LIST: &str = "/api/v1/admin/backups";

/// The data folder of a town.
fn folder_of(town: &Town) -> PathBuf {
    town.app().ground.config.data.clone()
}

/// The newest backup, once nothing is under way.
async fn settled(owner: &Person) -> Value {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..1_500 {
        looks.tick().await;
        let newest = owner.get(LIST).await["items"][0].clone();
        if newest["state"] != "making" && newest["state"] != "waiting" && newest["rehearsal"]["state"] != "asked" {
            return newest;
        }
    }
    panic!("it does not end: {}", owner.get(LIST).await)
}

/// Waits until the newest backup is in this state.
async fn is_now(owner: &Person, state: &str) {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..1_500 {
        looks.tick().await;
        if owner.get(LIST).await["items"][0]["state"] == state {
            return;
        }
    }
    panic!("not {state}: {}", owner.get(LIST).await)
}

const PASSWORD: &str = "along the old quay";

/// An owner who is known by more than a token.
async fn owner_of(town: &Town) -> Person {
    let owner = town.owner("olga").await;
    owner.takes_password(PASSWORD).await;
    owner
}

/// Time passes.
fn pass(town: &Town, ms: i64) {
    town.hand.fetch_add(ms, Ordering::Relaxed);
}

#[actix_web::test]
async fn a_backup_is_made_rehearsed_downloaded_and_deleted_and_each_leaves_a_trace() {
    let town = Town::new().await;
    let data = folder_of(&town);
    let owner = owner_of(&town).await;
    let room = town.room(&owner, RoomKind::Private, "Harbour", &[]).await;
    owner.says(room, "k1", "Before").await;

    let begun = owner.post(LIST, json!({})).await;
    assert_eq!((&begun["state"], &begun["by"]), (&json!("making"), &json!(owner.id.to_string())));
    let made = settled(&owner).await;
    assert_eq!((&made["state"], &made["id"], &made["trouble"]), (&json!("made"), &begun["id"], &Value::Null), "{made}");
    let path = format!("{LIST}/{}", made["id"].as_str().expect("an id"));

    // Once more as soon as it is over, while the job of the first one may still be there.
    for _ in 0..2 {
        owner.post(&format!("{path}/rehearsal"), json!({})).await;
        let rehearsed = settled(&owner).await["rehearsal"].clone();
        assert_eq!((&rehearsed["state"], &rehearsed["contents"]["message_count"]), (&json!("passed"), &json!(1)), "{rehearsed}");
    }

    // What comes down is what stands there, and can be put back elsewhere.
    let key = owner.post(&format!("{path}/key"), json!({ "password": PASSWORD })).await["key"].as_str().expect("a key").to_owned();
    let answer = town.http.get(town.url(&format!("{path}/file?key={key}"))).bearer_auth(&owner.token).send().await.expect("an answer");
    assert_eq!(answer.headers()["content-length"].to_str().ok(), Some(made["bytes"].to_string().as_str()));
    assert!(answer.headers()["content-disposition"].to_str().expect("text").starts_with("attachment; filename=\"rialto-20"));
    let elsewhere = tempfile::tempdir().expect("a folder");
    let file = elsewhere.path().join("down.tar");
    std::fs::write(&file, answer.bytes().await.expect("all of it")).expect("written");
    assert_eq!(backups::check(&file).expect("whole").files(), 0);
    let (status, body) = owner.call(Method::GET, &format!("{path}/file?key={}", key.replace(&key[..4], "AAAA")), None).await;
    assert_eq!(status, 404, "{body}");

    // It says how the community stands.
    assert!(owner.page_text("/admin").await.contains("Last backup"));
    let saved =
        owner.get("/api/v1/admin/health").await["checks"].as_array().expect("checks").iter().find(|one| one["name"] == "backups").cloned();
    assert_eq!(saved.map(|one| (one["light"].clone(), one["code"].clone())), Some((json!("green"), json!("admin.backups_good"))));

    // The one file, and no other, goes.
    assert_eq!(std::fs::read_dir(data.join("backups")).expect("a folder").count(), 1);
    assert_eq!(owner.call(Method::DELETE, &path, Some(json!({ "password": PASSWORD }))).await.0, 204);
    assert_eq!(std::fs::read_dir(data.join("backups")).expect("a folder").count(), 0);
    assert_eq!(owner.get(LIST).await["items"], json!([]));
    let acts = owner.get("/api/v1/admin/audit?act=backups.").await;
    let acts: Vec<&str> = acts["items"].as_array().expect("rows").iter().map(|row| row["act"].as_str().expect("an act")).collect();
    assert_eq!(acts, ["backups.delete", "backups.download", "backups.rehearse", "backups.rehearse", "backups.make"]);
    town.close().await;
}

#[actix_web::test]
async fn a_download_needs_the_password_its_own_member_and_five_minutes() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    owner.post(LIST, json!({})).await;
    let path = format!("{LIST}/{}", settled(&owner).await["id"].as_str().expect("an id"));
    // A token alone opens nothing.
    let unknown = town.owner("ulla").await;
    unknown.refused(Method::POST, &format!("{path}/key"), Some(json!({})), 409, "members.password_needed").await;
    for wrong in [json!({}), json!({ "password": "along the new quay" })] {
        for (method, path) in [(Method::POST, format!("{path}/key")), (Method::DELETE, path.clone())] {
            let (status, body) = owner.call(method, &path, Some(wrong.clone())).await;
            assert_eq!((status.as_u16(), &body["problems"][0]["code"]), (422, &json!("members.password_wrong")), "{body}");
        }
    }
    let key = owner.post(&format!("{path}/key"), json!({ "password": PASSWORD })).await["key"].as_str().expect("a key").to_owned();
    let other = town.owner("petra").await;
    let get = |person: &Person| {
        let request = town.http.get(town.url(&format!("{path}/file?key={key}"))).bearer_auth(&person.token);
        async move { request.send().await.expect("an answer").status().as_u16() }
    };
    assert_eq!((get(&other).await, get(&owner).await), (404, 200));
    pass(&town, 5 * 60_000 - 1);
    assert_eq!(get(&owner).await, 200);
    pass(&town, 1);
    assert_eq!(get(&owner).await, 410);
    town.close().await;
}

/// A disk of its own over a folder, of so many mebibytes; gone when this is dropped.
struct Small(PathBuf);

impl Small {
    fn over(folder: &Path, mebibytes: u32) -> Option<Self> {
        std::fs::create_dir_all(folder).expect("made");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]).arg(folder).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Self(folder.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

/// Fills the disk under a folder of backups as soon as one is being written there.
fn fill_once_begun(backups: &Path) {
    let is_begun = || {
        let mut entries = std::fs::read_dir(backups).expect("a folder").filter_map(Result::ok);
        entries.any(|entry| entry.file_name().to_string_lossy().starts_with(".rialto-backup-"))
    };
    while !is_begun() {
        std::thread::yield_now();
    }
    let mut file = std::fs::File::create(backups.join("filler")).expect("a file");
    while file.write_all(&[1; 1 << 16]).is_ok() {}
}

#[actix_web::test]
async fn a_backup_waits_for_its_turn_however_long_and_one_who_may_not_deletes_nothing() {
    let town = Town::new().await;
    let data = folder_of(&town);
    let owner = owner_of(&town).await;
    std::fs::create_dir_all(data.join("backups")).expect("made");
    let busy = std::fs::File::open(data.join("backups")).expect("a folder");
    busy.lock().expect("held");
    let begun = owner.post(LIST, json!({})).await;
    is_now(&owner, "waiting").await;
    assert!(owner.page_text("/admin/backups").await.contains("Waits for another"));
    // A day of somebody else's backup is no fault of this one, which is also the one that the schedule would have made meanwhile.
    pass(&town, 86_400_000);
    backups::keep(&town.app().ground).await.expect("kept");
    let waiting = owner.get(LIST).await["items"].clone();
    assert_eq!((waiting.as_array().map(Vec::len), &waiting[0]["state"]), (Some(1), &json!("waiting")), "{waiting}");
    drop(busy);
    // When it looks again is said in time that stands still here.
    pass(&town, 3_000);
    let made = settled(&owner).await;
    assert_eq!((&made["state"], &made["id"]), (&json!("made"), &begun["id"]), "{made}");
    let path = format!("{LIST}/{}", made["id"].as_str().expect("an id"));
    let other = town.member("vera").await;
    assert!(other.call(Method::DELETE, &path, Some(json!({ "password": PASSWORD }))).await.0.is_client_error());
    assert_eq!(std::fs::read_dir(data.join("backups")).expect("a folder").count(), 1);
    town.close().await;
}

#[actix_web::test]
async fn one_that_waits_is_given_up_and_what_the_disk_keeps_goes_later() {
    let town = Town::new().await;
    let data = folder_of(&town);
    let owner = owner_of(&town).await;
    let folder = data.join("backups");
    std::fs::create_dir_all(&folder).expect("made");
    let busy = std::fs::File::open(&folder).expect("a folder");
    busy.lock().expect("held");
    let begun = owner.post(LIST, json!({})).await;
    is_now(&owner, "waiting").await;
    let again = Some(json!({ "password": PASSWORD }));
    let path = |backup: &Value| format!("{LIST}/{}", backup["id"].as_str().expect("an id"));
    assert_eq!(owner.call(Method::DELETE, &path(&begun), again.clone()).await.0, 204);
    assert_eq!(owner.get(LIST).await["items"], json!([]));
    drop(busy);

    owner.post(LIST, json!({})).await;
    let made = settled(&owner).await;
    // Something that is no file has its name: it cannot be removed.
    let file = std::fs::read_dir(&folder).expect("a folder").next().expect("a file").expect("an entry").path();
    std::fs::remove_file(&file).and_then(|()| std::fs::create_dir(&file)).expect("in its place");
    assert_eq!(owner.call(Method::DELETE, &path(&made), again.clone()).await.0, 500);
    assert_eq!(owner.get(LIST).await["items"][0]["state"], "going");
    assert!(owner.page_text("/admin/backups").await.contains("Being deleted"));
    owner.refused(Method::POST, &format!("{}/rehearsal", path(&made)), Some(json!({})), 409, "backups.not_made").await;
    backups::keep(&town.app().ground).await.expect("kept");
    assert_eq!(owner.get(LIST).await["items"][0]["state"], "going", "the wish stays");
    std::fs::remove_dir(&file).and_then(|()| std::fs::write(&file, b"as the program ended in between")).expect("a file again");
    backups::keep(&town.app().ground).await.expect("kept");
    assert_eq!((owner.get(LIST).await["items"].clone(), file.exists()), (json!([]), false));
    let acts = owner.get("/api/v1/admin/audit?act=backups.delete").await;
    assert_eq!(acts["items"].as_array().map(Vec::len), Some(2), "each was wanted once");
    town.close().await;
}

#[actix_web::test]
async fn a_disk_that_is_full_in_the_middle_leaves_no_half_file_and_the_program_goes_on() {
    let town = Town::new().await;
    let data = folder_of(&town);
    let owner = town.owner("olga").await;
    let room = town.room(&owner, RoomKind::Private, "Harbour", &[]).await;
    std::fs::create_dir_all(data.join("files")).expect("made");
    std::fs::File::create(data.join("files/large")).and_then(|file| file.set_len(96 << 20)).expect("a large file");
    let backups = data.join("backups");
    let small = Small::over(&backups, 160);
    if small.is_none() {
        // Who may not mount puts a file in the way.
        std::fs::remove_dir_all(&backups).and_then(|()| std::fs::write(&backups, b"")).expect("in the way");
    }
    owner.post(LIST, json!({})).await;
    if small.is_some() {
        let folder = backups.clone();
        actix_web::web::block(move || fill_once_begun(&folder)).await.expect("filled");
    }
    let failed = settled(&owner).await;
    let code = if small.is_some() { "backups.full" } else { "backups.unwritable" };
    assert_eq!((&failed["state"], &failed["trouble"], &failed["bytes"]), (&json!("failed"), &json!(code), &Value::Null), "{failed}");
    if small.is_some() {
        assert_eq!(std::fs::read_dir(&backups).expect("a folder").count(), 1, "the filler alone");
    }
    owner.says(room, "k1", "After").await;
    assert!(owner.page_text("/admin").await.contains("Backups need a look"));
    drop(small);
    if backups.is_file() {
        std::fs::remove_file(&backups).expect("out of the way");
    }
    owner.post(LIST, json!({})).await;
    assert_eq!(settled(&owner).await["state"], "made");
    town.close().await;
}

/// A disk without room is left alone.
#[actix_web::test]
async fn without_room_on_the_disk_nothing_is_begun() {
    let town = Town::new().await;
    let data = folder_of(&town);
    let owner = town.owner("olga").await;
    std::fs::create_dir_all(data.join("files")).expect("made");
    std::fs::File::create(data.join("files/endless")).and_then(|file| file.set_len(1 << 42)).expect("a file larger than the disk");
    owner.post(LIST, json!({})).await;
    assert_eq!(settled(&owner).await["trouble"], "backups.full");
    assert_eq!(std::fs::read_dir(data.join("backups")).expect("a folder").count(), 0);
    town.close().await;
}

#[actix_web::test]
async fn a_backup_is_made_when_it_is_due_and_the_oldest_go() {
    let town = Town::new().await;
    let data = folder_of(&town);
    let owner = town.owner("olga").await;
    assert_eq!(owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "backups_kept": 2 }))).await.0, 200);
    let ground = town.app().ground.clone();
    let day = 86_400_000;
    backups::keep(&ground).await.expect("kept");
    assert_eq!(owner.get(LIST).await["items"], json!([]), "none on the first day");
    let mut made = Vec::new();
    for _ in 0..3 {
        pass(&town, day);
        backups::keep(&ground).await.expect("kept");
        // A second look in the same minute asks for nothing more.
        backups::keep(&ground).await.expect("kept");
        let newest = settled(&owner).await;
        assert_eq!((&newest["state"], &newest["by"]), (&json!("made"), &Value::Null), "{newest}");
        made.push(newest["id"].clone());
    }
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let mut patience = 1_500;
    loop {
        looks.tick().await;
        patience -= 1;
        assert!(patience > 0, "the oldest does not go");
        let left = owner.get(LIST).await["items"].as_array().expect("rows").iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
        if left.len() == 2 {
            assert_eq!(left, [made[2].clone(), made[1].clone()]);
            break;
        }
    }
    assert_eq!(std::fs::read_dir(data.join("backups")).expect("a folder").count(), 2);

    // The folder is lost: the list is nothing to rely on, and another one is due at once.
    assert!(!owner.page_text("/admin").await.contains("Backups need a look"));
    std::fs::remove_dir_all(data.join("backups")).expect("removed");
    pass(&town, day);
    assert!(owner.page_text("/admin").await.contains("Backups need a look"));
    backups::keep(&ground).await.expect("kept");
    let newest = settled(&owner).await;
    assert_eq!((&newest["state"], made.contains(&newest["id"])), (&json!("made"), false), "{newest}");
    town.close().await;
}
