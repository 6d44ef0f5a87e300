//! The guard: takes connections, lets whole requests through to wiremock, and cuts the answers
//! that are to be cut. wiremock panics on a body that is cut off, and answers one at a time.

use super::http::{self, Broken, Message};
use crate::stripe::rest::CUT;
use std::fmt::Write;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Duration, timeout};

/// Whoever needs longer for a request is let go.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes connections for as long as it runs.
pub(super) async fn guard(listener: TcpListener, inner: SocketAddr) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    open.spawn(connection(stream, inner));
                }
            }
            Some(_) = open.join_next() => {}
        }
    }
}

async fn connection(mut stream: TcpStream, inner: SocketAddr) {
    let request = timeout(PATIENCE, http::read(&mut stream, false)).await;
    let refused = match request {
        Ok(Ok(request)) => match line(&request) {
            Some((method, target)) => return pass(stream, inner, method, target, &request).await,
            None => "the request line isn't one",
        },
        Ok(Err(Broken::Silent | Broken::Torn)) | Err(_) => return,
        Ok(Err(Broken::Nonsense(why))) => why,
    };
    let body = format!(
        "{{\n  \"error\": {{\n    \"message\": \"Invalid request: {refused}\",\n    \"type\": \
         \"invalid_request_error\"\n  }}\n}}\n"
    );
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: \
         {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // Whoever sent nonsense may be gone.
    let _ = stream.write_all((head + &body).as_bytes()).await;
    close(stream).await;
}

/// Method and target of a request line that wiremock can take.
fn line(request: &Message) -> Option<(&str, &str)> {
    let mut parts = request.line.split(' ');
    let (method, target, version) = (parts.next()?, parts.next()?, parts.next()?);
    let token = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    let path = target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic());
    let plain = !target.starts_with("//")
        && !target.contains(['#', '\\', '"', '<', '>', '^', '`', '{', '|', '}']);
    let http = matches!(version, "HTTP/1.1" | "HTTP/1.0") && parts.next().is_none();
    (token && path && plain && http).then_some((method, target))
}

async fn pass(
    mut stream: TcpStream,
    inner: SocketAddr,
    method: &str,
    target: &str,
    request: &Message,
) {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {inner}\r\n");
    let hop = [
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "expect",
    ];
    for (name, value) in &request.headers {
        if !hop.contains(&name.to_ascii_lowercase().as_str()) {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    let _ = write!(
        head,
        "Content-Length: {}\r\nConnection: close\r\n\r\n",
        request.body.len()
    );
    let answered = async {
        let mut onward = TcpStream::connect(inner).await.ok()?;
        onward.write_all(head.as_bytes()).await.ok()?;
        onward.write_all(&request.body).await.ok()?;
        http::read(&mut onward, true).await.ok()
    };
    let Some(answer) = answered.await else {
        return;
    };
    let cut = answer.header(CUT).map(str::to_owned);
    if cut.as_deref() == Some("whole") {
        return;
    }
    let mut head = format!("{}\r\n", answer.line);
    let own = ["connection", "content-length", "transfer-encoding"];
    for (name, value) in &answer.headers {
        let name = name.as_str();
        if !own.contains(&name) && !name.eq_ignore_ascii_case(CUT) {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    let _ = write!(
        head,
        "content-length: {}\r\nconnection: close\r\n\r\n",
        answer.body.len()
    );
    let shown = match cut.as_deref() {
        Some("half") => answer.body.len() / 2,
        _ => answer.body.len(),
    };
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&answer.body[..shown]);
    // A caller that is gone needs no answer.
    let _ = stream.write_all(&bytes).await;
    if cut.is_none() {
        close(stream).await;
    }
}

/// Closes politely: what the peer still says is read, or it would lose what it was told.
async fn close(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut rest = [0; 1024];
    let drained = async { while matches!(stream.read(&mut rest).await, Ok(1..)) {} };
    let _ = timeout(Duration::from_secs(1), drained).await;
}
