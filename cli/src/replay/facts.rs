//! A call's facts as one JSON object a line.
//!
//! An exchange that is no LLM call has `"operation": null` and nothing else.

use anyhow::Result;
use inferspan_core::call;
use serde::Serialize;

use super::runner::Observation;

/// The line, with its end.
pub(super) fn line(id: &str, observation: &Observation) -> Result<String> {
    let mut line = match observation {
        Observation::Nothing => serde_json::to_string(&Nothing { id, operation: None })?,
        Observation::Call(call, _) => serde_json::to_string(&Facts { id, facts: call::Facts(call) })?,
    };
    line.push('\n');
    Ok(line)
}

#[derive(Serialize)]
struct Nothing<'a> {
    id: &'a str,
    operation: Option<&'a str>,
}

#[derive(Serialize)]
struct Facts<'a> {
    id: &'a str,
    #[serde(flatten)]
    facts: call::Facts<'a>,
}
