//! What arrives on the port, told apart and checked before any library sees it.
//!
//! Nothing here allocates, and nothing here panics, whatever the bytes are.

pub mod rtcp;
pub mod rtcp_write;
pub mod rtp;
#[cfg(test)]
pub(super) mod tests;

/// Bytes of the longest datagram that is looked at.
pub const MAX_DATAGRAM: usize = 2_048;
/// Bytes of the longest connectivity check that is looked at.
pub const MAX_STUN: usize = 1_024;

/// What a datagram is, by its first bytes (RFC 7983 and RFC 5761).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A connectivity check.
    Stun,
    /// Keys being agreed.
    Dtls,
    /// Media, encrypted.
    Rtp,
    /// Reports and requests about media, encrypted.
    Rtcp,
}

/// Why a packet is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Malformed {
    /// It ends before it should.
    #[error("too short")]
    TooShort,
    /// It is longer than anything of its kind.
    #[error("too long")]
    TooLong,
    /// Not a protocol that is spoken here.
    #[error("unknown protocol")]
    Unknown,
    /// A version that is not spoken here.
    #[error("wrong version")]
    Version,
    /// A length in it contradicts another.
    #[error("wrong length")]
    Length,
    /// More parts than the limit.
    #[error("too many parts")]
    TooMany,
    /// A value that the standard forbids.
    #[error("forbidden value")]
    Value,
}

/// Tells what a datagram is and checks all that is readable of it: the first gate on the way in.
///
/// # Errors
/// When it is not whole, too long, or of no protocol that is spoken here.
pub fn guard(datagram: &[u8]) -> Result<Protocol, Malformed> {
    if datagram.len() > MAX_DATAGRAM {
        return Err(Malformed::TooLong);
    }
    let protocol = tell(datagram).ok_or(Malformed::Unknown)?;
    match protocol {
        Protocol::Stun => guard_stun(datagram)?,
        Protocol::Dtls => guard_dtls(datagram)?,
        Protocol::Rtp => {
            rtp::Header::parse(datagram)?;
        }
        Protocol::Rtcp => rtcp::guard_encrypted(datagram)?,
    }
    Ok(protocol)
}

/// Tells the protocol by the first two bytes.
#[must_use]
pub fn tell(datagram: &[u8]) -> Option<Protocol> {
    match (*datagram.first()?, *datagram.get(1)?) {
        (0..=3, _) => Some(Protocol::Stun),
        (20..=63, _) => Some(Protocol::Dtls),
        (128..=191, 192..=223) => Some(Protocol::Rtcp),
        (128..=191, _) => Some(Protocol::Rtp),
        _ => None,
    }
}

const STUN_HEADER: usize = 20;
const STUN_COOKIE: u32 = 0x2112_a442;
const MAX_STUN_ATTRIBUTES: usize = 32;

fn guard_stun(message: &[u8]) -> Result<(), Malformed> {
    if message.len() > MAX_STUN {
        return Err(Malformed::TooLong);
    }
    if be32(message, 4).ok_or(Malformed::TooShort)? != STUN_COOKIE {
        return Err(Malformed::Version);
    }
    let body = message.get(STUN_HEADER..).ok_or(Malformed::TooShort)?;
    if be16(message, 2).map(usize::from) != Some(body.len()) || !body.len().is_multiple_of(4) {
        return Err(Malformed::Length);
    }
    let mut rest = body;
    let mut count = 0;
    while !rest.is_empty() {
        count += 1;
        if count > MAX_STUN_ATTRIBUTES {
            return Err(Malformed::TooMany);
        }
        let length = usize::from(be16(rest, 2).ok_or(Malformed::Length)?);
        rest = rest.get(4 + length.next_multiple_of(4)..).ok_or(Malformed::Length)?;
    }
    Ok(())
}

const DTLS_RECORD: usize = 13;
const MAX_DTLS_RECORDS: usize = 32;

fn guard_dtls(datagram: &[u8]) -> Result<(), Malformed> {
    let mut rest = datagram;
    let mut count = 0;
    while !rest.is_empty() {
        count += 1;
        if count > MAX_DTLS_RECORDS {
            return Err(Malformed::TooMany);
        }
        if rest.len() < DTLS_RECORD {
            return Err(Malformed::TooShort);
        }
        if !(20..=25).contains(&rest[0]) {
            return Err(Malformed::Value);
        }
        if rest[1] != 0xfe || !matches!(rest[2], 0xfd | 0xff) {
            return Err(Malformed::Version);
        }
        let length = usize::from(be16(rest, 11).ok_or(Malformed::TooShort)?);
        rest = rest.get(DTLS_RECORD + length..).ok_or(Malformed::Length)?;
    }
    Ok(())
}

/// The records of a datagram that has passed [`guard`], each with its header.
pub fn dtls_records(datagram: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let length = usize::from(be16(rest, 11)?);
        let (record, after) = rest.split_at_checked(DTLS_RECORD + length)?;
        rest = after;
        Some(record)
    })
}

/// Two bytes at a place, most significant first.
pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Three bytes at a place.
pub(super) fn be24(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = *bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes([0, a, b, c]))
}

/// Four bytes at a place.
pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Eight bytes at a place.
pub(super) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
