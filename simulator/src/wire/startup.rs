//! The first packet of a connection: it has no tag, and decides what the connection is.

use super::message::{LONGEST_STARTUP, Malformed};
use bytes::{Buf, Bytes, BytesMut};

/// What a new connection asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// TLS or GSS encryption: answered `N`, after which the client asks again in the clear.
    Encryption,
    /// End another session's statement; the bytes carry that session's key.
    Cancel {
        /// The backend to interrupt.
        backend: u32,
        /// The whole packet.
        bytes: Bytes,
    },
    /// A session, with what it tells about itself.
    Session(Startup),
}

/// The start-up packet of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Startup {
    bytes: Bytes,
    parameters: Vec<(String, String)>,
}

impl Startup {
    /// One of its parameters: `user`, `database`, `application_name`, `options`, …
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The packet as sent.
    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Every value, for those who look for a word wherever it may stand.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|(_, value)| value.as_str())
    }
}

const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

impl Opening {
    /// Cuts the first packet from what was heard, or `None` until it is whole.
    ///
    /// # Errors
    /// It isn't a first packet of protocol 3.
    pub(super) fn cut(heard: &mut BytesMut) -> Result<Option<Self>, Malformed> {
        let Some(mut header) = heard.get(..4) else {
            return Ok(None);
        };
        let length = header.get_u32() as usize;
        // The bound is what tells an HTTP request or a TLS hello from a client of ours.
        if !(8..=LONGEST_STARTUP).contains(&length) {
            return Err(Malformed::Startup("its length is impossible"));
        }
        if heard.len() < length {
            return Ok(None);
        }
        let bytes = heard.split_to(length).freeze();
        let mut body = &bytes[4..];
        match body.get_u32() {
            CANCEL => {
                let backend = body.try_get_u32();
                let backend = backend.map_err(|_| Malformed::Startup("a cancel without a key"))?;
                Ok(Some(Self::Cancel { backend, bytes }))
            }
            TLS | GSS => Ok(Some(Self::Encryption)),
            // Minor versions are the server's to negotiate.
            version if version >> 16 == 3 => {
                let parameters = parameters(body)?;
                Ok(Some(Self::Session(Startup { bytes, parameters })))
            }
            _ => Err(Malformed::Startup("only protocol 3 is spoken here")),
        }
    }
}

/// Pairs of strings that each end in a zero byte; an empty name ends the list.
fn parameters(body: &[u8]) -> Result<Vec<(String, String)>, Malformed> {
    let mut texts = body
        .split(|&byte| byte == 0)
        .map(|text| String::from_utf8_lossy(text).into_owned());
    let mut parameters = Vec::new();
    loop {
        match (texts.next(), texts.next()) {
            (Some(name), Some(_)) if name.is_empty() => return Ok(parameters),
            (Some(name), Some(value)) => parameters.push((name, value)),
            _ => return Err(Malformed::Startup("its parameters have no end")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postgres_protocol::message::frontend;
    use proptest::prelude::*;

    #[test]
    fn a_session_tells_its_user_and_database() {
        let mut heard = BytesMut::new();
        let told = [("user", "ada"), ("database", "ledger")];
        frontend::startup_message(told, &mut heard).expect("no zero byte inside");
        heard.extend_from_slice(b"Q");
        let opening = Opening::cut(&mut heard).expect("a start-up packet");
        let Some(Opening::Session(startup)) = opening else {
            panic!("not a session: {opening:?}");
        };
        assert_eq!(startup.parameter("database"), Some("ledger"));
        assert_eq!(startup.parameter("options"), None);
        assert_eq!(&heard[..], b"Q", "what follows stays");
    }

    #[test]
    fn encryption_and_cancel_are_told_from_a_session() {
        let mut heard = BytesMut::new();
        frontend::ssl_request(&mut heard);
        frontend::cancel_request(4711, 99, &mut heard);
        assert_eq!(Opening::cut(&mut heard), Ok(Some(Opening::Encryption)));
        assert!(matches!(
            Opening::cut(&mut heard),
            Ok(Some(Opening::Cancel { backend: 4711, .. }))
        ));
    }

    #[test]
    fn a_browser_a_tls_hello_and_protocol_2_are_refused() {
        let refused = |bytes: &[u8]| Opening::cut(&mut BytesMut::from(bytes));
        let length = Err(Malformed::Startup("its length is impossible"));
        assert_eq!(refused(b"GET / HTTP/1.1\r\n"), length);
        assert_eq!(refused(&[0x16, 3, 1, 2, 0, 1]), length);
        assert_eq!(
            refused(&[0, 0, 0, 8, 0, 2, 0, 0]),
            Err(Malformed::Startup("only protocol 3 is spoken here"))
        );
        assert_eq!(
            refused(&[0, 0, 0, 9, 0, 3, 0, 0, b'u']),
            Err(Malformed::Startup("its parameters have no end"))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn arbitrary_first_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), length in 0..40_u8) {
            let _ = Opening::cut(&mut BytesMut::from(&bytes[..]));
            // Most arbitrary bytes fail at the length: let it be believable too.
            let believable = [&[0, 0, 0, length, 0, 3, 0, 0], &bytes[..]].concat();
            let _ = Opening::cut(&mut BytesMut::from(&believable[..]));
        }
    }
}
