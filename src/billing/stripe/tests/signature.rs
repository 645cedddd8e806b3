//! Which webhooks are believed: whose signature, over which bytes, and when.

use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Sha256;

use crate::billing::stripe::signature::{Rejected, TOLERANCE_S, verify};

const NOW_S: i64 = 1_793_534_400;
const BODY: &[u8] = br#"{"id":"evt_1","livemode":false}"#;

/// As Stripe documents it, said once more: hex of HMAC-SHA-256 over `time.body`.
fn signature(body: &[u8], secret: &str, at: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(format!("{at}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn header(secret: &str, at: i64) -> String {
    format!("t={at},v1={}", signature(BODY, secret, at))
}

fn check(body: &[u8], header: &str, secrets: &[&str]) -> Result<i64, Rejected> {
    let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    verify(body, header, &secrets, NOW_S * 1_000 + 999)
}

#[test]
fn a_signature_known_from_elsewhere_is_right() {
    // printf '1.{}' | openssl dgst -sha256 -hmac whsec_test
    let known = "t=1,v1=7500d5d4be4b3ef07af1fe56f7d522d135cdaa7530de557e67cc1049c52de094";
    assert_eq!(verify(b"{}", known, &["whsec_test".to_owned()], 1_000), Ok(0));
}

#[test]
fn what_is_unsigned_wrongly_signed_or_stale_is_refused_and_said_to_be_so() {
    let good = header("whsec_a", NOW_S);
    let bare = signature(BODY, "whsec_a", NOW_S);
    for (what, header, secrets, answer) in [
        ("good", good.clone(), vec!["whsec_a"], Ok(0)),
        ("the old secret beside the new one", good.clone(), vec!["whsec_b", "whsec_a"], Ok(0)),
        ("two signatures, the first one of another secret", format!("t={NOW_S},v1={},v1={bare}", "0".repeat(64)), vec!["whsec_a"], Ok(0)),
        ("spaces and schemes that we do not know", format!("t={NOW_S}, v0=aa, v1={bare}"), vec!["whsec_a"], Ok(0)),
        ("letters of the other case", format!("t={NOW_S},v1={}", bare.to_uppercase()), vec!["whsec_a"], Ok(0)),
        ("the old secret after its time", good.clone(), vec!["whsec_b"], Err(Rejected::Signature)),
        ("no secret at all", good, vec![], Err(Rejected::Signature)),
        ("a secret that is empty", header("", NOW_S), vec!["whsec_a"], Err(Rejected::Signature)),
        ("another time than was signed", format!("t={},v1={bare}", NOW_S - 1), vec!["whsec_a"], Err(Rejected::Signature)),
        ("a signature that is cut", format!("t={NOW_S},v1={}", &bare[..62]), vec!["whsec_a"], Err(Rejected::Signature)),
        ("the scheme for tests of theirs", format!("t={NOW_S},v0={bare}"), vec!["whsec_a"], Err(Rejected::Signature)),
        ("nothing", String::new(), vec!["whsec_a"], Err(Rejected::Header)),
        ("no time", format!("v1={bare}"), vec!["whsec_a"], Err(Rejected::Header)),
        ("two times", format!("t={NOW_S},t={NOW_S},v1={bare}"), vec!["whsec_a"], Err(Rejected::Header)),
        ("a time that is no number", format!("t=now,v1={bare}"), vec!["whsec_a"], Err(Rejected::Header)),
        ("a time before all", format!("t=-1,v1={bare}"), vec!["whsec_a"], Err(Rejected::Header)),
    ] {
        assert_eq!(check(BODY, &header, &secrets), answer, "{what}");
    }
    assert_eq!(check(b"{}", &header("whsec_a", NOW_S), &["whsec_a"]), Err(Rejected::Signature), "other bytes");
}

#[test]
fn a_clock_may_differ_by_five_minutes_and_no_more() {
    for (behind, answer) in [
        (0, Ok(0)),
        (299, Ok(299)),
        (-299, Ok(-299)),
        (TOLERANCE_S, Ok(TOLERANCE_S)),
        (-TOLERANCE_S, Ok(-TOLERANCE_S)),
        (301, Err(Rejected::Stale(301))),
        (-301, Err(Rejected::Stale(-301))),
    ] {
        assert_eq!(check(BODY, &header("whsec_a", NOW_S - behind), &["whsec_a"]), answer, "{behind} s");
    }
}

proptest! {
    #[test]
    fn no_other_bytes_pass_for_the_signed_ones(at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let mut other = BODY.to_vec();
        let at = at.index(other.len());
        other[at] ^= change;
        prop_assert_eq!(check(&other, &header("whsec_a", NOW_S), &["whsec_a"]), Err(Rejected::Signature));
    }

    #[test]
    fn no_header_makes_it_panic(header in "[tv01=,;a-f0-9 é-]{0,200}") {
        let answer = check(BODY, &header, &["whsec_a"]);
        prop_assert!(matches!(answer, Err(Rejected::Header | Rejected::Signature)));
    }
}
