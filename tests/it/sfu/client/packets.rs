//! Media packets as a browser writes them, and their payloads.

/// Set in a payload type for the last packet of a picture.
pub const MARKER: u8 = 0x80;

/// A media packet with a block of extensions, in the long form if one of them needs it; the payload type may carry a [`MARKER`].
pub fn packet(payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32, extensions: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![if extensions.is_empty() { 0x80 } else { 0x90 }, payload_type];
    packet.extend(sequence.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    if !extensions.is_empty() {
        let mut block = Vec::new();
        let long = extensions.iter().any(|(_, value)| value.len() > 16);
        for (id, value) in extensions {
            if long {
                block.extend([*id, value.len() as u8]);
            } else {
                block.push(id << 4 | (value.len() as u8 - 1));
            }
            block.extend(*value);
        }
        block.resize(block.len().next_multiple_of(4), 0);
        packet.extend(if long { [0x10, 0] } else { [0xbe, 0xde] });
        packet.extend((block.len() as u16 / 4).to_be_bytes());
        packet.extend(block);
    }
    packet.extend(payload);
    packet
}

/// The payload of a media packet.
pub fn payload(packet: &[u8]) -> &[u8] {
    let mut at = 12 + usize::from(packet[0] & 0x0f) * 4;
    if packet[0] & 0x10 != 0 {
        at += 4 + usize::from(u16::from_be_bytes([packet[at + 2], packet[at + 3]])) * 4;
    }
    &packet[at..]
}

/// The value of an extension, in whichever form the block is.
pub fn extension(packet: &[u8], id: u8) -> Option<&[u8]> {
    let at = 12 + usize::from(packet[0] & 0x0f) * 4;
    let long = packet[at..at + 2] != [0xbe, 0xde];
    let mut rest = &packet[at + 4..at + 4 + usize::from(u16::from_be_bytes([packet[at + 2], packet[at + 3]])) * 4];
    while let Some(first) = rest.first() {
        let (found, length, head) = match (*first, long) {
            (0, _) => (0, 0, 1),
            (first, true) => (first, usize::from(rest[1]), 2),
            (first, false) => (first >> 4, usize::from(first & 0x0f) + 1, 1),
        };
        let (value, after) = rest[head..].split_at(length);
        if found == id {
            return Some(value);
        }
        rest = after;
    }
    None
}

/// A VP8 payload: its descriptor with a 15-bit picture number, then a keyframe's or another frame's first bytes, then `rest`.
pub fn vp8(first_packet: bool, keyframe: bool, picture: u16, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | if first_packet { 0x10 } else { 0 }, 0x80, 0x80 | (picture >> 8) as u8, picture as u8];
    if first_packet && keyframe {
        bytes.extend([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01]);
    } else if first_packet {
        bytes.extend([0x11, 0, 0]);
    }
    bytes.extend(rest);
    bytes
}

/// An Opus payload with a copy of what came 20 ms before it (RFC 2198).
pub fn red(opus: u8, before: &[u8], now: &[u8]) -> Vec<u8> {
    let head = 960_u32 << 10 | before.len() as u32;
    let mut bytes = vec![0x80 | opus, (head >> 16) as u8, (head >> 8) as u8, head as u8, opus];
    bytes.extend(before);
    bytes.extend(now);
    bytes
}
