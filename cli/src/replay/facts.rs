//! A call's facts as one JSON object a line.
//!
//! An exchange that is no LLM call has `"operation": null` and nothing else, but, where that is asked, `why`.

use anyhow::Result;
use inferspan_core::call::facts::Facts as Called;
use serde::Serialize;

use super::Observation;

/// The line, with its end.
pub(super) fn line(id: &str, observation: &Observation, explain: bool) -> Result<String> {
    let mut line = match observation {
        Observation::Nothing(why) => {
            let why = explain.then_some(*why);
            serde_json::to_string(&Nothing { id, operation: None, why })?
        }
        Observation::Call(told) => serde_json::to_string(&Facts { id, facts: Called(&told.call) })?,
        #[cfg(feature = "wasm")]
        Observation::Sent(sent) => of_span::line(id, sent.span.as_ref())?,
    };
    line.push('\n');
    Ok(line)
}

#[derive(Serialize)]
struct Nothing<'a> {
    id: &'a str,
    operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

#[derive(Serialize)]
struct Facts<'a> {
    id: &'a str,
    #[serde(flatten)]
    facts: Called<'a>,
}

/// The facts as the attributes of a span tell them.
#[cfg(feature = "wasm")]
mod of_span {
    use anyhow::{Context, Result};
    use host_test::rig::span::{Span, Value};
    use inferspan_core::call::facts::FACTS;
    use serde_json::{Map, json};

    use crate::show;

    pub(super) fn line(id: &str, span: Option<&Span>) -> Result<String> {
        let span = span.context("no span of the exchange")?;
        let mut facts = Map::new();
        facts.insert("id".to_owned(), json!(id));
        for fact in FACTS {
            if let Some(value) = show::fact::of(span, fact.name) {
                facts.insert(fact.name.to_owned(), plain(value));
            }
        }
        if facts.contains_key("stream_messages") {
            facts.insert("stream".to_owned(), json!(true));
        }
        let (names, ids) = (span.texts(TOOL_NAMES), span.texts(TOOL_IDS));
        if !names.is_empty() {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let calls =
                ids.into_iter().zip(names).map(|(id, name)| json!({"id": some(id), "name": some(name)}));
            facts.insert("tool_calls".to_owned(), calls.collect());
        }
        if let Some(losses) = span.get("inferspan.losses") {
            facts.insert("losses".to_owned(), plain(losses));
        }
        serde_json::to_string(&facts).context("write the facts")
    }

    fn plain(value: &Value) -> serde_json::Value {
        match value {
            Value::Text(text) | Value::Other(text) => json!(text),
            Value::Int(int) => json!(int),
            Value::Double(double) => json!(double),
            Value::Bool(bool) => json!(bool),
            Value::List(values) => values.iter().map(plain).collect(),
        }
    }

    const TOOL_NAMES: &str = "inferspan.response.tool_call.names";
    const TOOL_IDS: &str = "inferspan.response.tool_call.ids";
}
