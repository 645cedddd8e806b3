//! VP8's own numbers, continuous over changes of layer and over pictures that are left out.

use crate::calls::sfu::codec::vp8::{Descriptor, MAX_DESCRIPTOR};
use crate::calls::sfu::counter::nearest;
use crate::mutants::Mutant;

use super::Head;

/// Pictures whose fate is remembered for their late packets.
const RECENT: usize = 64;
const PICTURE_BITS: u32 = 15;

#[derive(Debug, Clone, Copy, Default)]
struct Picture {
    number: u64,
    kept: bool,
    /// What is taken from the numbers of this picture and of those after it, wrapping.
    offset: u64,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes on, with this in front.
    Keep(Head),
    /// Its picture is left out.
    Drop,
}

/// The pictures of one slot.
#[derive(Debug, Clone)]
pub struct Pictures {
    recent: [Picture; RECENT],
    count: usize,
    greatest: Option<u64>,
    offset: u64,
    base_offset: u8,
    key_offset: u8,
    last: Option<Last>,
    /// The highest temporal layer that goes on, and the one that is wanted.
    layer: u8,
    wanted: u8,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    picture: u64,
    base: u8,
    key: u8,
}

impl Default for Pictures {
    fn default() -> Self {
        Self {
            recent: [Picture::default(); RECENT],
            count: 0,
            greatest: None,
            offset: 0,
            base_offset: 0,
            key_offset: 0,
            last: None,
            layer: u8::MAX,
            wanted: u8::MAX,
        }
    }
}

impl Pictures {
    /// The highest temporal layer that is wanted, 0 to 3; fewer layers are fewer pictures a second.
    pub fn want(&mut self, layer: u8) {
        self.wanted = layer;
    }

    /// Another stream begins with this keyframe: its numbers go on from the last ones.
    pub fn begin(&mut self, key: &Descriptor) {
        self.count = 0;
        self.greatest = None;
        self.layer = self.wanted;
        let last = self.last.filter(|_| !Mutant::RewritePictureLeap.is_on());
        let first = (1 << PICTURE_BITS) + u64::from(key.picture.unwrap_or(0));
        self.offset = last.map_or(0, |last| first.wrapping_sub(last.picture + 1));
        self.base_offset = last.map_or(0, |last| key.base.unwrap_or(0).wrapping_sub(last.base.wrapping_add(1)));
        self.key_offset = last.map_or(0, |last| key.key.unwrap_or(0).wrapping_sub(last.key.wrapping_add(1)));
    }

    /// Decides about one packet. `follows` tells that no packet is missing right before it: only then may a picture be left out,
    /// since otherwise nobody knows what the missing ones belong to.
    pub fn decide(&mut self, found: &Descriptor, follows: bool) -> Fate {
        let Some(picture) = found.picture else { return Fate::Keep(Head::default()) };
        let number = self.place(picture, found.short);
        if self.greatest.is_none_or(|greatest| number > greatest) {
            self.meet(number, found, follows);
        }
        let Some(known) = self.fate(number) else { return Fate::Drop };
        if !known.kept {
            return Fate::Drop;
        }
        Fate::Keep(self.head(number.wrapping_sub(known.offset), found))
    }

    fn place(&self, picture: u16, short: bool) -> u64 {
        let bits = if short { 7 } else { PICTURE_BITS };
        self.greatest.map_or((1 << PICTURE_BITS) + u64::from(picture), |greatest| nearest(greatest, u64::from(picture), bits))
    }

    /// A picture is seen for the first time, and is newer than all before.
    fn meet(&mut self, number: u64, found: &Descriptor, follows: bool) {
        let (temporal, sync) = found.temporal.unwrap_or((0, false));
        self.layer = self.layer.min(self.wanted);
        if temporal > self.layer && temporal <= self.wanted && sync {
            self.layer = temporal;
        }
        if temporal == 0 && self.wanted > self.layer && self.greatest.is_none() {
            self.layer = self.wanted;
        }
        let kept = temporal <= self.layer || !found.starts || !follows;
        if !kept {
            self.offset = self.offset.wrapping_add(1);
        }
        self.greatest = Some(number);
        self.recent[self.count % RECENT] = Picture { number, kept, offset: self.offset };
        self.count += 1;
    }

    /// A picture that has never been seen lies in a gap, and in a gap nothing was left out: it counts like the one before it.
    fn fate(&self, number: u64) -> Option<Picture> {
        for back in 1..=self.count.min(RECENT) {
            let picture = self.recent[(self.count - back) % RECENT];
            if picture.number <= number {
                return Some(Picture { kept: picture.kept || picture.number < number, ..picture });
            }
        }
        None
    }

    fn head(&mut self, picture: u64, found: &Descriptor) -> Head {
        let base = found.base.map(|base| base.wrapping_sub(self.base_offset));
        let key = found.key.map(|key| key.wrapping_sub(self.key_offset) & 0x1f);
        if self.last.is_none_or(|last| picture >= last.picture) {
            let last = self.last.unwrap_or(Last { picture, base: 0, key: 0 });
            self.last = Some(Last { picture, base: base.unwrap_or(last.base), key: key.unwrap_or(last.key) });
        }
        let mut written = *found;
        (written.picture, written.base, written.key) = (Some((picture & 0x7fff) as u16), base, key);
        let mut bytes = [0; MAX_DESCRIPTOR];
        let length = written.write(&mut bytes);
        Head { replaces: found.length, length: length as u8, bytes }
    }
}
