//! The wire's message cutter, and what reads the SQL inside: conversations with lies in them.

use proptest::prelude::*;
use simulator::wire::{Cutter, Malformed, Nature, Piece, Side, Text};

/// One message: its tag, its body, and a length that may be a lie.
#[derive(Clone, Debug)]
struct Sent {
    tag: u8,
    body: Vec<u8>,
    lie: Option<i32>,
}

/// What goes over the line, and the sizes of the reads in which it arrives.
#[derive(Clone, Debug)]
struct Stream {
    side: Side,
    sent: Vec<Sent>,
    /// Bytes that are changed: at which place, to what.
    flips: Vec<(prop::sample::Index, u8)>,
    reads: Vec<usize>,
}

impl Stream {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for sent in &self.sent {
            let length = i32::try_from(sent.body.len() + 4).expect("bodies are short");
            bytes.push(sent.tag);
            bytes.extend(sent.lie.unwrap_or(length).to_be_bytes());
            bytes.extend(&sent.body);
        }
        for (place, byte) in &self.flips {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
        }
        bytes
    }
}

fn sql() -> impl Strategy<Value = String> {
    let words = [
        "select",
        "update",
        "begin",
        "commit",
        "set",
        "prepare",
        "'",
        "''",
        "\"",
        "$$",
        "$x$",
        "--",
        "/*",
        "*/",
        ";",
        "(",
        ")",
        "e'\\",
        "isolation level",
        "serializable",
        "transaction",
        "é",
        "\n",
        "$1",
        "1e3",
        "call f()",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..12)
        .prop_map(|words| words.join(" "))
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let text = |text: String| [text.as_bytes(), &[0]].concat();
    prop_oneof![
        4 => sql().prop_map(text),
        2 => ("[a-z]{0,4}", sql()).prop_map(move |(name, sql)| {
            [text(name), text(sql), vec![0, 0]].concat()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..300),
        1 => Just(b"SFATAL\0C40001\0Mno\0\0".to_vec()),
        1 => prop::sample::select(&b"ITE"[..]).prop_map(|status| vec![status]),
    ]
}

fn sent() -> impl Strategy<Value = Sent> {
    let tag = prop_oneof![
        20 => prop::sample::select(&b"pPBDECSHQFXdcfCEZKTNA123sntvRWGd"[..]),
        1 => any::<u8>(),
    ];
    let lengths = [-1, 0, 3, 4, 5, 64 << 20, (64 << 20) + 1, i32::MAX, i32::MIN];
    let lie = prop_oneof![
        12 => Just(None),
        1 => prop::sample::select(lengths.to_vec()).prop_map(Some),
        1 => (0..400).prop_map(Some),
    ];
    (tag, body(), lie).prop_map(|(tag, body, lie)| Sent { tag, body, lie })
}

fn stream() -> impl Strategy<Value = Stream> {
    (
        prop_oneof![Just(Side::Client), Just(Side::Server)],
        prop::collection::vec(sent(), 0..12),
        prop_oneof![
            2 => Just(Vec::new()),
            1 => prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ],
        prop::collection::vec(prop_oneof![1..8_usize, 1..2_000_usize], 1..20),
    )
        .prop_map(|(side, sent, flips, reads)| Stream {
            side,
            sent,
            flips,
            reads,
        })
}

/// Whole messages, a bulk one joined, and the error that ended them.
type Heard = (Vec<(u8, Vec<u8>)>, Option<Malformed>);

/// Cuts what arrives in these reads, and sees that no byte is lost, changed or made up.
fn cut(side: Side, bytes: &[u8], reads: &[usize]) -> Result<Heard, TestCaseError> {
    let mut cutter = Cutter::new(side);
    let mut heard: Vec<(u8, Vec<u8>)> = Vec::new();
    let (mut arrived, mut given) = (0, 0);
    for read in reads.iter().cycle() {
        let until = (arrived + read).min(bytes.len());
        cutter.hear(&bytes[arrived..until]);
        arrived = until;
        loop {
            match cutter.cut() {
                Ok(None) => break,
                Err(why) => return Ok((heard, Some(why))),
                Ok(Some(piece)) => {
                    let until = given + piece.bytes().len();
                    prop_assert_eq!(&bytes[given..until], &piece.bytes()[..]);
                    given = until;
                    match (&piece, heard.last_mut()) {
                        (Piece::More(more), Some((_, bytes))) => bytes.extend_from_slice(more),
                        (Piece::More(_), None) => prop_assert!(false, "more of nothing"),
                        (Piece::Whole(message), _) => {
                            prop_assert_eq!(message.body().len() + 5, message.bytes.len());
                            heard.push((message.tag, message.bytes.to_vec()));
                        }
                        (Piece::Bulk(tag, bytes), _) => heard.push((*tag, bytes.to_vec())),
                    }
                }
            }
        }
        prop_assert_eq!(given + cutter.waiting(), arrived);
        if arrived == bytes.len() {
            return Ok((heard, None));
        }
    }
    unreachable!("there is at least one read")
}

#[test]
fn a_stream_with_lies_in_it_is_cut_or_refused_alike_however_it_arrives() {
    super::fuzz("cutter", &stream(), |stream| {
        let bytes = stream.bytes();
        let (heard, refused) = cut(stream.side, &bytes, &[bytes.len().max(1)])?;
        let (again, again_refused) = cut(stream.side, &bytes, &stream.reads)?;
        prop_assert_eq!(&heard, &again);
        prop_assert_eq!(&refused, &again_refused);
        for (_, message) in &heard {
            let sql = String::from_utf8_lossy(message.get(5..).unwrap_or_default());
            prop_assert_eq!(Text::new(&sql).nature, Nature::of(&sql));
        }
        Ok(())
    });
}
