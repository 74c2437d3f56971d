//! What stands around the spans of a batch: the export request, the resource, the scope.

use super::proto::{Attributes, Writer, varint_length};
use crate::signal::AttributeSink;

/// Who speaks, encoded once per configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `ResourceSpans.resource`, with its tag.
    resource: Vec<u8>,
    /// `ScopeSpans.scope`, with its tag.
    scope: Vec<u8>,
}

impl Envelope {
    /// For a resource of these attributes, in their order.
    #[must_use]
    pub fn new<'a>(resource: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut envelope = Self { resource: Vec::new(), scope: Vec::new() };
        Writer::new(&mut envelope.resource).message(RESOURCE, |w| {
            let mut attributes = Attributes::new(w, RESOURCE_ATTRIBUTES);
            for (key, value) in resource {
                attributes.text(key, value);
            }
        });
        Writer::new(&mut envelope.scope).message(SCOPE, |w| {
            w.bytes(SCOPE_NAME, SCOPE_NAME_VALUE.as_bytes());
            w.bytes(SCOPE_VERSION, env!("CARGO_PKG_VERSION").as_bytes());
        });
        envelope
    }

    /// The body of an `ExportTraceServiceRequest`. `spans` are encoded fields `ScopeSpans.spans`, tags and all,
    /// as [`super::span::encode`] leaves them.
    #[must_use]
    pub fn wrap(&self, spans: &[u8]) -> Vec<u8> {
        let scope_spans = self.scope.len().saturating_add(spans.len());
        let scope_spans_head = varint_length(scope_spans as u64).saturating_add(1);
        let resource_spans = self.resource.len().saturating_add(scope_spans_head).saturating_add(scope_spans);
        let mut body = Vec::with_capacity(resource_spans.saturating_add(MAX_HEAD));
        let mut writer = Writer::new(&mut body);
        writer.length_delimited(RESOURCE_SPANS, resource_spans);
        body.extend_from_slice(&self.resource);
        let mut writer = Writer::new(&mut body);
        writer.length_delimited(SCOPE_SPANS, scope_spans);
        body.extend_from_slice(&self.scope);
        body.extend_from_slice(spans);
        body
    }
}

/// `InstrumentationScope.name` of all we send.
pub const SCOPE_NAME_VALUE: &str = "inferspan";
/// Field of `ExportTraceServiceRequest`.
const RESOURCE_SPANS: u32 = 1;
/// Fields of `ResourceSpans`.
const RESOURCE: u32 = 1;
const SCOPE_SPANS: u32 = 2;
/// Field of `Resource`.
const RESOURCE_ATTRIBUTES: u32 = 1;
/// Field of `ScopeSpans`.
const SCOPE: u32 = 1;
/// Fields of `InstrumentationScope`.
const SCOPE_NAME: u32 = 1;
const SCOPE_VERSION: u32 = 2;
/// Tag and length of a message below 4 GiB.
const MAX_HEAD: usize = 6;

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::trace::v1::Span;
    use prost::Message;

    use super::*;

    #[test]
    fn wraps_spans_into_an_export_request() {
        let envelope = Envelope::new([("service.name", "checkout"), ("k", "v")].into_iter());
        let spans: Vec<_> = (0..300).map(|n| Span { name: format!("span {n}"), ..Span::default() }).collect();
        let mut bytes = Vec::new();
        for span in &spans {
            Writer::new(&mut bytes).bytes(2, &span.encode_to_vec());
        }
        let body = envelope.wrap(&bytes);
        let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        assert_eq!(request.encode_to_vec(), body);
        let [of_resource] = request.resource_spans.as_slice() else { panic!("{request:?}") };
        let attributes = &of_resource.resource.as_ref().unwrap().attributes;
        assert_eq!(attributes.iter().map(|a| a.key.as_str()).collect::<Vec<_>>(), ["service.name", "k"]);
        let [of_scope] = of_resource.scope_spans.as_slice() else { panic!("{of_resource:?}") };
        let scope = of_scope.scope.as_ref().unwrap();
        assert_eq!((scope.name.as_str(), scope.version.as_str()), ("inferspan", env!("CARGO_PKG_VERSION")));
        assert_eq!(of_scope.spans, spans);
    }
}
