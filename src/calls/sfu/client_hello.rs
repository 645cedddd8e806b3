//! The first flight of a handshake, read before the DTLS library sees it: which protection the browser knows decides what it
//! is offered.
//!
//! The library takes the first profile of the client's list that the server has, so the server's list must already be the
//! one that is wanted. Long hellos come in pieces, so the datagrams are kept until the hello is whole.

use super::srtp::Profile;

/// Most bytes of datagrams that are kept.
const KEPT: usize = 8 * 1024;
const RECORD_HEADER: usize = 13;
const HANDSHAKE_HEADER: usize = 12;
/// The content type of records of a handshake.
pub const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const USE_SRTP: u16 = 14;
const GCM: u16 = 0x0007;
const SHA1: u16 = 0x0001;

/// What has come of the first flight.
#[derive(Debug, Default)]
pub struct FirstFlight {
    datagrams: Vec<Vec<u8>>,
    kept: usize,
    body: Vec<u8>,
    have: Vec<(usize, usize)>,
    length: Option<usize>,
}

/// What a first flight says.
#[derive(Debug, PartialEq, Eq)]
pub enum Hello {
    /// It is not whole yet, or what came is no part of it.
    Partial,
    /// It is whole, and this is what protects the media.
    Whole(Profile),
    /// It is whole, and cannot be read or knows no protection that we know.
    Hopeless,
}

impl FirstFlight {
    /// Takes in a datagram. One that cannot be read is no part of a hello, and is left out (RFC 6347, section 4.1.2.7): anybody may
    /// have sent it. When there is too much, all begins anew.
    pub fn take(&mut self, datagram: &[u8]) -> Hello {
        let Some(pieces) = pieces(datagram) else { return Hello::Partial };
        if self.kept + datagram.len() > KEPT {
            *self = Self::default();
        }
        for piece in &pieces {
            if self.length.is_some_and(|known| known != piece.total) {
                return Hello::Partial;
            }
            self.length = Some(piece.total);
            self.body.resize(piece.total, 0);
            let end = piece.offset + piece.bytes.len();
            self.body[piece.offset..end].copy_from_slice(piece.bytes);
            self.have.push((piece.offset, end));
        }
        self.kept += datagram.len();
        self.datagrams.push(datagram.to_vec());
        let length = self.length;
        match length {
            Some(length) if self.is_covered(length) => profile(&self.body[..length]).map_or(Hello::Hopeless, Hello::Whole),
            _ => Hello::Partial,
        }
    }

    /// The datagrams as they came, for the library.
    pub fn into_datagrams(self) -> Vec<Vec<u8>> {
        self.datagrams
    }

    fn is_covered(&mut self, length: usize) -> bool {
        self.have.sort_unstable();
        self.have.iter().fold(0, |reached, (from, to)| if *from <= reached { reached.max(*to) } else { reached }) == length
    }
}

/// A piece of a hello.
struct Piece<'a> {
    total: usize,
    offset: usize,
    bytes: &'a [u8],
}

/// The pieces of a hello in a datagram; `None` when it cannot be read, or holds anything else of a handshake.
fn pieces(datagram: &[u8]) -> Option<Vec<Piece<'_>>> {
    let (mut pieces, mut records) = (Vec::new(), Reader(datagram));
    while !records.0.is_empty() {
        let header = records.take(RECORD_HEADER)?;
        let mut record = Reader(records.take(usize::from(u16::from_be_bytes([header[11], header[12]])))?);
        while header[0] == HANDSHAKE && !record.0.is_empty() {
            let header = record.take(HANDSHAKE_HEADER)?;
            let (total, offset, length) = (u24(&header[1..4]), u24(&header[6..9]), u24(&header[9..12]));
            let bytes = record.take(length)?;
            if header[0] != CLIENT_HELLO || total > KEPT || offset + length > total {
                return None;
            }
            pieces.push(Piece { total, offset, bytes });
        }
    }
    Some(pieces)
}

/// The protection for this hello: GCM if it is in it.
fn profile(hello: &[u8]) -> Option<Profile> {
    let mut reader = Reader(hello);
    // Version, random; session, cookie, cipher suites, compression methods.
    reader.take(2 + 32)?;
    let session = reader.byte()?;
    reader.take(session)?;
    let cookie = reader.byte()?;
    reader.take(cookie)?;
    let suites = reader.word()?;
    reader.take(suites)?;
    let compression = reader.byte()?;
    reader.take(compression)?;
    let length = reader.word()?;
    let mut extensions = Reader(reader.take(length)?);
    while !extensions.0.is_empty() {
        let kind = extensions.word()?;
        let length = extensions.word()?;
        let mut body = Reader(extensions.take(length)?);
        if kind == usize::from(USE_SRTP) {
            let length = body.word()?;
            let list = body.take(length)?;
            let knows = |wanted: u16| list.chunks_exact(2).any(|pair| u16::from_be_bytes([pair[0], pair[1]]) == wanted);
            return if knows(GCM) {
                Some(Profile::Gcm)
            } else if knows(SHA1) {
                Some(Profile::Sha1)
            } else {
                None
            };
        }
    }
    None
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<usize> {
        self.take(1).map(|bytes| usize::from(bytes[0]))
    }

    fn word(&mut self) -> Option<usize> {
        self.take(2).map(|bytes| usize::from(u16::from_be_bytes([bytes[0], bytes[1]])))
    }
}

fn u24(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |value, byte| value << 8 | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hello(profiles: &[u16], padding: usize) -> Vec<u8> {
        let mut body = vec![0xfe, 0xfd];
        body.extend([7; 32]);
        body.extend([0, 0]);
        body.extend([0, 2, 0xc0, 0x2b, 1, 0]);
        let mut extensions = vec![0, 23, 0, 0];
        extensions.extend([0, 21]);
        extensions.extend((padding as u16).to_be_bytes());
        extensions.extend(vec![0; padding]);
        let list: Vec<u8> = profiles.iter().flat_map(|profile| profile.to_be_bytes()).collect();
        extensions.extend([0, 14, 0, list.len() as u8 + 3, 0, list.len() as u8]);
        extensions.extend(list);
        extensions.push(0);
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
        body
    }

    fn datagram(body: &[u8], from: usize, to: usize) -> Vec<u8> {
        let three = |n: usize| [(n >> 16) as u8, (n >> 8) as u8, n as u8];
        let mut message = vec![CLIENT_HELLO];
        message.extend(three(body.len()));
        message.extend([0, 0]);
        message.extend(three(from));
        message.extend(three(to - from));
        message.extend(&body[from..to]);
        let mut record = vec![HANDSHAKE, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
        record.extend((message.len() as u16).to_be_bytes());
        record.extend(message);
        record
    }

    #[test]
    fn gcm_is_chosen_wherever_it_stands_and_sha1_without_it() {
        for (profiles, expected) in [
            (&[1, 7][..], Hello::Whole(Profile::Gcm)),
            (&[7, 8, 1], Hello::Whole(Profile::Gcm)),
            (&[8, 1, 2], Hello::Whole(Profile::Sha1)),
            (&[8, 2], Hello::Hopeless),
            (&[], Hello::Hopeless),
        ] {
            let body = hello(profiles, 0);
            assert_eq!(FirstFlight::default().take(&datagram(&body, 0, body.len())), expected);
        }
    }

    #[test]
    fn a_hello_in_pieces_is_whole_with_the_last_whatever_their_order() {
        let body = hello(&[1, 7], 1_500);
        let mut flight = FirstFlight::default();
        assert_eq!(flight.take(&datagram(&body, 900, body.len())), Hello::Partial);
        assert_eq!(flight.take(&datagram(&body, 900, body.len())), Hello::Partial);
        assert_eq!(flight.take(&datagram(&body, 0, 900)), Hello::Whole(Profile::Gcm));
        assert_eq!(flight.into_datagrams().len(), 3);
    }

    #[test]
    fn a_flight_without_end_is_begun_anew() {
        let long = hello(&[7], 6_000);
        let mut flight = FirstFlight::default();
        for _ in 0..20 {
            assert_eq!(flight.take(&datagram(&long, 0, 1_000)), Hello::Partial);
            assert!(flight.kept <= KEPT && flight.datagrams.len() <= 8);
        }
        // Whoever means it sends its flight again.
        let pieces = [(0, 1_000), (1_000, 3_000), (3_000, long.len())];
        let mut said = pieces.iter().cycle().take(6).map(|(from, to)| flight.take(&datagram(&long, *from, *to)));
        assert!(said.any(|hello| hello == Hello::Whole(Profile::Gcm)));
    }

    #[test]
    fn what_is_no_hello_does_not_end_one() {
        let body = hello(&[7], 1_500);
        let mut flight = FirstFlight::default();
        assert_eq!(flight.take(&datagram(&body, 0, 900)), Hello::Partial);
        let mut other = datagram(&body, 0, 900);
        other[RECORD_HEADER] = 2;
        let shorter = datagram(&body[..800], 0, 800);
        let cut = &datagram(&body, 0, 900)[..500];
        for odd in [&other[..], &shorter, cut, &[0; 20], &[20, 0xfe]] {
            assert_eq!(flight.take(odd), Hello::Partial);
        }
        assert_eq!(flight.take(&datagram(&body, 900, body.len())), Hello::Whole(Profile::Gcm));
        assert_eq!(flight.into_datagrams().len(), 2, "and none of it reaches the library");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..200), at: usize, with: u8, cut: usize) {
            FirstFlight::default().take(&bytes);
            let body = hello(&[1, 7], 10);
            let mut packet = datagram(&body, 0, body.len());
            let length = packet.len();
            packet[at % length] ^= with;
            packet.truncate(cut % (length + 1));
            FirstFlight::default().take(&packet);
        }
    }
}
