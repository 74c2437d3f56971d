//! An exchange as people read it: the tree of its call.

use inferspan_replay::Recording;

use super::Observation;
use crate::show::{terminal, told, tree};

/// The tree; where there is no call, empty, or why, if that is asked.
pub(super) fn tree(recording: &Recording, observation: &Observation, explain: bool) -> String {
    let span = match observation {
        Observation::Nothing(why) if explain => return format!("{}\n  {why}\n\n", recording.id),
        Observation::Nothing(_) => return String::new(),
        Observation::Call(call) => Some(told::span(&call.span(), call.service())),
        #[cfg(feature = "wasm")]
        Observation::Sent(sent) => sent.span.clone(),
    };
    let title = match recording.uncaptured() {
        "" => recording.id.clone(),
        why => format!("{}  ({why})", recording.id),
    };
    let spans: Vec<_> = span.into_iter().collect();
    tree::titled(&title, &spans, terminal::width()) + "\n"
}
