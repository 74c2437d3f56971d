//! Cost of the framers: of one event of a paced stream, beside the `memchr2` that looks for its line ends, and
//! bytes per second of bodies that come in large chunks.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use inferspan_core::frame::{Frame, Framer, Framing, Multipart};

const OPENAI: &str = concat!(
    r#"data: {"id":"chatcmpl-9xyzABCDEFGHIJKLMNOPQRSTUVWX","object":"chat.completion.chunk","created":1721075653,"#,
    r#""model":"gpt-4o-2024-05-13","system_fingerprint":"fp_d33f7b429e","choices":[{"index":0,"delta":{"content":"#,
    r#"" hello"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"abc"}"#,
    "\n\n"
);
const ANTHROPIC: &str = concat!(
    "event: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" and some words more"}}"#,
    "\n\n"
);

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    events(&mut criterion);
    bodies(&mut criterion);
    upload(&mut criterion);
    criterion.final_summary();
}

fn events(criterion: &mut Criterion) {
    for (name, event) in [("openai", OPENAI), ("anthropic", ANTHROPIC)] {
        let mut group = criterion.benchmark_group(format!("sse/{name}"));
        let mut framer = framer(Framing::Sse);
        group.bench_function("event", |bencher| {
            bencher.iter(|| push(&mut framer, black_box(event.as_bytes())))
        });
        group.bench_function("memchr2", |bencher| {
            bencher.iter(|| memchr::memchr2_iter(b'\r', b'\n', black_box(event.as_bytes())).count());
        });
        group.finish();
    }
}

fn bodies(criterion: &mut Criterion) {
    let large_event = format!("data: {}\n\n", "x".repeat(1 << 20));
    let elements = vec![OPENAI.trim_start_matches("data: ").trim_end(); 1000].join("\n,\r\n");
    for (name, framing, body) in [
        ("sse/1000 events", Framing::Sse, OPENAI.repeat(1000)),
        ("sse/event of 1 MiB", Framing::Sse, large_event),
        ("lines/1000 lines", Framing::Lines, OPENAI.repeat(1000)),
        ("json array/1000 elements", Framing::JsonArray, format!("[{elements}")),
    ] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("whole", |bencher| {
            bencher.iter(|| push(&mut framer(framing), black_box(body.as_bytes())));
        });
        group.finish();
    }
}

fn upload(criterion: &mut Criterion) {
    let head = "--AaB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    let noise = (0..1_u32 << 22).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[1]);
    let body: Vec<u8> = head.bytes().chain(noise).collect();
    let mut group = criterion.benchmark_group("multipart/file of 4 MiB");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("in chunks of 16 KiB", |bencher| {
        bencher.iter(|| {
            let mut form = Multipart::new(b"multipart/form-data; boundary=AaB");
            let mut events = 0;
            for chunk in body.chunks(16 << 10) {
                form.iter_mut().for_each(|form| form.push(black_box(chunk), &mut |_| events += 1));
            }
            events
        });
    });
    group.finish();
}

fn framer(framing: Framing) -> Framer {
    let Some(framer) = Framer::new(framing) else { unreachable!("all of these are framed") };
    framer
}

fn push(framer: &mut Framer, chunk: &[u8]) -> usize {
    let mut bytes = 0;
    framer.push(chunk, &mut |frame| {
        if let Frame::Data(piece) = frame {
            bytes += piece.len();
        }
    });
    bytes
}
