//! Packets sent again on a stream of their own (RFC 4588): the number they had stands in front of their payload.

/// Bytes in front of the payload.
pub const ORIGINAL: usize = 2;

/// Writes the number in front of a payload that begins at `out[ORIGINAL]`; `None` when there is no room.
#[must_use]
pub fn write_original(sequence: u16, out: &mut [u8]) -> Option<()> {
    out.get_mut(..ORIGINAL)?.copy_from_slice(&sequence.to_be_bytes());
    Some(())
}

/// The number and the payload of a packet that was sent again. `None` for one of padding alone, with which senders probe.
#[must_use]
pub fn original(payload: &[u8]) -> Option<(u16, &[u8])> {
    let (number, rest) = payload.split_first_chunk()?;
    (!rest.is_empty()).then(|| (u16::from_be_bytes(*number), rest))
}

/// Turns a decrypted packet that was sent again into the one that was lost, in place: `header` is the length of its header, and the
/// stream and payload type are those of the original. Returns the length; `None` when nothing but padding is in it.
#[must_use]
pub fn restore(packet: &mut [u8], header: usize, ssrc: u32, payload_type: u8) -> Option<usize> {
    let sequence = original(packet.get(header..)?)?.0;
    let length = packet.len() - ORIGINAL;
    packet.copy_within(header + ORIGINAL.., header);
    packet[1] = packet[1] & 0x80 | payload_type & 0x7f;
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::sfu::packet::rtp::{Header, Outline};

    #[test]
    fn a_lost_packet_comes_back_as_it_was() {
        let lost = Outline { marker: true, payload_type: 96, sequence: 700, timestamp: 9, ssrc: 5, ..Outline::default() };
        let again = Outline { payload_type: 97, sequence: 1, ssrc: 6, ..lost };
        let mut packet = [0; 64];
        let header = again.write(&[(1, b"2")], &mut packet).unwrap();
        write_original(700, &mut packet[header..]).unwrap();
        packet[header + ORIGINAL..header + ORIGINAL + 3].copy_from_slice(b"abc");
        let length = restore(&mut packet[..header + ORIGINAL + 3], header, 5, 96).unwrap();
        let read = Header::parse(&packet[..length]).unwrap();
        assert_eq!((read.sequence, read.ssrc, read.payload_type, read.marker), (700, 5, 96, true));
        assert_eq!(&packet[read.payload(&packet[..length]).unwrap()], b"abc");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut restored = 0;
        crate::calls::sfu::packet::tests::fuzz(&[vec![0x80; 40]], |bytes| {
            let mut packet = bytes.to_vec();
            if let Ok(header) = Header::parse(bytes) {
                restored += usize::from(restore(&mut packet, header.length, 5, 96).is_some());
            }
        });
        assert!(restored > 1_000, "{restored}");
    }

    #[test]
    fn padding_is_no_packet() {
        assert_eq!(original(&[]), None);
        assert_eq!(original(&[1]), None);
        assert_eq!(original(&[1, 2]), None);
        assert_eq!(original(&[1, 2, 3]), Some((258, &[3][..])));
        assert_eq!(restore(&mut [0x80; 14], 12, 1, 2), None);
        assert_eq!(restore(&mut [0x80; 10], 12, 1, 2), None);
    }
}
