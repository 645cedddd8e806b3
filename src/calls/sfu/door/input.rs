//! What goes in: who comes and goes, what they offer, may send and want to see.

use super::{CallId, ParticipantId, Source, Who};

/// What a participant may send. What it may not is dropped at once, whatever its browser does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Be heard.
    pub microphone: bool,
    /// Be seen.
    pub camera: bool,
    /// Share a screen, with its sound.
    pub screen: bool,
}

impl Permissions {
    /// A speaker with everything.
    pub const ALL: Self = Self { microphone: true, camera: true, screen: true };
    /// A listener.
    pub const NONE: Self = Self { microphone: false, camera: false, screen: false };

    /// Whether this source may be sent.
    #[must_use]
    pub const fn allows(self, source: Source) -> bool {
        match source {
            Source::Microphone => self.microphone,
            Source::Camera => self.camera,
            Source::Screen | Source::ScreenAudio => self.screen,
        }
    }
}

/// A section of an offer in which the browser sends, and what it will send there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackIntent {
    /// The section's `mid`.
    pub mid: String,
    /// What it shows.
    pub source: Source,
}

/// What a participant wants to see. It replaces the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Participants on the stage, first comes first: served before all tiles.
    pub stage: Vec<ParticipantId>,
    /// Cameras on the screen with their height in device pixels. Who is not named is not sent. Empty at first: then the
    /// server fills the slots with the latest speakers at [`View::DEFAULT_HEIGHT`].
    pub tiles: Vec<(ParticipantId, u16)>,
    /// Height of the shared screen in device pixels; 0 sends no screen.
    pub screen: u16,
    /// The page is hidden: no video at all, sound goes on.
    pub hidden: bool,
}

impl View {
    /// Height of a tile before the first view is told.
    pub const DEFAULT_HEIGHT: u16 = 180;
}

/// What goes in. An input that names an unknown call or participant has no effect; an [`Input::Offer`] is then refused.
#[derive(Clone, Debug)]
pub enum Input {
    /// A call begins.
    OpenCall {
        /// Its name.
        call: CallId,
    },
    /// A call of one begins, in which what one sends comes back to oneself: its own tracks are what its slots show. Nobody else can
    /// enter it. It counts like any other call.
    OpenEcho {
        /// Its name.
        call: CallId,
    },
    /// A call is over: everyone in it ends with [`EndCause::CallClosed`](super::EndCause::CallClosed).
    CloseCall {
        /// Its name.
        call: CallId,
    },
    /// A participant enters. Its first [`Input::Offer`] follows.
    Join {
        /// Who.
        who: Who,
        /// What it may send.
        may: Permissions,
    },
    /// The browser's offer, first or later. Answered by [`Output::Answer`](super::Output::Answer) or [`Output::Refused`](super::Output::Refused) with the same generation.
    /// A later offer with the same certificate keeps the connection; one with a new `ice-ufrag` restarts ICE.
    Offer {
        /// Who.
        who: Who,
        /// Counted by the client, higher with each offer.
        generation: u32,
        /// The session description as the browser wrote it.
        sdp: String,
        /// What the sending sections show. A sending section that is not named is a microphone or a camera by its kind.
        tracks: Vec<TrackIntent>,
    },
    /// What a participant wants to see.
    View {
        /// Who.
        who: Who,
        /// What.
        view: View,
    },
    /// The participant muted or unmuted one of its own tracks, or a host did. A muted track is not forwarded.
    Mute {
        /// Whose track.
        who: Who,
        /// Which.
        source: Source,
        /// Muted or not.
        muted: bool,
    },
    /// What a participant may send has changed.
    Restrict {
        /// Who.
        who: Who,
        /// What it may send from now on.
        may: Permissions,
    },
    /// A participant leaves or is removed: its media is cut before this input is done.
    Leave {
        /// Who.
        who: Who,
    },
    /// Everything measured in a call is wanted; answered by [`Output::Statistics`](super::Output::Statistics).
    Statistics {
        /// Its name.
        call: CallId,
    },
    /// For tests, and only in debug builds: the handling of this participant's next packet panics.
    #[cfg(debug_assertions)]
    SeedPanic {
        /// Who.
        who: Who,
    },
    /// For tests, and only in debug builds: the thread of this call fails as a whole.
    #[cfg(debug_assertions)]
    SeedFailure {
        /// Its name.
        call: CallId,
    },
}
