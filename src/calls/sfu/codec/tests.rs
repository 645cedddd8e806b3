//! Payloads as encoders write them, and as nobody does.

use proptest::prelude::*;

use super::vp8::{Descriptor, MAX_DESCRIPTOR};
use super::*;
use crate::calls::sfu::packet::tests::fuzz;

/// A VP8 keyframe of 640 × 480 as libvpx sends it: long picture number, base, layer and key.
const VP8_KEY: [u8; 16] = [0x90, 0xf0, 0x81, 0x23, 0x07, 0x25, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];

/// Parameters of a sequence: constrained baseline, 80 × 45 macroblocks.
const H264_PARAMETERS: [u8; 9] = [0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe4];
/// The same of 40 × 23 macroblocks, eight lines cut off below.
const H264_CROPPED: [u8; 10] = [0x67, 0x42, 0xc0, 0x1f, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0x40];
/// High profile, 120 × 68 macroblocks, eight lines cut off below.
const H264_HIGH: [u8; 11] = [0x67, 0x64, 0x00, 0x1f, 0xac, 0xda, 0x01, 0xe0, 0x08, 0x9f, 0x95];

#[test]
fn a_vp8_keyframe_tells_its_numbers_and_size() {
    let glance = look(Codec::Vp8, &VP8_KEY);
    assert!(glance.keyframe);
    assert_eq!(glance.size, Some(Size { width: 640, height: 480 }));
    let descriptor = glance.vp8.unwrap();
    assert_eq!((descriptor.picture, descriptor.base, descriptor.key), (Some(0x123), Some(7), Some(5)));
    assert_eq!((descriptor.temporal, descriptor.length, descriptor.starts), (Some((0, true)), 6, true));

    let mut later = VP8_KEY;
    later[6] |= 1;
    assert!(!look(Codec::Vp8, &later).keyframe, "a picture that refers to others");
    later = VP8_KEY;
    later[0] &= !0x10;
    assert!(!look(Codec::Vp8, &later).keyframe, "not the first packet of it");
    later = VP8_KEY;
    later[0] |= 1;
    assert!(!look(Codec::Vp8, &later).keyframe, "another partition");
}

#[test]
fn a_short_descriptor_of_one_byte_is_enough() {
    let glance = look(Codec::Vp8, &[0x10, 0x00]);
    assert!(glance.keyframe);
    assert_eq!(glance.vp8.unwrap().picture, None);
    assert_eq!(look(Codec::Vp8, &[0x10]), Glance::default(), "no payload after it");
}

#[test]
fn an_h264_sequence_starts_with_its_parameters() {
    let whole = look(Codec::H264, &H264_PARAMETERS);
    assert!(whole.keyframe);
    assert_eq!(whole.size, Some(Size { width: 1_280, height: 720 }));

    assert_eq!(look(Codec::H264, &H264_CROPPED).size, Some(Size { width: 640, height: 360 }));
    assert_eq!(look(Codec::H264, &H264_HIGH).size, Some(Size { width: 1_920, height: 1_080 }));

    let mut aggregate = vec![0x78, 0, 9];
    aggregate.extend_from_slice(&H264_PARAMETERS);
    aggregate.extend_from_slice(&[0, 4, 0x68, 0xce, 0x3c, 0x80]);
    assert_eq!(look(Codec::H264, &aggregate), whole);

    for other in [&[0x65, 0x88][..], &[0x61, 0x9a], &[0x7c, 0x85, 0], &[0x7c, 0x45, 0], &[0x78, 0, 2, 0x68, 0xce], &[]] {
        assert!(!look(Codec::H264, other).keyframe, "{other:x?}");
    }
}

#[test]
fn a_vp9_keyframe_starts_on_its_lowest_layer() {
    // Flags I L B V, long number, layer, base, structure of one layer with a size.
    let mut start = vec![0xaa, 0x81, 0x00, 0x00, 0x05, 0x10, 0x02, 0x80, 0x01, 0x68, 0xff];
    assert!(look(Codec::Vp9, &start).keyframe);
    assert_eq!(look(Codec::Vp9, &start).size, Some(Size { width: 640, height: 360 }));
    start[3] = 0x02;
    assert!(!look(Codec::Vp9, &start).keyframe, "a higher spatial layer of it");
    start[3] = 0;
    start[0] |= 0x40;
    assert!(!look(Codec::Vp9, &start).keyframe, "predicted from others");
    start[0] = 0xa2;
    assert!(!look(Codec::Vp9, &start).keyframe, "not the beginning");
}

#[test]
fn an_av1_sequence_starts_where_its_header_says_so() {
    assert!(look(Codec::Av1, &[0x18, 0x0a]).keyframe);
    assert!(!look(Codec::Av1, &[0x10, 0x0a]).keyframe);
    assert!(!look(Codec::Av1, &[0x98, 0x0a]).keyframe, "the rest of a unit that began before");
}

#[test]
fn no_payload_makes_the_readers_panic() {
    let vp9 = vec![0xaa, 0x81, 0x00, 0x00, 0x05, 0x10, 0x02, 0x80, 0x01, 0x68, 0xff];
    let mut aggregate = vec![0x78, 0, 9];
    aggregate.extend_from_slice(&H264_PARAMETERS);
    let mut keyframes = 0;
    fuzz(&[VP8_KEY.to_vec(), H264_PARAMETERS.to_vec(), H264_HIGH.to_vec(), aggregate, vp9], |payload| {
        for codec in Codec::ALL {
            keyframes += usize::from(look(codec, payload).keyframe);
        }
        let renumbered = av1::renumbered(payload, 7).map(|(bytes, length)| av1::frame_number(&bytes[..length]));
        assert!(renumbered.is_none_or(|frame| frame == Some(7)));
    });
    assert!(keyframes > 0);
}

proptest! {
    #[test]
    fn descriptors_are_read_as_they_were_written(
        picture in prop::option::of(0_u16..0x8000), base: Option<u8>, layer in prop::option::of((0_u8..4, any::<bool>())),
        key in prop::option::of(0_u8..32), first in 0_u8..0x80
    ) {
        let mut descriptor = Descriptor::parse(&[first, 0]).unwrap();
        (descriptor.picture, descriptor.base, descriptor.temporal, descriptor.key) = (picture, base, layer, key);
        let mut bytes = [0; MAX_DESCRIPTOR];
        let length = descriptor.write(&mut bytes);
        let mut payload = bytes[..length].to_vec();
        payload.push(0);
        let read = Descriptor::parse(&payload).unwrap();
        descriptor.length = length as u8;
        prop_assert_eq!(read, descriptor);
    }
}
