//! The metrics of the GenAI conventions.
//!
//! | metric | kind, unit | versions | when |
//! |---|---|---|---|
//! | `gen_ai.client.token.usage` | histogram, `{token}` | until 1.42 | the provider tells how many; for input and output each (`gen_ai.token.type`) |
//! | `gen_ai.client.operation.duration` | histogram, s | until 1.42; then for what is no inference | always |
//! | `gen_ai.client.operation.time_to_first_chunk` | histogram, s | 1.41 and 1.42 | a stream had content |
//! | `gen_ai.client.operation.time_per_output_chunk` | histogram, s | 1.41 and 1.42 | a stream had more than one content event |
//! | `gen_ai.client.inference.duration` | histogram, s | next | inference |
//! | `gen_ai.client.inference.time_to_first_chunk` | histogram, s | next | as above |
//! | `gen_ai.client.inference.time_per_output_chunk` | histogram, s | next | as above |
//! | `gen_ai.client.inference.usage.input_tokens`, `.output_tokens` | counter, `{token}` | next | inference; 0 where the provider tells nothing; by `gen_ai.token.modality` |
//! | `gen_ai.client.inference.usage.cache_read.input_tokens`, `.cache_write.input_tokens`, `.reasoning.output_tokens` | counter, `{token}` | next | the provider tells how many |
//! | `gen_ai.client.inference.operation.input_tokens`, `.output_tokens` | histogram, `{token}` | next | inference; 0 where the provider tells nothing |
//!
//! All have the operation, the provider, the models and the server; durations and the last ones `error.type`, too.
//! Those of tokens and durations have the service tier and the fingerprint of OpenAI's answers.

use super::super::common;
use super::{NEXT, SINCE_1_41, V1_36, V1_41_AND_42, Versions};
use super::{identity, is_inference, openai_answer};
use crate::api::{Page, provider_named};
use crate::call::{Call, Operation, StreamFacts};
use crate::signal::metric::{Distribution, Instrument, Kind, PointSink, Series, Value};

/// What the call adds to the metrics of these versions.
pub(in super::super) fn points(call: &Call, versions: Versions, sink: &mut dyn PointSink) {
    let usage = &call.usage;
    let inference = is_inference(call.operation);
    let (next, until_1_42) = (versions.any(NEXT), versions.any(V1_36) || versions.any(V1_41_AND_42));
    let next_inference = next && inference;
    let refined = provider_named(&call.provider).page == Page::OpenAi
        && (call.response.service_tier.is_some() || call.response.system_fingerprint.is_some());
    let mut told = None;

    if versions.any(SINCE_1_41) && call.stream.is_some() {
        tell(call, versions, Told { answer: false, error: false }, &mut told, sink);
        chunks(call, versions.any(V1_41_AND_42), next_inference, sink);
    }
    // What is counted, but used by nobody.
    let uses = call.operation != Operation::CountTokens;
    if next_inference || uses && (usage.input_tokens.is_some() || usage.output_tokens.is_some()) {
        tell(call, versions, Told { answer: refined, error: false }, &mut told, sink);
        if until_1_42 {
            record_if(sink, &INPUT_USAGE, usage.input_tokens);
            record_if(sink, &OUTPUT_USAGE, usage.output_tokens);
        }
        if next_inference {
            counters(call, sink);
        }
    }
    tell(call, versions, Told { answer: refined, error: call.error.is_some() }, &mut told, sink);
    let duration = Value::seconds(call.timing.end.since(call.timing.start));
    if until_1_42 || !inference {
        sink.record(&DURATION, duration);
    }
    if next_inference {
        sink.record(&INFERENCE_DURATION, duration);
        sink.record(&INPUT_TOKENS, Value::Int(usage.input_tokens.unwrap_or(0)));
        sink.record(&OUTPUT_TOKENS, Value::Int(usage.output_tokens.unwrap_or(0)));
    }
}

/// What the points have beside what all of them have.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Told {
    /// What the OpenAI page says of answers.
    answer: bool,
    /// Why the call failed.
    error: bool,
}

/// Tells the sink the attributes, unless it knows them.
fn tell(call: &Call, versions: Versions, what: Told, told: &mut Option<Told>, sink: &mut dyn PointSink) {
    if told.replace(what) == Some(what) {
        return;
    }
    sink.attributes(&mut |attributes| {
        identity(call, versions, attributes);
        attributes.text_if("gen_ai.response.model", call.response.model.as_deref());
        common::server(call, attributes);
        if what.answer {
            openai_answer(call, versions, attributes);
        }
        if what.error {
            common::error_type(call, attributes);
        }
    });
}

/// When a stream's chunks came.
fn chunks(call: &Call, operation: bool, inference: bool, sink: &mut dyn PointSink) {
    let series =
        [(operation, &FIRST_CHUNK, &OUTPUT_CHUNK), (inference, &NEXT_FIRST_CHUNK, &NEXT_OUTPUT_CHUNK)];
    for (_, first_chunk, output_chunk) in series.into_iter().filter(|(asked, ..)| *asked) {
        if let Some(first) = call.timing.first_token {
            sink.record(first_chunk, Value::seconds(first.since(call.timing.start)));
        }
        if let Some(stream) = call.stream.as_ref().filter(|stream| stream.gap_count > 0) {
            sink.record_many(output_chunk, &gaps(stream));
        }
    }
}

/// The gaps between a stream's content events. They are counted between [`SECONDS`].
fn gaps(stream: &StreamFacts) -> Distribution<'_> {
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    Distribution {
        counts: &stream.gap_buckets,
        sum: seconds(stream.gap_sum),
        min: seconds(stream.gap_min),
        max: seconds(stream.gap_max),
    }
}

/// The counters of tokens.
fn counters(call: &Call, sink: &mut dyn PointSink) {
    let usage = &call.usage;
    let input = [usage.input_audio_tokens, usage.input_image_tokens, usage.input_text_tokens];
    by_modality(usage.input_tokens.unwrap_or(0), input, &INPUT, sink);
    let output = [usage.output_audio_tokens, usage.output_image_tokens, usage.output_text_tokens];
    by_modality(usage.output_tokens.unwrap_or(0), output, &OUTPUT, sink);
    if let Some(all) = usage.cache_read_tokens {
        let parts =
            [usage.cache_read_audio_tokens, usage.cache_read_image_tokens, usage.cache_read_text_tokens];
        by_modality(all, parts, &CACHE_READ, sink);
    }
    record_if(sink, &CACHE_WRITE, usage.cache_write_tokens);
    record_if(sink, &REASONING, usage.reasoning_tokens);
}

/// The parts of which the provider tells the modality, and what is left, which may be any.
fn by_modality(all: u64, parts: [Option<u64>; 3], series: &'static [Series; 4], sink: &mut dyn PointSink) {
    let [rest, parts_of @ ..] = series;
    let mut left = all;
    for (series, part) in parts_of.iter().zip(parts) {
        let part = part.unwrap_or(0).min(left);
        if part > 0 {
            sink.record(series, Value::Int(part));
            left = left.saturating_sub(part);
        }
    }
    if left > 0 || all == 0 {
        sink.record(rest, Value::Int(left));
    }
}

fn record_if(sink: &mut dyn PointSink, series: &'static Series, count: Option<u64>) {
    if let Some(count) = count {
        sink.record(series, Value::Int(count));
    }
}

const fn seconds(name: &'static str, description: &'static str) -> Instrument {
    Instrument { name, unit: "s", description, kind: Kind::Histogram { bounds: SECONDS, int: false } }
}

const fn tokens(name: &'static str, description: &'static str) -> Instrument {
    Instrument { name, unit: "{token}", description, kind: Kind::Histogram { bounds: TOKENS, int: true } }
}

const fn counter(name: &'static str, description: &'static str) -> Instrument {
    Instrument { name, unit: "{token}", description, kind: Kind::Sum }
}

const fn series(instrument: &'static Instrument) -> Series {
    Series { instrument, attributes: &[] }
}

const fn of(instrument: &'static Instrument, attributes: &'static [(&'static str, &'static str)]) -> Series {
    Series { instrument, attributes }
}

/// Bounds that the conventions advise, in seconds.
pub(in super::super) const SECONDS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Bounds that the conventions advise, in tokens.
pub(super) const TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

static TOKEN_USAGE: Instrument = tokens("gen_ai.client.token.usage", "Tokens that a call used");
static OPERATION_DURATION: Instrument = seconds("gen_ai.client.operation.duration", "How long a call took");
static TIME_TO_FIRST_CHUNK: Instrument =
    seconds("gen_ai.client.operation.time_to_first_chunk", "How long a stream's first content took");
static TIME_PER_OUTPUT_CHUNK: Instrument = seconds(
    "gen_ai.client.operation.time_per_output_chunk",
    "How long each further content of a stream took",
);
static NEXT_DURATION: Instrument = seconds("gen_ai.client.inference.duration", "How long a call took");
static NEXT_TIME_TO_FIRST_CHUNK: Instrument =
    seconds("gen_ai.client.inference.time_to_first_chunk", "How long a stream's first content took");
static NEXT_TIME_PER_OUTPUT_CHUNK: Instrument = seconds(
    "gen_ai.client.inference.time_per_output_chunk",
    "How long each further content of a stream took",
);
static INPUT_COUNTER: Instrument =
    counter("gen_ai.client.inference.usage.input_tokens", "Input tokens, cached ones among them");
static OUTPUT_COUNTER: Instrument =
    counter("gen_ai.client.inference.usage.output_tokens", "Output tokens, reasoning among them");
static CACHE_READ_COUNTER: Instrument = counter(
    "gen_ai.client.inference.usage.cache_read.input_tokens",
    "Input tokens served from the provider's cache",
);
static CACHE_WRITE_COUNTER: Instrument = counter(
    "gen_ai.client.inference.usage.cache_write.input_tokens",
    "Input tokens written to the provider's cache",
);
static REASONING_COUNTER: Instrument =
    counter("gen_ai.client.inference.usage.reasoning.output_tokens", "Output tokens that are reasoning");
static INPUT_HISTOGRAM: Instrument =
    tokens("gen_ai.client.inference.operation.input_tokens", "Input tokens of a call");
static OUTPUT_HISTOGRAM: Instrument =
    tokens("gen_ai.client.inference.operation.output_tokens", "Output tokens of a call");

static INPUT_USAGE: Series = of(&TOKEN_USAGE, &[("gen_ai.token.type", "input")]);
static OUTPUT_USAGE: Series = of(&TOKEN_USAGE, &[("gen_ai.token.type", "output")]);
static DURATION: Series = series(&OPERATION_DURATION);
static FIRST_CHUNK: Series = series(&TIME_TO_FIRST_CHUNK);
static OUTPUT_CHUNK: Series = series(&TIME_PER_OUTPUT_CHUNK);
static INFERENCE_DURATION: Series = series(&NEXT_DURATION);
static NEXT_FIRST_CHUNK: Series = series(&NEXT_TIME_TO_FIRST_CHUNK);
static NEXT_OUTPUT_CHUNK: Series = series(&NEXT_TIME_PER_OUTPUT_CHUNK);
static INPUT: [Series; 4] = each_modality(&INPUT_COUNTER);
static OUTPUT: [Series; 4] = each_modality(&OUTPUT_COUNTER);
static CACHE_READ: [Series; 4] = each_modality(&CACHE_READ_COUNTER);
static CACHE_WRITE: Series = of(&CACHE_WRITE_COUNTER, UNKNOWN);
static REASONING: Series = of(&REASONING_COUNTER, UNKNOWN);
static INPUT_TOKENS: Series = series(&INPUT_HISTOGRAM);
static OUTPUT_TOKENS: Series = series(&OUTPUT_HISTOGRAM);

/// One for what is of no known modality, then audio, images, text.
const fn each_modality(counter: &'static Instrument) -> [Series; 4] {
    [of(counter, UNKNOWN), of(counter, AUDIO), of(counter, IMAGE), of(counter, TEXT)]
}

const UNKNOWN: &[(&str, &str)] = &[("gen_ai.token.modality", "unknown")];
const AUDIO: &[(&str, &str)] = &[("gen_ai.token.modality", "audio")];
const IMAGE: &[(&str, &str)] = &[("gen_ai.token.modality", "image")];
const TEXT: &[(&str, &str)] = &[("gen_ai.token.modality", "text")];
