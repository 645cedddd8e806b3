//! Numbers of pictures in dependency descriptors: continuous over a change of stream, as receivers sort pictures by them.

/// The numbers of one slot.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frames {
    /// What is added to a number that comes in.
    shift: u16,
    /// The greatest that went out.
    last: Option<u16>,
}

impl Frames {
    /// The slot changes to a stream that begins with this number.
    pub const fn begin(&mut self, first: u16) {
        if let Some(last) = self.last {
            self.shift = last.wrapping_add(1).wrapping_sub(first);
        }
    }

    /// The number that goes out.
    pub fn pass(&mut self, number: u16) -> u16 {
        let out = number.wrapping_add(self.shift);
        let is_newer = self.last.is_none_or(|last| out.wrapping_sub(last) < 0x8000);
        if is_newer {
            self.last = Some(out);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_stream_goes_on_where_the_one_before_ended() {
        let mut frames = Frames::default();
        frames.begin(65_534);
        assert_eq!([65_534, 65_535, 0, 65_535, 1].map(|number| frames.pass(number)), [65_534, 65_535, 0, 65_535, 1], "the first as it is");
        frames.begin(500);
        assert_eq!([500, 501, 500, 502].map(|number| frames.pass(number)), [2, 3, 2, 4]);
    }
}
