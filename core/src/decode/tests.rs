//! Every coding against the field's encoders: whole, flushed, at any split, cut, damaged, bombs, chains.

use std::io::Write as _;

use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::budget::Budget;

use super::fuzz::{Decoded, decode};
use super::{Coding, DecodeError, Decoder, Limits};

const EVENT: &[u8] =
    b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01\"}}\n\n";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn br(text: &[u8]) -> Vec<u8> {
    br_with(text, 22)
}

fn br_with(text: &[u8], lg_window: u32) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, lg_window);
    encoder.write_all(text).unwrap();
    encoder.into_inner()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

/// Each coding by its name, with an encoder.
type Encoder = fn(&[u8]) -> Vec<u8>;
const ENCODERS: [(&str, Coding, Encoder); 5] = [
    ("gzip", Coding::Gzip, gzip),
    ("deflate", Coding::Deflate, zlib),
    ("deflate", Coding::Deflate, raw_deflate),
    ("br", Coding::Brotli, br),
    ("zstd", Coding::Zstd, zstd),
];

fn good(text: &[u8]) -> Decoded {
    Decoded { text: text.to_vec(), result: Ok(()), mislabelled: false }
}

fn whole(content_encoding: &str, body: &[u8]) -> Decoded {
    decode(content_encoding, Limits::RESPONSE, &[body])
}

fn by_byte(content_encoding: &str, body: &[u8]) -> Decoded {
    decode(content_encoding, Limits::RESPONSE, &body.chunks(1).collect::<Vec<_>>())
}

/// Text that compresses like what LLM APIs send.
fn stream_of(events: usize) -> Vec<u8> {
    (0..events)
        .flat_map(|i| {
            let word = i.wrapping_mul(2_654_435_761) % 1_000_003;
            format!("data: {{\"id\":\"chatcmpl-1\",\"choices\":[{{\"delta\":{{\"content\":\" {word:x}\"}}}}]}}\n\n").into_bytes()
        })
        .collect()
}

#[test]
fn names_of_codings() {
    for (name, coding) in [
        ("identity", Some(Coding::Identity)),
        ("gzip", Some(Coding::Gzip)),
        ("x-gzip", Some(Coding::Gzip)),
        (" GZip ", Some(Coding::Gzip)),
        ("deflate", Some(Coding::Deflate)),
        ("br", Some(Coding::Brotli)),
        ("zstd", Some(Coding::Zstd)),
        ("compress", None),
        ("gzip2", None),
    ] {
        assert_eq!(Coding::parse(name.as_bytes()), coding, "{name}");
    }
}

#[test]
fn headers_that_cannot_be_followed() {
    let begin = |headers: &[&str]| {
        Decoder::new(headers.iter().map(|header| header.as_bytes()), Limits::RESPONSE, &Budget::default())
            .err()
    };
    assert_eq!(begin(&["gzip, identity", "gzip"]), None);
    assert_eq!(begin(&["gzip", "gzip, br"]), Some(DecodeError::TooMany));
    assert_eq!(begin(&["", " , identity"]), None);
}

#[test]
fn what_is_in_a_coding_that_nobody_knows_is_tried_as_it_is() {
    for header in ["utf-8", "compress", "none, identity", "identity, aws-chunked"] {
        let mut decoder = Decoder::new([header.as_bytes()], Limits::RESPONSE, &Budget::default()).unwrap();
        let mut text = Vec::new();
        decoder.push(b"{\"a\":1}", &mut |piece| text.extend_from_slice(piece)).unwrap();
        assert_eq!(decoder.finish(), Ok(()), "{header}");
        assert_eq!((text.as_slice(), decoder.mislabelled()), (b"{\"a\":1}".as_slice(), true), "{header}");
    }
}

#[test]
fn an_identity_decoder_hands_on_the_chunks_themselves() {
    let mut decoder = Decoder::new([], Limits::RESPONSE, &Budget::default()).unwrap();
    let mut pieces = Vec::new();
    for chunk in [b"ab".as_slice(), b"c"] {
        decoder.push(chunk, &mut |piece| pieces.push(piece.as_ptr())).unwrap();
        assert_eq!(pieces.pop(), Some(chunk.as_ptr()));
    }
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn every_coding_whole_and_byte_by_byte() {
    for text in [b"".as_slice(), b"{}", EVENT, &stream_of(3000)] {
        for (name, _, encode) in ENCODERS {
            let body = encode(text);
            assert_eq!(whole(name, &body), good(text), "{name}");
            assert_eq!(by_byte(name, &body), good(text), "{name} by byte");
        }
    }
}

#[test]
fn a_body_without_a_byte_is_complete() {
    for name in ["identity", "gzip", "deflate", "br", "zstd"] {
        assert_eq!(whole(name, b""), good(b""), "{name}");
    }
}

/// What an encoder has flushed is decoded in the push that brought it.
#[test]
fn flushed_events_come_at_once() {
    fn check<W: std::io::Write>(name: &str, mut encoder: W, body: impl Fn(&W) -> &Vec<u8>) {
        let mut decoder = Decoder::new([name.as_bytes()], Limits::RESPONSE, &Budget::default()).unwrap();
        let mut sent = 0;
        for i in 0..20 {
            let event = format!("data: {{\"n\":{i},\"text\":\"the same words again and again\"}}\n\n");
            encoder.write_all(event.as_bytes()).unwrap();
            encoder.flush().unwrap();
            let chunk = &body(&encoder)[sent..];
            sent = body(&encoder).len();
            let mut seen = Vec::new();
            decoder.push(chunk, &mut |piece| seen.extend_from_slice(piece)).unwrap();
            assert_eq!(String::from_utf8_lossy(&seen), event, "{name}");
        }
    }
    check("gzip", GzEncoder::new(Vec::new(), Compression::default()), |encoder| encoder.get_ref());
    check("deflate", ZlibEncoder::new(Vec::new(), Compression::default()), |encoder| encoder.get_ref());
    check("deflate", DeflateEncoder::new(Vec::new(), Compression::default()), |encoder| encoder.get_ref());
    check("br", brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22), |encoder| encoder.get_ref());
    check("zstd", zstd::Encoder::new(Vec::new(), 3).unwrap(), |encoder| encoder.get_ref());
}

#[test]
fn a_cut_body_gives_what_was_there_and_is_told_apart() {
    let text = stream_of(6000);
    let limits = Limits { work: u64::MAX, ..Limits::RESPONSE };
    for (name, coding, encode) in ENCODERS {
        let body = encode(&text);
        let cut = decode(name, limits, &[&body[..body.len() - 1]]);
        assert_eq!(cut.result, Err(DecodeError::Cut(coding)), "{name}");
        assert!(text.starts_with(&cut.text), "{name}");
        let half = decode(name, limits, &[&body[..body.len() / 2]]);
        assert_eq!(half.result, Err(DecodeError::Cut(coding)), "{name}");
        assert!(
            text.starts_with(&half.text) && half.text.len() > text.len() / 4,
            "{name}: {}",
            half.text.len()
        );
    }
}

#[test]
fn gzip_members_with_all_optional_fields() {
    let mut encoder = GzBuilder::new()
        .extra(vec![7; 300])
        .filename("a.json")
        .comment("a comment")
        .write(Vec::new(), Compression::fast());
    encoder.write_all(b"first ").unwrap();
    let mut body = encoder.finish().unwrap();
    body.extend(gzip(b"second"));
    for rest in [b"".as_slice(), b"\0\0\0", b"\x1F", b"\x1Fgarbage"] {
        let body = [&body, rest].concat();
        assert_eq!(whole("gzip", &body), good(b"first second"), "{rest:?}");
        assert_eq!(by_byte("x-gzip", &body), good(b"first second"), "{rest:?} by byte");
    }
}

#[test]
fn a_gzip_header_crc_is_passed_over() {
    let mut body = gzip(EVENT);
    body[3] |= 1 << 1;
    body.splice(10..10, [0xAA, 0xBB]);
    assert_eq!(by_byte("gzip", &body), good(EVENT));
}

#[test]
fn checksums_are_checked() {
    for (name, coding, encode) in
        [("gzip", Coding::Gzip, gzip as Encoder), ("deflate", Coding::Deflate, zlib)]
    {
        let mut body = encode(EVENT);
        let at = body.len() - if coding == Coding::Gzip { 8 } else { 1 };
        body[at] ^= 1;
        let expected =
            Decoded { text: EVENT.to_vec(), result: Err(DecodeError::Checksum(coding)), mislabelled: false };
        assert_eq!(whole(name, &body), expected);
        assert_eq!(by_byte(name, &body), expected);
    }
    let mut wrong_size = gzip(EVENT);
    let at = wrong_size.len() - 1;
    wrong_size[at] ^= 1;
    assert_eq!(whole("gzip", &wrong_size).result, Err(DecodeError::Checksum(Coding::Gzip)));
}

#[test]
fn what_follows_the_stream_is_passed_over() {
    for (name, _, encode) in ENCODERS {
        let body = [&encode(EVENT), b"\r\n".as_slice()].concat();
        assert_eq!(whole(name, &body), good(EVENT), "{name}");
        assert_eq!(by_byte(name, &body), good(EVENT), "{name}");
    }
}

#[test]
fn a_label_that_lies_is_passed_on() {
    for name in ["gzip", "deflate", "br", "zstd"] {
        for text in [
            "{\"error\":{}}",
            "{\n  \"a\": 1}",
            "\n {\"a\": 1}",
            "        {}",
            "{}",
            "[{\"text\": \"a bit\"}]",
            "data: {}\n\n",
            "event: ping\n\n",
        ] {
            let expected = Decoded { text: text.into(), result: Ok(()), mislabelled: true };
            assert_eq!(whole(name, text.as_bytes()), expected, "{name}");
            assert_eq!(by_byte(name, text.as_bytes()), expected, "{name} by byte");
        }
    }
    // The outer coding is there, the inner one is not.
    let expected = Decoded { text: b"{\"a\":1}".to_vec(), result: Ok(()), mislabelled: true };
    assert_eq!(by_byte("br, gzip", &gzip(b"{\"a\":1}")), expected);
}

/// A body of more than 64 KiB begins with `[` in br, and behind it stands its length less one, low byte first.
#[test]
fn br_that_begins_like_json_is_br() {
    let mut seed = 1_u32;
    let mut letter = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'A' + (seed >> 28) as u8
    };
    let text: Vec<u8> = (0..0x1_7B23).map(|_| letter()).collect();
    let body = br(&text);
    assert!(body.starts_with(b"[\"{"));
    assert_eq!(whole("br", &body), good(&text));
    assert_eq!(by_byte("br", &body), good(&text));
}

#[test]
fn damage_is_an_error_and_stays_one() {
    let mut decoder = Decoder::new([b"gzip".as_slice()], Limits::RESPONSE, &Budget::default()).unwrap();
    let mut body = gzip(EVENT);
    body[10] |= 0b110; // a block of the reserved type
    let mut out = |_: &[u8]| panic!("output of a block that cannot be");
    assert_eq!(decoder.push(&body, &mut out), Err(DecodeError::Corrupt(Coding::Gzip)));
    assert_eq!(decoder.push(b"more", &mut out), Err(DecodeError::Corrupt(Coding::Gzip)));
    assert_eq!(decoder.finish(), Err(DecodeError::Corrupt(Coding::Gzip)));
    assert_eq!(whole("gzip", b"\x1F\x8B\x07\0\0\0\0\0\0\0").result, Err(DecodeError::Corrupt(Coding::Gzip)));
}

#[test]
fn bombs_stop_at_the_bound() {
    let limits = Limits { output: 1_000_000, work: u64::MAX, ..Limits::RESPONSE };
    let zeros = vec![b' '; 4 << 20];
    for (name, coding, encode) in ENCODERS {
        let body = encode(&zeros);
        assert!(body.len() < 30_000, "{name}");
        let bomb = decode(name, limits, &[&body]);
        assert_eq!((bomb.text.len(), bomb.result), (1_000_000, Err(DecodeError::TooLarge(coding))), "{name}");
        let list = format!("{name}, gzip");
        let twice = decode(&list, limits, &[&gzip(&body)]);
        assert_eq!(
            (twice.text.len(), twice.result),
            (1_000_000, Err(DecodeError::TooLarge(coding))),
            "{list}"
        );
    }
}

/// Each of these is a few bytes for minutes of work, or for gigabytes.
#[test]
fn bodies_that_cost_too_much_are_left_unread() {
    const MOST: usize = 5 << 20;
    let spaces = vec![b' '; 64 << 20];
    for (name, coding, encode) in ENCODERS {
        let body = encode(&spaces);
        let at_once = whole(name, &body);
        assert_eq!(at_once.result, Err(DecodeError::Work(coding)), "{name}");
        let earned = 64 * body.len();
        assert!(at_once.text.len() <= (512 << 10) + (8 << 10) + earned, "{name}: {}", at_once.text.len());
        let pieces: Vec<&[u8]> = body.chunks(body.len().div_ceil(8)).collect();
        let pieced = decode(name, Limits::RESPONSE, &pieces);
        assert_eq!(pieced.result, Err(DecodeError::Work(coding)), "{name}");
        assert!(pieced.text.len() <= MOST + earned, "{name}: {}", pieced.text.len());
    }
    // Blocks of deflate that hold nothing but the end of their own tables.
    let mut blocks = b"\x1F\x8B\x08\0\0\0\0\0\0\0".to_vec();
    blocks.extend([0x02, 0x08, 0x20, 0x80, 0x00].repeat(20_000));
    assert_eq!(whole("gzip", &blocks), overspent(Coding::Gzip));
    // Members of gzip that hold nothing.
    assert_eq!(whole("gzip", &gzip(b"").repeat(20_000)), overspent(Coding::Gzip));
    // Blocks of br that hold nothing, and of zstd.
    let blocks = gzip(&[[0x6B, 0x00].as_slice(), &[0x06; 1 << 20]].concat());
    assert_eq!(whole("br, gzip", &blocks).result, Err(DecodeError::Work(Coding::Brotli)));
    let blocks = [b"\x28\xB5\x2F\xFD\x00\x00".as_slice(), &[0; 3 << 18]].concat();
    assert!(matches!(whole("zstd, gzip", &gzip(&blocks)).result, Err(DecodeError::Work(_))));
}

fn overspent(coding: Coding) -> Decoded {
    Decoded { text: Vec::new(), result: Err(DecodeError::Work(coding)), mislabelled: false }
}

#[test]
fn what_repeats_itself_much_is_read_while_it_is_small() {
    let messages = br#"{"role":"user","content":"again"},"#.repeat(4_000);
    let prose = b"All work and no play makes Jack a dull boy. ".repeat(10_000);
    for (name, _, encode) in ENCODERS {
        for text in [&messages, &prose] {
            assert_eq!(whole(name, &encode(text)), good(text), "{name}");
        }
    }
}

/// Servers that code a stream flush after each event, and a proxy that was busy reads many of them at once.
#[test]
fn a_stream_that_was_flushed_after_each_event_is_read_in_one_piece() {
    let event =
        |index: usize| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{index}\"}}}}]}}\n\n");
    let events: Vec<String> = (0..3_000).map(event).collect();
    let mut coded = GzEncoder::new(Vec::new(), Compression::default());
    for event in &events {
        coded.write_all(event.as_bytes()).unwrap();
        coded.flush().unwrap();
    }
    let body = coded.finish().unwrap();
    assert_eq!(whole("gzip", &body), good(events.concat().as_bytes()));
}

#[test]
fn windows_are_bounded() {
    let text = stream_of(30_000);
    let limits = Limits { window: 1 << 20, work: u64::MAX, ..Limits::RESPONSE };
    let large = decode("br", limits, &[&br_with(&text, 24)]);
    assert_eq!(large.result, Err(DecodeError::Window(Coding::Brotli)));
    assert_eq!(decode("br", limits, &[&br_with(&text, 19)]), good(&text));
}

#[test]
fn chains_come_off_in_reverse() {
    for (outer, _, encode_outer) in ENCODERS {
        for (inner, _, encode_inner) in ENCODERS {
            let body = encode_outer(&encode_inner(EVENT));
            let list = format!("{inner},{outer}");
            assert_eq!(whole(&list, &body), good(EVENT), "{list}");
            assert_eq!(by_byte(&list, &body), good(EVENT), "{list}");
        }
    }
    let mut decoder =
        Decoder::new([b"br".as_slice(), b"identity, gzip"], Limits::RESPONSE, &Budget::default()).unwrap();
    let mut text = Vec::new();
    decoder.push(&gzip(&br(EVENT)), &mut |piece| text.extend_from_slice(piece)).unwrap();
    assert_eq!((text.as_slice(), decoder.finish()), (EVENT, Ok(())));
}

fn split<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(bytes.len());
    cuts.iter().scan(0, |start, &end| bytes.get(std::mem::replace(start, end)..end)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_gives_the_same(events in 0_usize..400, cuts in prop::collection::vec(any::<Index>(), 0..8)) {
        let text = stream_of(events);
        for (name, _, encode) in ENCODERS {
            let body = encode(&text);
            prop_assert_eq!(decode(name, Limits::RESPONSE, &split(&body, &cuts)), good(&text), "{}", name);
        }
    }

    #[test]
    fn damaged_bodies_are_survived_the_same_at_any_split(
        flips in prop::collection::vec((any::<Index>(), 0_u8..8), 1..4),
        size in 1_u8..=255,
    ) {
        let text = stream_of(100);
        for (name, _, encode) in ENCODERS {
            let mut body = encode(&text);
            for (at, bit) in &flips {
                let at = at.index(body.len());
                body[at] ^= 1 << bit;
            }
            body.insert(0, size);
            match name {
                "gzip" => super::fuzz::fuzz_gzip(&body),
                "deflate" => super::fuzz::fuzz_deflate(&body),
                "br" => super::fuzz::fuzz_brotli(&body),
                _ => super::fuzz::fuzz_zstd(&body),
            }
        }
    }

    #[test]
    fn any_bytes(data: Vec<u8>) {
        super::fuzz::fuzz_gzip(&data);
        super::fuzz::fuzz_deflate(&data);
        super::fuzz::fuzz_brotli(&data);
        super::fuzz::fuzz_zstd(&data);
    }
}
