//! A received span in a form that is easy to ask.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span as Wire, span, status::StatusCode};

/// One span with its resource.
#[derive(Clone, Debug)]
pub struct Span {
    /// `chat gpt-5-mini`.
    pub name: String,
    /// 32 hex digits.
    pub trace_id: String,
    /// 16 hex digits.
    pub span_id: String,
    /// 16 hex digits, or empty for a root.
    pub parent_id: String,
    /// W3C's `tracestate`; empty where there is none.
    pub trace_state: String,
    /// OTLP's span flags.
    pub flags: u32,
    /// OTLP's number of the kind; 3 is CLIENT.
    pub kind: i32,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// Whether its status is ERROR.
    pub is_error: bool,
    /// The message of its status; empty where there is none.
    pub message: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
    /// Its resource's attributes.
    pub resource: BTreeMap<String, Value>,
    /// What happened within it.
    pub events: Vec<Event>,
}

/// An event of a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Nanoseconds since 1970.
    pub time: u64,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
}

impl Event {
    fn new(event: &span::Event) -> Self {
        let attributes = attributes(&event.attributes);
        Self { name: event.name.clone(), time: event.time_unix_nano, attributes }
    }
}

/// An attribute's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// A boolean.
    Bool(bool),
    /// An array.
    List(Vec<Value>),
    /// Anything else, as Rust's `Debug` shows it.
    Other(String),
}

impl Span {
    /// The spans of one export request, in its order.
    pub fn all(request: &ExportTraceServiceRequest) -> Vec<Self> {
        let mut spans = Vec::new();
        for of_resource in &request.resource_spans {
            let resource = of_resource.resource.as_ref().map(|resource| attributes(&resource.attributes));
            let resource = resource.unwrap_or_default();
            for of_scope in &of_resource.scope_spans {
                spans.extend(of_scope.spans.iter().map(|span| Self::new(span, resource.clone())));
            }
        }
        spans
    }

    fn new(span: &Wire, resource: BTreeMap<String, Value>) -> Self {
        let is_error = span.status.as_ref().is_some_and(|status| status.code == StatusCode::Error as i32);
        Self {
            name: span.name.clone(),
            trace_id: hex(&span.trace_id),
            span_id: hex(&span.span_id),
            parent_id: hex(&span.parent_span_id),
            trace_state: span.trace_state.clone(),
            flags: span.flags,
            kind: span.kind,
            start: span.start_time_unix_nano,
            end: span.end_time_unix_nano,
            is_error,
            message: span.status.as_ref().map(|status| status.message.clone()).unwrap_or_default(),
            attributes: attributes(&span.attributes),
            resource,
            events: span.events.iter().map(Event::new).collect(),
        }
    }

    /// How long it lasted.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.end.saturating_sub(self.start))
    }

    /// The value of an attribute.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.attributes.get(key)
    }

    /// A text attribute.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// An integer attribute.
    pub fn int(&self, key: &str) -> Option<i64> {
        match self.get(key)? {
            Value::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// A floating-point attribute.
    pub fn double(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            Value::Double(double) => Some(*double),
            _ => None,
        }
    }

    /// The texts of an array attribute; empty when there is none.
    pub fn texts(&self, key: &str) -> Vec<&str> {
        match self.get(key) {
            Some(Value::List(values)) => values.iter().filter_map(Value::as_text).collect(),
            _ => Vec::new(),
        }
    }
}

impl Value {
    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&AnyValue> for Value {
    fn from(value: &AnyValue) -> Self {
        match &value.value {
            Some(any_value::Value::StringValue(text)) => Self::Text(text.clone()),
            Some(any_value::Value::IntValue(int)) => Self::Int(*int),
            Some(any_value::Value::DoubleValue(double)) => Self::Double(*double),
            Some(any_value::Value::BoolValue(bool)) => Self::Bool(*bool),
            Some(any_value::Value::ArrayValue(array)) => {
                Self::List(array.values.iter().map(Self::from).collect())
            }
            other => Self::Other(format!("{other:?}")),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

/// Attributes in a form that is easy to ask.
pub fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, Value> {
    let values = attributes.iter().map(|attribute| {
        let value = attribute.value.as_ref().map_or_else(|| Value::Other("none".to_owned()), Value::from);
        (attribute.key.clone(), value)
    });
    values.collect()
}

/// The hex digits of an id.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
