//! A connection's socket, Unix or TCP, and how it is read and written without waiting.

use crate::server::Address;
use bytes::{Buf, BytesMut};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

#[derive(Debug)]
pub(super) enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// What a read found.
pub(super) enum Heard {
    Bytes(usize),
    /// The stream has ended, cleanly or not: a reset tells no more than an end.
    End,
}

impl Socket {
    pub(super) async fn connect(to: &Address) -> io::Result<Self> {
        match to {
            Address::Socket(path) => UnixStream::connect(path).await.map(Self::Unix),
            Address::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await;
                stream.and_then(Self::tcp)
            }
        }
    }

    /// A TCP socket that sends at once.
    pub(super) fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self::Tcp(stream))
    }

    /// Reads what is there into `scratch`.
    pub(super) fn poll_hear(&mut self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<Heard> {
        let mut buffer = ReadBuf::new(scratch);
        let read = match self {
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
        };
        read.map(|read| match (read, buffer.filled().len()) {
            (Err(_), _) | (_, 0) => Heard::End,
            (Ok(()), length) => Heard::Bytes(length),
        })
    }

    /// Writes what it can of `pending`; an error means that nobody reads any more.
    pub(super) fn poll_say(
        &mut self,
        cx: &mut Context<'_>,
        pending: &mut BytesMut,
    ) -> Poll<io::Result<()>> {
        while !pending.is_empty() {
            let written = std::task::ready!(self.poll_write(cx, pending))?;
            pending.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match self {
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
        };
        match written {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            other => other,
        }
    }

    /// Ends our half of the stream; the other half can still be read.
    pub(super) fn half_close(&mut self) {
        // tokio shuts a socket down at once, so there is nothing to wait for; and a peer that
        // is gone already needs no end.
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let _ = match self {
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(&mut cx),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(&mut cx),
        };
    }
}
