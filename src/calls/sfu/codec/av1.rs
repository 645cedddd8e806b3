//! AV1 payloads (AV1 RTP specification): where a coded video sequence starts.

const CONTINUES: u8 = 0x80;
const NEW_SEQUENCE: u8 = 0x08;

/// The first packet of a coded video sequence, by the aggregation header.
#[must_use]
pub fn starts_sequence(payload: &[u8]) -> bool {
    payload.len() > 1 && payload[0] & NEW_SEQUENCE != 0 && payload[0] & CONTINUES == 0
}

/// The same by the dependency descriptor, which stays readable when the payload is encrypted end to end: a frame starts, and the
/// structure of the stream comes with it.
#[must_use]
#[cfg_attr(not(test), expect(dead_code, reason = "for congestion control"))]
pub fn descriptor_starts_sequence(descriptor: &[u8]) -> bool {
    descriptor.len() > 3 && descriptor[0] & 0x80 != 0 && descriptor[3] & 0x80 != 0
}
