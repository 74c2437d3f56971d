//! The compiled filter, run as Envoy would, in `host-test`'s wasmtime host.
//!
//! What comes out is what a collector would get, in its own encoding. It is given the clock of the recording, and
//! random bytes that are those of the library ([`inferspan_replay::runner`]), so that both say the same. Its
//! configuration is the operator's but for what concerns the export itself: one collector, to which each record goes at
//! once. Left out are the counters of the filter's own that go along with metrics; they tell of this export.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use host_test::rig::span::{self, Span, Value as Attribute};
use host_test::sim::{Fault, Headers, Module, Proxy, Reply, Status, StreamId};
use inferspan_core::otlp::envelope::Envelope;
use inferspan_core::otlp::outbox::Signal;
use inferspan_replay::recording::Message;
use inferspan_replay::runner::collected_at;
use inferspan_replay::{Random, Recording, Split};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;
use prost::encoding::{WireType, decode_key, decode_varint};
use serde_json::{Value, json};

use super::{Observation, Runner, Sent, Wanted};
use crate::configuration::Configuration;

/// What is known before the first exchange.
pub(super) struct Setup {
    module: Module,
    /// Its file.
    name: String,
    configuration: String,
    signal: Signal,
}

impl Setup {
    /// Loads the filter.
    pub(super) fn new(file: &Path, configuration: &Configuration, wanted: Wanted) -> Result<Self> {
        let name = file.display().to_string();
        let module = Module::from_file(file).with_context(|| name.clone())?;
        let signal = match wanted {
            Wanted::View => Signal::Traces,
            Wanted::Export(signal, _) => signal,
        };
        let mut object = configuration.object.clone();
        object.insert(
            "otlp".to_owned(),
            json!({ "cluster": CLUSTER, "signals": [signal.name()], "max_batch_records": 1 }),
        );
        put(&mut object, "metrics", "interval_ms", json!(1000));
        put(&mut object, "trace", "envoy_attributes", json!([]));
        if wanted == Wanted::View {
            // A view shows every call; what of it is exported is another question.
            put(&mut object, "trace", "sample_ratio", json!(1));
            object.insert("sampling".to_owned(), json!({ "rules": [{ "override_parent": true }] }));
        }
        Ok(Self { module, name, configuration: Value::Object(object).to_string(), signal })
    }
}

fn put(object: &mut serde_json::Map<String, Value>, section: &str, key: &str, value: Value) {
    let section = object.entry(section).or_insert_with(|| json!({}));
    if let Some(section) = section.as_object_mut() {
        section.insert(key.to_owned(), value);
    }
}

/// One worker with the filter.
pub(super) struct Wasm {
    proxy: Proxy,
    signal: Signal,
    envelope: Option<Envelope>,
    /// When the last exchange ended.
    ended: u64,
}

impl Wasm {
    /// Starts the filter as in Envoy.
    pub(super) fn new(setup: &Setup, first: &Recording) -> Result<Self> {
        let mut random = Random::seeded(first.seed());
        let proxy = Proxy::builder(&setup.module)
            .configuration(&setup.configuration)
            .cluster(CLUSTER, Reply::status(200).after(Duration::ZERO))
            .random_from(move |bytes| random.fill(bytes))
            .now(Duration::from_nanos(first.times.start))
            .observer(["traceparent", "tracestate"])
            .start()
            .with_context(|| setup.name.clone())?;
        Ok(Self { proxy, signal: setup.signal, envelope: None, ended: first.times.start })
    }

    fn show(&mut self, recording: &Recording, split: Split) -> Result<(), Fault> {
        let (proxy, times) = (&mut self.proxy, recording.times);
        proxy.set_clock(Duration::from_nanos(times.start));
        let id = proxy.open();
        let request = &recording.request;
        proxy.request_headers(id, headers(request), request.body.as_ref().is_some_and(Vec::is_empty))?;
        match &request.body {
            Some(body) => {
                let chunks: Vec<&[u8]> = split.chunks(body, &recording.id).collect();
                for (at, chunk) in chunks.iter().enumerate() {
                    proxy.request_body(id, chunk, at + 1 == chunks.len())?;
                }
            }
            None => missed(proxy, |proxy| proxy.request_body(id, MISSED, true))?,
        }
        match &recording.response {
            Some(response) => {
                proxy.set_clock(Duration::from_nanos(times.answered()));
                proxy.response_headers(id, headers(response), false)?;
                self.show_answer(id, recording, response, split)?;
            }
            // Why there is no answer is not recorded.
            None => {
                proxy.set_clock(Duration::from_nanos(times.ended()));
                proxy.breaks_off(id, 0, "")?;
            }
        }
        self.proxy.forget(id);
        self.proxy.advance(Duration::ZERO)
    }

    fn show_answer(
        &mut self,
        id: StreamId,
        recording: &Recording,
        response: &Message,
        split: Split,
    ) -> Result<(), Fault> {
        let (proxy, times) = (&mut self.proxy, recording.times);
        match &response.body {
            Some(body) => {
                let chunks: Vec<&[u8]> = split.chunks(body, &recording.id).collect();
                for (chunk, now) in chunks.iter().zip(times.chunks(chunks.len())) {
                    proxy.set_clock(Duration::from_nanos(now));
                    proxy.response_body(id, chunk, false)?;
                }
            }
            None => missed(proxy, |proxy| proxy.response_body(id, MISSED, false))?,
        }
        // The end comes apart from the last bytes: those of a body in one piece came at its beginning.
        proxy.set_clock(Duration::from_nanos(times.ended()));
        proxy.response_body(id, b"", true)
    }

    /// What was exported since the last time.
    fn exported(&mut self) -> Result<Sent> {
        let mut sent = Sent { span: None, records: Vec::new() };
        for callout in self.proxy.take_callouts() {
            let request = callout.body.as_slice();
            if self.signal == Signal::Traces {
                let request = ExportTraceServiceRequest::decode(request).context("the filter's export")?;
                sent.span = Span::all(&request).pop();
            }
            for of_resource in fields(request, OF_RESOURCE)? {
                self.envelope = Some(envelope(of_resource)?);
                for of_scope in fields(of_resource, OF_SCOPE)? {
                    for record in fields(of_scope, RECORDS)? {
                        if self.signal != Signal::Metrics || !self.is_own(record)? {
                            prost::encoding::bytes::encode(RECORDS, &record.to_vec(), &mut sent.records);
                        }
                    }
                }
            }
        }
        Ok(sent)
    }

    /// Whether a metric is one of the filter's own, which it also has in Envoy.
    fn is_own(&self, metric: &[u8]) -> Result<bool> {
        let name = fields(metric, METRIC_NAME)?.concat();
        let name = String::from_utf8_lossy(&name).replacen("inferspan.", "inferspan_", 1);
        let proxy = &self.proxy;
        // Envoy's histograms are of whole milliseconds, and are called so.
        let histogram = proxy.histogram(&format!("{name}_ms")).is_some();
        Ok(proxy.counter(&name).is_some() || proxy.gauge(&name).is_some() || histogram)
    }
}

impl Runner for Wasm {
    fn run(&mut self, recording: &Recording, split: Split) -> Result<Observation> {
        self.ended = self.ended.max(recording.times.ended());
        self.show(recording, split)?;
        let sent = self.exported()?;
        Ok(if sent.records.is_empty() {
            Observation::Nothing(UNKNOWN)
        } else {
            Observation::Sent(Box::new(sent))
        })
    }

    fn metrics(&mut self) -> Result<Vec<u8>> {
        self.proxy.set_clock(Duration::from_nanos(collected_at(self.ended)));
        self.proxy.tick()?;
        self.proxy.advance(Duration::ZERO)?;
        Ok(self.exported()?.records)
    }

    fn envelope(&self) -> Option<Envelope> {
        self.envelope.clone()
    }
}

/// The envelope that a `ResourceSpans`, `ResourceMetrics` or `ResourceLogs` came in.
fn envelope(of_resource: &[u8]) -> Result<Envelope> {
    let resource = Resource::decode(fields(of_resource, RESOURCE)?.concat().as_slice())?;
    let texts = span::attributes(&resource.attributes);
    let attributes = resource.attributes.iter().map(|attribute| {
        let value = match texts.get(&attribute.key) {
            Some(Attribute::Text(text)) => text.as_str(),
            _ => "",
        };
        (attribute.key.as_str(), value)
    });
    let schema_url = fields(of_resource, SCHEMA_URL)?.concat();
    Ok(Envelope::new(attributes, &String::from_utf8_lossy(&schema_url)))
}

/// The fields of that number in a message that has none but those with a length before them, up to it at least.
fn fields(mut message: &[u8], wanted: u32) -> Result<Vec<&[u8]>> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let (number, kind) = decode_key(&mut message).context("the filter's export")?;
        ensure!(kind == WireType::LengthDelimited, "the filter's export has an unknown field {number}");
        let length = usize::try_from(decode_varint(&mut message)?).unwrap_or(usize::MAX);
        let (value, rest) = message.split_at_checked(length).context("the filter's export breaks off")?;
        if number == wanted {
            found.push(value);
        }
        message = rest;
    }
    Ok(found)
}

/// Shows a chunk of a body that the filter cannot get at.
fn missed(proxy: &mut Proxy, show: impl FnOnce(&mut Proxy) -> Result<(), Fault>) -> Result<(), Fault> {
    proxy.fail("proxy_get_buffer_bytes", Status::NotFound);
    let shown = show(proxy);
    proxy.fail("proxy_get_buffer_bytes", Status::Ok);
    shown
}

fn headers(message: &Message) -> Headers {
    message.headers.iter().map(|(name, value)| (name, value)).collect()
}

const CLUSTER: &str = "replay";
/// Stands for a body that was not captured.
const MISSED: &[u8] = b"?";
/// Field of an export request, of whatever signal.
const OF_RESOURCE: u32 = 1;
/// Fields in it.
const RESOURCE: u32 = 1;
const OF_SCOPE: u32 = 2;
const SCHEMA_URL: u32 = 3;
/// Field of the scope's message: spans, metrics, log records.
const RECORDS: u32 = 2;
/// Field of a `Metric`.
const METRIC_NAME: u32 = 1;

/// The filter says at level debug why an exchange is no call; its log is not kept.
const UNKNOWN: &str = "no call, or nothing of it is sent; without --wasm it is said why";
