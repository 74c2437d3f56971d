//! What the worst bodies known cost the native core: a megabyte of each handed over in one piece, as a proxy with a
//! full buffer does, beside honest bodies of that size.
//!
//! `hostile [PART OF A NAME]` prints milliseconds and nanoseconds a byte, the least of some rounds. `hostile
//! --instructions [PART OF A NAME]` prints instructions a byte, counted by valgrind, which do not depend on what else the
//! machine does. `hostile --search BODIES SEED` makes so many random bodies and prints the worst, for this list.

mod search;

use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use inferspan_core::call::End;
use inferspan_core::exchange::{Exchange, Observer};
use inferspan_core::headers::Headers;
use inferspan_core::time::UnixNanos;

/// Where the bytes go, and as what.
#[derive(Clone, Copy, Debug)]
enum As {
    Request,
    /// To a host that nobody knows: the body must show its format.
    Unproven,
    /// Of an embedding.
    Embedding,
    /// In gzip, handed over in one piece as well.
    Coded,
    Answer(&'static str),
    /// Of Bedrock, whose invoke wraps its messages in base64.
    Wrapped,
    /// Lines, each of which becomes the payload of an event of an AWS event stream.
    Events,
    /// A form with the boundary `b`.
    Form,
}

/// A body: how it begins, and what it repeats.
struct Case {
    name: String,
    to: As,
    begin: String,
    unit: String,
}

impl Case {
    /// So many bytes of it, as they are handed over.
    fn piece(&self, bytes: usize) -> Vec<u8> {
        let body = [self.begin.as_str(), &self.unit.repeat(bytes / self.unit.len().max(1))].concat();
        match self.to {
            As::Coded => gzip(body.as_bytes()),
            As::Events => {
                let mut events: Vec<u8> = body.lines().take(bytes / 30).flat_map(event).collect();
                events.truncate(bytes);
                events
            }
            As::Form => format!("--b\r\n{body}").into_bytes(),
            _ => body.into_bytes(),
        }
    }
}

/// Those known.
fn cases() -> impl Iterator<Item = Case> {
    let owned = |(name, to, begin, unit): (&str, As, &str, &str)| Case {
        name: name.to_owned(),
        to,
        begin: begin.to_owned(),
        unit: unit.to_owned(),
    };
    // Each tool call is set beside all that are known, whose ids are as long as its own.
    let ids = (0..128).map(|n| format!(r#"{{"id":"{}"}},"#, 100 + n));
    let known =
        format!("data:{{\"choices\":[{{\"delta\":{{\"tool_calls\":[{}1]}}}}]}}\n\n", ids.collect::<String>());
    let many =
        Case { name: "events of one more tool call".into(), to: SSE, begin: known, unit: ONE_MORE.into() };
    BODIES.iter().copied().map(owned).chain([many])
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--instructions"] => instructions(""),
        ["--instructions", only] => instructions(only),
        ["--once", name] => {
            let least = cases().find(|case| case.name == *name).map(|case| time(&case, 1));
            println!("{}", least.is_some());
        }
        ["--search", bodies, seed] => {
            let (Ok(bodies), Ok(seed)) = (bodies.parse(), seed.parse()) else {
                return eprintln!("`--search` takes two numbers: how many bodies, and a seed");
            };
            for (nanos, Case { to, begin, unit, .. }) in search::worst(bodies, seed) {
                println!("{nanos:6.2} ns a byte  {to:?}  {begin:?}  {unit:?}");
            }
        }
        only => {
            let only = only.first().copied().unwrap_or_default();
            println!("| body | ms | ns a byte |\n|---|---:|---:|");
            for case in cases().filter(|case| case.name.contains(only)) {
                let least = time(&case, ROUNDS).as_secs_f64();
                println!("| {} | {:.2} | {:.2} |", case.name, least * 1e3, least * 1e9 / MEGABYTE as f64);
            }
        }
    }
}

/// The least that a body takes in some rounds.
fn time(case: &Case, rounds: u32) -> Duration {
    let observer = Observer::default();
    let piece = case.piece(MEGABYTE);
    (0..rounds).map(|_| pass(&observer, case.to, &piece)).min().unwrap_or_default()
}

/// Prints what valgrind counts of each body, in a process of its own.
fn instructions(only: &str) {
    println!("| body | instructions a byte |\n|---|---:|");
    let Ok(own) = std::env::current_exe() else { return };
    for Case { name, .. } in cases().filter(|case| case.name.contains(only)) {
        let counted = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*hand_over*"])
            .arg(&own)
            .args(["--once", &name])
            .output();
        let Ok(counted) = counted else {
            return println!("valgrind is not there: `apt-get install valgrind`");
        };
        let told = String::from_utf8_lossy(&counted.stderr);
        let collected = told.lines().find_map(|line| line.split_once("Collected : "));
        let collected: f64 = collected.and_then(|(_, count)| count.trim().parse().ok()).unwrap_or_default();
        println!("| {name} | {:.1} |", collected / MEGABYTE as f64);
    }
}

/// How long the callback takes that hands over the piece.
fn pass(observer: &Observer, to: As, piece: &[u8]) -> Duration {
    let bedrock = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke-with-response-stream";
    let bedrock_host = "bedrock-runtime.us-east-1.amazonaws.com";
    let (host, path) = match to {
        As::Unproven => ("ai.example.com", "/v1/chat/completions"),
        As::Embedding => ("api.openai.com", "/v1/embeddings"),
        As::Wrapped => (bedrock_host, bedrock),
        As::Events => (bedrock_host, "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse-stream"),
        As::Form => ("api.openai.com", "/v1/audio/transcriptions"),
        _ => ("api.openai.com", "/v1/chat/completions"),
    };
    let coding = if matches!(to, As::Coded) { "gzip" } else { "identity" };
    let request = [
        (":method", "POST"),
        (":authority", host),
        (":path", path),
        (
            "content-type",
            if matches!(to, As::Form) { "multipart/form-data; boundary=b" } else { "application/json" },
        ),
        ("content-encoding", coding),
    ];
    let request = request.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let Some(mut exchange) = observer.begin(&Headers::new(&request), UnixNanos(1)) else {
        unreachable!("it is a call by its headers")
    };
    let content_type = match to {
        As::Answer(content_type) => content_type,
        As::Events => "application/vnd.amazon.eventstream",
        _ => "application/json",
    };
    let answer: [(&[u8], &[u8]); 2] = [(b":status", b"200"), (b"content-type", content_type.as_bytes())];
    let start = match to {
        As::Request | As::Unproven | As::Embedding | As::Coded | As::Form => {
            let start = Instant::now();
            hand_over(&mut exchange, piece, true);
            start
        }
        As::Answer(_) | As::Wrapped | As::Events => {
            exchange.request_end(UnixNanos(2));
            exchange.response_headers(&Headers::new(&answer), UnixNanos(3));
            let start = Instant::now();
            hand_over(&mut exchange, piece, false);
            start
        }
    };
    let took = start.elapsed();
    let _ = std::hint::black_box(exchange.finish(End::Unknown, UnixNanos(5)));
    took
}

/// What is counted, by its name.
#[inline(never)]
fn hand_over(exchange: &mut Exchange, piece: &[u8], of_request: bool) {
    match of_request {
        true => exchange.request_body(piece, UnixNanos(4)),
        false => exchange.response_body(piece, UnixNanos(4)),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to a Vec does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// An event of an AWS event stream without headers but its type's.
fn event(payload: &str) -> Vec<u8> {
    let headers = b"\x0B:event-type\x07\0\x01m";
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    let mut message = [length(headers.len() + payload.len() + 16), length(headers.len())].concat();
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message.extend(headers);
    message.extend(payload.as_bytes());
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message
}

const MEGABYTE: usize = 1 << 20;
const ROUNDS: u32 = 15;

/// A name, where it goes, how it begins, what it repeats.
type Body = (&'static str, As, &'static str, &'static str);

const ONE_MORE: &str =
    "data:{\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"999\"},{\"id\":\"998\"}]}}]}\n\n";

const JSON: As = As::Answer("application/json");
const SSE: As = As::Answer("text/event-stream");
const LINES: As = As::Answer("application/x-ndjson");

const BODIES: &[Body] = &[
    // Honest ones.
    (
        "honest: messages of 200 bytes",
        As::Unproven,
        r#"{"messages":["#,
        concat!(
            r#"{"role":"user","content":"It is said that the sky is blue at noon, and red at "#,
            r#"sunset.\nExplain to me why that is so, in words that a child of ten understands, if you please."},"#
        ),
    ),
    ("honest: token ids", As::Embedding, r#"{"input":["#, "1234,98765,"),
    (
        "honest: tool schemas",
        As::Request,
        r#"{"tools":["#,
        r#"{"type":"function","function":{"name":"get_weather","description":"Tells the weather.","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1}},"required":["city"]}}},"#,
    ),
    (
        "honest: events",
        SSE,
        "",
        "data: {\"id\":\"chatcmpl-9xyzABCDEFGHIJKLMNOPQRSTUVWX\",\"object\":\"chat.completion.chunk\",\"created\":1721075653,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n",
    ),
    (
        "honest: lines",
        LINES,
        "",
        "{\"model\":\"llama3.2\",\"message\":{\"role\":\"assistant\",\"content\":\" word\"},\"done\":false}\n",
    ),
    (
        "honest: messages, gzip",
        As::Coded,
        r#"{"messages":["#,
        concat!(
            r#"{"role":"user","content":"It is said that the sky is blue at noon, and red at "#,
            r#"sunset.\nExplain to me why that is so, in words that a child of ten understands, if you please."},"#
        ),
    ),
    // Requests.
    ("stop texts", As::Request, r#"{"stop":["#, r#""a","#),
    ("empty stop texts", As::Request, r#"{"stop":["#, r#""","#),
    ("stop texts with escapes", As::Request, r#"{"stop":["#, r#""\n","#),
    ("models", As::Request, "{", r#""model":"x","#),
    (
        "models with escapes",
        As::Request,
        "{",
        r#""model":"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n","#,
    ),
    ("temperatures", As::Request, "{", r#""temperature":0.123456789,"#),
    ("keys", As::Request, "{", r#""a":1,"#),
    ("empty keys", As::Request, "{", r#""":1,"#),
    ("empty keys of empty texts", As::Request, "{", r#""":"","#),
    ("keys with escapes", As::Request, "{", r#""\n":1,"#),
    ("escapes in a key", As::Request, r#"{""#, r"\u0041"),
    ("short escapes in a key", As::Request, r#"{""#, r"\n"),
    ("surrogates in a key", As::Request, r#"{""#, r"\ud800"),
    ("objects in objects", As::Request, "{", r#""a":{"":{"":{}}},"#),
    ("line feeds", As::Request, r#"{"messages":[{"role":"user","content":""#, r"\n"),
    ("messages of nothing", As::Request, r#"{"messages":["#, "{},"),
    ("messages of nothing, unproven", As::Unproven, r#"{"messages":["#, "{},"),
    ("messages of numbers", As::Unproven, r#"{"messages":["#, "1,"),
    ("short messages, unproven", As::Unproven, r#"{"messages":["#, r#"{"role":"a"},"#),
    ("messages of empty keys", As::Unproven, r#"{"messages":["#, r#"{"":1},"#),
    ("tools", As::Request, r#"{"tools":["#, "{},"),
    ("tool names", As::Request, r#"{"tools":["#, r#"{"function":{"name":"a"}},"#),
    ("arrays", As::Request, r#"{"x":["#, "[],"),
    ("brackets", As::Request, r#"{"x":["#, "[]"),
    ("texts", As::Request, r#"{"x":["#, r#""","#),
    ("quotes", As::Request, r#"{"x":["#, r#""""#),
    ("digits", As::Request, r#"{"max_tokens":"#, "1"),
    ("ones", As::Request, r#"{"messages":["#, "1,"),
    ("spaces", As::Request, "{", " "),
    ("spaced", As::Request, r#"{"messages":["#, "1 , "),
    // Answers.
    ("choices", JSON, r#"{"choices":["#, "{},"),
    ("choices with an index", JSON, r#"{"choices":["#, r#"{"index":1},"#),
    ("choices that end", JSON, r#"{"choices":["#, r#"{"finish_reason":"a"},"#),
    ("tool calls", JSON, r#"{"choices":[{"message":{"tool_calls":["#, r#"{"id":"a"},"#),
    ("contents", JSON, r#"{"choices":[{"message":{"#, r#""content":"a","#),
    ("error words", JSON, r#"{"error":{"#, r#""code":"a","#),
    ("costs", JSON, r#"{"usage":{"#, r#""cost":0.1,"#),
    ("counts", JSON, r#"{"usage":{"#, r#""prompt_tokens":1,"#),
    ("documents", JSON, "{}", "{}"),
    ("documents of a line", JSON, "{}", "\n{}"),
    // Streams.
    ("events of nothing", SSE, "", "data:\n\n"),
    ("events of a number", SSE, "", "data:1\n\n"),
    ("events of an object", SSE, "", "data:{}\n\n"),
    ("events of a choice", SSE, "", "data:{\"choices\":[{}]}\n\n"),
    ("events of an id", SSE, "", "data:{\"id\":1}\n\ndata:{\"id\":2}\n\n"),
    (
        "events of a content",
        SSE,
        "",
        "data:{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata:{\"choices\":[{\"delta\":{\"content\":\"a\"},\"x\":1}]}\n\n",
    ),
    (
        "events of tool calls",
        SSE,
        "",
        "data:{\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"},{\"id\":\"d\"},{\"id\":\"e\"},{\"id\":\"f\"}]}}]}\n\n",
    ),
    ("events of one end", SSE, "", "data:{\"choices\":[{\"index\":1,\"finish_reason\":\"a\"}]}\n\n"),
    ("ends of nothing", SSE, "", "data: [DONE]\n\n"),
    ("line ends", SSE, "data:1", "\n"),
    ("carriage returns", SSE, "data:1", "\r\n"),
    ("comments", SSE, "data:1\n\n", ":\n"),
    ("unknown lines", SSE, "data:1\n\n", "x\n"),
    ("beginnings of data", SSE, "data:1\n\n", "d\n"),
    ("lines of data", SSE, "", "data\n"),
    ("lines of a space", SSE, "", "data: \n"),
    ("lines of an object", SSE, "data:{\n", "data: \"a\":1,\n"),
    ("events parted by one line end", SSE, "", "data:{\"choices\":[{\"a\":\"\\n\"}]}\n"),
    ("names", SSE, "data:1\n\n", "event\n"),
    ("named nothing", SSE, "", "event:a\ndata\n\n"),
    ("error lines", SSE, "", "error:\n\n"),
    ("error lines of one event", SSE, "", "error:\n"),
    ("lines of an empty object", LINES, "", "{}\n"),
    ("lines of a number", LINES, "", "1\n"),
    ("lines of an id", LINES, "", "{\"id\":1}\n{\"id\":2}\n"),
    ("broken lines", LINES, "", "x\n"),
    ("half lines", LINES, "", "{\n"),
    ("ends of lines", LINES, "", "[DONE]\n"),
    ("spaced lines", LINES, "1", "\n"),
    ("events of nothing, AWS", As::Events, "", "\n"),
    ("events of an id, AWS", As::Events, "", "{\"id\":1}\n{\"id\":2}\n"),
    // Forms.
    ("empty parts", As::Form, "", "\r\n\r\n--b\r\n"),
    ("beginnings of boundaries", As::Form, "\r\n", "\r\n-"),
    ("line ends of a form", As::Form, "\r\n", "\r\n"),
    ("headers of a part", As::Form, "", "a:b\r\n"),
    ("escaped base64", As::Wrapped, r#"{"bytes":""#, r"\/"),
    // Coded.
    ("texts, gzip", As::Coded, r#"{"x":["#, r#""","#),
    ("messages of nothing, gzip", As::Coded, r#"{"messages":["#, "{},"),
    ("keys with escapes, gzip", As::Coded, "{", r#""\n":1,"#),
    ("spaces, gzip", As::Coded, "{", " "),
];
