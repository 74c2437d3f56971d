//! The facts of a call, as the attributes of its span tell them, in whatever vocabulary.

use std::time::Duration;

use host_test::rig::span::{Span, Value};
use inferspan_core::call::facts::FACTS;
use inferspan_replay::summary::Sample;

/// The value of a fact of the core's list; `None` where the span does not tell it.
pub(crate) fn of<'s>(span: &'s Span, fact: &str) -> Option<&'s Value> {
    let listed = FACTS.iter().find(|listed| listed.name == fact)?;
    let elsewhere = ELSEWHERE.iter().filter(|(name, _)| *name == fact).map(|(_, key)| *key);
    listed.attributes().chain(elsewhere).find_map(|key| span.get(key))
}

/// The same where it is a text.
pub(crate) fn text<'s>(span: &'s Span, fact: &str) -> Option<&'s str> {
    match of(span, fact)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The same where it is an integer.
pub(crate) fn int(span: &Span, fact: &str) -> Option<i64> {
    match of(span, fact)? {
        Value::Int(int) => Some(*int),
        _ => None,
    }
}

/// The same where it is a number.
pub(crate) fn double(span: &Span, fact: &str) -> Option<f64> {
    match of(span, fact)? {
        Value::Double(double) => Some(*double),
        _ => None,
    }
}

/// The same where it is a list of texts, or one text; empty where it is not told.
pub(crate) fn texts<'s>(span: &'s Span, fact: &str) -> Vec<&'s str> {
    match of(span, fact) {
        Some(Value::List(values)) => values.iter().map(text_of).collect(),
        Some(Value::Text(text)) => vec![text],
        _ => Vec::new(),
    }
}

/// What could not be read of the call.
pub(crate) fn losses(span: &Span) -> Vec<&str> {
    span.texts("inferspan.losses")
}

/// The model that answered, else the one that was asked.
pub(crate) fn model(span: &Span) -> Option<&str> {
    text(span, "response_model").or_else(|| text(span, "request_model"))
}

/// Time to first token, if the span tells; not where nobody measured times.
pub(crate) fn first_token(span: &Span) -> Option<Duration> {
    let seconds = span.double("gen_ai.response.time_to_first_chunk")?;
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !span.duration().is_zero())
}

/// What the call adds to a summary.
pub(crate) fn sample(span: &Span) -> Sample {
    let count = |fact| int(span, fact).and_then(|count| u64::try_from(count).ok());
    Sample {
        model: model(span).unwrap_or_default().to_owned(),
        provider: text(span, "provider").unwrap_or_default().to_owned(),
        failed: span.is_error,
        input_tokens: count("input_tokens"),
        output_tokens: count("output_tokens"),
        cost: double(span, "cost"),
        first_token: first_token(span),
    }
}

fn text_of(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        _ => "",
    }
}

/// How vocabularies beside the GenAI conventions and ours tell what a person's view shows.
const ELSEWHERE: &[(&str, &str)] = &[
    ("provider", "llm.provider"),
    ("provider", "llm.system"),
    ("request_model", "llm.request.model_name"),
    ("request_model", "llm.model_name"),
    ("request_model", "llm.model"),
    ("response_model", "llm.response.model_name"),
    ("finish_reasons", "llm.finish_reason"),
    ("input_tokens", "llm.token_count.prompt"),
    ("input_tokens", "llm.usage.prompt_tokens"),
    ("output_tokens", "llm.token_count.completion"),
    ("output_tokens", "llm.usage.completion_tokens"),
    ("cache_read_tokens", "llm.token_count.prompt_details.cache_read"),
    ("cache_write_tokens", "llm.token_count.prompt_details.cache_write"),
    ("reasoning_tokens", "llm.token_count.completion_details.reasoning"),
    ("cost", "llm.cost.total"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The page reads the same attributes.
    #[test]
    fn the_page_knows_each_attribute_that_tells_a_fact() {
        let page = include_str!("../../../web/page/facts.js");
        let own = FACTS.iter().flat_map(|fact| fact.attributes());
        for key in own.chain(ELSEWHERE.iter().map(|(_, key)| *key)) {
            assert!(page.contains(&format!("\"{key}\"")), "{key}");
        }
    }
}
