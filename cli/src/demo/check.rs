//! Whether the spans are what they should be.

use std::fmt;

use host_test::rig::span::Span;

use super::calls::Call;
use crate::show::fact;

/// What a call's span should hold. What a field leaves open is not checked.
#[derive(Clone, Default)]
pub(super) struct Expected {
    pub(super) provider: &'static str,
    /// As asked for.
    pub(super) model: &'static str,
    /// As the provider names it; not checked where nothing was answered.
    pub(super) answering: String,
    /// Whether it was asked to stream. If content came, there is a time to first token.
    pub(super) streamed: bool,
    pub(super) finish: &'static [&'static str],
    /// Token counts; not checked where `None`.
    pub(super) input: Option<i64>,
    pub(super) cached: Option<i64>,
    pub(super) output: Option<i64>,
    pub(super) reasoning: Option<i64>,
    /// `inferspan.outcome`; `completed` where empty.
    pub(super) outcome: &'static str,
    /// `error.type`, or none.
    pub(super) error: Option<&'static str>,
    /// Whether no answer by a model came at all.
    pub(super) refused: bool,
}

impl Expected {
    /// Refused with an error status.
    pub(super) fn refused(status: &'static str) -> Self {
        Self { outcome: "error", error: Some(status), refused: true, ..Self::default() }
    }

    /// Broken off inside the answer.
    pub(super) fn broken(outcome: &'static str, error: &'static str) -> Self {
        Self { outcome, error: Some(error), ..Self::default() }
    }

    /// Given up by the client.
    pub(super) fn cancelled() -> Self {
        Self { outcome: "client_cancelled", ..Self::default() }
    }

    /// The same, ended for another reason.
    pub(super) fn finishing(&self, finish: &'static [&'static str]) -> Self {
        Self { finish, ..self.clone() }
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    label: &'static str,
    what: String,
}

impl Mistake {
    pub(super) fn new(label: &'static str, what: String) -> Self {
        Self { label, what }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.label, self.what)
    }
}

/// Everything wrong with the spans of these calls: a missing one, a second one, one of no call, a wrong fact.
pub(super) fn spans(calls: &[Call], spans: &[Span]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for call in calls {
        let of_call: Vec<&Span> = spans.iter().filter(|span| call.is(span)).collect();
        match of_call.as_slice() {
            [span] => {
                mistakes.extend(span_of(call, span).into_iter().map(|what| Mistake::new(call.label, what)))
            }
            others => {
                mistakes.push(Mistake::new(call.label, format!("{} spans instead of one", others.len())))
            }
        }
    }
    for span in spans.iter().filter(|span| !calls.iter().any(|call| call.is(span))) {
        mistakes.push(Mistake::new("a span of no call", format!("{} in trace {}", span.name, span.trace_id)));
    }
    mistakes
}

fn span_of(call: &Call, span: &Span) -> Vec<String> {
    let expected = &call.expected;
    let mut wrong = Vec::new();
    let mut same = |what: &str, is: Option<&str>, should: Option<&str>| {
        if is != should {
            wrong.push(format!(
                "{what} is {} instead of {}",
                is.unwrap_or("missing"),
                should.unwrap_or("none")
            ));
        }
    };
    same("name", Some(&span.name), Some(&format!("chat {}", expected.model)));
    same("kind", Some(&span.kind.to_string()), Some("3"));
    same("provider", span.text("gen_ai.provider.name"), Some(expected.provider));
    same("requested model", span.text("gen_ai.request.model"), Some(expected.model));
    if !expected.refused {
        same("answering model", span.text("gen_ai.response.model"), Some(&expected.answering));
    }
    let outcome = if expected.outcome.is_empty() { "completed" } else { expected.outcome };
    same("outcome", span.text("inferspan.outcome"), Some(outcome));
    same("error.type", span.text("error.type"), expected.error);
    let (trace, parent) = match &call.client_span {
        Some((trace, parent)) => (trace.as_str(), parent.as_str()),
        None => (span.trace_id.as_str(), ""),
    };
    same("trace", Some(&span.trace_id), Some(trace));
    same("parent", Some(&span.parent_id), Some(parent));
    let finish = span.texts("gen_ai.response.finish_reasons").join(",");
    same("finish reason", Some(&finish), Some(&expected.finish.join(",")));

    let counts = [
        ("gen_ai.usage.input_tokens", expected.input),
        ("gen_ai.usage.cache_read.input_tokens", expected.cached),
        ("gen_ai.usage.output_tokens", expected.output),
        ("gen_ai.usage.reasoning.output_tokens", expected.reasoning),
    ];
    for (key, should) in counts {
        if should.is_some() && span.int(key) != should {
            wrong.push(format!("{key} is {:?} instead of {should:?}", span.int(key)));
        }
    }
    if span.is_error != expected.error.is_some() {
        wrong.push(format!("the span's status says error: {}", span.is_error));
    }
    if span.end < span.start || span.start == 0 {
        wrong.push(format!("it lasts from {} to {}", span.start, span.end));
    }
    let first_token = fact::first_token(span);
    if expected.streamed && first_token.is_none_or(|first| first.is_zero() || first > span.duration()) {
        wrong.push(format!("time to first token is {first_token:?} of {:?}", span.duration()));
    }
    wrong
}
