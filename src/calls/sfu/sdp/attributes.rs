//! The small grammars inside of attributes.

use super::{Extension, Fault, MAX_NAME};

/// A name that fits into a header's extension: letters, digits, and what tokens may have besides (RFC 8852).
pub(super) fn name(value: &str) -> Result<String, Fault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'{' | b'}' | b'+');
    if value.is_empty() || value.len() > MAX_NAME || !value.bytes().all(plain) {
        return Err(Fault::Value);
    }
    Ok(value.to_owned())
}

/// Credentials of ICE: 4 to 256 characters for the name, 22 to 256 for the password (RFC 8839, section 5.4).
pub(super) fn credential(value: &str, least: usize) -> Result<String, Fault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    if !(least..=256).contains(&value.len()) || !value.bytes().all(plain) {
        return Err(Fault::NoIce);
    }
    Ok(value.to_owned())
}

/// The hash of a certificate; `None` when it is by another function than SHA-256.
pub(super) fn fingerprint(value: &str) -> Result<Option<[u8; 32]>, Fault> {
    let (function, hex) = value.split_once(' ').ok_or(Fault::Value)?;
    if !function.eq_ignore_ascii_case("sha-256") {
        return Ok(None);
    }
    let mut bytes = [0; 32];
    let mut pairs = hex.trim().split(':');
    for byte in &mut bytes {
        let pair = pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
        *byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or(Fault::NoFingerprint)?;
    }
    if pairs.next().is_some() {
        return Err(Fault::NoFingerprint);
    }
    Ok(Some(bytes))
}

/// An extension that is understood, with its number in the short form.
pub(super) fn extension(value: &str) -> Option<(Extension, u8)> {
    let mut words = value.split(' ');
    let id = words.next()?.split('/').next()?.parse().ok().filter(|id| (1..=14).contains(id))?;
    let uri = words.next()?;
    let known = Extension::ALL.into_iter().find(|known| known.uri() == uri)?;
    Some((known, id))
}

/// The layers that are sent: `send q;h;f`, of alternatives the first, also those that are paused.
pub(super) fn simulcast(value: &str) -> Vec<&str> {
    let mut words = value.split(' ');
    while let (Some(direction), Some(layers)) = (words.next(), words.next()) {
        if direction == "send" {
            return layers.split(';').filter_map(|layer| layer.split(',').next()).map(|rid| rid.trim_start_matches('~')).collect();
        }
    }
    Vec::new()
}

/// A value of `name=value;…`.
pub(super) fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let pairs = parameters.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}
