//! What the tests share: a running server, and an endpoint to deliver to.

use simulator::stripe::Stripe;
use simulator::stripe_server::{Setup, StripeServer};
use simulator::{Catalogue, Credits, Currency, Money, Offer, OfferKind, clock};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

pub(crate) fn world() -> Stripe {
    let offer = |price: &str, minor, kind| Offer {
        price: price.to_owned(),
        amount: Money::new(minor, Currency::USD),
        credits: Credits::new(100),
        kind,
    };
    let offers = vec![
        offer("price_pack", 1_000, OfferKind::Pack),
        offer("price_plan", 900, OfferKind::Plan),
    ];
    Stripe::new(7, Catalogue { offers }, clock::unix_now())
}

pub(crate) fn server() -> StripeServer {
    StripeServer::start(world(), Setup::default()).unwrap()
}

/// Sends bytes and reads what comes until the connection ends.
pub(crate) fn sent(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    // A server that has refused needn't read the rest.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// Answers each request in turn with one of these, then with none; what was sent, head and body.
pub(crate) fn endpoint(answers: Vec<&'static str>) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 65_536];
            loop {
                let count = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..count]);
                if count == 0 || is_whole(&request) {
                    break;
                }
            }
            stream.write_all(answer.as_bytes()).unwrap();
            if tell.send(String::from_utf8(request).unwrap()).is_err() {
                return;
            }
        }
    });
    (url, told)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let lengths = head.lines().filter_map(|line| line.split_once(": "));
    let mut lengths = lengths.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths.next().and_then(|(_, length)| length.parse().ok()) == Some(body.len())
}
