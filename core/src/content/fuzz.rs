//! What the fuzz target calls: any bytes as bodies of any format, cut anywhere.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a fuzz target fails by panicking"
)]

use std::sync::Arc;

use super::{AnswerTap, Asked, Content, RequestTap, Settings, finish};
use crate::api::Api;
use crate::budget::Budget;
use crate::call::Operation;

/// Reads the first half of the bytes as a request and each line of the other as a message of its answer, whole and cut,
/// and holds what comes out against the invariants.
///
/// # Panics
/// An invariant does not hold.
pub fn fuzz_content(data: &[u8]) {
    let Some(([api, step, size], data)) = data.split_first_chunk::<3>() else { return };
    let api = Api::ALL[usize::from(*api) % Api::ALL.len()];
    let settings = Arc::new(Settings { bytes: 512 + usize::from(*size) * 64, ..Settings::default() });
    let whole = captured(&settings, api, data, usize::MAX);
    let cut = captured(&settings, api, data, usize::from(*step) + 1);
    assert_eq!(whole, cut, "the split shows");
    for (name, json) in whole.iter().flat_map(|content| content.attributes()) {
        assert!(json.len() <= settings.bytes, "{name}: {} bytes", json.len());
        if let Err(error) = serde_json::from_str::<serde_json::Value>(json) {
            panic!("{name}: {error}: {json}");
        }
    }
}

fn captured(settings: &Arc<Settings>, api: Api, data: &[u8], step: usize) -> Option<Content> {
    let budget = Budget::default();
    let (request, answer) = data.split_at(data.len() / 2);
    let mut tap = RequestTap::new(settings, &budget).unwrap();
    request.chunks(step).for_each(|piece| tap.push(piece));
    let mut answers = AnswerTap::new(Asked { settings, increments: false }, api, &budget).unwrap();
    let lines: Vec<&[u8]> = answer.split(|byte| *byte == b'\n').collect();
    if lines.len() > 1 {
        answers.stream();
    }
    for line in &lines {
        answers.begin();
        line.chunks(step).for_each(|piece| answers.push(piece));
        answers.end();
    }
    finish(settings, Some(tap), Some(answers), Operation::Chat, &["stop".to_owned()], true)
        .map(|content| *content)
}
