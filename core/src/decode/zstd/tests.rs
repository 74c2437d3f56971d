//! Against libzstd: all its levels and options, and frames that it does not write, written by hand.

use std::io::Write as _;

use proptest::prelude::*;

use crate::decode::fuzz::{Decoded, decode};
use crate::decode::{Coding, DecodeError, Limits};

fn whole_and_by_byte(body: &[u8]) -> Decoded {
    let whole = decode("zstd", Limits::RESPONSE, &[body]);
    let by_byte = decode("zstd", Limits::RESPONSE, &body.chunks(1).collect::<Vec<_>>());
    assert_eq!(whole, by_byte);
    whole
}

fn text_of(body: &[u8]) -> Vec<u8> {
    let decoded = whole_and_by_byte(body);
    assert_eq!(decoded.result, Ok(()));
    decoded.text
}

/// Text of some entropy, with repeats near and far.
fn text(size: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut text = Vec::new();
    while text.len() < size {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let at = usize::try_from(state).unwrap() % (text.len() + 1);
        let end = (at + usize::try_from(state >> 24).unwrap()).min(text.len());
        if state & 0x300 == 0 {
            text.extend_from_within(at..end);
        }
        text.extend_from_slice(format!("{{\"content\":\"{:x}\"}},", state >> 20).as_bytes());
    }
    text.truncate(size);
    text
}

#[test]
fn all_levels_and_sizes() {
    let text = text(300_000);
    for level in [-7, -1, 1, 2, 3, 5, 7, 9, 12, 16, 19, 22] {
        for size in [0, 1, 2, 100, 5_000] {
            let body = zstd::encode_all(&text[..size], level).unwrap();
            assert!(text_of(&body) == text[..size], "level {level}, {size} bytes");
        }
        let body = zstd::encode_all(&text[..], level).unwrap();
        assert!(decode("zstd", Limits::RESPONSE, &[&body]).text == text, "level {level}");
    }
}

#[test]
fn with_checksum_and_content_size_and_flushes() {
    let text = text(300_000);
    for flush_every in [77, 4_000, 150_000] {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.set_pledged_src_size(Some(text.len() as u64)).unwrap();
        for piece in text.chunks(flush_every) {
            encoder.write_all(piece).unwrap();
            encoder.flush().unwrap();
        }
        assert!(text_of(&encoder.finish().unwrap()) == text, "flushed every {flush_every} bytes");
    }
}

#[test]
fn what_repeats_beyond_the_window_is_dropped() {
    let text = text(2 << 20);
    for window_log in [10, 17, 19] {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(window_log).unwrap();
        encoder.write_all(&text).unwrap();
        let body = encoder.finish().unwrap();
        assert!(decode("zstd", Limits::RESPONSE, &[&body]).text == text, "window of 2^{window_log}");
    }
}

#[test]
fn a_reference_beyond_the_bound_is_an_error() {
    let noise: Vec<u8> = text(3 << 20);
    let text = [noise.as_slice(), &noise].concat();
    let mut encoder = zstd::Encoder::new(Vec::new(), 19).unwrap();
    encoder.long_distance_matching(true).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&text).unwrap();
    let body = encoder.finish().unwrap();
    assert!(decode("zstd", Limits::RESPONSE, &[&body]).text == text);
    let bounded = decode("zstd", Limits { window: 1 << 20, ..Limits::RESPONSE }, &[&body]);
    assert_eq!(bounded.result, Err(DecodeError::Window(Coding::Zstd)));
    assert!(text.starts_with(&bounded.text) && bounded.text.len() > 1 << 20);
}

#[test]
fn frames_follow_each_other_and_skippable_ones_say_nothing() {
    let first = zstd::encode_all(b"first ".as_slice(), 3).unwrap();
    let second = zstd::encode_all(b"second".as_slice(), 19).unwrap();
    let skippable = b"\x5A\x2A\x4D\x18\x05\0\0\0{\"a\":";
    let empty_skippable = b"\x50\x2A\x4D\x18\0\0\0\0";
    let body = [skippable.as_slice(), &first, empty_skippable, skippable, &second, b"garbage"].concat();
    assert_eq!(text_of(&body), b"first second");
}

/// A frame without content size or checksum, with a window of 1 KiB, of these blocks (type, size, content).
fn frame(blocks: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let mut frame = b"\x28\xB5\x2F\xFD\x00\x00".to_vec();
    for (at, (kind, size, content)) in blocks.iter().enumerate() {
        let last = u32::from(at + 1 == blocks.len());
        frame.extend_from_slice(&(last | kind << 1 | size << 3).to_le_bytes()[..3]);
        frame.extend_from_slice(content);
    }
    frame
}

#[test]
fn raw_and_repeated_blocks() {
    assert_eq!(
        text_of(&frame(&[(0, 3, b"abc"), (1, 4, b"d"), (0, 0, b""), (1, 0, b"e"), (0, 1, b"f")])),
        b"abcddddf"
    );
    assert_eq!(text_of(&frame(&[(0, 0, b"")])), b"");
}

#[test]
fn what_cannot_be() {
    for (what, body) in [
        ("a reserved block type", frame(&[(3, 1, b"a")])),
        ("a block above 128 KiB", frame(&[(1, (128 << 10) + 1, b"a")])),
        ("a compressed block of nothing", frame(&[(2, 0, b"")])),
        ("literals that are not there", frame(&[(2, 2, &[5 << 3, b'a'])])),
        ("Huffman literals without a table", frame(&[(2, 5, &[0b11, 0, 0, 0, 0])])),
        ("bytes after no sequences", frame(&[(2, 4, &[1 << 3, b'a', 0, 0])])),
        ("sequences without modes", frame(&[(2, 3, &[1 << 3, b'a', 1])])),
        ("sequence tables that repeat none", frame(&[(2, 5, &[1 << 3, b'a', 1, 0b1111_1100, 1])])),
        ("reserved bits of the modes", frame(&[(2, 5, &[1 << 3, b'a', 1, 1, 1])])),
        ("a reserved bit of the header", b"\x28\xB5\x2F\xFD\x08\x00\x01\x00\x00".to_vec()),
    ] {
        let decoded = whole_and_by_byte(&body);
        assert_eq!(
            (decoded.text.len(), decoded.result),
            (0, Err(DecodeError::Corrupt(Coding::Zstd))),
            "{what}"
        );
    }
    // One literal and no sequence is as it should be.
    assert_eq!(text_of(&frame(&[(2, 3, &[1 << 3, b'a', 0])])), b"a");
}

#[test]
fn a_frame_that_needs_a_dictionary_cannot_be_read() {
    let body = b"\x28\xB5\x2F\xFD\x01\x00\x07\x01\x00\x00";
    assert_eq!(whole_and_by_byte(body).result, Err(DecodeError::Window(Coding::Zstd)));
}

/// One sequence of RLE codes, `xyz` and then a match: codes, extra bits and the recent offsets by hand.
#[test]
fn a_match_by_hand() {
    // Literals "xyz"; one sequence; three RLE tables: literal length 3, offset code 2, match length code 3 (6).
    // The offset's two extra bits 0b10 give 4 + 2 - 3 = 3; the end marker stands above them.
    let block = [3 << 3, b'x', b'y', b'z', 1, 0b0101_0100, 3, 2, 3, 0b110];
    assert_eq!(text_of(&frame(&[(2, 10, &block)])), b"xyzxyzxyz");
    // Offset value 1 is the most recent offset: 1 at the beginning of a frame.
    let block = [3 << 3, b'x', b'y', b'z', 1, 0b0101_0100, 3, 0, 3, 0b1];
    assert_eq!(text_of(&frame(&[(2, 10, &block)])), b"xyzzzzzzz");
    // Further back than there is output.
    let block = [3 << 3, b'x', b'y', b'z', 1, 0b0101_0100, 3, 2, 3, 0b111];
    assert_eq!(whole_and_by_byte(&frame(&[(2, 10, &block)])).result, Err(DecodeError::Corrupt(Coding::Zstd)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn agrees_with_libzstd_on_damaged_frames(
        size in 1_usize..6_000,
        level in 1_i32..=19,
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..3),
    ) {
        let mut body = zstd::encode_all(&text(size)[..], level).unwrap();
        for (at, bit) in flips {
            let at = at.index(body.len() - 6) + 6;
            body[at] ^= 1 << bit;
        }
        // libzstd lets bits of literals that nobody reads pass (its fast loop does not look), we do not.
        let ours = whole_and_by_byte(&body);
        if ours.result.is_ok() {
            prop_assert_eq!(zstd::decode_all(&body[..]).ok(), Some(ours.text));
        }
    }
}
