//! Bytes that nobody should send: an error in Stripe's shape or a closed connection, and the server
//! lives on.

use crate::serving::{sent, server};
use proptest::prelude::*;
use simulator::random;

const GOOD: &str =
    "GET /v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_abc\r\n\r\n";

#[test]
fn hostile_bytes_get_an_error_or_a_closed_connection_and_the_server_lives() {
    let server = server();
    let long = format!("GET /v1/{} HTTP/1.1\r\n\r\n", "a".repeat(100_000));
    let deep = format!(
        "POST /v1/customers HTTP/1.1\r\nAuthorization: Bearer sk_test_abc\r\nContent-Length: 402\r\n\r\na{}=",
        "[b]".repeat(400 / 3)
    );
    let refused: [&[u8]; 18] = [
        b"",
        b"\0\0\0\0",
        b"GET\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"GET // HTTP/1.1\r\n\r\n",
        b"GET http://x/ HTTP/1.1\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\n\r\n",
        b"GET /v1/customers?a=%ff HTTP/1.1\r\nAuthorization: Bearer sk_test_abc\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"POST /v1/customers HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf",
        b"POST /v1/customers HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/customers HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /v1/customers HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /v1/customers HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        long.as_bytes(),
        deep.as_bytes(),
    ];
    for bytes in refused {
        let answer = sent(server.address(), bytes);
        let text = String::from_utf8_lossy(&answer);
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        assert!(
            answer.is_empty() || text.contains("\"error\": {"),
            "{shown}: {text}"
        );
        assert!(!text.starts_with("HTTP/1.1 2"), "{shown}: {text}");
    }
    let chunks = "POST /v1/customers HTTP/1.1\r\nAuthorization: Bearer sk_test_abc\r\n\
                  Transfer-Encoding: chunked\r\n\r\n6\r\nname=A\r\n0\r\n\r\n";
    for good in [GOOD, chunks] {
        let answer = String::from_utf8(sent(server.address(), good.as_bytes())).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[test]
fn any_bytes_leave_the_server_alive() {
    let server = server();
    let requests = (0..GOOD.len(), prop::collection::vec(any::<u8>(), 0..40));
    random::runner(5)
        .run(&requests, |(at, noise)| {
            let mut bytes = GOOD.as_bytes().to_vec();
            bytes.splice(at..at, noise);
            sent(server.address(), &bytes);
            Ok(())
        })
        .unwrap();
    let answer = String::from_utf8(sent(server.address(), GOOD.as_bytes())).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
