//! Sign-up, sign-in, passwords, profiles, and the end of an account.

use super::*;
use crate::access::Patience;
use crate::mail::outbox;
use crate::members::actions::{MemberFilter, SignIn, SignUp};
use crate::members::model::{AccountChange, LinkPurpose, Removed, Status};
use crate::members::policy::{ChangeMe, SeeMember};

const PASSWORD: &str = "tide over the harbour";

fn form(name: &str) -> SignUp {
    SignUp {
        username: name.to_owned(),
        password: PASSWORD.to_owned(),
        display_name: Some(format!("The {name}")),
        email: None,
        time_zone: None,
        invite: None,
    }
}

fn key(name: &str, password: &str) -> SignIn {
    SignIn { username: name.to_owned(), password: password.to_owned() }
}

async fn sign_up(town: &Town, form: SignUp) -> Result<actions::Arrival> {
    actions::sign_up(&town.ground, &visitor(None), &town.members, form).await
}

async fn sign_in(town: &Town, visitor: &Visitor, form: SignIn) -> Result<actions::Arrival> {
    actions::sign_in(&town.ground, visitor, &town.members, form).await
}

#[tokio::test]
async fn an_open_door_lets_in_and_says_so() {
    let town = Town::new().await;
    town.mode(SignUpMode::Open);
    let arrival = sign_up(&town, form("Marta")).await.expect("in");
    let member = arrival.answer.member.id;
    assert_eq!((arrival.answer.member.username.as_str(), arrival.answer.member.state), ("marta", MemberState::Active));
    assert_eq!(arrival.answer.token, None, "a browser gets a cookie");
    assert_eq!(town.told(), [Notice::MemberJoined { member }]);
    let cookie = visitor(Some(Credential::Cookie(arrival.token.expect("token").hash())));
    assert_eq!(town.actor(&cookie).await.member, Some(member));
    assert_eq!(problems(sign_up(&town, form("MARTA")).await), [("username", "members.username_taken")]);
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let town = Town::new().await;
    town.mode(SignUpMode::Open);
    let wrong = SignUp {
        username: "a b".to_owned(),
        password: "short".to_owned(),
        display_name: None,
        email: Some("nowhere".to_owned()),
        time_zone: Some("Nowhere/Land".to_owned()),
        invite: None,
    };
    let fields: Vec<_> = problems(sign_up(&town, wrong).await).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["username", "email", "password"]);
}

#[tokio::test]
async fn the_mode_decides_who_comes_in() {
    let town = Town::new().await;
    town.mode(SignUpMode::Invite);
    assert_eq!(code(sign_up(&town, form("marta")).await), "members.invite_needed");
    town.mode(SignUpMode::Closed);
    assert_eq!(code(sign_up(&town, form("marta")).await), "members.sign_up_closed");
    town.mode(SignUpMode::Approval);
    let waits = sign_up(&town, form("marta")).await.expect("waits");
    assert_eq!((waits.answer.member.state, waits.answer.token, waits.token.is_none()), (MemberState::Pending, None, true));
    assert_eq!(town.told(), []);
    assert_eq!(code(sign_in(&town, &visitor(None), key("marta", PASSWORD)).await), "members.pending");
    assert_eq!(code(sign_in(&town, &visitor(None), key("marta", "not her password")).await), "members.sign_in_wrong");
}

#[tokio::test]
async fn nobody_learns_whether_a_name_exists_and_the_old_browser_session_ends() {
    let town = Town::new().await;
    town.mode(SignUpMode::Open);
    let first = sign_up(&town, SignUp { email: Some("marta@example.org".to_owned()), ..form("marta") }).await.expect("in");
    for wrong in [key("marta", "another password"), key("nobody-here", PASSWORD), key("marta", ""), key("", "")] {
        let refused = sign_in(&town, &visitor(None), wrong).await.expect_err("refused");
        assert_eq!((refused.status(), refused.code()), (403, "members.sign_in_wrong"));
    }
    let cookie = visitor(Some(Credential::Cookie(first.token.expect("token").hash())));
    let before = town.actor(&cookie).await.session.expect("session");
    let second = sign_in(&town, &cookie, key(" Marta@Example.org ", PASSWORD)).await.expect("in, by mail address");
    assert_eq!(town.ended(), [before]);
    assert_eq!(town.actor(&cookie).await.member, None);
    assert!(second.token.is_some() && second.answer.token.is_none());
    let bot = sign_in(&town, &program(), key("marta", PASSWORD)).await.expect("in");
    assert!(town.actor(&bearer(&bot.answer.token.expect("a program gets a token"))).await.member.is_some());
}

#[tokio::test]
async fn guesses_are_counted_by_name_but_do_not_lock_out_who_is_home() {
    let patience = Patience { free: 3, first_wait_ms: 60_000, longest_wait_ms: 3_600_000, forget_ms: 900_000 };
    let town = Town::with_limits(Rates::new(&[]).with_patience(&[(RateClass::SignInName, patience)])).await;
    town.mode(SignUpMode::Open);
    sign_up(&town, form("marta")).await.expect("in, from her own address");
    let afar = Visitor { address: Some([198, 51, 100, 9].into()), ..visitor(None) };
    for _ in 0..3 {
        assert_eq!(code(sign_in(&town, &afar, key("marta", "a bad guess")).await), "members.sign_in_wrong");
    }
    let refused = sign_in(&town, &afar, key("marta", PASSWORD)).await.expect_err("too many tries");
    assert_eq!((refused.status(), refused.code(), refused.retry_after_ms()), (429, "error.slow_down", Some(60_000)));
    for _ in 0..3 {
        assert_eq!(code(sign_in(&town, &afar, key("ghost", PASSWORD)).await), "members.sign_in_wrong");
    }
    assert_eq!(sign_in(&town, &afar, key("ghost", PASSWORD)).await.expect_err("alike").status(), 429);
    for wait in [60_000, 120_000, 240_000] {
        town.pass(wait - 1);
        assert_eq!(sign_in(&town, &afar, key("ghost", PASSWORD)).await.expect_err("a moment too early").retry_after_ms(), Some(1));
        town.pass(1);
        assert_eq!(code(sign_in(&town, &afar, key("ghost", PASSWORD)).await), "members.sign_in_wrong", "after {wait}");
    }
    assert!(sign_in(&town, &visitor(None), key("marta", PASSWORD)).await.is_ok(), "at home");
    assert!(sign_in(&town, &afar, key("marta", PASSWORD)).await.is_ok(), "who knew the password is forgiven");
}

#[tokio::test]
async fn a_thousand_addresses_share_the_tries_of_one_name() {
    let patience = Patience { free: 10, first_wait_ms: 60_000, longest_wait_ms: 3_600_000, forget_ms: 900_000 };
    let town = Town::with_limits(Rates::new(&[]).with_patience(&[(RateClass::SignInName, patience)])).await;
    town.mode(SignUpMode::Open);
    sign_up(&town, form("marta")).await.expect("in");
    let mut looked_at = 0;
    for n in 0..1_000_u16 {
        let [high, low] = n.to_be_bytes();
        let afar = Visitor { address: Some([198, 18, high, low].into()), ..visitor(None) };
        let refused = sign_in(&town, &afar, key("marta", "a bad guess")).await.expect_err("wrong");
        looked_at += u16::from(refused.code() == "members.sign_in_wrong");
    }
    assert_eq!(looked_at, 10);
    assert!(sign_in(&town, &visitor(None), key("marta", PASSWORD)).await.is_ok(), "her own door stays open");
}

#[tokio::test]
async fn an_address_has_its_own_limit() {
    let rate = Rate { burst: 2, refill_ms: 900_000 };
    let town = Town::with_rates(&[(RateClass::SignInAddress, rate), (RateClass::SignUp, rate)]).await;
    town.mode(SignUpMode::Open);
    sign_up(&town, form("marta")).await.expect("in");
    sign_up(&town, form("idris")).await.expect("in");
    assert_eq!(code(sign_up(&town, form("noor")).await), "error.slow_down");
    for _ in 0..2 {
        sign_in(&town, &visitor(None), key("marta", PASSWORD)).await.expect("in");
    }
    assert_eq!(code(sign_in(&town, &visitor(None), key("marta", PASSWORD)).await), "error.slow_down");
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_needs_the_old_one() {
    let town = Town::new().await;
    town.mode(SignUpMode::Open);
    let arrival = sign_up(&town, form("marta")).await.expect("in");
    let other = sign_in(&town, &visitor(None), key("marta", PASSWORD)).await.expect("in").token.expect("token");
    let here = visitor(Some(Credential::Cookie(arrival.token.expect("token").hash())));
    let change = |current: &'static str, new: &'static str| actions::change_password(&town.ground, &here, &town.members, current, new);
    assert_eq!(problems(change("wrong one here", "a new one by the sea").await), [("current", "members.password_wrong")]);
    assert_eq!(problems(change(PASSWORD, "short").await), [("new", "members.password_short")]);
    let fresh = change(PASSWORD, "a new one by the sea").await.expect("changed").expect("another cookie");
    assert_eq!(town.actor(&here).await.member, None, "a copy of the cookie is worth nothing now");
    assert!(town.actor(&visitor(Some(Credential::Cookie(fresh.hash())))).await.member.is_some());
    assert_eq!(town.actor(&visitor(Some(Credential::Cookie(other.hash())))).await.member, None);
    assert_eq!(code(sign_in(&town, &visitor(None), key("marta", PASSWORD)).await), "members.sign_in_wrong");
    let bot = sign_in(&town, &program(), key("marta", "a new one by the sea")).await.expect("in").answer.token.expect("token");
    let by_bot = actions::change_password(&town.ground, &bearer(&bot), &town.members, "a new one by the sea", "and one more tide").await;
    assert!(by_bot.expect("changed").is_none() && town.actor(&bearer(&bot)).await.member.is_some(), "a program keeps its token");
}

#[tokio::test]
async fn a_reset_link_works_once_for_half_an_hour_and_ends_every_session() {
    let town = Town::new().await;
    town.mode(SignUpMode::Open);
    let arrival = sign_up(&town, SignUp { email: Some("marta@example.org".to_owned()), ..form("marta") }).await.expect("in");
    let cookie = visitor(Some(Credential::Cookie(arrival.token.expect("token").hash())));
    for nobody in ["ghost", "ghost@example.org", "", "marta@example.com"] {
        actions::ask_for_reset(&town.ground, &visitor(None), nobody).await.expect("always accepted");
    }
    assert!(town.read(|conn| outbox(conn, None, 10)).await.is_empty());
    for _ in 0..2 {
        actions::ask_for_reset(&town.ground, &visitor(None), "Marta").await.expect("accepted");
    }
    let letters = town.read(|conn| outbox(conn, None, 10)).await;
    assert_eq!(letters.len(), 2);
    let mut codes = Vec::new();
    for head in letters {
        let letter = town.read(move |conn| crate::mail::letter(conn, head.id)).await;
        let text = letter.text;
        let at = text.find("https://harbour.example/reset/").expect("the link, from the public address") + 30;
        codes.push(text[at..].split_whitespace().next().expect("code").to_owned());
    }
    let stranger = visitor(None);
    let reset = |code: String, password: &'static str| actions::reset_password(&town.ground, &stranger, &town.members, code, password);
    assert_eq!(code(reset("guess".to_owned(), PASSWORD).await), "members.link_over");
    assert_eq!(problems(reset(codes[0].clone(), "short").await), [("password", "members.password_short")]);
    reset(codes[0].clone(), "another tide tomorrow").await.expect("set");
    assert_eq!(code(reset(codes[0].clone(), PASSWORD).await), "members.link_over");
    assert_eq!(code(reset(codes[1].clone(), PASSWORD).await), "members.link_over");
    assert_eq!(town.actor(&cookie).await.member, None);
    assert!(sign_in(&town, &visitor(None), key("marta", "another tide tomorrow")).await.is_ok());
}

#[tokio::test]
async fn a_link_ends_by_time_and_serves_one_purpose() {
    let town = Town::new().await;
    let marta = town.member("marta", &[]).await;
    let token = town.write(move |tx| actions::make_link(tx, LinkPurpose::Reset, Some(marta), None, 60_000)).await.expect("link");
    let shown = token.reveal().to_owned();
    let other = shown.clone();
    assert_eq!(code(town.write(move |tx| actions::use_link(tx, LinkPurpose::SignIn, &other)).await), "members.link_over");
    let looked = shown.clone();
    assert_eq!(town.read(move |conn| actions::check_link(conn, LinkPurpose::Reset, &looked, START + 59_999)).await, Some(marta));
    town.pass(60_000);
    assert_eq!(code(town.write(move |tx| actions::use_link(tx, LinkPurpose::Reset, &shown)).await), "members.link_over");
}

#[tokio::test]
async fn a_change_of_look_is_an_event_and_a_notice_and_of_settings_is_not() {
    let town = Town::new().await;
    let marta = town.member("marta", &[]).await;
    let change = |change: AccountChange| {
        town.act::<ChangeMe, _>(marta, (), move |tx, may, _, members| actions::store_account(tx, may, &members.notices, change))
    };
    let account = change(AccountChange {
        display_name: Some("Marta Olsen".to_owned()),
        bio: Some(" Rigger.\r\nReader. ".to_owned()),
        status: Some(Some(Status { emoji: "🌊".to_owned(), text: "at sea".to_owned(), until: Some(START + 100) })),
        ..AccountChange::default()
    })
    .await
    .expect("changed");
    assert_eq!((account.profile.bio.as_str(), account.profile.status.is_some()), ("Rigger.\nReader.", true));
    assert_eq!(town.told(), [Notice::MemberChanged { member: marta }]);
    assert_eq!(town.events(marta)[0]["me"]["display_name"], "Marta Olsen");
    let later = town.read(move |conn| actions::profiles(conn, &[marta], START + 100)).await;
    assert_eq!(later[0].status, None, "its time is over");
    change(AccountChange { language: Some("fr".to_owned()), time_zone: Some("Europe/Oslo".to_owned()), ..AccountChange::default() })
        .await
        .expect("changed");
    assert_eq!((town.told(), town.events(marta).len()), (vec![], 1));
    let wrong = AccountChange {
        language: Some("tlh".to_owned()),
        hue: Some(12),
        time_zone: Some("../etc".to_owned()),
        bio: Some("x".repeat(501)),
        ..AccountChange::default()
    };
    let told = problems(change(wrong).await);
    assert_eq!(told.len(), 4);
    assert!(told.contains(&("time_zone", "members.time_zone_unknown")), "{told:?}");
    assert_eq!(town.events(marta).len(), 1, "nothing of it was stored");
}

#[tokio::test]
async fn another_mail_address_takes_the_password() {
    let town = Town::new().await;
    town.mode(SignUpMode::Open);
    let taken = SignUp { email: Some("idris@example.org".to_owned()), ..form("idris") };
    sign_up(&town, taken).await.expect("in");
    let arrival = sign_up(&town, form("marta")).await.expect("in");
    let here = visitor(Some(Credential::Cookie(arrival.token.expect("token").hash())));
    let change = |email: &str, password: Option<&str>| {
        let change =
            AccountChange { email: Some(Some(email.to_owned())), password: password.map(str::to_owned), ..AccountChange::default() };
        actions::change_account(&town.ground, &here, &town.members, change)
    };
    assert_eq!(problems(change("marta@example.org", None).await), [("password", "members.password_wrong")]);
    assert_eq!(problems(change("idris@example.org", Some(PASSWORD)).await), [("email", "members.email_taken")]);
    assert_eq!(change("marta@example.org", Some(PASSWORD)).await.expect("changed").email.as_deref(), Some("marta@example.org"));
    assert!(change("MARTA@example.org", None).await.is_ok(), "the same address again");
    assert_eq!(change("", Some(PASSWORD)).await.expect("taken away").email, None);
}

#[tokio::test]
async fn a_deleted_account_leaves_a_tombstone() {
    let town = Town::new().await;
    town.mode(SignUpMode::Open);
    let arrival = sign_up(&town, form("marta")).await.expect("in");
    let marta = arrival.answer.member.id;
    let here = visitor(Some(Credential::Cookie(arrival.token.expect("token").hash())));
    town.told();
    let delete = |password: &'static str| actions::delete_account(&town.ground, &here, &town.members, password);
    assert_eq!(code(delete("wrong one here").await), "members.password_wrong");
    delete(PASSWORD).await.expect("deleted");
    let left = town.read(move |conn| actions::profiles(conn, &[marta], START)).await.remove(0);
    assert_eq!((left.username.as_str(), left.display_name.as_str(), left.roles.len(), left.state), ("", "", 0, MemberState::Deleted));
    assert!(town.told().contains(&Notice::MemberRemoved { member: marta, reason: Removed::Deleted }));
    assert_eq!((town.ended().len(), town.actor(&here).await.member), (1, None));
    assert_eq!(code(sign_in(&town, &visitor(None), key("marta", PASSWORD)).await), "members.sign_in_wrong");
    assert!(sign_up(&town, form("marta")).await.is_ok(), "the name is free again");
}

#[tokio::test]
async fn a_new_member_has_the_time_zone_of_their_browser() {
    let town = Town::new().await;
    town.mode(SignUpMode::Open);
    let of = |name: &str, zone: &str| SignUp { time_zone: Some(zone.to_owned()), ..form(name) };
    // One that is not known keeps nobody out.
    for (name, said, kept) in [("marta", "europe/lisbon", "Europe/Lisbon"), ("bruno", "", ""), ("cleo", "Europe/Atlantis", "")] {
        let id = sign_up(&town, of(name, said)).await.expect("in").answer.member.id;
        assert_eq!(town.read(move |conn| crate::members::store::members::by_id(conn, id)).await.expect("a row").time_zone, kept);
    }
}

#[tokio::test]
async fn who_still_waits_is_not_there_yet_for_members() {
    let town = Town::new().await;
    town.mode(SignUpMode::Approval);
    let waits = sign_up(&town, form("waits")).await.expect("waits").answer.member.id;
    let marta = town.member("marta", &[]).await;
    assert_eq!(code(town.act::<SeeMember, ()>(marta, waits, |_, _, _, _| Ok(())).await), "error.not_found");
    assert!(town.read(move |conn| actions::members_by_ids(conn, &[waits], START)).await.is_empty());
    let (found, _) = town.read(|conn| actions::find_members(conn, MemberFilter { limit: 10, ..MemberFilter::default() }, START)).await;
    assert_eq!(found.into_iter().map(|profile| profile.id).collect::<Vec<_>>(), [marta]);
}

#[tokio::test]
async fn members_are_found_by_part_of_a_name_page_by_page() {
    let town = Town::new().await;
    for (name, shown) in [("zoe", "Élodie"), ("ada_l", "Ada"), ("ada.k", "Ada"), ("bo", "100% Bo")] {
        let new = NewMember { display_name: DisplayName::parse(shown).expect("name"), ..named(name) };
        town.write(move |tx| actions::create_member(tx, &new)).await.expect("member");
    }
    let by_name = |q: &str| MemberFilter { q: q.to_owned(), limit: 10, ..MemberFilter::default() };
    let find = |q: &'static str| town.read(move |conn| actions::find_members(conn, by_name(q), START));
    assert_eq!(find("elo").await.0[0].username, "zoe");
    assert_eq!(find("ADA_").await.0.len(), 1, "a sign of the pattern stands for itself");
    assert_eq!(find("100%").await.0[0].username, "bo");
    for (typed, found) in
        [("@ada", &["ada_l", "ada.k"][..]), ("@ADA_", &["ada_l"]), ("@da", &[]), ("@elo", &[]), ("@", &["bo", "ada_l", "ada.k", "zoe"])]
    {
        let names: Vec<_> = find(typed).await.0.into_iter().map(|profile| profile.username).collect();
        assert_eq!(names, found, "{typed}: behind an @ stands the beginning of a username");
    }
    let (first, next) = town.read(|conn| actions::find_members(conn, MemberFilter { limit: 2, ..MemberFilter::default() }, START)).await;
    let (second, end) =
        town.read(move |conn| actions::find_members(conn, MemberFilter { after: next, limit: 2, ..MemberFilter::default() }, START)).await;
    let names: Vec<_> = first.iter().chain(&second).map(|profile| profile.username.as_str()).collect();
    assert_eq!(names, ["bo", "ada_l", "ada.k", "zoe"]);
    assert_eq!(end, None);
}
