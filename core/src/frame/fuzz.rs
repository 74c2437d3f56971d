//! The invariants that every framer must hold on any bytes, as one function each, called by the fuzz targets
//! and by unit tests: the same at any split, nothing after the end of the framing, bounded, no panic.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "asserting is what these functions are for; no filter contains them"
)]

use super::{Base64, FormEvent, Frame, FrameEnd, FrameError, Framer, Framing, MAX_NAME, Multipart, Sniffer};

/// Server-sent events.
pub fn fuzz_sse(data: &[u8]) {
    check(Framing::Sse, data);
}

/// NDJSON.
pub fn fuzz_lines(data: &[u8]) {
    check(Framing::Lines, data);
}

/// A JSON array's elements.
pub fn fuzz_json_array(data: &[u8]) {
    check(Framing::JsonArray, data);
}

/// AWS event stream, as the bytes are and with the CRCs that they should have.
pub fn fuzz_event_stream(data: &[u8]) {
    check(Framing::EventStream, data);
    let (cut, body) = data.split_at(data.len().min(1));
    check(Framing::EventStream, &[cut, &with_right_crcs(body)].concat());
}

/// Multipart forms.
pub fn fuzz_multipart(data: &[u8]) {
    let read = |pieces: &[&[u8]]| {
        let mut form = Multipart::new(b"multipart/form-data; boundary=AaB")?;
        let mut events: Vec<(bool, Vec<u8>)> = Vec::new();
        let mut sink = |event: FormEvent<'_>| match (event, events.last_mut()) {
            (FormEvent::Data(piece), Some((true, value))) => {
                assert!(!piece.is_empty());
                value.extend_from_slice(piece);
            }
            (FormEvent::Data(piece), _) => events.push((true, piece.to_vec())),
            (FormEvent::Part { name, file }, _) => {
                events.push((false, [name, if file { b"!" } else { b"." }].concat()))
            }
            (FormEvent::End, _) => events.push((false, Vec::new())),
        };
        for piece in pieces {
            form.push(piece, &mut sink);
        }
        Some((form.finish(), events))
    };
    at_all_splits(data, read);
}

/// Base64.
pub fn fuzz_base64(data: &[u8]) {
    let read = |pieces: &[&[u8]]| {
        let mut decoder = Base64::default();
        let mut decoded = Vec::new();
        let mut out = |bytes: &[u8]| decoded.extend_from_slice(bytes);
        let result = pieces.iter().try_for_each(|piece| decoder.push(piece, &mut out));
        let result = result.and_then(|()| decoder.finish(&mut out));
        assert!(decoded.len() <= pieces.iter().map(|piece| piece.len()).sum());
        (decoded, result)
    };
    let _ = at_all_splits(data, read);
}

/// The choice of the framing, with each kind of label, and what the framer is handed then.
pub fn fuzz_sniff(data: &[u8]) {
    const LABELS: [Option<&[u8]>; 7] = [
        None,
        Some(b"text/event-stream"),
        Some(b"application/json"),
        Some(b"application/x-ndjson"),
        Some(b"application/vnd.amazon.eventstream"),
        Some(b"audio/mpeg"),
        Some(b"text/plain"),
    ];
    for label in LABELS {
        for expect_array in [false, true] {
            at_all_splits(data, |pieces| {
                let mut sniffer = Sniffer::new(label, expect_array);
                let mut pieces = pieces.iter();
                let decided = pieces.find_map(|piece| Some((sniffer.push(piece)?, piece)));
                let (found, last) = decided.map_or((sniffer.finish(), &[][..]), |(found, piece)| {
                    (found, piece.get(found.skip..).expect("no more than there is"))
                });
                let body = [sniffer.held(), last, &pieces.copied().collect::<Vec<_>>().concat()].concat();
                (found.framing, found.mislabelled, body)
            });
        }
    }
}

/// A frame, owned, with neighbouring data joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owned {
    Name(Vec<u8>),
    Exception(Vec<u8>),
    Data(Vec<u8>),
    Line,
    End,
    Done,
    Damaged(FrameError, bool),
}

/// Runs a body in these pieces through a framer.
pub(super) fn read(framing: Framing, pieces: &[&[u8]]) -> (Vec<Owned>, FrameEnd) {
    let mut framer = Framer::new(framing).expect("a framed body");
    let mut frames: Vec<Owned> = Vec::new();
    let mut sink = |frame: Frame<'_>| {
        let broken = matches!(frames.last(), Some(Owned::Damaged(_, true)));
        assert!(!broken, "{frame:?} after the end of the framing");
        let owned = match (frame, frames.last_mut()) {
            (Frame::Data(piece), Some(Owned::Data(joined))) => {
                assert!(!piece.is_empty());
                return joined.extend_from_slice(piece);
            }
            (Frame::Data(piece), _) => {
                assert!(!piece.is_empty());
                Owned::Data(piece.to_vec())
            }
            (Frame::Name(name) | Frame::Exception(name), _) if name.len() > MAX_NAME => {
                panic!("name of {}", name.len())
            }
            (Frame::Name(name), _) => Owned::Name(name.to_vec()),
            (Frame::Exception(name), _) => Owned::Exception(name.to_vec()),
            (Frame::Line, _) => Owned::Line,
            (Frame::End, _) => Owned::End,
            (Frame::Done, _) => Owned::Done,
            (Frame::Damaged { error, fatal }, _) => Owned::Damaged(error, fatal),
        };
        frames.push(owned);
    };
    for piece in pieces {
        framer.push(piece, &mut sink);
    }
    let end = framer.finish(&mut sink);
    (frames, end)
}

fn check(framing: Framing, data: &[u8]) {
    let (frames, _) = at_all_splits(data, |pieces| read(framing, pieces));
    let payload: usize =
        frames.iter().map(|frame| if let Owned::Data(data) = frame { data.len() } else { 0 }).sum();
    assert!(payload <= data.len(), "{payload} bytes of payload in {} of body", data.len());
}

/// Reads all of `data` but its first byte whole, byte by byte, and in pieces of the size that the first byte
/// says, and asserts that the results are equal.
fn at_all_splits<T: PartialEq + std::fmt::Debug>(data: &[u8], read: impl Fn(&[&[u8]]) -> T) -> T {
    let (size, body) = data.split_first().map_or((1, data), |(&size, body)| (usize::from(size).max(1), body));
    let whole = read(&[body]);
    for size in [1, size] {
        let pieces: Vec<&[u8]> = body.chunks(size).collect();
        assert_eq!(read(&pieces), whole, "in pieces of {size}");
    }
    whole
}

/// The same messages with the CRCs set right, as far as their lengths make sense.
fn with_right_crcs(body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    let mut rest = body.as_mut_slice();
    while let Some((prelude, after)) = rest.split_first_chunk_mut::<12>() {
        // Lengths of a random input are hardly ever right: their low bytes are enough.
        let [.., total, _, _, _, headers, _, _, _, _] = *prelude;
        let total = usize::from(total).max(16).min(after.len() + 12);
        let headers = usize::from(headers).min(total.saturating_sub(16));
        prelude[..4].copy_from_slice(&(total as u32).to_be_bytes());
        prelude[4..8].copy_from_slice(&(headers as u32).to_be_bytes());
        let crc = crc32fast::hash(&prelude[..8]);
        prelude[8..].copy_from_slice(&crc.to_be_bytes());
        if total < 16 || after.len() + 12 < total {
            break;
        }
        let (message, next) = after.split_at_mut(total - 12);
        let (content, crc_bytes) = message.split_at_mut(total - 16);
        let mut crc = crc32fast::Hasher::new();
        crc.update(prelude);
        crc.update(content);
        crc_bytes.copy_from_slice(&crc.finalize().to_be_bytes());
        rest = next;
    }
    body
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes(data: Vec<u8>) {
            super::fuzz_event_stream(&data);
            super::fuzz_base64(&data);
            super::fuzz_sniff(&data);
        }

        #[test]
        fn text_like_sse(data in "[ -~]((data|event|error|id|dat|:|data: |\\[DONE\\]|\\[DON| |x|\\{\\}|\r|\n|\u{FEFF}){0,40})") {
            super::fuzz_sse(data.as_bytes());
            super::fuzz_sniff(data.as_bytes());
        }

        #[test]
        fn text_like_json(data in "[ -~]((\\{|\\}|\\[|\\]|,|\"|\\\\|1|true| |\r|\n|:){0,40})") {
            super::fuzz_lines(data.as_bytes());
            super::fuzz_json_array(data.as_bytes());
            super::fuzz_json_array(format!(" [{data}]").as_bytes());
        }

        #[test]
        fn text_like_forms(data in "[ -~](--AaB\r\n)?((\r\n--AaB|\r\n|--|AaB|Content-Disposition: form-data; name=\"a\"|; filename=x|\r|\n|\r\n\r\n|-|A|x){0,40})") {
            super::fuzz_multipart(data.as_bytes());
        }
    }
}
