//! What every choice of an answer ended with, and what it asks its client to run.

use crate::api::CallRule;
use crate::call::ToolCall;

/// Choices beyond these are passed over.
const MAX_CHOICES: u32 = 64;
/// Tool calls beyond these are passed over.
const MAX_CALLS: usize = 128;

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
    calls: Vec<Call>,
    /// Choices and calls beyond the bounds.
    lost: u32,
}

#[derive(Debug)]
struct Call {
    choice: u8,
    index: u32,
    call: ToolCall,
}

/// A tool call as one message tells it.
#[derive(Debug)]
pub(super) struct Told {
    /// When it is one that was told before.
    pub(super) rule: CallRule,
    /// Its index in its choice.
    pub(super) index: u32,
    /// Its id and name, of which there is at least one.
    pub(super) call: ToolCall,
}

impl Choices {
    /// The choice exists.
    pub(super) fn see(&mut self, choice: u32) {
        match bit(choice) {
            Some(bit) => self.seen |= bit,
            None => self.lost = self.lost.saturating_add(1),
        }
    }

    /// The choice ended for this reason; the last one counts.
    pub(super) fn finish(&mut self, choice: u32, reason: String) {
        let (Some(bit), Ok(choice)) = (bit(choice), u8::try_from(choice)) else { return };
        self.seen |= bit;
        self.finished |= bit;
        match self.reasons.iter_mut().find(|(known, _)| *known == choice) {
            Some((_, known)) => *known = reason,
            None => {
                let at = self.reasons.partition_point(|(known, _)| *known < choice);
                self.reasons.insert(at, (choice, reason));
            }
        }
    }

    /// Adds a tool call; `false` where it is one of those known.
    pub(super) fn call(&mut self, choice: u32, told: Told, in_stream: bool) -> bool {
        let Told { rule, index, call } = told;
        // A choice beyond the bound was counted as such.
        let (Some(_), Ok(choice)) = (bit(choice), u8::try_from(choice)) else { return false };
        let known = match rule {
            CallRule::Indexed => self.indexed(choice, index, &call),
            CallRule::Listed if in_stream => self.indexed(choice, index, &call),
            CallRule::Listed => None,
            CallRule::Legacy => {
                self.calls.iter_mut().find(|known| known.choice == choice && known.index == index)
            }
            CallRule::Summary | CallRule::Each | CallRule::Item | CallRule::OfKind(_) | CallRule::ToolUse => {
                self.calls.iter_mut().find(|known| call.id.is_some() && known.call.id == call.id)
            }
        };
        if let Some(known) = known {
            let ToolCall { id, name } = call;
            known.call.id = known.call.id.take().or(id);
            known.call.name = known.call.name.take().or(name);
            return false;
        }
        if self.calls.len() >= MAX_CALLS {
            self.lost = self.lost.saturating_add(1);
            return false;
        }
        let at = self.calls.partition_point(|known| known.choice <= choice);
        self.calls.insert(at, Call { choice, index, call });
        true
    }

    pub(super) fn any_call(&self) -> bool {
        !self.calls.is_empty()
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

    /// The reasons in the order of the choices, and the calls in the order of the choices, then of their
    /// appearance.
    pub(super) fn into_facts(self) -> (Vec<String>, Vec<ToolCall>) {
        let reasons = self.reasons.into_iter().map(|(_, reason)| reason).collect();
        (reasons, self.calls.into_iter().map(|call| call.call).collect())
    }

    /// The call under this index that `call` is a fragment of: the one of its id, else the last one, unless
    /// both have ids.
    fn indexed(&mut self, choice: u8, index: u32, call: &ToolCall) -> Option<&mut Call> {
        let mut found = None;
        for known in self.calls.iter_mut().filter(|known| known.choice == choice && known.index == index) {
            if call.id.is_some() && known.call.id == call.id {
                return Some(known);
            }
            found = Some(known);
        }
        found.filter(|known| call.id.is_none() || known.call.id.is_none())
    }
}

fn bit(choice: u32) -> Option<u64> {
    if choice < MAX_CHOICES { 1_u64.checked_shl(choice) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rule: CallRule, index: u32, id: &str, name: &str) -> Told {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Told { rule, index, call: ToolCall { id: some(id), name: some(name) } }
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
            assert!(choices.call(choice, told(CallRule::Each, 0, id, "f"), true));
        }
        assert_eq!(facts(choices).1, ["b f", "a f", "c f"]);
    }

    #[test]
    fn fragments_of_a_call_are_one_and_another_id_is_another() {
        let mut choices = Choices::default();
        let indexed = |index, id, name| told(CallRule::Indexed, index, id, name);
        assert!(choices.call(0, indexed(0, "a", "f"), true));
        assert!(!choices.call(0, indexed(0, "", "f"), true));
        assert!(!choices.call(0, indexed(0, "a", "f"), true));
        assert!(choices.call(0, indexed(1, "", "g"), true));
        assert!(!choices.call(0, indexed(1, "b", ""), true));
        assert!(choices.call(0, indexed(0, "c", "h"), true));
        assert!(!choices.call(0, indexed(0, "a", "f"), true));
        assert!(choices.call(1, indexed(0, "a", "f"), true));
        assert_eq!(facts(choices).1, ["a f", "b g", "c h", "a f"]);
    }

    #[test]
    fn a_list_in_a_whole_answer_has_as_many_calls_as_elements() {
        let mut choices = Choices::default();
        for _ in 0..2 {
            assert!(choices.call(0, told(CallRule::Listed, 0, "", "f"), false));
        }
        assert_eq!(facts(choices).1, ["- f", "- f"]);
    }

    #[test]
    fn an_item_told_again_is_the_same() {
        let mut choices = Choices::default();
        assert!(choices.call(0, told(CallRule::Item, 0, "call_1", "f"), true));
        assert!(!choices.call(0, told(CallRule::Item, 7, "call_1", "f"), true));
        assert_eq!(facts(choices).1, ["call_1 f"]);
    }

    #[test]
    fn what_is_beyond_the_bounds_is_counted() {
        let mut choices = Choices::default();
        choices.see(MAX_CHOICES);
        for n in 0..200 {
            choices.call(0, told(CallRule::Each, 0, &n.to_string(), "f"), false);
        }
        assert_eq!(choices.lost(), 1 + 72);
        assert_eq!(facts(choices).1.len(), MAX_CALLS);
    }
}
