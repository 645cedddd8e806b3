//! The local authority, seen by a client that trusts it alone.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::http::door::reload::Current;
use crate::http::door::testing::{Server, handshake};

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Certificates are checked against the machine's clock, so the story happens now.
fn now() -> Millis {
    crate::clock::Clock::system().now()
}

#[test]
fn who_trusts_the_authority_trusts_the_machine_by_each_of_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let names = strings(&["10.0.0.5", "fd00::7", "nas.local", "nas.home.arpa", "localhost", "127.0.0.1", "::1"]);
    let authority = Authority::open(folder.path(), &names, now()).unwrap();
    let (key, new) = authority.certify(&names, now()).unwrap();
    assert!(new);
    let server = Server::start(Current::new(key));
    for name in &names {
        handshake(server.port, name, authority.der()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert!(handshake(server.port, "10.0.0.6", authority.der()).is_err(), "another machine");
    let other = tempfile::tempdir().unwrap();
    let stranger = Authority::open(other.path(), &names, now()).unwrap();
    assert!(handshake(server.port, "10.0.0.5", stranger.der()).is_err(), "another authority");
}

#[test]
fn a_stolen_authority_cannot_speak_for_the_public_internet() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path(), &strings(&["10.0.0.5"]), now()).unwrap();
    for name in ["bank.example.com", "203.0.113.9", "notlocal"] {
        let server = Server::start(Current::new(authority.sign(strings(&[name]), now()).unwrap()));
        let refusal = handshake(server.port, name, authority.der()).expect_err(name);
        assert!(refusal.contains("NameConstraint"), "{name}: {refusal}");
    }
}

#[test]
fn the_authority_lasts_and_the_certificate_follows_the_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let names = strings(&["10.0.0.5", "localhost"]);
    let first = Authority::open(folder.path(), &names, now()).unwrap();
    let (key, _) = first.certify(&names, now()).unwrap();
    let again = Authority::open(folder.path(), &names, now()).unwrap();
    assert_eq!(first.fingerprint(), again.fingerprint());
    let (same, new) = again.certify(&names, now()).unwrap();
    assert!(!new && same.cert == key.cert);

    let moved = strings(&["10.0.0.9", "localhost"]);
    let (renewed, new) = again.certify(&moved, now()).unwrap();
    assert!(new);
    let server = Server::start(Current::new(renewed));
    assert!(handshake(server.port, "10.0.0.9", first.der()).is_ok(), "devices that trusted it go on trusting it");
    assert!(handshake(server.port, "10.0.0.5", first.der()).is_err());
}

#[test]
fn a_certificate_is_renewed_a_month_before_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let names = strings(&["10.0.0.5"]);
    let authority = Authority::open(folder.path(), &names, now()).unwrap();
    authority.certify(&names, now()).unwrap();
    assert!(!authority.certify(&names, now() + 365 * DAY).unwrap().1);
    assert!(authority.certify(&names, now() + 367 * DAY).unwrap().1);
    let later = Authority::open(folder.path(), &names, now() + (AUTHORITY_DAYS - 31) * DAY).unwrap();
    assert_eq!(later.fingerprint(), authority.fingerprint());
    let next = Authority::open(folder.path(), &names, now() + (AUTHORITY_DAYS - 29) * DAY).unwrap();
    assert_ne!(next.fingerprint(), authority.fingerprint());
}

#[test]
fn a_public_name_must_be_there_from_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let public = strings(&["chat.example.org", "localhost"]);
    let authority = Authority::open(folder.path(), &public, now()).unwrap();
    let (key, _) = authority.certify(&public, now()).unwrap();
    let server = Server::start(Current::new(key));
    assert!(handshake(server.port, "chat.example.org", authority.der()).is_ok());
    let sentence = Authority::open(folder.path(), &strings(&["other.example.org"]), now()).err().expect("refused");
    assert!(sentence.contains("other names than other.example.org"), "{sentence}");
    let sentence = Authority::open(folder.path(), &strings(&["203.0.113.9"]), now()).err().expect("refused");
    assert!(sentence.contains("move that folder away"), "{sentence}");
}

#[test]
fn keys_are_for_their_owner_alone_and_a_broken_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let names = strings(&["10.0.0.5"]);
    Authority::open(folder.path(), &names, now()).unwrap().certify(&names, now()).unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
    std::fs::write(folder.path().join("authority.key"), "nothing").unwrap();
    let sentence = Authority::open(folder.path(), &names, now()).err().expect("refused");
    assert!(sentence.contains("does not work"), "{sentence}");
}

#[test]
fn what_the_operator_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path(), &strings(&["10.0.0.5"]), now()).unwrap();
    let told = instructions(&authority, "https://10.0.0.5:8443").join("\n");
    assert!(told.contains("https://10.0.0.5:8443/lan/authority.pem") && told.contains(&authority.fingerprint()), "{told}");
    assert_eq!(authority.fingerprint().len(), 95);
    assert!(authority.pem().starts_with("-----BEGIN CERTIFICATE-----"));
}
