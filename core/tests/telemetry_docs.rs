//! docs/telemetry.md against what is told, both ways: every attribute, event, metric and log event that a call gives
//! in any convention is on the page, with its type, unit and attributes, and nothing else is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use inferspan_core::call::{
    Call, ClientFacts, End, ErrorFacts, GAP_BOUNDS, Losses, Operation, Outcome, ProxyFacts, Request,
    Response, Server, StreamFacts, ToolCall, Usage,
};
use inferspan_core::content::Content;
use inferspan_core::cost::Cost;
use inferspan_core::exchange::Observer;
use inferspan_core::headers::Headers;
use inferspan_core::signal::convention::Vocabulary;
use inferspan_core::signal::convention::gen_ai::Version;
use inferspan_core::signal::convention::llm::Settings;
use inferspan_core::signal::log::LogKind;
use inferspan_core::signal::metric::{Distribution, Kind, PointSink, Series, Value};
use inferspan_core::signal::{AttributeSink, Conventions, Span};
use inferspan_core::time::UnixNanos;
use inferspan_core::trace_context::{Position, SpanId, TraceId};

const PAGE: &str = include_str!("../../docs/telemetry.md");

#[test]
fn attributes_of_spans() {
    let mut documented = Names::new();
    for row in rows("Span attributes", "attribute") {
        for name in names(&row["attribute"]) {
            let types = row["type"].split(|c: char| !(c.is_alphabetic() || c == '[' || c == ']'));
            let types = types.filter(|word| TYPES.contains(word)).map(str::to_owned);
            documented.entry(name).or_default().extend(types);
        }
    }
    assert_same(&told().attributes, &documented);
}

#[test]
fn events_of_spans() {
    let row_names = |row: &Row| names(&without_asides(&row["attributes"])).into_iter().collect();
    let documented = rows("Span events", "event")
        .iter()
        .flat_map(|row| names(&row["event"]).into_iter().map(move |name| (name, row_names(row))))
        .collect();
    assert_same(&told().events, &documented);
}

#[test]
fn metrics() {
    let shorts: Names = rows("Metrics", "short")
        .iter()
        .map(|row| (row["short"].clone(), before_colon(&row["attributes"]).into_iter().collect()))
        .collect();
    let mut documented = Names::new();
    for row in rows("Metrics", "metric") {
        for name in names(&row["metric"]) {
            let mut attributes: BTreeSet<String> = BTreeSet::new();
            for item in without_asides(&row["attributes"]).split(',').map(str::trim) {
                match shorts.get(item) {
                    Some(short) => attributes.extend(short.clone()),
                    None => attributes.extend(names(item)),
                }
            }
            if !row.contains_key("version") {
                attributes.extend(["provider", "model"].map(str::to_owned));
            }
            if attributes.remove("") {
                panic!("an attribute without a name of {name}");
            }
            attributes.insert(format!("({} {})", row["kind"], row["unit"].trim_matches('`')));
            documented.insert(name, attributes);
        }
    }
    assert_same(&told().metrics, &documented);
}

#[test]
fn log_events() {
    let told = told();
    let mut documented = Names::new();
    for row in rows("Log records", "event") {
        for name in names(&row["event"]) {
            let severity = match row["severity"].as_str() {
                "none" => String::new(),
                severity => severity.to_owned(),
            };
            let mut attributes: BTreeSet<String> = names(&row["attributes"]).into_iter().collect();
            if attributes.is_empty() {
                // Told by what another table tells.
                attributes = told.logs[&name].iter().filter(|name| !name.starts_with('(')).cloned().collect();
            }
            attributes.insert(format!("({severity})"));
            documented.insert(name, attributes);
        }
    }
    assert_same(&told.logs, &documented);
}

/// Names, each with what belongs to it: types, or attributes.
type Names = BTreeMap<String, BTreeSet<String>>;

fn assert_same(told: &Names, documented: &Names) {
    let missing = |from: &Names, of: &Names| -> Vec<String> {
        of.keys().filter(|name| !from.contains_key(*name)).cloned().collect()
    };
    assert_eq!(missing(documented, told), [""; 0], "told, but not in docs/telemetry.md");
    assert_eq!(missing(told, documented), [""; 0], "in docs/telemetry.md, but never told");
    for (name, told) in told {
        assert_eq!(told, &documented[name], "{name}: told, and in docs/telemetry.md");
    }
}

/// Types of attributes, as the page calls them.
const TYPES: &[&str] = &["string", "int", "double", "boolean", "string[]"];

/// A row of a table by the heads of its columns.
type Row = BTreeMap<String, String>;

/// The rows of all tables in a chapter of the page whose first column has that head.
fn rows(chapter: &str, head: &str) -> Vec<Row> {
    let start = PAGE.find(&format!("\n## {chapter}\n")).expect(chapter);
    let text = &PAGE[start + 4..];
    let text = text.find("\n## ").map_or(text, |end| &text[..end]);
    let mut heads: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let Some(line) = line.strip_prefix("| ").and_then(|line| line.strip_suffix('|')) else {
            heads.retain(|_| line.starts_with("|-"));
            continue;
        };
        let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        if heads.is_empty() {
            heads = cells;
        } else if heads[0] == head {
            assert_eq!(cells.len(), heads.len(), "{line}");
            found.push(heads.iter().cloned().zip(cells).collect());
        }
    }
    assert!(!found.is_empty(), "{chapter}: {head}");
    found
}

/// What stands in backticks.
fn names(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn before_colon(cell: &str) -> Vec<String> {
    names(cell.split_once(": ").map_or(cell, |(names, _)| names))
}

/// The text without what stands in brackets.
fn without_asides(cell: &str) -> String {
    let mut depth = 0;
    cell.chars()
        .filter(|c| {
            depth += i32::from(*c == '(');
            let outside = depth == 0;
            depth -= i32::from(*c == ')');
            outside
        })
        .collect()
}

/// All that calls tell, by the names it is told under.
#[derive(Default)]
struct Told {
    attributes: Names,
    events: Names,
    metrics: Names,
    logs: Names,
}

fn told() -> Told {
    let mut told = Told::default();
    let position = Position::root(TraceId::from(1_u128), SpanId::from(1_u64), true);
    for conventions in conventions() {
        for call in calls() {
            let span = Span::new(&call, &position, &conventions);
            span.attributes(&mut Types(&mut told.attributes));
            span.events(&mut |event| {
                let attributes = told.events.entry(event.name().to_owned()).or_default();
                event.attributes(&mut Keys(attributes));
            });
            let mut points = Points { metrics: &mut told.metrics, attributes: BTreeSet::new() };
            conventions.points(&call, &mut points);
            conventions.logs(&call, &mut |event| {
                let attributes = told.logs.entry(event.name().to_owned()).or_default();
                event.attributes(&mut Keys(attributes));
                attributes.insert(format!("({})", event.severity().text()));
            });
        }
    }
    told
}

/// Everything that can be asked for.
fn conventions() -> Vec<Conventions> {
    use Vocabulary::{GenAi, Llm, OpenInference};
    let each = [Version::V1_36, Version::V1_41, Version::V1_42Dev, Version::Next];
    let versions = each.chunks(1).chain([&each[..]]);
    let all = [&[GenAi, OpenInference, Llm][..], &[Llm, OpenInference, GenAi]];
    let settings = || Settings { providers: vec!["openai".into()], ..Settings::default() };
    let told = versions.flat_map(|versions| {
        all.map(|vocabularies| {
            Conventions::new(vocabularies, versions, settings()).with_logs(vec![
                LogKind::InferenceDetails,
                LogKind::Exceptions,
                LogKind::CostThreshold,
            ])
        })
    });
    told.collect()
}

/// What was said, in all of its forms.
fn content() -> Content {
    let text = |text: &str| Some(text.to_owned());
    Content {
        system_instructions: text(r#"[{"type":"text","content":"s"}]"#),
        input_messages: text(
            r#"[{"role":"user","parts":[{"type":"text","content":"a"},{"type":"uri","modality":"image","uri":"u"}]},
            {"role":"tool","parts":[{"type":"tool_call_response","id":"c","response":"r"}]},
            {"role":"user","parts":[{"type":"text","content":"b"}]}]"#,
        ),
        output_messages: text(
            r#"[{"role":"assistant","parts":[{"type":"text","content":"a"},{"type":"tool_call","id":"c","name":"n",
            "arguments":{}}]}]"#,
        ),
        tool_definitions: text(r#"[{"type":"function","name":"f"}]"#),
        truncated: 1,
        redactions: 1,
        spans: true,
        logs: true,
    }
}

/// Calls that tell all there is, between them.
fn calls() -> Vec<Call> {
    let variants: &[fn(&mut Call)] = &[
        |_| {},
        |call| call.operation = Operation::Embeddings,
        |call| call.operation = Operation::Rerank,
        |call| call.provider = "aws.bedrock".into(),
        |call| call.provider = "azure.ai.inference".into(),
        |call| call.response.cache_status = Some("hit".into()),
        |call| call.request.top_k = Some(0.5),
        |call| call.response.model = Some("b".to_owned()),
        |call| call.content = Some(Box::new(content())),
        |call| {
            call.response.status = Some(429);
            call.outcome = Outcome::Error;
            call.error =
                Some(ErrorFacts { kind: "429".into(), code: Some("context_length_exceeded".into()) });
        },
    ];
    let with = |change: &fn(&mut Call)| {
        let mut call = full_call();
        change(&mut call);
        call
    };
    variants.iter().map(with).collect()
}

/// A chat with OpenAI of which all is known.
#[allow(clippy::needless_update, reason = "whether there are other fields depends on the struct")]
fn full_call() -> Call {
    let text = || Some("a".to_owned());
    let request: &[(&[u8], &[u8])] =
        &[(b":authority", b"api.openai.com"), (b":path", b"/v1/chat/completions"), (b":method", b"POST")];
    let observer = Observer::default();
    let exchange = observer.begin(&Headers::new(request), UnixNanos(0)).expect("a call");
    let mut call = exchange.finish(End::Complete, UnixNanos(2_000_000_000)).expect("a call");
    call.outcome = Outcome::Completed;
    call.error = None;
    call.server = Server { address: "api.openai.com".into(), port: Some(8443) };
    call.client =
        ClientFacts { sdk_name: text(), sdk_version: text(), retry_count: Some(1), ..ClientFacts::default() };
    call.proxy =
        ProxyFacts { cluster: text(), route: text(), attempt_count: Some(1), upstream_address: text() };
    call.request = Request {
        model: text(),
        stream: Some(true),
        temperature: Some(1.0),
        top_p: Some(1.0),
        top_k: Some(1.0),
        max_tokens: Some(1),
        seed: Some(1),
        presence_penalty: Some(1.0),
        frequency_penalty: Some(1.0),
        stop_sequences: vec!["a".into()],
        choice_count: Some(2),
        message_count: Some(1),
        tool_count: Some(1),
        tool_names: vec!["a".into(); 8],
        reasoning_level: text(),
        context_window: Some(8),
        thinking_budget: Some(1),
        output_type: Some("json"),
        service_tier: text(),
        dimensions: Some(1),
        encoding_formats: vec!["a".into()],
        conversation_id: text(),
        previous_response_id: text(),
        prompt_name: text(),
        prompt_version: text(),
        session_id: text(),
        guardrail_id: text(),
        body_bytes: 1,
        ..Request::default()
    };
    call.response = Response {
        status: Some(200),
        id: text(),
        model: text(),
        finish_reasons: vec!["a".into()],
        tool_calls: vec![ToolCall { id: text(), name: text() }; 8],
        service_tier: text(),
        system_fingerprint: text(),
        upstream_provider: text(),
        conversation_id: text(),
        previous_response_id: text(),
        provider_request_id: text(),
        ratelimit_remaining_requests: Some(1),
        ratelimit_remaining_tokens: Some(1),
        ratelimit_limit_requests: Some(1),
        ratelimit_limit_tokens: Some(1),
        retry_after: Some(1),
        cache_status: Some("miss".into()),
        text_characters: Some(1),
        body_bytes: 1,
        ..Response::default()
    };
    let cost =
        Cost { input_usd: Some(1.0), output_usd: Some(1.0), exceeded_usd: Some(1.0), ..Cost::reported(2.0) };
    call.usage = Usage {
        input_tokens: Some(9),
        output_tokens: Some(9),
        cache_read_tokens: Some(1),
        cache_write_tokens: Some(1),
        cache_write_1h_tokens: Some(1),
        reasoning_tokens: Some(1),
        input_audio_tokens: Some(1),
        input_image_tokens: Some(1),
        output_audio_tokens: Some(1),
        output_image_tokens: Some(1),
        input_text_tokens: Some(1),
        output_text_tokens: Some(1),
        cache_read_text_tokens: Some(1),
        cache_read_audio_tokens: Some(1),
        cache_read_image_tokens: Some(1),
        cost: Some(cost),
        ..Usage::default()
    };
    let mut gap_buckets = [0; GAP_BOUNDS + 1];
    gap_buckets[0] = 1;
    call.stream = Some(StreamFacts {
        messages: 1,
        content_events: 2,
        gap_count: 1,
        gap_sum: 1,
        gap_min: 1,
        gap_max: 1,
        gap_buckets,
        ..StreamFacts::default()
    });
    let after = Some(UnixNanos(1_000_000_000));
    call.timing.response_start = after;
    call.timing.first_byte = after;
    call.timing.first_token = after;
    call.timing.first_reasoning = after;
    call.timing.first_visible = after;
    call.losses = Losses { malformed_messages: 1, ..Losses::default() };
    call
}

/// Keeps each attribute's types.
struct Types<'t>(&'t mut Names);

impl Types<'_> {
    fn put(&mut self, key: &str, kind: &str) {
        self.0.entry(numbered(key)).or_default().insert(kind.to_owned());
    }
}

impl AttributeSink for Types<'_> {
    fn text(&mut self, key: &str, _: &str) {
        self.put(key, "string");
    }
    fn int(&mut self, key: &str, _: i64) {
        self.put(key, "int");
    }
    fn double(&mut self, key: &str, _: f64) {
        self.put(key, "double");
    }
    fn flag(&mut self, key: &str, _: bool) {
        self.put(key, "boolean");
    }
    fn texts(&mut self, key: &str, _: &mut dyn Iterator<Item = &str>) {
        self.put(key, "string[]");
    }
}

/// The key as the page has it: what counts is an N.
fn numbered(key: &str) -> String {
    let counts = |before: &str| {
        ["tools", "tool_calls", "input_messages", "output_messages", "contents"]
            .iter()
            .any(|list| before.ends_with(list))
    };
    let mut parts: Vec<&str> = key.split('.').collect();
    for at in 1..parts.len() {
        if counts(parts[at - 1]) && parts[at].parse::<u32>().is_ok() {
            parts[at] = "N";
        }
    }
    parts.join(".")
}

/// Keeps the names of attributes.
struct Keys<'k>(&'k mut BTreeSet<String>);

impl AttributeSink for Keys<'_> {
    fn text(&mut self, key: &str, _: &str) {
        self.0.insert(key.to_owned());
    }
    fn int(&mut self, key: &str, _: i64) {
        self.0.insert(key.to_owned());
    }
    fn double(&mut self, key: &str, _: f64) {
        self.0.insert(key.to_owned());
    }
    fn flag(&mut self, key: &str, _: bool) {
        self.0.insert(key.to_owned());
    }
    fn texts(&mut self, key: &str, _: &mut dyn Iterator<Item = &str>) {
        self.0.insert(key.to_owned());
    }
}

/// Keeps each metric's kind, unit and attributes.
struct Points<'t> {
    metrics: &'t mut Names,
    attributes: BTreeSet<String>,
}

impl Points<'_> {
    fn put(&mut self, series: &Series) {
        let instrument = series.instrument;
        let kind = match instrument.kind {
            Kind::Sum | Kind::SumDouble => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram { .. } => "histogram",
        };
        let metric = self.metrics.entry(instrument.name.to_owned()).or_default();
        metric.extend(self.attributes.iter().cloned());
        metric.extend(series.attributes.iter().map(|(key, _)| (*key).to_owned()));
        metric.insert(format!("({kind} {})", instrument.unit));
    }
}

impl PointSink for Points<'_> {
    fn attributes(&mut self, write: &mut dyn FnMut(&mut dyn AttributeSink)) {
        self.attributes.clear();
        write(&mut Keys(&mut self.attributes));
    }
    fn record(&mut self, series: &'static Series, _: Value) {
        self.put(series);
    }
    fn record_many(&mut self, series: &'static Series, _: &Distribution<'_>) {
        self.put(series);
    }
}
