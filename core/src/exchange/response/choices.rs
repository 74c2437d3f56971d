//! What every choice of an answer ended with, and what it asks its client to run.

use crate::api::ToolCallRule;
use crate::call::ToolCall;

/// Choices beyond these are passed over.
const MAX_CHOICES: u32 = 64;
/// Tool calls beyond these are passed over.
pub(super) const MAX_TOOL_CALLS: usize = 128;
/// So many bytes are kept of the ids and names of them all.
const MAX_TOOL_CALL_BYTES: usize = 3 << 10;
/// So many bytes are kept of all finish reasons.
const MAX_REASON_BYTES: usize = 512;

/// The choices of an answer.
#[derive(Debug, Default)]
pub(super) struct Choices {
    /// Bit `n`: choice `n` was seen.
    seen: u64,
    /// Bit `n`: its finish reason was.
    finished: u64,
    /// Choice and reason, one for each bit of `finished`, in the order of the choices.
    reasons: Vec<(u8, String)>,
    /// In the order of the choices, then of their appearance.
    tool_calls: Vec<Known>,
    /// Of their ids and names: `0 ..= MAX_TOOL_CALL_BYTES`.
    tool_call_bytes: usize,
    /// Choices, finish reasons and tool calls beyond the bounds.
    lost: u32,
}

/// A tool call that was told.
#[derive(Debug)]
struct Known {
    choice: u8,
    index: u32,
    tool_call: ToolCall,
    /// Its output is in the answer, too: the server ran it, and it is none of the client's.
    ran: bool,
}

/// A tool call as one message tells it.
#[derive(Debug)]
pub(super) struct Told {
    /// When it is one that was told before.
    pub(super) rule: ToolCallRule,
    /// Its index in its choice.
    pub(super) index: u32,
    /// Its id and name, of which there is at least one.
    pub(super) tool_call: ToolCall,
    /// It is the output of the one with this id.
    pub(super) output: bool,
}

impl Choices {
    /// The choice exists.
    pub(super) fn see(&mut self, choice: u32) {
        match bit(choice) {
            Some(bit) => self.seen |= bit,
            None => self.lose(1),
        }
    }

    /// So many choices or tool calls are beyond a bound.
    pub(super) fn lose(&mut self, many: u32) {
        self.lost = self.lost.saturating_add(many);
    }

    /// The choice ended for this reason; the last one counts.
    pub(super) fn finish(&mut self, choice: u32, reason: String) {
        let (Some(bit), Ok(choice)) = (bit(choice), u8::try_from(choice)) else { return };
        self.seen |= bit;
        self.finished |= bit;
        let others =
            self.reasons.iter().filter(|(known, _)| *known != choice).map(|(_, reason)| reason.len());
        if others.sum::<usize>().saturating_add(reason.len()) > MAX_REASON_BYTES {
            return self.lose(1);
        }
        match self.reasons.iter_mut().find(|(known, _)| *known == choice) {
            Some((_, known)) => *known = reason,
            None => {
                let at = self.reasons.partition_point(|(known, _)| *known < choice);
                self.reasons.insert(at, (choice, reason));
            }
        }
    }

    /// The choice goes on, though it may have had a finish reason.
    pub(super) fn go_on(&mut self, choice: u32) {
        if let Some(bit) = bit(choice) {
            self.finished &= !bit;
        }
    }

    /// Adds a tool call; `false` where it is one of those known.
    pub(super) fn tool_call(&mut self, choice: u32, told: Told, in_stream: bool) -> bool {
        let Told { rule, index, tool_call, output } = told;
        // A choice beyond the bound was counted as such.
        let (Some(_), Ok(choice)) = (bit(choice), u8::try_from(choice)) else { return false };
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let bytes = self.tool_call_bytes;
        let room = MAX_TOOL_CALL_BYTES.saturating_sub(bytes);
        let known = match rule {
            ToolCallRule::Indexed => self
                .indexed(choice, index, &tool_call)
                .filter(|known| !is_another(&tool_call, &known.tool_call)),
            ToolCallRule::Listed if in_stream => self.indexed(choice, index, &tool_call),
            ToolCallRule::Listed => None,
            ToolCallRule::Legacy => {
                self.tool_calls.iter_mut().find(|known| known.choice == choice && known.index == index)
            }
            ToolCallRule::Summary
            | ToolCallRule::Each
            | ToolCallRule::Item
            | ToolCallRule::OfKind(_)
            | ToolCallRule::ToolUse => self
                .tool_calls
                .iter_mut()
                .find(|known| tool_call.id.is_some() && known.tool_call.id == tool_call.id),
        };
        if let Some(known) = known {
            let ToolCall { id, name } = tool_call;
            let mut left = room;
            for (known, told) in [(&mut known.tool_call.id, id), (&mut known.tool_call.name, name)] {
                if let (None, Some(rest)) = (&known, left.checked_sub(length(&told))) {
                    *known = told;
                    left = rest;
                }
            }
            known.ran |= output;
            self.tool_call_bytes = MAX_TOOL_CALL_BYTES.saturating_sub(left);
            return false;
        }
        let more = length(&tool_call.id).saturating_add(length(&tool_call.name));
        if self.tool_calls.len() >= MAX_TOOL_CALLS || more > room {
            self.lose(1);
            return false;
        }
        self.tool_call_bytes = bytes.saturating_add(more);
        let at = self.tool_calls.partition_point(|known| known.choice <= choice);
        self.tool_calls.insert(at, Known { choice, index, tool_call, ran: output });
        !output
    }

    pub(super) fn any_tool_call(&self) -> bool {
        self.tool_calls.iter().any(|known| !known.ran)
    }

    /// There was a choice.
    pub(super) fn any_seen(&self) -> bool {
        self.seen != 0
    }

    /// Every choice that was seen has ended, and there was one.
    pub(super) fn all_finished(&self) -> bool {
        self.seen != 0 && self.seen == self.finished
    }

    pub(super) fn any_finished(&self) -> bool {
        self.finished != 0
    }

    /// What was beyond the bounds.
    pub(super) fn lost(&self) -> u32 {
        self.lost
    }

    /// The reasons in the order of the choices, and the tool calls in the order of the choices, then of
    /// their appearance.
    pub(super) fn into_facts(self) -> (Vec<String>, Vec<ToolCall>) {
        let reasons = self.reasons.into_iter().map(|(_, reason)| reason).collect();
        let tool_calls = self.tool_calls.into_iter().filter(|known| !known.ran);
        (reasons, tool_calls.map(|known| known.tool_call).collect())
    }

    /// The one under this index that `tool_call` is a fragment of: the one of its id, else the last one, unless
    /// both have ids.
    fn indexed(&mut self, choice: u8, index: u32, tool_call: &ToolCall) -> Option<&mut Known> {
        let mut found = None;
        let under_index = |known: &&mut Known| known.choice == choice && known.index == index;
        for known in self.tool_calls.iter_mut().filter(under_index) {
            if tool_call.id.is_some() && known.tool_call.id == tool_call.id {
                return Some(known);
            }
            found = Some(known);
        }
        found.filter(|known| tool_call.id.is_none() || known.tool_call.id.is_none())
    }
}

/// Some servers give their tool calls neither ids nor indexes. A name is told once, so one that comes again
/// where no id tells that it is the same, or that differs, is another's.
fn is_another(told: &ToolCall, known: &ToolCall) -> bool {
    told.name.is_some()
        && known.name.is_some()
        && match (&told.id, &known.id) {
            (None, None) => true,
            (Some(_), Some(_)) => false,
            _ => told.name != known.name,
        }
}

fn bit(choice: u32) -> Option<u64> {
    if choice < MAX_CHOICES { 1_u64.checked_shl(choice) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rule: ToolCallRule, index: u32, id: &str, name: &str) -> Told {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Told { rule, index, tool_call: ToolCall { id: some(id), name: some(name) }, output: false }
    }

    fn facts(choices: Choices) -> (Vec<String>, Vec<String>) {
        let (reasons, calls) = choices.into_facts();
        let show = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        (reasons, calls.into_iter().map(|call| format!("{} {}", show(call.id), show(call.name))).collect())
    }

    #[test]
    fn reasons_stand_in_the_order_of_the_choices_and_the_last_counts() {
        let mut choices = Choices::default();
        choices.see(0);
        choices.finish(1, "length".to_owned());
        assert!(!choices.all_finished());
        choices.finish(0, "stop".to_owned());
        choices.finish(0, "tool_calls".to_owned());
        assert!(choices.all_finished());
        assert_eq!(facts(choices).0, ["tool_calls", "length"]);
    }

    #[test]
    fn calls_stand_in_the_order_of_the_choices_then_of_appearance() {
        let mut choices = Choices::default();
        for (choice, id) in [(1, "a"), (0, "b"), (1, "c")] {
            assert!(choices.tool_call(choice, told(ToolCallRule::Each, 0, id, "f"), true));
        }
        assert_eq!(facts(choices).1, ["b f", "a f", "c f"]);
    }

    #[test]
    fn fragments_of_a_call_are_one_and_another_id_is_another() {
        let mut choices = Choices::default();
        let indexed = |index, id, name| told(ToolCallRule::Indexed, index, id, name);
        assert!(choices.tool_call(0, indexed(0, "a", "f"), true));
        assert!(!choices.tool_call(0, indexed(0, "", "f"), true));
        assert!(!choices.tool_call(0, indexed(0, "a", "f"), true));
        assert!(choices.tool_call(0, indexed(1, "", "g"), true));
        assert!(!choices.tool_call(0, indexed(1, "b", ""), true));
        assert!(choices.tool_call(0, indexed(0, "c", "h"), true));
        assert!(!choices.tool_call(0, indexed(0, "a", "f"), true));
        assert!(choices.tool_call(1, indexed(0, "a", "f"), true));
        assert_eq!(facts(choices).1, ["a f", "b g", "c h", "a f"]);
    }

    #[test]
    fn a_list_in_a_whole_answer_has_as_many_calls_as_elements() {
        let mut choices = Choices::default();
        for _ in 0..2 {
            assert!(choices.tool_call(0, told(ToolCallRule::Listed, 0, "", "f"), false));
        }
        assert_eq!(facts(choices).1, ["- f", "- f"]);
    }

    #[test]
    fn an_item_told_again_is_the_same() {
        let mut choices = Choices::default();
        assert!(choices.tool_call(0, told(ToolCallRule::Item, 0, "call_1", "f"), true));
        assert!(!choices.tool_call(0, told(ToolCallRule::Item, 7, "call_1", "f"), true));
        assert_eq!(facts(choices).1, ["call_1 f"]);
    }

    #[test]
    fn what_is_beyond_the_bounds_is_counted() {
        let mut choices = Choices::default();
        choices.see(MAX_CHOICES);
        for n in 0..200 {
            choices.tool_call(0, told(ToolCallRule::Each, 0, &n.to_string(), "f"), false);
        }
        assert_eq!(choices.lost(), 1 + 72);
        assert_eq!(facts(choices).1.len(), MAX_TOOL_CALLS);
    }

    #[test]
    fn tool_calls_without_ids_are_told_apart_by_their_names() {
        let mut choices = Choices::default();
        for (id, name, new) in [
            ("", "f", true),
            ("", "", false),
            ("", "f", true),
            ("", "g", true),
            ("a", "h", true),
            ("", "h", false),
        ] {
            assert_eq!(
                choices.tool_call(0, told(ToolCallRule::Indexed, 0, id, name), true),
                new,
                "{id} {name}"
            );
        }
        assert_eq!(facts(choices).1, ["- f", "- f", "- g", "a h"]);
    }

    #[test]
    fn what_ran_on_the_server_is_none_in_any_order() {
        for order in [[0, 1, 2, 0, 1], [1, 0, 2, 1, 0]] {
            let mut choices = Choices::default();
            for at in order {
                let (id, name, output) = [("a", "shell", false), ("a", "", true), ("b", "shell", false)][at];
                let told = told(ToolCallRule::Item, 0, id, name);
                choices.tool_call(0, Told { output, ..told }, true);
            }
            assert!(choices.any_tool_call());
            assert_eq!(facts(choices).1, ["b shell"]);
        }
    }

    #[test]
    fn a_choice_that_goes_on_has_not_ended() {
        let mut choices = Choices::default();
        assert!(!choices.all_finished());
        choices.finish(0, "STOP".to_owned());
        choices.go_on(0);
        assert!(choices.any_seen() && !choices.all_finished());
        choices.finish(0, "MAX_TOKENS".to_owned());
        assert!(choices.all_finished());
        assert_eq!(facts(choices).0, ["MAX_TOKENS"]);
    }
}
