//! The exchange and the media server: what it is told, what it says, and who waits for its answers.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Calls, guard};
use crate::calls::sfu;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::CallId;

/// An offer is answered within this, or the media server is not there.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// Words of the media server that are taken in before time is looked at.
const HEARD_AT_ONCE: usize = 256;

/// What the media server is to the exchange.
pub trait MediaServer: Send + Sync + 'static {
    /// Hands something in. Must not block.
    fn send(&self, input: sfu::Input);

    /// Whether it has time for somebody new in this call, or for a new call.
    fn has_room(&self, _: sfu::CallId) -> bool {
        true
    }

    /// What it counted since it started, and how busy each of its threads is, thousandths.
    fn measured(&self) -> (sfu::Totals, Vec<u64>) {
        (sfu::Totals::default(), Vec::new())
    }
}

/// Why there is no media server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaFault {
    /// The first port that it was to have.
    pub port: u16,
    /// Something else has it.
    pub is_taken: bool,
}

impl Calls {
    /// From now on media goes through this server.
    pub fn use_media(&self, server: Arc<dyn MediaServer>) {
        let before = self.0.media.write().unwrap_or_else(PoisonError::into_inner).replace(server);
        // Its threads may be telling something: they are waited for with nothing held.
        drop(before);
        guard(&self.0.board).set_media(true);
        *guard(&self.0.fault) = None;
    }

    /// There is no media server, and why.
    pub fn media_fails(&self, fault: MediaFault) {
        *guard(&self.0.fault) = Some(fault);
    }

    /// Why there is no media server; none while there is one, and before it is started.
    #[must_use]
    pub fn media_fault(&self) -> Option<MediaFault> {
        *guard(&self.0.fault)
    }

    pub(super) fn to_media(&self, input: sfu::Input) {
        if let Some(media) = &*self.0.media.read().unwrap_or_else(PoisonError::into_inner) {
            media.send(input);
        }
    }

    /// The media server must have time for somebody new in this call, or for a call that begins.
    ///
    /// # Errors
    /// 503 `calls.server_full`.
    pub(in crate::calls) fn must_have_room(&self, call: CallId) -> Result<()> {
        let media = self.0.media.read().unwrap_or_else(PoisonError::into_inner);
        let has_room = media.as_ref().is_none_or(|media| media.has_room(sfu::CallId(call.0.unsigned_abs())));
        if has_room { Ok(()) } else { Err(refused(sfu::Refusal::ServerFull)) }
    }

    /// Is there a media server?
    pub(in crate::calls) fn has_media(&self) -> bool {
        self.0.media.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// What the media server says. Called on its threads, also while it is spoken to: it is put aside, and taken in by one who listens.
    pub fn hear_media(&self, output: sfu::Output) {
        let _ = self.0.said.send(output);
    }

    /// Takes in what the media server says, until the program stops; there is one listener.
    pub(in crate::calls) async fn listen(&self) {
        let Some(mut said) = guard(&self.0.heard).take() else { return };
        let mut outputs = Vec::new();
        while said.recv_many(&mut outputs, HEARD_AT_ONCE).await > 0 {
            for output in outputs.drain(..) {
                if !self.echoes(|echoes, _, out| echoes.hear(&output, out)) {
                    self.survives(|board, now, out| board.hear(output, now, out));
                }
            }
        }
    }

    /// An offer waits for its answer; to be said before it is handed in.
    pub(in crate::calls) fn await_answer(&self, who: sfu::Who, generation: u32) -> impl Future<Output = Result<()>> + Send + use<> {
        let (sender, answer) = oneshot::channel();
        guard(&self.0.offers).insert((who, generation), sender);
        let calls = self.clone();
        async move {
            let answer = tokio::time::timeout(ANSWER_WITHIN, answer).await;
            guard(&calls.0.offers).remove(&(who, generation));
            match answer {
                Ok(Ok(None)) => Ok(()),
                Ok(Ok(Some(refusal))) => Err(refused(refusal)),
                _ => Err(Error::refused(RefusalKind::Unavailable, "calls.media_unavailable")),
            }
        }
    }
}

/// What the media server refused, for whoever asked.
pub(in crate::calls) fn refused(refusal: sfu::Refusal) -> Error {
    let code = refusal.code();
    match refusal {
        sfu::Refusal::NotInCall | sfu::Refusal::StaleOffer | sfu::Refusal::CertificateChanged | sfu::Refusal::CallFull => {
            Error::conflict(code)
        }
        sfu::Refusal::ServerFull => Error::refused(RefusalKind::Unavailable, code),
        sfu::Refusal::OfferTooLarge
        | sfu::Refusal::OfferInvalid
        | sfu::Refusal::TooManyTracks
        | sfu::Refusal::TooManySlots
        | sfu::Refusal::NoCommonCodec => Error::invalid("sdp", code),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::calls::board::Outgoing;
    use crate::clock::Clock;
    use crate::live::Hub;

    /// A media server that answers on the very thread on which it is spoken to, as the real one does for a call that it does not know.
    pub struct Prompt(pub Calls);

    impl MediaServer for Prompt {
        fn send(&self, input: sfu::Input) {
            if let sfu::Input::OpenCall { call } = input {
                self.0.hear_media(sfu::Output::Speakers { call, speakers: Vec::new() });
            }
        }
    }

    #[test]
    fn the_media_server_may_answer_while_it_is_spoken_to() {
        let calls = Calls::new(Hub::new(), Clock::system());
        calls.use_media(Arc::new(Prompt(calls.clone())));
        calls.with(|_, _, out| out.push(Outgoing::Media(sfu::Input::OpenCall { call: sfu::CallId(1) })));
        let heard = guard(&calls.0.heard).as_mut().map(|heard| heard.try_recv().is_ok());
        assert_eq!(heard, Some(true), "put aside");
        calls.stop();
    }
}
