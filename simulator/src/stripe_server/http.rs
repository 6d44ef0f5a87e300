//! As much of HTTP/1.1 as stands between sockets and data: heads, bodies, addresses.

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longer heads and bodies are refused.
const LONGEST_HEAD: usize = 32 * 1024;
const LONGEST_BODY: usize = 4 * 1024 * 1024;

/// A request or a response, whole.
#[derive(Debug)]
pub(super) struct Message {
    /// The first line.
    pub(super) line: String,
    /// Names and values.
    pub(super) headers: Vec<(String, String)>,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// Why a message isn't one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The peer closed before it had said anything.
    Silent,
    /// It stopped in the middle, or its connection did.
    Torn,
    /// It isn't HTTP, or more of it than anybody needs.
    Nonsense(&'static str),
}

impl Message {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads one message. A response without a length ends with its connection.
pub(super) async fn read<R: AsyncRead + Unpin>(
    stream: &mut R,
    is_response: bool,
) -> Result<Message, Broken> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > LONGEST_HEAD {
            return Err(Broken::Nonsense("the head is too long"));
        }
        if more(stream, &mut bytes).await? == 0 {
            return Err(if bytes.is_empty() {
                Broken::Silent
            } else {
                Broken::Torn
            });
        }
    };
    let text = std::str::from_utf8(&bytes[..head]);
    let text = text.map_err(|_| Broken::Nonsense("the head isn't text"))?;
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    for line in lines {
        let header = line.split_once(':');
        let (name, value) = header.ok_or(Broken::Nonsense("a header has no colon"))?;
        let token = |byte: u8| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) || value.contains(['\r', '\n', '\0']) {
            return Err(Broken::Nonsense("a header isn't one"));
        }
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut message = Message {
        line,
        headers,
        body: bytes.split_off(head + 4),
    };
    if message.header("Transfer-Encoding").is_some() {
        message.body = chunked(stream, std::mem::take(&mut message.body)).await?;
        return Ok(message);
    }
    let lengths = message.headers.iter();
    let mut lengths = lengths.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = match (lengths.next(), lengths.next()) {
        (None, _) if is_response => {
            while more(stream, &mut message.body).await? > 0 {
                if message.body.len() > LONGEST_BODY {
                    return Err(Broken::Nonsense("the body is too long"));
                }
            }
            return Ok(message);
        }
        (None, _) => 0,
        (Some(_), Some(_)) => return Err(Broken::Nonsense("two lengths")),
        (Some((_, length)), None) => length
            .parse::<usize>()
            .map_err(|_| Broken::Nonsense("the length is no number"))?,
    };
    if length > LONGEST_BODY {
        return Err(Broken::Nonsense("the body is too long"));
    }
    while message.body.len() < length {
        if more(stream, &mut message.body).await? == 0 {
            return Err(Broken::Torn);
        }
    }
    message.body.truncate(length);
    Ok(message)
}

/// A body in chunks, each with its length in hex before it.
async fn chunked<R: AsyncRead + Unpin>(
    stream: &mut R,
    mut bytes: Vec<u8>,
) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = find(&bytes, b"\r\n") {
                break end;
            }
            if bytes.len() > LONGEST_HEAD {
                return Err(Broken::Nonsense("a chunk has no length"));
            }
            if more(stream, &mut bytes).await? == 0 {
                return Err(Broken::Torn);
            }
        };
        let size = std::str::from_utf8(&bytes[..end]).unwrap_or_default();
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16);
        let size = size.map_err(|_| Broken::Nonsense("a chunk's length is no number"))?;
        if size > LONGEST_BODY || body.len() + size > LONGEST_BODY {
            return Err(Broken::Nonsense("the body is too long"));
        }
        bytes.drain(..end + 2);
        while bytes.len() < size + 2 {
            if more(stream, &mut bytes).await? == 0 {
                return Err(Broken::Torn);
            }
        }
        body.extend_from_slice(&bytes[..size]);
        bytes.drain(..size + 2);
        if size == 0 {
            return Ok(body);
        }
    }
}

async fn more<R: AsyncRead + Unpin>(stream: &mut R, bytes: &mut Vec<u8>) -> Result<usize, Broken> {
    stream.read_buf(bytes).await.map_err(|_| Broken::Torn)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Where a delivery goes: plain HTTP, as test mode allows (D12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) path: String,
}

impl Target {
    /// Reads a URL such as `http://localhost:4242/webhook`.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let wrong = || format!("`{url}` is no http URL, such as http://localhost:4242/webhook");
        let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| wrong())?)
            }
            _ => (authority, 80),
        };
        let clean = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if host.is_empty() || host.contains('@') || !clean(url) {
            return Err(wrong());
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            path: format!("{slash}{path}"),
        })
    }

    /// Whether it is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let address = self.host.parse::<std::net::IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_host_a_port_and_a_path() {
        let target = Target::parse("http://localhost:4242/webhook?x=1").unwrap();
        assert_eq!(
            (&*target.host, target.port, &*target.path),
            ("localhost", 4242, "/webhook?x=1")
        );
        assert_eq!(Target::parse("http://[::1]:80").unwrap().host, "::1");
        assert!(Target::parse("http://127.0.0.1").unwrap().is_loopback());
        assert!(!Target::parse("http://example.com").unwrap().is_loopback());
        for wrong in [
            "",
            "localhost:1",
            "https://x",
            "http://",
            "http://a:b/",
            "http://a b/",
        ] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }
}
