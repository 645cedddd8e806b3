//! Who is heard and who speaks, by the levels that every packet of sound carries in the clear (RFC 6464).

use super::time::{MILLISECOND, Micros};

/// A level counts as sound up to this, in decibels below the loudest; 127 is silence.
pub const ACTIVE: u8 = 35;
/// The least time between two lists of speakers.
pub const TELL: Micros = 300 * MILLISECOND;

/// How long a window of the measuring is, and how much sound in it counts as speech.
const WINDOW: Micros = 400 * MILLISECOND;
const SPEECH: Micros = WINDOW * 40 / 100;
/// A packet stands for at most this much time.
const LONGEST: Micros = 60 * MILLISECOND;
/// A voice that has not been above [`ACTIVE`] for this long gives its slot to any other.
const QUIET: Micros = 600 * MILLISECOND;
/// A voice keeps its slot against louder ones for this long.
const HOLD: Micros = 1_000 * MILLISECOND;
/// And must be softer than the other by this many decibels to lose it.
const MARGIN: f32 = 6.0;

/// The value of the extension: decibels below the loudest, 0 to 127. The first bit is the sender's own guess at speech.
#[must_use]
pub fn level(extension: &[u8]) -> Option<u8> {
    extension.first().map(|byte| byte & 0x7f)
}

/// The loudness of one track, smoothed: 0 is silence, 127 the loudest.
#[derive(Debug, Clone, Copy, Default)]
pub struct Loudness {
    /// Fast: who is heard.
    now: f32,
    last: Option<Micros>,
    active: Option<Micros>,
    /// Slow: who speaks.
    window: Option<Micros>,
    sound: Micros,
    loudest: u8,
    speech: f32,
}

impl Loudness {
    /// A packet of this level came.
    pub fn came(&mut self, level: u8, now: Micros) {
        let loud = 127 - level.min(127);
        let since = self.last.map_or(20 * MILLISECOND, |last| now.saturating_sub(last)).min(LONGEST);
        // Rises within two packets and falls within ten.
        let share = if f32::from(loud) > self.now { 0.6 } else { 0.12 };
        self.now += (f32::from(loud) - self.now) * share;
        self.last = Some(now);
        self.turn(now);
        self.window.get_or_insert(now);
        if level <= ACTIVE {
            self.active = Some(now);
            self.sound += since;
            self.loudest = self.loudest.max(loud);
        }
    }

    /// The smoothed loudness of speech, 0 when it does not speak.
    pub fn speech(&mut self, now: Micros) -> f32 {
        self.turn(now);
        if self.speech < f32::from(127 - ACTIVE) / 4.0 { 0.0 } else { self.speech }
    }

    /// Closes the windows that are over; several at once when packets stopped, as they do in silence.
    fn turn(&mut self, now: Micros) {
        let Some(began) = self.window else { return };
        let windows = now.saturating_sub(began) / WINDOW;
        if windows == 0 {
            return;
        }
        let spoke = self.sound >= SPEECH;
        let heard = if spoke { f32::from(self.loudest) } else { 0.0 };
        self.speech += (heard - self.speech) * 0.6;
        for _ in 1..windows.min(8) {
            self.speech *= 0.4;
        }
        (self.sound, self.loudest) = (0, 0);
        self.window = Some(began + windows * WINDOW);
    }

    /// Nothing above [`ACTIVE`] came for a while.
    #[must_use]
    pub fn quiet(&self, now: Micros) -> bool {
        self.active.is_none_or(|active| now >= active + QUIET)
    }
}

#[derive(Debug, Clone, Copy)]
struct Holder {
    track: u32,
    since: Micros,
    loudness: Loudness,
}

/// Which tracks of a call are heard: the `N` loudest, and none of them loses its place to a short noise.
#[derive(Debug, Clone)]
pub struct Heard<const N: usize> {
    holders: [Option<Holder>; N],
}

impl<const N: usize> Default for Heard<N> {
    fn default() -> Self {
        Self { holders: [None; N] }
    }
}

/// What a packet of sound brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The place from which the track is heard.
    pub place: usize,
    /// The track that lost it just now.
    pub instead_of: Option<u32>,
}

impl<const N: usize> Heard<N> {
    /// A packet of a track whose loudness includes it already. `None` when the track is not heard.
    pub fn came(&mut self, track: u32, loudness: &Loudness, now: Micros) -> Option<Place> {
        if let Some(place) = self.place_of(track) {
            self.holders[place] = self.holders[place].map(|holder| Holder { loudness: *loudness, ..holder });
            return Some(Place { place, instead_of: None });
        }
        let place = self.free().or_else(|| self.weakest(loudness, now))?;
        let before = self.holders[place].replace(Holder { track, since: now, loudness: *loudness });
        Some(Place { place, instead_of: before.map(|holder| holder.track) })
    }

    /// The place from which a track is heard.
    #[must_use]
    pub fn place_of(&self, track: u32) -> Option<usize> {
        self.holders.iter().position(|holder| holder.is_some_and(|holder| holder.track == track))
    }

    /// A track ended or was muted: its place is free.
    pub fn release(&mut self, track: u32) -> Option<usize> {
        let place = self.place_of(track)?;
        self.holders[place] = None;
        Some(place)
    }

    /// The tracks in their places.
    #[cfg(test)]
    pub fn tracks(&self) -> impl Iterator<Item = Option<u32>> {
        self.holders.iter().map(|holder| holder.map(|holder| holder.track))
    }

    fn free(&self) -> Option<usize> {
        self.holders.iter().position(Option::is_none)
    }

    /// The place that another track may take: of one that has been quiet, or of one that is softer by far and had its time.
    fn weakest(&self, other: &Loudness, now: Micros) -> Option<usize> {
        if other.quiet(now) {
            return None;
        }
        let holders = self.holders.iter().enumerate().filter_map(|(place, holder)| holder.map(|holder| (place, holder)));
        let gives = |holder: &Holder| {
            let softer = now >= holder.since + HOLD && other.now >= holder.loudness.now + MARGIN;
            holder.loudness.quiet(now) || softer
        };
        let weakness = |holder: &Holder| if holder.loudness.quiet(now) { -1.0 } else { holder.loudness.now };
        holders
            .filter(|(_, holder)| gives(holder))
            .min_by(|(_, one), (_, two)| weakness(one).total_cmp(&weakness(two)).then(one.loudness.active.cmp(&two.loudness.active)))
            .map(|(place, _)| place)
    }
}

/// Tells who speaks, only when that changes and not too often.
#[derive(Debug, Clone, Default)]
pub struct Speakers {
    told: Vec<u32>,
    next: Vec<(f32, u32)>,
    last: Option<Micros>,
}

impl Speakers {
    /// Looks at all tracks that may speak; the list, loudest first, when it is another than the last. Loudness is compared in
    /// steps of a few decibels, so that two who speak at once do not change places all the time.
    pub fn update<'a>(&mut self, tracks: impl IntoIterator<Item = (u32, &'a mut Loudness)>, now: Micros) -> Option<&[u32]> {
        if self.last.is_some_and(|last| now < last + TELL) {
            return None;
        }
        self.last = Some(now);
        self.next.clear();
        let speaking = tracks.into_iter().map(|(track, loudness)| ((loudness.speech(now) / 8.0).ceil(), track));
        self.next.extend(speaking.filter(|(step, _)| *step > 0.0));
        let rank = |track: u32| self.told.iter().position(|told| *told == track).unwrap_or(usize::MAX);
        self.next.sort_by(|one, two| two.0.total_cmp(&one.0).then_with(|| rank(one.1).cmp(&rank(two.1))).then(one.1.cmp(&two.1)));
        if self.next.iter().map(|(_, track)| track).eq(self.told.iter()) {
            return None;
        }
        self.told.clear();
        self.told.extend(self.next.iter().map(|(_, track)| track));
        Some(&self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: Micros = 20 * MILLISECOND;

    /// Sends packets of these levels for a while; returns what the last one brought about for each track.
    fn send(heard: &mut Heard<3>, voices: &mut [Loudness], levels: &[u8], from: Micros, count: u64) -> Vec<Option<usize>> {
        let mut places = vec![None; levels.len()];
        for packet in 0..count {
            let now = from + packet * PACKET;
            for (track, level) in levels.iter().enumerate() {
                voices[track].came(*level, now);
                places[track] = heard.came(track as u32, &voices[track], now).map(|place| place.place);
            }
        }
        places
    }

    #[test]
    fn the_first_three_are_heard_and_a_louder_one_takes_the_place_of_the_softest() {
        let mut heard = Heard::default();
        let mut voices = [Loudness::default(); 4];
        assert_eq!(send(&mut heard, &mut voices, &[20, 25, 22, 22], 0, 40), [Some(0), Some(1), Some(2), None]);
        assert_eq!(send(&mut heard, &mut voices, &[20, 25, 22, 21], 40 * PACKET, 100), [Some(0), Some(1), Some(2), None], "not by far");
        assert_eq!(send(&mut heard, &mut voices, &[20, 30, 22, 10], 140 * PACKET, 10), [Some(0), None, Some(2), Some(1)]);
    }

    #[test]
    fn who_has_just_begun_is_not_cut_off_by_a_louder_one() {
        let mut heard = Heard::default();
        let mut voices = [Loudness::default(); 4];
        send(&mut heard, &mut voices, &[30, 30, 30, 127], 0, 20);
        assert_eq!(send(&mut heard, &mut voices, &[30, 30, 30, 5], 20 * PACKET, 30)[3], None, "until a second has passed");
        assert!(send(&mut heard, &mut voices, &[30, 30, 30, 5], 50 * PACKET, 1)[3].is_some());
    }

    #[test]
    fn a_short_noise_takes_nobodys_place() {
        let mut heard = Heard::default();
        let mut voices = [Loudness::default(); 4];
        send(&mut heard, &mut voices, &[20, 25, 22, 127], 0, 100);
        assert_eq!(send(&mut heard, &mut voices, &[20, 25, 22, 18], 100 * PACKET, 1)[3], None);
        assert_eq!(send(&mut heard, &mut voices, &[20, 25, 22, 127], 101 * PACKET, 20), [Some(0), Some(1), Some(2), None]);
    }

    #[test]
    fn who_begins_to_speak_is_heard_at_once_when_another_is_quiet() {
        let mut heard = Heard::default();
        let mut voices = [Loudness::default(); 4];
        send(&mut heard, &mut voices, &[20, 25, 22, 127], 0, 10);
        send(&mut heard, &mut voices, &[20, 127, 22, 127], 10 * PACKET, 31);
        let now = 41 * PACKET;
        voices[3].came(30, now);
        assert_eq!(heard.came(3, &voices[3], now), Some(Place { place: 1, instead_of: Some(1) }));
        assert_eq!(heard.tracks().collect::<Vec<_>>(), [Some(0), Some(3), Some(2)]);
        assert_eq!(heard.release(0), Some(0));
        voices[1].came(127, now);
        assert_eq!(heard.came(1, &voices[1], now).map(|place| place.place), Some(0), "a free place takes anyone");
    }

    #[test]
    fn silence_is_not_heard_instead_of_silence() {
        let mut heard = Heard::default();
        let mut voices = [Loudness::default(); 4];
        assert_eq!(send(&mut heard, &mut voices, &[127; 4], 0, 200), [Some(0), Some(1), Some(2), None]);
    }

    #[test]
    fn speech_needs_two_fifths_of_a_window() {
        let mut voice = Loudness::default();
        for packet in 0..20 {
            voice.came(if packet < 7 { 20 } else { 60 }, packet * PACKET);
        }
        assert_eq!(voice.speech(WINDOW), 0.0);
        for packet in 20..40 {
            voice.came(if packet < 28 { 20 } else { 60 }, packet * PACKET);
        }
        assert!(voice.speech(2 * WINDOW) > 0.0);
        assert_eq!(voice.speech(6 * WINDOW), 0.0, "packets stop in silence");
    }

    #[test]
    fn speakers_are_told_when_they_change() {
        let mut speakers = Speakers::default();
        let mut voices = [Loudness::default(); 3];
        let mut told = Vec::new();
        for packet in 0..300 {
            let now = packet * PACKET;
            voices[0].came(30, now);
            voices[1].came(if packet > 100 { 10 } else { 127 }, now);
            voices[2].came(127, now);
            let tracks = voices.iter_mut().enumerate().map(|(track, voice)| (track as u32, voice));
            if let Some(list) = speakers.update(tracks, now) {
                told.push((now / MILLISECOND, list.to_vec()));
            }
        }
        let lists: Vec<&[u32]> = told.iter().map(|(_, list)| list.as_slice()).collect();
        assert_eq!(lists, [&[0][..], &[0, 1], &[1, 0]], "{told:?}");
        assert!(told[0].0 <= 900, "{told:?}");
        assert!(told[1].0 - 2_000 <= 900 && told[2].0 - 2_000 <= 1_800, "{told:?}");
    }

    #[test]
    fn the_level_is_seven_bits() {
        assert_eq!((level(&[0x80 | 42]), level(&[])), (Some(42), None));
    }
}
