//! The message cutter: PostgreSQL's protocol 3.0 from a stream of bytes, without trusting it.
//!
//! After the start-up every message is one tag byte, a length that counts itself, and a body.
//! The cutter takes bytes as they come and gives back whole messages. Two kinds of trouble are
//! kept out here: a length is only believed once its bytes have arrived, so that a header which
//! claims 1 GiB costs nothing; and *bulk* (rows, COPY data) is handed on in the pieces that it
//! came in, so that a large row is never held whole.

use bytes::{Buf, Bytes, BytesMut};

/// The longest message, and the longest unit, that the proxy holds; longer is refused.
///
/// PostgreSQL itself takes almost 1 GiB. Bulk has no limit here, since it isn't held.
pub const LONGEST: usize = 64 << 20;

/// The longest start-up packet: PostgreSQL's own `MAX_STARTUP_PACKET_LENGTH`.
pub(super) const LONGEST_STARTUP: usize = 10_000;

/// Who sent the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The ledger's database client.
    Client,
    /// PostgreSQL.
    Server,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Client => "the client",
            Self::Server => "the server",
        })
    }
}

/// Bytes that are not PostgreSQL's protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A length that doesn't even count itself.
    #[error("message {tag:?} claims a length of {length}; the least is 4")]
    TooShort {
        /// The message's tag.
        tag: char,
        /// The length as sent.
        length: i32,
    },
    /// A length beyond what the proxy holds.
    #[error("message {tag:?} claims {length} bytes; at most {LONGEST} are held")]
    TooLong {
        /// The message's tag.
        tag: char,
        /// The length as sent.
        length: usize,
    },
    /// A tag that no client sends.
    #[error("no client message begins with the byte {0:#04x}")]
    UnknownTag(u8),
    /// The inside of a message doesn't fit its length.
    #[error("the body of message {0:?} is cut short or has no end")]
    Body(char),
    /// The first packet is none of PostgreSQL's.
    #[error("not a start-up packet: {0}")]
    Startup(&'static str),
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The tag byte.
    pub tag: u8,
    /// Tag, length and body, as sent.
    pub bytes: Bytes,
}

impl Message {
    /// What stands after tag and length.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes[5..]
    }
}

/// What the cutter finds next in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A whole message.
    Whole(Message),
    /// The beginning of a bulk message, or all of it: its tag and the bytes that are here.
    Bulk(u8, Bytes),
    /// More of the bulk message that began before.
    More(Bytes),
}

impl Piece {
    /// The tag, unless this only goes on with an earlier message.
    #[must_use]
    pub fn tag(&self) -> Option<u8> {
        match self {
            Self::Whole(message) => Some(message.tag),
            Self::Bulk(tag, _) => Some(*tag),
            Self::More(_) => None,
        }
    }

    /// The bytes as sent.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Whole(message) => &message.bytes,
            Self::Bulk(_, bytes) | Self::More(bytes) => bytes,
        }
    }
}

/// Cuts one direction of one connection into messages.
#[derive(Debug)]
pub struct Cutter {
    side: Side,
    heard: BytesMut,
    /// How much of a bulk message is still to come.
    to_come: usize,
}

impl Cutter {
    /// A cutter for what this side sends after the start-up packet.
    #[must_use]
    pub fn new(side: Side) -> Self {
        Self {
            side,
            heard: BytesMut::new(),
            to_come: 0,
        }
    }

    /// Takes bytes as they arrived.
    pub fn hear(&mut self, bytes: &[u8]) {
        self.heard.extend_from_slice(bytes);
    }

    /// How many bytes wait to be cut.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.heard.len()
    }

    /// Whether the stream stands between two messages, where it may end.
    #[must_use]
    pub fn is_between_messages(&self) -> bool {
        self.heard.is_empty() && self.to_come == 0
    }

    /// Forgets what was heard: nobody will answer it.
    pub fn clear(&mut self) {
        self.heard.clear();
        self.to_come = 0;
    }

    /// The tag of the message that comes next, if its first byte is here.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        if self.to_come > 0 {
            return None;
        }
        self.heard.first().copied()
    }

    /// The next piece, or `None` until more bytes arrive.
    ///
    /// # Errors
    /// The bytes can't be this side's. Nothing after them has a meaning: close the connection.
    pub fn cut(&mut self) -> Result<Option<Piece>, Malformed> {
        if self.to_come > 0 {
            return Ok(self.take_bulk().map(Piece::More));
        }
        // A wrong tag is told at once; its sender may never send a whole header.
        if let Some(&tag) = self.heard.first()
            && self.side == Side::Client
            && !CLIENT_TAGS.contains(&tag)
        {
            return Err(Malformed::UnknownTag(tag));
        }
        let Some(header) = self.heard.get(..5) else {
            return Ok(None);
        };
        let tag = header[0];
        let length = (&header[1..]).get_i32();
        if length < 4 {
            let tag = char::from(tag);
            return Err(Malformed::TooShort { tag, length });
        }
        // At least 4, so neither the sign nor a 64-bit addition can go wrong.
        let length = length.unsigned_abs() as usize;
        if self.is_bulk(tag) {
            self.to_come = length + 1;
            return Ok(self.take_bulk().map(|bytes| Piece::Bulk(tag, bytes)));
        }
        if length > LONGEST {
            let tag = char::from(tag);
            return Err(Malformed::TooLong { tag, length });
        }
        if self.heard.len() < length + 1 {
            return Ok(None);
        }
        let bytes = self.heard.split_to(length + 1).freeze();
        Ok(Some(Piece::Whole(Message { tag, bytes })))
    }

    fn take_bulk(&mut self) -> Option<Bytes> {
        let here = self.heard.len().min(self.to_come);
        if here == 0 {
            return None;
        }
        self.to_come -= here;
        Some(self.heard.split_to(here).freeze())
    }

    /// Whether the message is passed on as it comes, because nobody reads its body here.
    fn is_bulk(&self, tag: u8) -> bool {
        match self.side {
            Side::Client => tag == b'd',
            Side::Server => !READ_FROM_SERVER.contains(&tag),
        }
    }
}

/// What a client may send: password or SASL, Parse, Bind, Describe, Execute, Close, Sync,
/// Flush, Query, function call, Terminate, and COPY's data, done and fail.
const CLIENT_TAGS: &[u8] = b"pPBDECSHQFXdcf";

/// What is read on the way back: completion, error, readiness, the backend's key.
const READ_FROM_SERVER: &[u8] = b"CEZK";

/// Reads strings and numbers from a message's body.
pub(super) struct Body<'a> {
    tag: u8,
    rest: &'a [u8],
}

impl<'a> Body<'a> {
    pub(super) fn of(message: &'a Message) -> Self {
        Self {
            tag: message.tag,
            rest: message.body(),
        }
    }

    /// A string up to its zero byte; other encodings than UTF-8 lose what doesn't fit.
    pub(super) fn text(&mut self) -> Result<String, Malformed> {
        let end = self.rest.iter().position(|&byte| byte == 0);
        let end = end.ok_or(Malformed::Body(char::from(self.tag)))?;
        let text = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        self.rest = &self.rest[end + 1..];
        Ok(text)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        self.rest
            .try_get_u8()
            .map_err(|_| Malformed::Body(char::from(self.tag)))
    }

    pub(super) fn number(&mut self) -> Result<u32, Malformed> {
        self.rest
            .try_get_u32()
            .map_err(|_| Malformed::Body(char::from(self.tag)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postgres_protocol::message::frontend;
    use proptest::prelude::*;

    fn cut_all(cutter: &mut Cutter) -> Result<Vec<Piece>, Malformed> {
        std::iter::from_fn(|| cutter.cut().transpose()).collect()
    }

    /// A bulk message in three pieces is one message; how it was split isn't meant to matter.
    fn joined(pieces: Vec<Piece>) -> Vec<(u8, Vec<u8>)> {
        let mut messages: Vec<(u8, Vec<u8>)> = Vec::new();
        for piece in pieces {
            match (piece.tag(), messages.last_mut()) {
                (None, Some((_, bytes))) => bytes.extend_from_slice(piece.bytes()),
                (tag, _) => messages.push((tag.unwrap_or(0), piece.bytes().to_vec())),
            }
        }
        messages
    }

    fn conversation(texts: &[String]) -> Vec<u8> {
        let mut stream = BytesMut::new();
        for text in texts {
            frontend::parse("s", text, [], &mut stream).expect("no zero byte inside");
            frontend::describe(b'S', "s", &mut stream).expect("no zero byte inside");
            frontend::sync(&mut stream);
            frontend::query(text, &mut stream).expect("no zero byte inside");
            frontend::CopyData::new(text.as_bytes())
                .expect("short")
                .write(&mut stream);
            frontend::copy_done(&mut stream);
        }
        stream.to_vec()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_split_of_a_stream_is_cut_into_the_same_messages(
            texts in prop::collection::vec("[a-z ;']{0,40}", 1..6),
            splits in prop::collection::vec(1..30_usize, 1..40),
        ) {
            let stream = conversation(&texts);
            let mut whole = Cutter::new(Side::Client);
            whole.hear(&stream);
            let wanted = joined(cut_all(&mut whole)?);
            prop_assert_eq!(wanted.len(), texts.len() * 6);
            prop_assert_eq!(wanted.iter().flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>(), stream.clone());

            let mut cutter = Cutter::new(Side::Client);
            let mut got = Vec::new();
            let mut rest = &stream[..];
            for split in splits.iter().cycle() {
                let (now, later) = rest.split_at((*split).min(rest.len()));
                cutter.hear(now);
                got.extend(cut_all(&mut cutter)?);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(joined(got), wanted);
            prop_assert!(cutter.is_between_messages());
        }

        #[test]
        fn arbitrary_bytes_are_cut_or_refused_and_never_lost(
            client in any::<bool>(),
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20),
        ) {
            let mut cutter = Cutter::new(if client { Side::Client } else { Side::Server });
            let mut cut = 0;
            for chunk in &chunks {
                cutter.hear(chunk);
                match cut_all(&mut cutter) {
                    Ok(pieces) => cut += pieces.iter().map(|piece| piece.bytes().len()).sum::<usize>(),
                    Err(_) => return Ok(()),
                }
            }
            let heard: usize = chunks.iter().map(Vec::len).sum();
            prop_assert_eq!(cut + cutter.waiting(), heard);
        }
    }

    #[test]
    fn a_gigabyte_is_refused_before_it_is_sent() {
        let mut cutter = Cutter::new(Side::Client);
        cutter.hear(&[b'Q', 0x40, 0, 0, 0, b's']);
        let refused = cutter.cut().expect_err("nobody holds 1 GiB");
        assert_eq!(
            refused.to_string(),
            "message 'Q' claims 1073741824 bytes; at most 67108864 are held"
        );
    }

    #[test]
    fn a_negative_length_and_an_unknown_tag_are_refused() {
        let mut cutter = Cutter::new(Side::Server);
        cutter.hear(&[b'D', 0xff, 0xff, 0xff, 0xfe]);
        let (tag, length) = ('D', -2);
        assert_eq!(cutter.cut(), Err(Malformed::TooShort { tag, length }));

        let mut cutter = Cutter::new(Side::Client);
        cutter.hear(b"GET / HTTP/1.1");
        assert_eq!(cutter.cut(), Err(Malformed::UnknownTag(b'G')));
    }

    #[test]
    fn a_large_row_passes_in_the_pieces_it_came_in() {
        let mut cutter = Cutter::new(Side::Server);
        cutter.hear(&[b'D', 0x3f, 0, 0, 0, 0, 1]);
        assert!(matches!(cutter.cut(), Ok(Some(Piece::Bulk(b'D', bytes))) if bytes.len() == 7));
        cutter.hear(&[7; 1000]);
        assert!(matches!(cutter.cut(), Ok(Some(Piece::More(bytes))) if bytes.len() == 1000));
        assert_eq!(cutter.waiting(), 0);
    }
}
