//! Bytes as no client of HTTP would send them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Town;

/// Sends the bytes and no more, and reads all that is said until the connection ends.
pub async fn raw(town: &Town, bytes: &[u8]) -> String {
    let address = town.running.as_ref().expect("it runs").address;
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // Whoever is refused early may be hung up on while they still talk.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let (mut said, mut part) = (Vec::new(), [0; 4_096]);
    while let Ok(read @ 1..) = stream.read(&mut part).await {
        said.extend_from_slice(&part[..read]);
    }
    String::from_utf8_lossy(&said).into_owned()
}
