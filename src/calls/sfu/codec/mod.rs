//! What the server must know of a payload: whether a keyframe starts in it, how large, and the numbers that VP8 carries.
//!
//! Everything else in a payload is forwarded unread.

pub mod av1;
pub mod h264;
#[cfg(test)]
mod tests;
pub mod vp8;
pub mod vp9;

use super::time::{AUDIO_CLOCK, VIDEO_CLOCK};

/// The codecs that are forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// Sound.
    Opus,
    /// Sound with copies of what came before (RFC 2198), of Opus.
    Red,
    /// Pictures.
    Vp8,
    /// Pictures, `packetization-mode=1`.
    H264,
    /// Pictures, profile 0.
    Vp9,
    /// Pictures, main profile.
    Av1,
}

impl Codec {
    /// All of them.
    #[cfg(test)]
    pub const ALL: [Self; 6] = [Self::Opus, Self::Red, Self::Vp8, Self::H264, Self::Vp9, Self::Av1];

    /// The name in session descriptions.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Red => "red",
            Self::Vp8 => "VP8",
            Self::H264 => "H264",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
        }
    }

    /// Ticks a second of its timestamps.
    #[must_use]
    pub const fn clock(self) -> u32 {
        if self.is_video() { VIDEO_CLOCK } else { AUDIO_CLOCK }
    }

    /// Whether it shows pictures.
    #[must_use]
    pub const fn is_video(self) -> bool {
        !matches!(self, Self::Opus | Self::Red)
    }
}

/// Pixels of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// From left to right.
    pub width: u16,
    /// From top to bottom.
    pub height: u16,
}

/// What a look at one payload tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Glance {
    /// A picture that needs none before it starts here: decoding may begin with this packet.
    pub keyframe: bool,
    /// How large that picture is, where that is cheap to read.
    pub size: Option<Size>,
    /// The numbers of VP8.
    pub vp8: Option<vp8::Descriptor>,
    /// The number of the picture by its dependency descriptor, of AV1 alone. It stands in the header, not in the payload.
    pub frame: Option<u16>,
}

/// Looks at a payload. One that cannot be read tells nothing, and so starts no keyframe.
#[must_use]
pub fn look(codec: Codec, payload: &[u8]) -> Glance {
    match codec {
        Codec::Opus | Codec::Red => Glance { keyframe: true, ..Glance::default() },
        Codec::Vp8 => vp8::look(payload),
        Codec::H264 => h264::look(payload),
        Codec::Vp9 => Glance { keyframe: vp9::starts_keyframe(payload), size: vp9::size(payload), ..Glance::default() },
        Codec::Av1 => Glance { keyframe: av1::starts_sequence(payload), ..Glance::default() },
    }
}
