//! Sends events as webhooks: signed, in any order, several times, several at once, with answers that nobody waits for.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// The header `Stripe-Signature` for a body, signed at this second.
pub fn sign(body: &str, secret: &str, at_s: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(format!("{at_s}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at_s},v1={hex}")
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Answered with this status.
    Answered(u16),
    /// Sent, and the connection was ended before an answer was read.
    Cut,
}

impl super::Stripe {
    /// Delivers an event to `town`, signed at this second.
    pub async fn deliver(&self, http: &reqwest::Client, town: &str, event: &Value, at_s: i64) -> Delivered {
        let body = event.to_string();
        let header = sign(&body, super::SECRET, at_s);
        let answer =
            http.post(format!("{town}/hooks/stripe")).header("stripe-signature", header).body(body).send().await.expect("an answer");
        Delivered::Answered(answer.status().as_u16())
    }

    /// The same, but goes away before it is answered.
    pub async fn deliver_and_leave(&self, address: std::net::SocketAddr, event: &Value, at_s: i64) -> Delivered {
        let body = event.to_string();
        let head = format!(
            "POST /hooks/stripe HTTP/1.1\r\nhost: {address}\r\nstripe-signature: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            sign(&body, super::SECRET, at_s),
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(format!("{head}{body}").as_bytes()).await.expect("sent");
        stream.shutdown().await.expect("left");
        Delivered::Cut
    }
}
