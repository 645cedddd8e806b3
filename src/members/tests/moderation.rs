//! Bans, mutes, approvals, and who may do them to whom.

use super::*;
use crate::ids::SanctionId;
use crate::mail::outbox;
use crate::members::model::{Email, Removed, SanctionKind, SanctionRow, Terms};
use crate::members::policy::{BanMember, DecideAppeal, DecideSignUp, ManageMember, MuteMember, SeeAccount};

async fn ban(town: &Town, by: MemberId, whom: MemberId, until: Option<Millis>) -> Result<SanctionId> {
    let terms = Terms { reason: "spam", until, ..Terms::default() };
    town.act::<BanMember, _>(by, whom, move |tx, may, actor, members| actions::ban(tx, may, actor, members, &terms)).await
}

async fn mute(town: &Town, by: MemberId, whom: MemberId, until: Millis) -> Result<SanctionId> {
    let terms = Terms { reason: "loud", until: Some(until), ..Terms::default() };
    town.act::<MuteMember, _>(by, whom, move |tx, may, actor, members| actions::mute(tx, may, actor, members, &terms)).await
}

#[tokio::test]
async fn a_ban_ends_every_session_at_once_and_leaves_a_trace() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let marta = town.member("marta", &[]).await;
    let (session, browser) = town.browser(marta).await;
    let (_, token) =
        town.write(move |tx| actions::make_session(tx, marta, SessionKind::Token, Scopes::ALL, "bot", None)).await.expect("token");
    let sanction = ban(&town, owner, marta, None).await.expect("banned");
    assert!(town.ended().contains(&session) && town.ended().len() == 2);
    assert_eq!((town.actor(&browser).await.member, town.actor(&bearer(token.reveal())).await.member), (None, None));
    let told = [
        Notice::MemberLeaves { member: marta },
        Notice::MemberRemoved { member: marta, reason: Removed::Banned },
        Notice::MemberChanged { member: marta },
        Notice::Sanctioned { member: marta, sanction },
    ];
    assert_eq!(town.told(), told);
    assert_eq!(code(ban(&town, owner, marta, None).await), "members.not_active");
    assert_eq!(town.told(), [Notice::MemberLeaves { member: marta }], "held before it is known, and nothing else");
    assert_eq!(town.acts().await, ["members.ban"]);
    town.act::<BanMember, _>(owner, marta, actions::unban).await.expect("lifted");
    assert_eq!(town.told()[0], Notice::MemberReturned { member: marta });
    let again = town.act::<BanMember, _>(owner, marta, actions::unban).await;
    assert_eq!(code(again), "members.not_banned");
    assert_eq!(town.state(marta).await, MemberState::Active);
}

#[tokio::test]
async fn a_ban_for_a_time_ends_by_itself() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let marta = town.member("marta", &[]).await;
    assert_eq!(code(ban(&town, owner, marta, Some(START)).await), "members.until_past");
    ban(&town, owner, marta, Some(START + 100)).await.expect("banned");
    let sweep = || {
        let members = town.members.clone();
        town.write(move |tx| actions::end_bans_that_are_over(tx, &members))
    };
    town.pass(99);
    sweep().await.expect("swept");
    assert_eq!(town.state(marta).await, MemberState::Banned);
    let members = town.members.clone();
    assert_eq!(code(town.write(move |tx| actions::admit(tx, &members, marta, None)).await), "members.banned");
    town.pass(1);
    sweep().await.expect("swept");
    assert_eq!(
        (town.state(marta).await, town.acts().await),
        (MemberState::Active, vec!["members.unban".to_owned(), "members.ban".to_owned()])
    );
}

#[tokio::test]
async fn nobody_acts_on_somebody_with_more_or_on_themselves() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let administrator = town.member("ada", &[RoleKind::Administrator]).await;
    let moderator = town.member("mo", &[RoleKind::Moderator]).await;
    let plain = town.member("plain", &[]).await;
    assert_eq!(code(ban(&town, moderator, administrator, None).await), "members.above_you");
    assert_eq!(code(ban(&town, administrator, owner, None).await), "members.above_you");
    assert_eq!(code(ban(&town, plain, moderator, None).await), "access.not_allowed");
    assert_eq!(code(ban(&town, moderator, moderator, None).await), "members.not_yourself");
    assert_eq!(code(ban(&town, moderator, MemberId(77), None).await), "error.not_found");
    let manage = town.act::<ManageMember, ()>(moderator, plain, |_, _, _, _| Ok(())).await;
    assert_eq!(code(manage), "access.not_allowed");
    assert_eq!(code(town.act::<SeeAccount, ()>(plain, moderator, |_, _, _, _| Ok(())).await), "access.not_allowed");
    ban(&town, moderator, plain, None).await.expect("a moderator bans a member");
    ban(&town, administrator, moderator, None).await.expect("an administrator bans a moderator");
    assert_eq!(town.told().len(), 8);
}

#[tokio::test]
async fn a_mute_holds_until_its_time_or_until_it_is_lifted() {
    let town = Town::new().await;
    let moderator = town.member("mo", &[RoleKind::Moderator]).await;
    let marta = town.member("marta", &[]).await;
    let (_, browser) = town.browser(marta).await;
    let mute = |until| mute(&town, moderator, marta, until);
    assert_eq!(code(mute(START).await), "members.until_past");
    assert_eq!(code(mute(START + 367 * DAY).await), "members.until_far");
    mute(START + 100).await.expect("muted");
    assert!(town.actor(&browser).await.is_muted());
    assert_eq!(town.events(marta)[0]["muted_until"], START + 100);
    let lift = || town.act::<MuteMember, _>(moderator, marta, |tx, may, actor, _| actions::unmute(tx, may, actor));
    lift().await.expect("lifted");
    assert!(!town.actor(&browser).await.is_muted());
    assert_eq!(town.events(marta)[1]["muted_until"], serde_json::Value::Null);
    assert_eq!(code(lift().await), "members.not_muted");
    mute(START + 100).await.expect("muted");
    town.pass(100);
    assert!(!town.actor(&browser).await.is_muted());
    assert_eq!(town.acts().await, ["members.mute", "members.unmute", "members.mute"]);
}

#[tokio::test]
async fn an_approval_lets_in_and_writes_and_a_refusal_buries() {
    let town = Town::new().await;
    let moderator = town.member("mo", &[RoleKind::Moderator]).await;
    let waiting = |name: &'static str| {
        let email = Some(Email::parse(&format!("{name}@example.org")).expect("address"));
        let new = NewMember { state: MemberState::Pending, email, ..named(name) };
        town.write(move |tx| actions::create_member(tx, &new))
    };
    let (marta, idris) = (waiting("marta").await.expect("waits"), waiting("idris").await.expect("waits"));
    assert_eq!(town.read(actions::count_waiting).await, 2);
    let approve = |whom| {
        let ground = town.ground.clone();
        town.act::<DecideSignUp, _>(moderator, whom, move |tx, may, actor, members| actions::approve(tx, may, actor, members, &ground))
    };
    approve(marta).await.expect("approved");
    assert!(town.told().contains(&Notice::MemberJoined { member: marta }));
    assert_eq!(town.read(|conn| outbox(conn, None, 10)).await.len(), 1);
    assert_eq!(code(approve(marta).await), "members.not_pending");
    let turn_down =
        |whom| town.act::<DecideSignUp, _>(moderator, whom, |tx, may, actor, members| actions::turn_down(tx, may, actor, members, "no"));
    assert_eq!(code(turn_down(marta).await), "members.not_pending");
    turn_down(idris).await.expect("turned down");
    assert_eq!(town.state(idris).await, MemberState::Deleted);
    assert_eq!(town.acts().await, ["members.turn_down", "members.approve"]);
}

#[tokio::test]
async fn an_administrator_hands_over_a_link_and_signs_out_everywhere() {
    let town = Town::new().await;
    let administrator = town.member("ada", &[RoleKind::Administrator]).await;
    let marta = town.member("marta", &[]).await;
    let (session, _) = town.browser(marta).await;
    let url = town
        .act::<ManageMember, _>(administrator, marta, |tx, may, actor, _| actions::reset_link(tx, may, actor, "https://harbour.example"))
        .await
        .expect("link");
    let shown = url.strip_prefix("https://harbour.example/reset/").expect("address").to_owned();
    actions::reset_password(&town.ground, &visitor(None), &town.members, shown, "a new one by the sea").await.expect("set");
    assert_eq!(town.ended(), [session]);
    let (second, _) = town.browser(marta).await;
    town.act::<ManageMember, _>(administrator, marta, |tx, may, actor, _| actions::sign_out_everywhere(tx, may, actor)).await.expect("out");
    assert_eq!(town.ended(), [session, second]);
    let detail = town
        .act::<SeeAccount, _>(administrator, marta, |tx, may, actor, _| actions::account_detail(tx, may, actor.now))
        .await
        .expect("detail");
    assert!(detail.sessions.is_empty());
    assert_eq!(town.acts().await, ["members.sign_out", "members.reset_link"]);
}

/// What was done to a member, newest first.
async fn sanctions(town: &Town, member: MemberId) -> Vec<SanctionRow> {
    town.read(move |conn| actions::sanctions_of(conn, member)).await
}

async fn appeal(town: &Town, sanction: SanctionId, words: &str) -> Result<()> {
    let words = words.to_owned();
    town.write(move |tx| actions::appeal(tx, sanction, &words)).await
}

async fn decide(town: &Town, by: MemberId, sanction: SanctionId, lifts: bool) -> Result<()> {
    let decided = town.act::<DecideAppeal, _>(by, sanction, move |tx, may, actor, members| {
        actions::decide_appeal(tx, may, actor, members, lifts, "we looked again")
    });
    decided.await
}

#[tokio::test]
async fn an_appeal_is_made_once_and_decided_by_somebody_else_where_there_is_one() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let moderator = town.member("mo", &[RoleKind::Moderator]).await;
    let marta = town.member("marta", &[]).await;
    let sanction = mute(&town, moderator, marta, START + DAY).await.expect("muted");
    assert_eq!(code(decide(&town, owner, sanction, true).await), "error.not_found", "there is no appeal yet");
    for words in ["", " \n ", &"x".repeat(2_001)] {
        assert_eq!(code(appeal(&town, sanction, words).await), "members.appeal_words");
    }
    appeal(&town, sanction, "It was\na joke").await.expect("made");
    assert_eq!(code(appeal(&town, sanction, "Again").await), "members.appealed_already");
    assert_eq!(sanctions(&town, marta).await[0].appeal.as_deref(), Some("It was\na joke"));

    assert_eq!(code(decide(&town, moderator, sanction, false).await), "members.appeal_by_another");
    assert_eq!(code(decide(&town, marta, sanction, true).await), "access.not_allowed");
    town.told();
    decide(&town, owner, sanction, true).await.expect("lifted");
    assert_eq!(town.told(), [Notice::AppealDecided { member: marta, sanction }]);
    assert_eq!(code(decide(&town, owner, sanction, false).await), "members.appeal_decided");
    assert_eq!(town.events(marta).last().expect("an event")["muted_until"], serde_json::Value::Null);
    let row = sanctions(&town, marta).await.remove(0);
    assert_eq!((row.upheld, row.lifted_at, row.decided_by), (Some(false), Some(START), Some(owner)));
    assert_eq!(town.acts().await, ["appeals.lift", "members.mute"]);
}

#[tokio::test]
async fn whoever_is_alone_decides_about_their_own_act_and_that_is_said() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let marta = town.member("marta", &[]).await;
    let sanction = ban(&town, owner, marta, None).await.expect("banned");
    appeal(&town, sanction, "Let me in").await.expect("made");
    decide(&town, owner, sanction, false).await.expect("nobody else may");
    assert_eq!(town.state(marta).await, MemberState::Banned);
    let told = sanctions(&town, marta).await.remove(0).told(START).appeal.expect("an appeal");
    assert_eq!((told.upheld, told.same_person, told.answer.as_str()), (Some(true), true, "we looked again"));
}

#[tokio::test]
async fn nothing_is_appealed_that_is_over_and_what_was_lifted_meanwhile_does_no_harm() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let moderator = town.member("mo", &[RoleKind::Moderator]).await;
    let marta = town.member("marta", &[]).await;
    let first = mute(&town, moderator, marta, START + DAY).await.expect("muted");
    let second = mute(&town, moderator, marta, START + 2 * DAY).await.expect("muted anew");
    assert_eq!(code(appeal(&town, first, "No").await), "members.appeal_over", "another took its place");
    appeal(&town, second, "No").await.expect("made");
    town.pass(2 * DAY);
    let third = mute(&town, moderator, marta, START + 9 * DAY).await.expect("muted again");
    assert_eq!(code(decide(&town, owner, second, true).await), "members.appeal_over", "nothing is left of it to lift");
    let (_, browser) = town.browser(marta).await;
    assert!(town.actor(&browser).await.is_muted(), "the later one holds");
    town.pass(7 * DAY);
    assert_eq!(code(appeal(&town, third, "No").await), "members.appeal_over");
    let warn = Terms { reason: "be kind", ..Terms::default() };
    let warned = town.act::<MuteMember, _>(moderator, marta, move |tx, may, actor, members| actions::warn(tx, may, actor, members, &warn));
    let warned = warned.await.expect("warned");
    appeal(&town, warned, "I was").await.expect("a warning has no end");
    decide(&town, owner, warned, true).await.expect("taken back");
    let row = sanctions(&town, marta).await.remove(0);
    assert_eq!((row.kind(), row.lifted_at), (SanctionKind::Warning, Some(START + 9 * DAY)));
}
