//! A connection's socket, Unix or TCP, and how it is read and written without waiting.
//!
//! A runtime's own streams ask the kernel to tell when they can be read *and* when they can be
//! written. A Unix socket can be written again each time its peer has read, so every answer
//! would wake the proxy twice, the second time for nothing: a fifth of a short query's time.
//! Here the kernel is asked about writing only while a write has to wait.

use crate::server::Address;
use bytes::{Buf, BytesMut};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, RawFd};
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// One connection.
#[derive(Debug)]
pub(super) struct Socket {
    stream: AsyncFd<Stream>,
    /// The same socket, while a write waits.
    waiting: Option<AsyncFd<Stream>>,
}

#[derive(Debug)]
enum Stream {
    Unix(std::os::unix::net::UnixStream),
    Tcp(std::net::TcpStream),
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
            Address::Socket(path) => Self::unix(tokio::net::UnixStream::connect(path).await?),
            Address::Tcp(host, port) => {
                Self::tcp(tokio::net::TcpStream::connect((host.as_str(), *port)).await?)
            }
        }
    }

    pub(super) fn unix(stream: tokio::net::UnixStream) -> io::Result<Self> {
        Self::over(Stream::Unix(stream.into_std()?))
    }

    /// A TCP socket that sends at once.
    pub(super) fn tcp(stream: tokio::net::TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Self::over(Stream::Tcp(stream.into_std()?))
    }

    fn over(stream: Stream) -> io::Result<Self> {
        Ok(Self {
            stream: stream.watched(Interest::READABLE)?,
            waiting: None,
        })
    }

    /// Reads what is there into `scratch`.
    pub(super) fn poll_hear(&mut self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<Heard> {
        loop {
            let Ok(mut guard) = ready!(self.stream.poll_read_ready(cx)) else {
                return Poll::Ready(Heard::End);
            };
            match guard.get_inner().read(scratch) {
                Ok(0) => return Poll::Ready(Heard::End),
                Ok(length) => {
                    // Less than there was room for: the next read would only say so again.
                    if length < scratch.len() {
                        guard.clear_ready();
                    }
                    return Poll::Ready(Heard::Bytes(length));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Poll::Ready(Heard::End),
            }
        }
    }

    /// Writes what it can of `pending`; an error means that nobody reads any more.
    pub(super) fn poll_say(
        &mut self,
        cx: &mut Context<'_>,
        pending: &mut BytesMut,
    ) -> Poll<io::Result<()>> {
        while !pending.is_empty() {
            let written = ready!(self.poll_write(cx, pending))?;
            pending.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.stream.get_ref().write(bytes) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(written) => {
                    self.waiting = None;
                    return Poll::Ready(Ok(written));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let waiting = self.waiting.take();
                    let waiting = waiting.map_or_else(|| self.stream.get_ref().again(), Ok)?;
                    let ready = self.waiting.insert(waiting).poll_write_ready(cx);
                    ready!(ready)?.clear_ready();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Ends our half of the stream; the other half can still be read.
    pub(super) fn half_close(&mut self) {
        // A peer that is gone already needs no end.
        let _ = match self.stream.get_ref() {
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
        };
    }
}

impl Stream {
    fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => (&mut &*stream).read(into),
            Self::Tcp(stream) => (&mut &*stream).read(into),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => (&mut &*stream).write(bytes),
            Self::Tcp(stream) => (&mut &*stream).write(bytes),
        }
    }

    /// The same socket once more, for the kernel to tell when it can be written.
    fn again(&self) -> io::Result<AsyncFd<Self>> {
        let again = match self {
            Self::Unix(stream) => Self::Unix(stream.try_clone()?),
            Self::Tcp(stream) => Self::Tcp(stream.try_clone()?),
        };
        again.watched(Interest::WRITABLE)
    }

    #[expect(
        deprecated,
        reason = "its successor is unsafe, against types that lie about their descriptor; this \
                  one asks std's sockets, which don't"
    )]
    fn watched(self, interest: Interest) -> io::Result<AsyncFd<Self>> {
        AsyncFd::with_interest(self, interest)
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Self::Unix(stream) => stream.as_raw_fd(),
            Self::Tcp(stream) => stream.as_raw_fd(),
        }
    }
}
