//! A file as the body of an answer: read and sent piece by piece.

use actix_web::body::SizedStream;
use actix_web::web::Bytes;
use futures_util::stream::{self, LocalBoxStream, StreamExt};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// What is read and sent at a time, in bytes.
const PIECE: usize = 1 << 16;

/// From where the file stands to its end, `bytes` of them.
#[must_use]
pub fn pieces_of(file: File, bytes: u64) -> SizedStream<LocalBoxStream<'static, std::io::Result<Bytes>>> {
    let pieces = stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE];
        let count = file.read(&mut piece).await?;
        piece.truncate(count);
        Ok((count > 0).then(|| (Bytes::from(piece), file)))
    });
    SizedStream::new(bytes, pieces.boxed_local())
}
