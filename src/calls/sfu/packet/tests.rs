//! The guard against random and damaged bytes, and what is written against what is read.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::rtcp::{self, Block, Part, SenderInfo};
use super::rtp::{Header, Outline};
use super::*;

/// Inputs that each parser survives in the ordinary tests.
pub(in crate::calls::sfu) const FUZZ: u32 = 100_000;

/// Runs a parser over random bytes and over damaged copies of good ones.
pub(in crate::calls::sfu) fn fuzz(seeds: &[Vec<u8>], mut parse: impl FnMut(&[u8])) {
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut input = Vec::new();
    for round in 0..FUZZ {
        input.clear();
        if round % 4 == 0 || seeds.is_empty() {
            let length = random.random_range(0..160_usize);
            input.extend((0..length).map(|_| random.random::<u8>()));
        } else {
            input.extend_from_slice(&seeds[round as usize % seeds.len()]);
            damage(&mut input, &mut random);
        }
        parse(&input);
    }
}

fn damage(input: &mut Vec<u8>, random: &mut TestRng) {
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..input.len().max(1));
        match random.random_range(0..5) {
            0 => input.truncate(at),
            1 => input.insert(at.min(input.len()), random.random()),
            2 if at < input.len() => {
                input.remove(at);
            }
            _ if at < input.len() => input[at] = if random.random() { random.random() } else { 0xff },
            _ => {}
        }
    }
}

fn sample_rtp() -> Vec<u8> {
    let outline = Outline { marker: true, payload_type: 96, sequence: 7, timestamp: 90_000, ssrc: 5, contributor: Some(9), padded: false };
    let mut packet = vec![0; 64];
    let length = outline.write(&[(1, b"0"), (3, &[1, 2, 3])], &mut packet).unwrap();
    packet.truncate(length);
    packet.extend_from_slice(&[0xaa; 20]);
    packet
}

fn sample_rtcp() -> Vec<u8> {
    let mut out = vec![0; 512];
    let info = SenderInfo { ssrc: 1, ntp: 0x0102_0304_0506_0708, timestamp: 11, packets: 12, octets: 13 };
    let block = Block { ssrc: 2, fraction: 3, lost: -4, greatest: 5, jitter: 6, last_report: 7, delay: 8 };
    let mut at = rtcp_write::sender_report(&mut out, 0, &info).unwrap();
    at = rtcp_write::receiver_report(&mut out, at, 1, &[block]).unwrap();
    at = rtcp_write::description(&mut out, at, 1, "name").unwrap();
    at = rtcp_write::nack(&mut out, at, 1, 2, &[65_530, 65_535, 3, 40]).unwrap();
    at = rtcp_write::keyframe(&mut out, at, 1, 2).unwrap();
    at = rtcp_write::estimate(&mut out, at, 1, 2, 2_500_000).unwrap();
    at = rtcp_write::bye(&mut out, at, 2).unwrap();
    out.truncate(at);
    out
}

#[test]
fn reports_are_read_as_they_were_written() {
    let bytes = sample_rtcp();
    let mut parts = rtcp::parts(&bytes).unwrap();
    let Some(Part::Sender(info, mut blocks)) = parts.next() else { panic!("a sender's report") };
    assert_eq!((info.ssrc, info.ntp, info.timestamp, info.packets, info.octets), (1, 0x0102_0304_0506_0708, 11, 12, 13));
    assert_eq!(blocks.next(), None);
    let Some(Part::Receiver(1, mut blocks)) = parts.next() else { panic!("a receiver's report") };
    let block = Block { ssrc: 2, fraction: 3, lost: -4, greatest: 5, jitter: 6, last_report: 7, delay: 8 };
    assert_eq!((blocks.next(), blocks.next()), (Some(block), None));
    assert_eq!(parts.next(), Some(Part::Other(202)));
    let Some(Part::Nack { media: 2, lost }) = parts.next() else { panic!("a nack") };
    assert_eq!(lost.collect::<Vec<_>>(), [65_530, 65_535, 3, 40]);
    assert_eq!(parts.next(), Some(Part::Keyframe { media: 2 }));
    let Some(Part::Estimate(bits)) = parts.next() else { panic!("an estimate") };
    assert!((2_490_000..=2_500_000).contains(&bits), "{bits}");
    assert_eq!(parts.next(), Some(Part::Bye(2)));
    assert_eq!(parts.next(), None);
}

#[test]
fn the_first_bytes_tell_the_protocol() {
    let told = |first: u8, second: u8| tell(&[first, second]);
    assert_eq!(told(0, 1), Some(Protocol::Stun));
    assert_eq!(told(22, 254), Some(Protocol::Dtls));
    assert_eq!(told(0x80, 96), Some(Protocol::Rtp));
    assert_eq!(told(0x90, 0x80 | 111), Some(Protocol::Rtp));
    assert_eq!(told(0x81, 201), Some(Protocol::Rtcp));
    for other in [4, 16, 19, 64, 79, 127, 192, 255] {
        assert_eq!(told(other, 96), None, "{other}");
    }
    assert_eq!(tell(&[0x80]), None);
}

#[test]
fn the_guard_refuses_what_contradicts_itself() {
    assert_eq!(guard(&sample_rtp()), Ok(Protocol::Rtp));
    assert_eq!(guard(&[]), Err(Malformed::Unknown));
    assert_eq!(guard(&vec![0x80; MAX_DATAGRAM + 1]), Err(Malformed::TooLong));
    assert_eq!(guard(&[0x80, 96, 0, 0]), Err(Malformed::TooShort));

    let mut check = vec![0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42];
    check.extend_from_slice(&[7; 12]);
    check.extend_from_slice(&[0, 6, 0, 3, b'a', b'b', b'c', 0]);
    assert_eq!(guard(&check), Ok(Protocol::Stun));
    check[23] = 5;
    assert_eq!(guard(&check), Err(Malformed::Length), "an attribute over the end");
    check[3] = 4;
    assert_eq!(guard(&check), Err(Malformed::Length), "a length that is not the message's");
    check[4] = 0;
    assert_eq!(guard(&check), Err(Malformed::Version), "no cookie");

    let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1];
    assert_eq!(guard(&record), Ok(Protocol::Dtls));
    record.pop();
    assert_eq!(guard(&record), Err(Malformed::Length));
    record[2] = 1;
    assert_eq!(guard(&record), Err(Malformed::Version));
}

#[test]
fn padding_is_taken_off_and_never_more_than_there_is() {
    let mut packet = sample_rtp();
    packet[0] |= 0x20;
    let last = packet.len() - 1;
    let header = Header::parse(&packet).unwrap();
    packet[last] = 20;
    assert!(header.payload(&packet).unwrap().is_empty(), "padding alone");
    packet[last] = 21;
    assert_eq!(header.payload(&packet), Err(Malformed::Length));
    packet[last] = 0;
    assert_eq!(header.payload(&packet), Err(Malformed::Length));
    packet[last] = 1;
    assert_eq!(header.payload(&packet).unwrap().len(), 19);
}

#[test]
fn a_datagram_of_many_parts_is_refused_at_its_limit() {
    let mut out = vec![0; (rtcp::MAX_PARTS + 1) * 12];
    let mut at = 0;
    for _ in 0..rtcp::MAX_PARTS {
        at = rtcp_write::keyframe(&mut out, at, 1, 2).unwrap();
    }
    assert!(rtcp::parts(&out[..at]).is_ok());
    at = rtcp_write::keyframe(&mut out, at, 1, 2).unwrap();
    assert_eq!(rtcp::parts(&out[..at]).err(), Some(Malformed::TooMany));
}

#[test]
fn no_bytes_make_the_readers_panic() {
    let check = [&[0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12], &[0, 6, 0, 3, b'a', b'b', b'c', 0]].concat();
    let record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1];
    let mut media = 0;
    fuzz(&[sample_rtp(), sample_rtcp(), check, record], |bytes| {
        let _ = guard(bytes);
        if let Ok(header) = Header::parse(bytes) {
            media += usize::from(header.payload(bytes).is_ok());
            media += header.extensions(bytes).map(|(_, value)| value.len()).sum::<usize>();
            media += header.contributors(bytes).count();
        }
        if let Ok(parts) = rtcp::parts(bytes) {
            for part in parts {
                match part {
                    Part::Nack { lost, .. } => assert!(lost.count() <= rtcp::MAX_NACK_PAIRS * 17),
                    Part::Sender(_, blocks) | Part::Receiver(_, blocks) => assert!(blocks.count() <= 31),
                    _ => {}
                }
            }
        }
    });
    assert!(media > 0, "some of the damaged packets can still be read");
}

#[test]
fn headers_are_read_as_they_were_written() {
    let values = prop::collection::vec((1_u8..=255, prop::collection::vec(any::<u8>(), 0..40)), 0..5);
    let outline = (any::<bool>(), 0_u8..128, any::<u16>(), any::<u32>(), any::<u32>(), any::<Option<u32>>());
    let mut runner = TestRunner::new(Config { cases: 2_000, ..Config::default() });
    runner
        .run(&(outline, values), |((marker, payload_type, sequence, timestamp, ssrc, contributor), values)| {
            let outline = Outline { marker, payload_type, sequence, timestamp, ssrc, contributor, padded: false };
            let extensions: Vec<(u8, &[u8])> = values.iter().map(|(id, value)| (*id, value.as_slice())).collect();
            let mut packet = [0xee; 512];
            let length = outline.write(&extensions, &mut packet).unwrap();
            let header = Header::parse(&packet[..length]).unwrap();
            prop_assert_eq!(header.length, length);
            prop_assert_eq!((header.marker, header.payload_type, header.sequence), (marker, payload_type, sequence));
            prop_assert_eq!((header.timestamp, header.ssrc), (timestamp, ssrc));
            prop_assert_eq!(header.contributors(&packet).collect::<Vec<_>>(), Vec::from_iter(contributor));
            prop_assert_eq!(header.extensions(&packet).collect::<Vec<_>>(), extensions);
            for short in 0..length {
                prop_assert_eq!(outline.write(&values_of(&values), &mut [0; 512][..short]), None);
            }
            Ok(())
        })
        .unwrap();
}

fn values_of(values: &[(u8, Vec<u8>)]) -> Vec<(u8, &[u8])> {
    values.iter().map(|(id, value)| (*id, value.as_slice())).collect()
}
