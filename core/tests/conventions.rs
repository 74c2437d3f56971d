//! Every row of the vocabularies' own tables is told as their texts say, or cannot be known by a proxy.
//!
//! `conventions/tables.md` lists the rows as the conventions have them, each with an exchange of `conventions/` and what
//! is told of it, or with a dash and the reason why nothing ever is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use inferspan_core::call::{Call, End, ProxyFacts};
use inferspan_core::config::Config;
use inferspan_core::exchange::Observer;
use inferspan_core::signal::metric::{Distribution, Kind, PointSink, Series, Value};
use inferspan_core::signal::{AttributeSink, Conventions, Span};
use inferspan_core::time::UnixNanos;
use inferspan_core::trace_context::{Position, SpanId, TraceId};
use support::Exchange;

const TABLES: &str = include_str!("conventions/tables.md");

#[test]
fn every_row_is_told_as_it_says_or_never() {
    let mut wrong = Vec::new();
    for (section, rows) in sections() {
        for Row { name, exchange, expected } in rows {
            let told: Vec<(&str, String)> = section
                .exchanges
                .iter()
                .filter_map(|(of, told)| told.get(&name).map(|told| (of.as_str(), told.clone())))
                .collect();
            let right = match exchange.as_str() {
                "–" => told.is_empty() && !expected.is_empty(),
                of if expected == "absent" => told.iter().all(|(told_of, _)| *told_of != of),
                of => told.iter().any(|(told_of, told)| *told_of == of && *told == expected),
            };
            if !right {
                let head = &section.head;
                wrong
                    .push(format!("{head}: {name}, {exchange}:\n  expected {expected}\n  told     {told:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_table_is_left_out() {
    let rows: Vec<(String, usize)> =
        sections().into_iter().map(|(section, rows)| (section.head, rows.len())).collect();
    let expected = [
        ("Inference span: attributes", 38),
        ("Embeddings span: attributes", 11),
        ("Provider pages: attributes", 27),
        ("Metrics of 1.42.0-dev: metrics", 17),
        ("Attributes of next: attributes", 14),
        ("Metrics of next: metrics", 13),
        ("llm: attributes", 28),
        ("llm: events", 5),
        ("llm: metrics", 25),
    ];
    assert_eq!(rows, expected.map(|(head, rows)| (head.to_owned(), rows)));
}

/// A chapter of the tables, and what is told in its configuration.
struct Section {
    head: String,
    /// Of each exchange: by name, what is told, as the tables write it.
    exchanges: Vec<(String, BTreeMap<String, String>)>,
}

struct Row {
    name: String,
    exchange: String,
    expected: String,
}

fn sections() -> Vec<(Section, Vec<Row>)> {
    let sections = TABLES.split("\n## ").skip(1).map(|text| {
        let (head, rest) = text.split_once('\n').unwrap();
        let configuration = rest.split('`').nth(1).unwrap();
        let config = Config::parse(configuration.as_bytes()).unwrap_or_else(|why| panic!("{head}: {why}"));
        let rows = rest.lines().filter(|line| line.starts_with("| `")).map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').splitn(3, " | ").map(str::trim).collect();
            let [name, exchange, expected] = cells[..] else { panic!("{line}") };
            Row {
                name: name.trim_matches('`').to_owned(),
                exchange: exchange.to_owned(),
                expected: expected.replace("\\|", "|"),
            }
        });
        let exchanges = exchanges().into_iter().map(|(name, call)| {
            let told = match head.rsplit_once(": ").unwrap().1 {
                "attributes" => attributes(call(&config), &config.conventions()),
                "events" => events(call(&config), &config.conventions()),
                "metrics" => points(call(&config), &config.conventions()),
                other => panic!("no such kind: {other}"),
            };
            (name, told)
        });
        (Section { head: head.to_owned(), exchanges: exchanges.collect() }, rows.collect())
    });
    sections.collect()
}

type Calling = Box<dyn Fn(&Config) -> Call>;

/// Every exchange of the folder, by its name.
fn exchanges() -> Vec<(String, Calling)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conventions");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "http"));
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let exchange = Exchange::parse(&fs::read_to_string(path).unwrap(), &name);
        let calling: Calling = Box::new(move |config| call(&exchange, config));
        (name, calling)
    };
    files.iter().map(read).collect()
}

/// The call, at these times: asked from 0 s to 0.5 s; answered from 1 s on, each event (or all) 0.25 s after what came
/// before; over after 4 s. Envoy sent it twice.
fn call(exchange: &Exchange, config: &Config) -> Call {
    let observer = Observer::new(config.overrides(), Default::default()).with_content(config.content());
    let at = |millis: u64| UnixNanos(1_700_000_000_000_000_000 + millis * 1_000_000);
    let mut observed = exchange.request.show(|headers| observer.begin(headers, at(0))).unwrap();
    observed.request_body(&exchange.request.body, at(0));
    observed.request_end(at(500));
    let (response, end) = exchange.response.as_ref().unwrap();
    assert_eq!(*end, End::Complete);
    response.show(|headers| observed.response_headers(headers, at(1000)));
    let body = std::str::from_utf8(&response.body).unwrap();
    for (number, event) in (1..).zip(body.split_inclusive("\n\n")) {
        observed.response_body(event.as_bytes(), at(1000 + 250 * number));
    }
    let mut call = observed.finish(*end, at(4000)).unwrap();
    let _ = config.prices().apply(&mut call);
    call.proxy =
        ProxyFacts { attempt_count: Some(2), route: Some("chat-route".to_owned()), ..ProxyFacts::default() };
    call
}

fn attributes(call: Call, conventions: &Conventions) -> BTreeMap<String, String> {
    let position = Position::root(TraceId::from(1_u128), SpanId::from(1_u64), true);
    let mut told = Attributes::default();
    let span = Span::new(&call, &position, conventions);
    told.0.insert("(name)".to_owned(), span.name().concat());
    span.attributes(&mut told);
    told.0
}

fn events(call: Call, conventions: &Conventions) -> BTreeMap<String, String> {
    let position = Position::root(TraceId::from(1_u128), SpanId::from(1_u64), true);
    let mut told = BTreeMap::new();
    Span::new(&call, &position, conventions).events(&mut |event| {
        let mut attributes = Attributes::default();
        event.attributes(&mut attributes);
        let seconds = event.time().since(call.timing.start) as f64 / 1e9;
        let text = format!("at {seconds} s: {}", attributes.listed());
        told.insert(event.name().to_owned(), text.trim_end_matches([':', ' ']).to_owned());
    });
    told
}

fn points(call: Call, conventions: &Conventions) -> BTreeMap<String, String> {
    let mut points = Points::default();
    conventions.points(&call, &mut points);
    let told = points.told.into_iter();
    told.map(|(name, (kind, attributes, values))| {
        let attributes: Vec<String> = attributes.into_iter().collect();
        (name, format!("{kind} | {} | {}", values.join("; "), attributes.join(", ")))
    })
    .collect()
}

/// Attributes as the tables write them.
#[derive(Default)]
struct Attributes(BTreeMap<String, String>);

impl Attributes {
    fn listed(&self) -> String {
        self.0.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
    }
}

impl AttributeSink for Attributes {
    fn text(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), format!("{value:?}"));
    }
    fn int(&mut self, key: &str, value: i64) {
        self.0.insert(key.to_owned(), value.to_string());
    }
    fn double(&mut self, key: &str, value: f64) {
        self.0.insert(key.to_owned(), format!("{value:?}"));
    }
    fn flag(&mut self, key: &str, value: bool) {
        self.0.insert(key.to_owned(), value.to_string());
    }
    fn texts(&mut self, key: &str, values: &mut dyn Iterator<Item = &str>) {
        self.0.insert(key.to_owned(), format!("{:?}", values.collect::<Vec<_>>()));
    }
}

/// Points by the name of their metric: its kind and unit, the attributes they share, and each with its own.
#[derive(Default)]
struct Points {
    shared: Attributes,
    told: BTreeMap<String, (String, BTreeSet<String>, Vec<String>)>,
}

impl Points {
    fn add(&mut self, series: &Series, value: String) {
        let instrument = series.instrument;
        let kind = match instrument.kind {
            Kind::Sum | Kind::SumDouble => "counter".to_owned(),
            Kind::Gauge => "gauge".to_owned(),
            Kind::Histogram { bounds, .. } => format!("histogram of {}", name_of(bounds)),
        };
        let attributes = self.shared.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let entry = self
            .told
            .entry(instrument.name.to_owned())
            .or_insert_with(|| (format!("{kind} in {}", instrument.unit), attributes, Vec::new()));
        let own: String = series.attributes.iter().map(|(key, value)| format!("{key}={value} ")).collect();
        entry.2.push(format!("{own}{value}"));
    }
}

impl PointSink for Points {
    fn attributes(&mut self, write: &mut dyn FnMut(&mut dyn AttributeSink)) {
        self.shared = Attributes::default();
        write(&mut self.shared);
    }
    fn record(&mut self, series: &'static Series, value: Value) {
        match value {
            Value::Int(value) => self.add(series, value.to_string()),
            Value::Double(value) => self.add(series, value.to_string()),
        }
    }
    fn record_many(&mut self, series: &'static Series, many: &Distribution<'_>) {
        let counts: u32 = many.counts.iter().sum();
        self.add(series, format!("{counts} from {} to {}, {} in all", many.min, many.max, many.sum));
    }
}

/// What the tables call these bounds.
fn name_of(bounds: &[f64]) -> &'static str {
    let seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    let tokens = [
        1.0,
        4.0,
        16.0,
        64.0,
        256.0,
        1024.0,
        4096.0,
        16384.0,
        65536.0,
        262_144.0,
        1_048_576.0,
        4_194_304.0,
        16_777_216.0,
        67_108_864.0,
    ];
    match bounds {
        _ if bounds == seconds => "seconds",
        _ if bounds == tokens => "tokens",
        _ if bounds == seconds.map(|seconds| (seconds * 1000.0_f64).round()) => "milliseconds",
        _ => panic!("bounds that no table has: {bounds:?}"),
    }
}
