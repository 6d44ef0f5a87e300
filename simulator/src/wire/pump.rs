//! Moves bytes between a client, a conversation and a server, on one task and without ever
//! waiting for one direction while another could move: a pipelining client and a server that
//! both write would otherwise wait for each other.

use super::session::Session;
use super::socket::{Heard, Socket};
use super::traffic::Share;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// One read. Also how much of an answer may wait for a slow client before the server waits too.
const SCRATCH: usize = 16 << 10;

/// How much of a client that is ahead is read before it has to wait.
const AHEAD: usize = 256 << 10;

/// A session with its sockets.
pub(super) struct Pump {
    session: Session,
    client: Option<Socket>,
    server: Socket,
    server_half_closed: bool,
    server_ended: bool,
    cut: oneshot::Receiver<()>,
    was_cut: bool,
    share: Share,
    scratch: Box<[u8]>,
}

impl Pump {
    pub(super) fn new(
        session: Session,
        client: Socket,
        server: Socket,
        cut: oneshot::Receiver<()>,
        share: Share,
    ) -> Self {
        Self {
            session,
            client: Some(client),
            server,
            server_half_closed: false,
            server_ended: false,
            cut,
            was_cut: false,
            share,
            scratch: vec![0; SCRATCH].into(),
        }
    }

    /// Runs the session until the server has been read to its end.
    pub(super) async fn run(mut self) {
        std::future::poll_fn(|cx| self.poll(cx)).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut any = false;
        loop {
            // First, so that nothing which came after the cut is forwarded.
            if !self.was_cut && Pin::new(&mut self.cut).poll(cx).is_ready() {
                self.was_cut = true;
                self.client = None;
                self.session.cut();
            }
            let mut moved = self.session.poll_verdict(cx).is_ready();
            moved |= self.hear_client(cx);
            moved |= self.hear_server(cx);
            moved |= self.session.advance();
            // A client that has read makes room for the server.
            let waiting = self.session.to_client.len();
            self.say(cx);
            moved |= self.session.to_client.len() < waiting;
            if self.server_ended && self.client.is_none() {
                return Poll::Ready(());
            }
            any |= moved;
            if !moved {
                if any {
                    self.share.moved(!self.session.rests());
                }
                return Poll::Pending;
            }
        }
    }

    fn hear_client(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(client) = &mut self.client else {
            return false;
        };
        if self.session.has_lost_client() || self.session.unread() > AHEAD {
            return false;
        }
        match client.poll_hear(cx, &mut self.scratch) {
            Poll::Ready(Heard::Bytes(length)) => {
                self.session.hear_client(&self.scratch[..length]);
                true
            }
            Poll::Ready(Heard::End) => {
                self.session.client_ended();
                true
            }
            Poll::Pending => false,
        }
    }

    fn hear_server(&mut self, cx: &mut Context<'_>) -> bool {
        if self.server_ended || self.session.to_client.len() > SCRATCH {
            return false;
        }
        match self.server.poll_hear(cx, &mut self.scratch) {
            Poll::Ready(Heard::Bytes(length)) => {
                self.session.hear_server(&self.scratch[..length]);
                true
            }
            Poll::Ready(Heard::End) => {
                // What it said last is still to be passed on.
                self.session.advance();
                self.server_ended = true;
                self.session.server_ended();
                true
            }
            Poll::Pending => false,
        }
    }

    fn say(&mut self, cx: &mut Context<'_>) {
        if let Some(client) = &mut self.client {
            let said = client.poll_say(cx, &mut self.session.to_client);
            if said.is_ready() && self.session.is_leaving() {
                // What it still had to say is read, since closing over it would reset the
                // connection, and the client might lose our last words.
                while let Poll::Ready(Heard::Bytes(_)) = client.poll_hear(cx, &mut self.scratch) {}
                self.client = None;
            } else if matches!(said, Poll::Ready(Err(_))) {
                self.session.client_ended();
                self.client = None;
            }
        }
        if self.client.is_none() {
            self.session.to_client.clear();
        }
        if self.server_half_closed || self.server_ended {
            self.session.to_server.clear();
        } else {
            let said = self.server.poll_say(cx, &mut self.session.to_server);
            // Where writing fails, its last words can still be read.
            if said.is_ready() && self.session.has_said_all() || matches!(said, Poll::Ready(Err(_)))
            {
                self.server.half_close();
                self.server_half_closed = true;
            }
        }
    }
}
