//! Looks for worse bodies than those known: random ones, of pieces that make readers of JSON and its streams work, each
//! repeated for a megabyte and timed.

use std::time::Duration;

use super::{As, Case, pass};
use inferspan_core::exchange::Observer;

/// Tries so many bodies, and gives the worst of them, with nanoseconds a byte.
pub(super) fn worst(tried: usize, seed: u64) -> Vec<(f64, Case)> {
    let observer = Observer::default();
    let mut dice = Dice(seed | 1);
    let mut worst: Vec<(f64, Case)> = Vec::new();
    for _ in 0..tried {
        let case = dice.case();
        let piece = case.piece(BYTES);
        let took = (0..ROUNDS).map(|_| pass(&observer, case.to, &piece)).min().unwrap_or(Duration::MAX);
        worst.push((took.as_secs_f64() * 1e9 / BYTES as f64, case));
        worst.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        worst.truncate(SHOWN);
    }
    worst
}

/// Throws what comes next.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % sides
    }

    fn of<'a>(&mut self, pieces: &[&'a str]) -> &'a str {
        pieces.get(self.below(pieces.len())).copied().unwrap_or_default()
    }

    fn case(&mut self) -> Case {
        let to = [
            As::Request,
            As::Unproven,
            As::Embedding,
            As::Form,
            As::Wrapped,
            As::Events,
            As::Answer("application/json"),
            As::Answer("text/event-stream"),
            As::Answer("text/event-stream"),
            As::Answer("application/x-ndjson"),
        ];
        let to = to.get(self.below(to.len())).copied().unwrap_or(As::Request);
        let stream = match to {
            As::Answer("text/event-stream") | As::Events => true,
            As::Answer(content_type) => content_type.ends_with("ndjson"),
            _ => false,
        };
        let ways = if stream { &[""][..] } else { WAYS };
        let begin = match to {
            As::Form => "",
            As::Wrapped => "{\"bytes\":\"",
            _ => self.of(ways),
        };
        let unit = match to {
            As::Form => self.part(),
            As::Wrapped => ["\\/", "\\u0041", "e30=", "QUFB", "eyJhIjoxfQ=="][self.below(5)].repeat(4),
            _ if stream => (0..=self.below(2)).map(|_| self.message(to)).collect(),
            _ if begin.ends_with('[') => format!("{},", self.value(2)),
            _ => (0..=self.below(3)).map(|_| format!("{}:{},", self.key(), self.value(2))).collect(),
        };
        Case { name: "found".into(), to, begin: begin.into(), unit }
    }

    /// A message of a stream, in its frame.
    fn message(&mut self, to: As) -> String {
        let document = match self.below(3) {
            0 => format!("{{\"choices\":[{{\"delta\":{{{}:{}}}}}]}}", self.key(), self.value(2)),
            1 => format!("{{\"choices\":[{{{}:{}}}]}}", self.key(), self.value(2)),
            _ => format!("{{{}:{}}}", self.key(), self.value(3)),
        };
        match to {
            As::Answer("application/x-ndjson") => format!("{document}{}", self.of(&["\n", "\r\n", "\n\n"])),
            As::Events => document + "\n",
            _ => {
                let before = self.of(&["", "", "", "event:a\n", ":\n", "id:1\n", "data:\n"]);
                let end = self.of(&["\n\n", "\n\n", "\n", "\r\n\r\n", "\ndata: \n\n"]);
                format!("{before}data:{document}{end}")
            }
        }
    }

    /// A part of a form.
    fn part(&mut self) -> String {
        let header = self.of(&["", "Content-Disposition: form-data; name=\"model\"\r\n", "a:b\r\n", "\r\n"]);
        let end = self.of(&["", "\r\n", "\r\n-", "\r\n--", "\r\n--b", "\r\n--bb\r\n"]);
        format!("{header}\r\n{}{end}", self.of(&["", "a", "\r", "\n"]))
    }

    fn key(&mut self) -> String {
        format!("\"{}\"", self.of(KEYS))
    }

    fn value(&mut self, depth: usize) -> String {
        let space = self.of(&["", "", "", " ", "\n"]);
        match self.below(if depth == 0 { 8 } else { 16 }) {
            scalar @ ..8 => format!("{space}{}", SCALARS[(scalar + self.below(8)) % SCALARS.len()]),
            8..12 => {
                let members =
                    (0..=self.below(3)).map(|_| format!("{}:{}", self.key(), self.value(depth - 1)));
                format!("{space}{{{}}}", members.collect::<Vec<_>>().join(","))
            }
            _ => {
                let elements = (0..=self.below(3)).map(|_| self.value(depth - 1));
                format!("{space}[{}]", elements.collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// Ways into documents.
const WAYS: &[&str] = &[
    "{",
    "{\"messages\":[",
    "{\"messages\":[{",
    "{\"tools\":[",
    "{\"stop\":[",
    "{\"input\":[",
    "{\"x\":[",
    "{\"choices\":[",
    "{\"choices\":[{\"message\":{",
    "{\"choices\":[{\"message\":{\"tool_calls\":[",
    "{\"usage\":{",
    "{\"error\":{",
    "{\"data\":[",
];

/// Wanted somewhere or nowhere; of lengths that others have, too; with escapes.
const KEYS: &[&str] = &[
    "",
    "a",
    "n",
    "id",
    "\\n",
    "\\u0069d",
    "role",
    "name",
    "type",
    "code",
    "cost",
    "stop",
    "text",
    "index",
    "model",
    "usage",
    "error",
    "delta",
    "tools",
    "content",
    "choices",
    "message",
    "messages",
    "function",
    "tool_calls",
    "temperature",
    "max_tokens",
    "finish_reason",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_content",
    "prompt_tokens_details",
    "cached_tokens",
    "completion_tokens_detailx",
];

const SCALARS: &[&str] = &[
    "1",
    "0.1",
    "-1",
    "1e9",
    "\"\"",
    "\"a\"",
    "\"\\n\"",
    "\"\\u0041\"",
    "\"\\ud800\"",
    "null",
    "true",
    "{}",
    "[]",
    "12345678901234567890",
    "0.1234567890123456789",
    "NaN",
];

const BYTES: usize = super::MEGABYTE;
const ROUNDS: u32 = 3;
/// So many are told.
const SHOWN: usize = 20;
