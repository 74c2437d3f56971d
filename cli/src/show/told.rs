//! A span as a person's view reads it, straight from what the core tells of a call.

use std::collections::BTreeMap;

use host_test::rig::span::{Event, Span, Value};
use inferspan_core::signal::{self, AttributeSink};
use inferspan_core::trace_context::SpanId;

/// The span that is told of a call, by that service.
pub(crate) fn span(told: &signal::Span<'_>, service: &str) -> Span {
    let mut attributes = Attributes(BTreeMap::new());
    told.attributes(&mut attributes);
    let mut events = Vec::new();
    told.events(&mut |event| {
        let mut attributes = Attributes(BTreeMap::new());
        event.attributes(&mut attributes);
        events.push(Event { name: event.name().to_owned(), time: event.time().0, attributes: attributes.0 });
    });
    let (position, error) = (told.position(), told.error());
    let context = &position.context;
    Span {
        name: told.name().concat(),
        trace_id: context.trace_id().to_string(),
        span_id: context.span_id().to_string(),
        parent_id: position.parent.as_ref().map(SpanId::to_string).unwrap_or_default(),
        trace_state: context.trace_state().header().to_owned(),
        flags: u32::from(context.trace_flags().to_u8()),
        kind: told.kind() as i32,
        start: told.start().0,
        end: told.end().0,
        is_error: error.is_some(),
        message: error.unwrap_or_default().to_owned(),
        attributes: attributes.0,
        resource: BTreeMap::from([("service.name".to_owned(), service.into())]),
        events,
    }
}

struct Attributes(BTreeMap<String, Value>);

impl Attributes {
    fn put(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }
}

impl AttributeSink for Attributes {
    fn text(&mut self, key: &str, value: &str) {
        self.put(key, Value::Text(value.to_owned()));
    }

    fn int(&mut self, key: &str, value: i64) {
        self.put(key, Value::Int(value));
    }

    fn double(&mut self, key: &str, value: f64) {
        self.put(key, Value::Double(value));
    }

    fn flag(&mut self, key: &str, value: bool) {
        self.put(key, Value::Bool(value));
    }

    fn texts(&mut self, key: &str, values: &mut dyn Iterator<Item = &str>) {
        self.put(key, Value::List(values.map(|text| Value::Text(text.to_owned())).collect()));
    }
}
