//! How well the way between a member and the media server is, from the server's own counts: between two measurements, and over the stay.

use crate::calls::sfu;

/// Loss above which a connection is fair, and above which it is poor, in thousandths.
const FAIR: u64 = 25;
const POOR: u64 = 75;

/// What was measured of one stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    last: Counts,
    /// Loss over the whole stay, in thousandths.
    pub loss_permille: i32,
    /// Bits in a second towards the server, over the last measurement, in thousands.
    pub kbps_in: i32,
    /// The same from the server.
    pub kbps_out: i32,
    /// The mark of the last measurement: 1 poor, 2 fair, 3 good; 0 before the first.
    pub mark: u8,
    /// The worst of them.
    pub worst: Option<u8>,
    /// Came anything of the microphone since the measurement before?
    pub microphone: bool,
    /// How packets travel: `udp4`, `udp6`, `tcp4`, `tcp6`, or empty before media was there. Never an address.
    pub route: &'static str,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    bytes_in: u64,
    bytes_out: u64,
    packets: u64,
    lost: u64,
    microphone: u64,
}

impl Counts {
    fn of(measured: &sfu::ParticipantStatistics) -> Self {
        let tracks = || measured.published.iter().chain(&measured.received);
        let microphone = measured.published.iter().filter(|track| track.source == Some(sfu::Source::Microphone));
        Self {
            bytes_in: measured.bytes_in,
            bytes_out: measured.bytes_out,
            packets: tracks().map(|track| track.packets).sum(),
            lost: tracks().map(|track| track.lost).sum(),
            microphone: microphone.map(|track| track.packets).sum(),
        }
    }
}

fn permille(lost: u64, packets: u64) -> u64 {
    lost * 1_000 / (lost + packets).max(1)
}

const fn kbps(bytes: u64, ms: u64) -> i32 {
    let rate = bytes * 8 / if ms == 0 { 1 } else { ms };
    if rate > i32::MAX as u64 { i32::MAX } else { rate as i32 }
}

impl Quality {
    /// Takes a measurement in, `ms` after the one before.
    pub fn measure(&mut self, measured: &sfu::ParticipantStatistics, ms: u64) {
        let (now, before) = (Counts::of(measured), self.last);
        let (packets, lost) = (now.packets.saturating_sub(before.packets), now.lost.saturating_sub(before.lost));
        self.kbps_in = kbps(now.bytes_in.saturating_sub(before.bytes_in), ms);
        self.kbps_out = kbps(now.bytes_out.saturating_sub(before.bytes_out), ms);
        self.loss_permille = i32::try_from(permille(now.lost, now.packets)).unwrap_or(1_000);
        self.microphone = now.microphone > before.microphone;
        if packets + lost > 0 {
            self.mark = match permille(lost, packets) {
                0..FAIR => 3,
                FAIR..POOR => 2,
                _ => 1,
            };
            self.worst = Some(self.worst.map_or(self.mark, |worst| worst.min(self.mark)));
        }
        self.route = match measured.route {
            Some(sfu::Route::UdpV4) => "udp4",
            Some(sfu::Route::UdpV6) => "udp6",
            Some(sfu::Route::TcpV4) => "tcp4",
            Some(sfu::Route::TcpV6) => "tcp6",
            None => self.route,
        };
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(packets: u64, lost: u64) -> sfu::ParticipantStatistics {
        let track = sfu::TrackStatistics { source: Some(sfu::Source::Microphone), packets, lost, ..Default::default() };
        sfu::ParticipantStatistics { bytes_in: packets * 100, published: vec![track], route: Some(sfu::Route::UdpV4), ..Default::default() }
    }

    #[test]
    fn marks_follow_the_loss_of_the_last_measurement_at_their_edges() {
        for (lost, mark) in [(0, 3), (24, 3), (25, 2), (74, 2), (75, 1), (500, 1)] {
            let mut quality = Quality::default();
            quality.measure(&counted(1_000 - lost, lost), 5_000);
            assert_eq!(quality.mark, mark, "{lost} of 1,000");
        }
    }

    #[test]
    fn the_worst_stays_and_what_is_told_is_between_two_measurements() {
        let mut quality = Quality::default();
        quality.measure(&counted(900, 100), 5_000);
        quality.measure(&counted(1_900, 100), 5_000);
        assert_eq!((quality.mark, quality.worst, quality.loss_permille), (3, Some(1), 50));
        assert_eq!(quality.kbps_in, 160, "1,000 packets of 100 bytes in 5 s");
        assert!(quality.microphone && quality.route == "udp4");
        quality.measure(&counted(1_900, 100), 5_000);
        assert!(!quality.microphone);
        assert_eq!(quality.mark, 3, "nothing came: nothing new is known of loss");
    }
}
