//! Bodies that are sent while they are read.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{
    fs::File,
    io::{AsyncRead, ReadBuf},
};

use crate::blobs::{BlobId, Blobs};

/// A part of a body.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A file that is read while it is sent.
    File {
        /// Where it is.
        blobs: Blobs,
        /// Which.
        id: BlobId,
    },
}

/// How much of a file is in memory at a time.
const CHUNK: usize = 64 * 1024;

/// The pieces with their files open.
#[derive(Debug)]
pub(super) struct Sending {
    sources: VecDeque<Source>,
    left: u64,
}

#[derive(Debug)]
enum Source {
    Bytes(Bytes),
    File(File),
}

impl Sending {
    pub(super) async fn open(pieces: &[Piece]) -> io::Result<Self> {
        let mut sending = Self { sources: VecDeque::with_capacity(pieces.len()), left: 0 };
        for piece in pieces {
            let (source, length) = match piece {
                Piece::Bytes(bytes) => (Source::Bytes(bytes.clone()), bytes.len() as u64),
                Piece::File { blobs, id } => {
                    let (file, length) = blobs.read(id).await?;
                    (Source::File(file), length)
                }
            };
            sending.left += length;
            sending.sources.push_back(source);
        }
        Ok(sending)
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let bytes = loop {
            match self.sources.front_mut() {
                None => return Poll::Ready(None),
                Some(Source::Bytes(bytes)) => {
                    let bytes = std::mem::take(bytes);
                    self.sources.pop_front();
                    if !bytes.is_empty() {
                        break bytes;
                    }
                }
                Some(Source::File(file)) => {
                    let mut chunk = vec![0; CHUNK];
                    let mut read = ReadBuf::new(&mut chunk);
                    ready!(Pin::new(file).poll_read(context, &mut read))?;
                    let length = read.filled().len();
                    if length == 0 {
                        self.sources.pop_front();
                        continue;
                    }
                    chunk.truncate(length);
                    break chunk.into();
                }
            }
        };
        self.left = self.left.saturating_sub(bytes.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.sources.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
