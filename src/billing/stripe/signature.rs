//! Who sent a webhook: HMAC-SHA-256 over its raw bytes and its time, under one of our secrets.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::clock::Millis;

/// Most seconds between the time in a signature and ours, in either direction.
pub const TOLERANCE_S: i64 = 300;
/// Most signatures of one header that are looked at; Stripe sends one for each secret in force.
const MOST_SIGNATURES: usize = 16;

/// Why a webhook is not believed. Nothing of it is stored then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// There is no header, or it is not `t=…,v1=…`.
    Header,
    /// No signature in it is one of ours.
    Signature,
    /// It was signed too long ago, or too far ahead: seconds, ours less theirs.
    Stale(i64),
}

/// Is this body one that Stripe signed just now? Any of `secrets` will do, so that an old one may go on for a while beside the new one, and any of
/// the header's `v1` parts. The body is not parsed.
///
/// # Errors
/// [`Rejected`]; the time is looked at last, so that nobody without a secret learns our clock.
pub fn verify(body: &[u8], header: &str, secrets: &[String], now: Millis) -> Result<i64, Rejected> {
    let (at, signatures) = read(header).ok_or(Rejected::Header)?;
    let is_ours = secrets.iter().any(|secret| {
        let mac = mac(body, secret, at);
        signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    });
    if !is_ours {
        return Err(Rejected::Signature);
    }
    let behind = now.div_euclid(1_000).saturating_sub(at);
    if behind.unsigned_abs() > TOLERANCE_S.unsigned_abs() { Err(Rejected::Stale(behind)) } else { Ok(behind) }
}

/// The header's one time, in seconds, and its signatures of the scheme that we know.
fn read(header: &str) -> Option<(i64, Vec<[u8; 32]>)> {
    let (mut at, mut signatures) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) if at.is_none() => at = Some(value.parse().ok().filter(|at: &i64| *at >= 0)?),
            Some(("t", _)) => return None,
            Some(("v1", value)) if signatures.len() < MOST_SIGNATURES => signatures.extend(from_hex(value)),
            _ => {}
        }
    }
    at.map(|at| (at, signatures))
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn mac(body: &[u8], secret: &str, at: i64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}
