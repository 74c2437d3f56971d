//! The metrics of `llm`.
//!
//! | metric | kind, unit | when |
//! |---|---|---|
//! | `llm.requests.total` | counter | always |
//! | `llm.request.duration` | histogram, ms | always |
//! | `llm_request_duration_seconds` | histogram, s | always |
//! | `llm.tokens.prompt`, `llm.tokens.input.total` | counter | the provider tells how many input tokens |
//! | `llm.tokens.completion`, `llm.tokens.output.total` | counter | the provider tells how many output tokens |
//! | `llm.tokens.total` | counter | it tells both |
//! | `llm.cache.read.tokens.total` | counter | it tells how many came from its cache |
//! | `llm.cost.total.usd` | counter, USD | the cost is known |
//! | `llm.cost.threshold.exceeded.total` | counter | the call cost more than `cost.threshold_usd` |
//! | `llm.cache.hits.total`, `llm.cache.misses.total` | counter | a gateway's header tells |
//! | `llm.errors.total`, `llm.requests.failed.total` | counter | the call failed; with `type`, its `error.type` |
//! | `llm.streams.total` | counter | the answer is a stream; with `outcome`, as `inferspan.outcome` |
//! | `llm.stream.chunks.total` | counter | content events of streams; with `outcome` |
//! | `llm.stream.duration` | histogram, ms | from a stream's headers to its end; with `outcome` |
//!
//! All have `provider` (as `llm.provider`) and `model` (as `llm.model`).

use super::super::common::total_tokens;
use super::super::gen_ai::metrics::SECONDS;
use super::{Settings, cache_hit, millis, model};
use crate::call::{Call, Operation};
use crate::signal::AttributeSink;
use crate::signal::metric::{Instrument, Kind, PointSink, Series, Value, series};

/// What the call adds to the metrics.
pub(in super::super) fn points(call: &Call, settings: &Settings, sink: &mut dyn PointSink) {
    let who = |attributes: &mut dyn AttributeSink| {
        attributes.text("provider", settings.display_name(&call.provider));
        attributes.text_if("model", model(call));
    };
    sink.attributes(&mut |attributes| who(attributes));
    let took = call.timing.end.since(call.timing.start);
    sink.record(&REQUESTS, Value::Int(1));
    sink.record(&DURATION, Value::Double(millis(took)));
    sink.record(&DURATION_SECONDS, Value::seconds(took));
    let usage = &call.usage;
    if call.operation != Operation::CountTokens {
        for (series, count) in [
            (&PROMPT_TOKENS, usage.input_tokens),
            (&INPUT_TOKENS, usage.input_tokens),
            (&COMPLETION_TOKENS, usage.output_tokens),
            (&OUTPUT_TOKENS, usage.output_tokens),
            (&TOKENS, total_tokens(call)),
            (&CACHE_READ_TOKENS, usage.cache_read_tokens),
        ] {
            if let Some(count) = count {
                sink.record(series, Value::Int(count));
            }
        }
    }
    if let Some(cost) = usage.cost {
        sink.record(&COST, Value::Double(cost.usd));
        if cost.exceeded_usd.is_some() {
            sink.record(&ABOVE_THRESHOLD, Value::Int(1));
        }
    }
    match cache_hit(call) {
        Some(true) => sink.record(&CACHE_HITS, Value::Int(1)),
        Some(false) => sink.record(&CACHE_MISSES, Value::Int(1)),
        None => {}
    }
    if let Some(error) = &call.error {
        sink.attributes(&mut |attributes| {
            who(attributes);
            attributes.text("type", &error.kind);
        });
        sink.record(&ERRORS, Value::Int(1));
        sink.record(&FAILED_REQUESTS, Value::Int(1));
    }
    if let Some(stream) = &call.stream {
        sink.attributes(&mut |attributes| {
            who(attributes);
            attributes.text("outcome", call.outcome.name());
        });
        sink.record(&STREAMS, Value::Int(1));
        sink.record(&STREAM_CHUNKS, Value::Int(stream.content_events));
        if let Some(start) = call.timing.response_start {
            sink.record(&STREAM_DURATION, Value::Double(millis(call.timing.end.since(start))));
        }
    }
}

series! {
    REQUESTS = "llm.requests.total" "{request}" Sum "Calls";
    FAILED_REQUESTS = "llm.requests.failed.total" "{request}" Sum "Calls that failed";
    ERRORS = "llm.errors.total" "{error}" Sum "Calls that failed";
    TOKENS = "llm.tokens.total" "{token}" Sum "Input and output tokens";
    PROMPT_TOKENS = "llm.tokens.prompt" "{token}" Sum "Input tokens";
    INPUT_TOKENS = "llm.tokens.input.total" "{token}" Sum "Input tokens";
    COMPLETION_TOKENS = "llm.tokens.completion" "{token}" Sum "Output tokens";
    OUTPUT_TOKENS = "llm.tokens.output.total" "{token}" Sum "Output tokens";
    CACHE_READ_TOKENS = "llm.cache.read.tokens.total" "{token}" Sum "Input tokens from the provider's cache";
    COST = "llm.cost.total.usd" "{USD}" SumDouble "What calls cost";
    ABOVE_THRESHOLD = "llm.cost.threshold.exceeded.total" "{request}" Sum "Calls that cost more than the threshold";
    CACHE_HITS = "llm.cache.hits.total" "{request}" Sum "Calls answered from a gateway's cache";
    CACHE_MISSES = "llm.cache.misses.total" "{request}" Sum "Calls that a gateway's cache did not answer";
    STREAMS = "llm.streams.total" "{stream}" Sum "Answers that are streams";
    STREAM_CHUNKS = "llm.stream.chunks.total" "{chunk}" Sum "Content events of streams";
}

static REQUEST_DURATION: Instrument = histogram("llm.request.duration", "ms", MILLIS, "How long calls took");
static REQUEST_SECONDS: Instrument =
    histogram("llm_request_duration_seconds", "s", SECONDS, "How long calls took");
static STREAMED: Instrument = histogram("llm.stream.duration", "ms", MILLIS, "How long streams took");
static DURATION: Series = Series { instrument: &REQUEST_DURATION, attributes: &[] };
static DURATION_SECONDS: Series = Series { instrument: &REQUEST_SECONDS, attributes: &[] };
static STREAM_DURATION: Series = Series { instrument: &STREAMED, attributes: &[] };

const fn histogram(
    name: &'static str,
    unit: &'static str,
    bounds: &'static [f64],
    description: &'static str,
) -> Instrument {
    Instrument { name, unit, description, kind: Kind::Histogram { bounds, int: false } }
}

/// [`SECONDS`], in milliseconds.
const MILLIS: &[f64] = &[
    10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0, 2560.0, 5120.0, 10_240.0, 20_480.0, 40_960.0,
    81_920.0,
];
