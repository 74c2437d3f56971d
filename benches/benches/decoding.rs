//! Bytes per second that come out of each content coding, in chunks of a packet, set-up included; and of zstd
//! beside libzstd.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{Result, Write};

use criterion::{Criterion, Throughput};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use inferspan_core::budget::Budget;
use inferspan_core::decode::{Decoder, Limits};

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    for (name, text) in [("answer of 1 KB", answer(12)), ("answer of 1 MB", answer(12_000))] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        let bodies = [
            ("gzip", write(GzEncoder::new(Vec::new(), Compression::default()), &text, GzEncoder::finish)?),
            (
                "deflate",
                write(ZlibEncoder::new(Vec::new(), Compression::default()), &text, ZlibEncoder::finish)?,
            ),
            (
                "br",
                write(brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22), &text, |it| {
                    Ok(it.into_inner())
                })?,
            ),
            ("zstd", zstd::encode_all(text.as_bytes(), 3)?),
        ];
        for (coding, body) in &bodies {
            group.bench_function(*coding, |bencher| bencher.iter(|| decode(coding, black_box(body))));
            assert_eq!(decode(coding, body), text.len(), "{coding}");
        }
        let [.., (_, body)] = &bodies;
        group.bench_function("libzstd", |bencher| {
            bencher.iter(|| zstd::decode_all(black_box(body.as_slice())).map_or(0, |text| text.len()));
        });
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}

fn write<E: Write>(mut encoder: E, text: &str, finish: impl FnOnce(E) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    encoder.write_all(text.as_bytes())?;
    finish(encoder)
}

fn decode(coding: &str, body: &[u8]) -> usize {
    let mut bytes = 0;
    if let Ok(mut decoder) = Decoder::new([coding.as_bytes()], Limits::RESPONSE, &Budget::new(64 << 20)) {
        for packet in body.chunks(1400) {
            let _ = decoder.push(packet, &mut |piece| bytes += piece.len());
        }
    }
    bytes
}

/// A stream's events, with content that does not repeat.
fn answer(events: u32) -> String {
    let mut text = String::new();
    for i in 0..events {
        let word = i.wrapping_mul(2_654_435_761) % 1_000_003;
        let _ = write!(
            text,
            "data: {{\"id\":\"chatcmpl-1\",\"choices\":[{{\"delta\":{{\"content\":\" {word:x}\"}}}}]}}\n\n"
        );
    }
    text
}
