//! The media server over real sockets: synthetic clients, and libraries that it does not use itself, on the other side.

pub mod client;
mod connecting;
mod echo;
mod forwarding;
mod hostile;
pub mod independent;
mod over_tcp;
mod sources;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, unbounded};
use rialto::calls::sfu::{
    CallId, Config, EndCause, Input, Limits, Output, ParticipantId, Permissions, Refusal, Sfu, Slot, SlotState, Source, TrackIntent, Who,
};

use client::{Client, DEADLINE, Knows, Section};

/// A media server with its outputs.
pub struct Server {
    /// The server.
    pub sfu: Sfu,
    outputs: Receiver<Output>,
    passed: VecDeque<Output>,
}

/// The call of most tests.
pub const CALL: CallId = CallId(7);

/// A participant of that call.
pub const fn who(number: u32) -> Who {
    Who { call: CALL, participant: ParticipantId(number) }
}

impl Server {
    /// A server with these limits and one open call.
    pub fn start(limits: Limits) -> Self {
        Self::with(1, limits)
    }

    /// The same with so many threads.
    pub fn with(threads: u16, limits: Limits) -> Self {
        let (sender, outputs) = unbounded();
        let config = Config {
            port: 0,
            threads,
            addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
            limits,
            cores: Vec::new(),
        };
        let sink = Arc::new(move |output| {
            let _ = sender.send(output);
        });
        let sfu = Sfu::start(&config, sink).expect("a free port");
        sfu.send(Input::OpenCall { call: CALL });
        Self { sfu, outputs, passed: VecDeque::new() }
    }

    /// The first output that fits, those before it kept for later questions.
    pub fn wait<T>(&mut self, mut fits: impl FnMut(&Output) -> Option<T>) -> T {
        for at in 0..self.passed.len() {
            if let Some(found) = fits(&self.passed[at]) {
                self.passed.remove(at);
                return found;
            }
        }
        let end = Instant::now() + DEADLINE;
        loop {
            let output = self.outputs.recv_deadline(end).unwrap_or_else(|_| panic!("not told in time; told: {:#?}", self.passed));
            if let Some(found) = fits(&output) {
                return found;
            }
            self.passed.push_back(output);
        }
    }

    /// Outputs up to now, in their order.
    pub fn told(&mut self) -> Vec<Output> {
        self.passed.extend(self.outputs.try_iter());
        self.passed.iter().cloned().collect()
    }

    /// Hands in an offer and waits for its answer.
    pub fn offer(&mut self, number: u32, generation: u32, sdp: String, tracks: Vec<TrackIntent>) -> Result<String, Refusal> {
        self.sfu.send(Input::Offer { who: who(number), generation, sdp, tracks });
        self.wait(|output| match output {
            Output::Answer { who: found, generation: of, sdp } if *found == who(number) && *of == generation => Some(Ok(sdp.clone())),
            Output::Refused { who: found, generation: of, refusal } if *found == who(number) && *of == generation => Some(Err(*refusal)),
            _ => None,
        })
    }

    /// A participant enters and its client is ready to connect.
    pub fn join(&mut self, number: u32, sections: &[Section]) -> Client {
        self.join_as(number, sections, Client::new("127.0.0.1:0", Knows::Both), Permissions::ALL)
    }

    /// The same with a client of the caller's.
    pub fn join_as(&mut self, number: u32, sections: &[Section], mut client: Client, may: Permissions) -> Client {
        self.sfu.send(Input::Join { who: who(number), may });
        let answer = self.offer(number, 1, client.offer(sections), Vec::new()).expect("an answer");
        let ipv6 = client.socket.local_addr().expect("bound").is_ipv6();
        client.accept(&answer, ipv6);
        client
    }

    /// A participant enters and connects.
    pub fn connected(&mut self, number: u32, sections: &[Section]) -> Client {
        let mut client = self.join(number, sections);
        assert!(client.connect(DEADLINE), "participant {number} connects");
        self.wait_connected(number);
        client
    }

    /// Waits until the server has told that a participant is connected.
    pub fn wait_connected(&mut self, number: u32) {
        self.wait(|output| matches!(output, Output::Connected { who: found, .. } if *found == who(number)).then_some(()));
    }

    /// Waits until a participant has ended and returns why.
    pub fn ended(&mut self, number: u32) -> EndCause {
        self.wait(|output| match output {
            Output::Ended { who: found, cause } if *found == who(number) => Some(*cause),
            _ => None,
        })
    }

    /// Waits until a slot of `viewer` shows this, and returns the slot's `mid`.
    pub fn slot_with(&mut self, viewer: u32, shown: u32, source: Source) -> String {
        self.wait(|output| match output {
            Output::Slots { who: found, slots, .. } if *found == who(viewer) => {
                let shows = |slot: &&Slot| slot.shows == Some((ParticipantId(shown), source)) && slot.state == SlotState::Live;
                slots.iter().find(shows).map(|slot| slot.mid.clone())
            }
            _ => None,
        })
    }
}
