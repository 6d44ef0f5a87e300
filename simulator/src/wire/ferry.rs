//! Pass-through: bytes ferried both ways, unread, for what needs no gate.

use super::socket::{Heard, Socket};
use bytes::BytesMut;
use std::task::{Context, Poll};

/// One direction.
struct Lane {
    scratch: Box<[u8]>,
    pending: BytesMut,
    /// Nobody reads what is written; the other end is still read to its end.
    deaf: bool,
    ended: bool,
}

impl Lane {
    fn new() -> Self {
        Self {
            scratch: vec![0; 64 << 10].into(),
            pending: BytesMut::new(),
            deaf: false,
            ended: false,
        }
    }

    /// Moves bytes until one end has to wait.
    fn poll(&mut self, cx: &mut Context<'_>, from: &mut Socket, to: &mut Socket) -> Poll<()> {
        while !self.ended {
            match to.poll_say(cx, &mut self.pending) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => self.go_deaf(),
                Poll::Ready(Ok(())) => {}
            }
            let length = match from.poll_hear(cx, &mut self.scratch) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Heard::Bytes(length)) => length,
                Poll::Ready(Heard::End) => {
                    to.half_close();
                    self.ended = true;
                    break;
                }
            };
            if self.deaf {
                continue;
            }
            // Mostly all of it goes at once, and is never copied.
            let written = match to.poll_write(cx, &self.scratch[..length]) {
                Poll::Ready(Ok(written)) => written,
                Poll::Ready(Err(_)) => {
                    self.go_deaf();
                    continue;
                }
                Poll::Pending => 0,
            };
            self.pending
                .extend_from_slice(&self.scratch[written..length]);
        }
        Poll::Ready(())
    }

    fn go_deaf(&mut self) {
        self.deaf = true;
        self.pending.clear();
    }
}

/// Ferries until the server's stream has ended. A client that leaves half-closes the server's.
pub(super) async fn ferry(mut client: Socket, mut server: Socket, first: &[u8]) {
    let (mut to_server, mut to_client) = (Lane::new(), Lane::new());
    to_server.pending.extend_from_slice(first);
    std::future::poll_fn(|cx| {
        let _ = to_server.poll(cx, &mut client, &mut server);
        to_client.poll(cx, &mut server, &mut client)
    })
    .await;
}
