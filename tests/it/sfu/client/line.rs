//! A browser's connection over TCP: packets behind their lengths (RFC 4571).

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The connection.
pub struct Line {
    /// For what is not in frames.
    pub stream: TcpStream,
    held: Vec<u8>,
}

impl Line {
    /// Connects.
    pub fn to(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("the media port listens over TCP");
        stream.set_nodelay(true).expect("an option");
        Self { stream, held: Vec::new() }
    }

    /// Sends a packet; one that does not leave is lost, as on any way.
    pub fn send(&self, packet: &[u8]) {
        let frame = [&(packet.len() as u16).to_be_bytes()[..], packet].concat();
        let _ = (&self.stream).write_all(&frame);
    }

    /// The next packet; waits at most this long for one.
    pub fn receive(&mut self, wait: Duration) -> Option<Vec<u8>> {
        self.stream.set_read_timeout(Some(wait)).expect("a deadline");
        loop {
            if let Some([high, low]) = self.held.first_chunk() {
                let end = 2 + usize::from(u16::from_be_bytes([*high, *low]));
                if self.held.len() >= end {
                    return Some(self.held.drain(..end).skip(2).collect());
                }
            }
            let mut buffer = [0; 4_096];
            match self.stream.read(&mut buffer) {
                Ok(length @ 1..) => self.held.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return None,
            }
        }
    }
}
