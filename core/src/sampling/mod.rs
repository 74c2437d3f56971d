//! Which spans are exported: what the parent says, by rules on what the call turned out to be, else by a ratio.
//!
//! The decision falls when the call is over, so that rules can keep what matters: errors, slow and expensive calls.
//! What goes upstream before that can only tell what is known by then, [`Sampler::head`]. A span that is sampled
//! by a ratio of ours carries its threshold ([`threshold`]), so that a backend knows for how many it stands.

pub mod threshold;

use crate::api::{Pattern, Proxy, ProxyFact};
use crate::call::Call;
use crate::headers::Headers;
use crate::trace_context::{Position, TraceId, TraceState};
use threshold::{Threshold, randomness, with_threshold};

/// What one rule asks for and what it does: it holds where all that it gives fits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// Whether the call failed.
    pub error: Option<bool>,
    /// It took longer, in milliseconds.
    pub slower_than_ms: Option<u32>,
    /// It cost more, in USD.
    pub cost_above: Option<f64>,
    /// It had more input tokens.
    pub input_tokens_above: Option<u64>,
    /// Model that was asked for or that answered, one `*` standing for any text.
    pub model: Option<String>,
    /// Provider, likewise.
    pub provider: Option<String>,
    /// Name of Envoy's route, likewise.
    pub route: Option<String>,
    /// Name of a header that the request has.
    pub header: Option<String>,
    /// The value that it has, of its first that is there.
    pub header_value: Option<String>,
    /// Share of the traces that are exported, by their ids.
    pub ratio: f64,
    /// Whether the rule holds against what the parent says.
    pub override_parent: bool,
}

/// What decides.
#[derive(Clone, Debug)]
pub struct Sampler {
    rules: Vec<(Rule, Threshold)>,
    rest: Threshold,
}

/// Which rules' headers a request has, one bit for each rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u64);

/// What becomes of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is exported.
    pub sampled: bool,
    /// By which threshold; `None` where the parent decided.
    pub threshold: Option<Threshold>,
}

/// Most rules there may be.
pub const MAX_RULES: usize = u64::BITS as usize;

impl Sampler {
    /// By these rules, asked in their order, at most [`MAX_RULES`]; by the ratio where none holds.
    #[must_use]
    pub fn new(ratio: f64, rules: Vec<Rule>) -> Self {
        let with_threshold = |rule: Rule| {
            let threshold = Threshold::of_ratio(rule.ratio);
            (rule, threshold)
        };
        Self {
            rules: rules.into_iter().take(MAX_RULES).map(with_threshold).collect(),
            rest: Threshold::of_ratio(ratio),
        }
    }

    /// What can be said of a trace that begins here before its call is over: what the ratio says.
    #[must_use]
    pub fn head(&self, trace_id: TraceId) -> bool {
        self.rest.samples(randomness(trace_id, &TraceState::NONE))
    }

    /// What can be said of a span before its call is over, for what goes upstream.
    #[must_use]
    pub fn decide_head(&self, position: &Position) -> Decision {
        let threshold = Some(self.rest).filter(|_| !position.is_decided);
        Decision { sampled: position.is_sampled(), threshold }
    }

    /// What the rules will ask of the request's headers, which cannot be seen any more when the call is over.
    #[must_use]
    pub fn marks(&self, headers: &Headers<'_>) -> Marks {
        let mut marks = 0;
        for (index, (rule, _)) in self.rules.iter().enumerate() {
            let value = rule.header.as_deref().and_then(|name| headers.get(name));
            let fits = |value: &[u8]| rule.header_value.as_ref().is_none_or(|text| text.as_bytes() == value);
            if value.is_some_and(fits) {
                marks |= 1_u64.checked_shl(index as u32).unwrap_or(0);
            }
        }
        Marks(marks)
    }

    /// Whether the call is one of those that the rules ask for at all: by the first that holds, else by the rest, where
    /// that is no ratio of 0.
    #[must_use]
    pub fn asks_for(&self, call: &Call, marks: Marks, proxy: &dyn Proxy) -> bool {
        self.first(call, marks, proxy).map_or(self.rest, |(_, threshold)| *threshold)
            != Threshold::of_ratio(0.0)
    }

    /// Decides of the call's span.
    #[must_use]
    pub fn decide(&self, call: &Call, position: &Position, marks: Marks, proxy: &dyn Proxy) -> Decision {
        let rule = self.first(call, marks, proxy);
        if position.is_decided && !rule.is_some_and(|(rule, _)| rule.override_parent) {
            return Decision { sampled: position.is_sampled(), threshold: None };
        }
        let threshold = rule.map_or(self.rest, |(_, threshold)| *threshold);
        let context = &position.context;
        let sampled = threshold.samples(randomness(context.trace_id(), context.trace_state()));
        Decision { sampled, threshold: Some(threshold) }
    }

    /// The first rule that holds.
    fn first(&self, call: &Call, marks: Marks, proxy: &dyn Proxy) -> Option<&(Rule, Threshold)> {
        let rules = self.rules.iter().enumerate();
        let mut fitting = rules.filter(|(index, (rule, _))| {
            let marked = marks.0.checked_shr(*index as u32).is_some_and(|bits| bits & 1 == 1);
            rule.fits(call, marked, proxy)
        });
        fitting.next().map(|(_, rule)| rule)
    }
}

impl Decision {
    /// Writes it into the span's place: its flag, and where it is sampled the threshold.
    pub fn apply(self, position: &mut Position) {
        let Some(threshold) = self.threshold else { return };
        let state = position.context.trace_state();
        let state = if self.sampled { with_threshold(state, threshold) } else { state.clone() };
        position.set_sampled(self.sampled, state);
    }
}

impl Rule {
    fn fits(&self, call: &Call, marked: bool, proxy: &dyn Proxy) -> bool {
        let took = call.timing.end.since(call.timing.start);
        let slower = |millis: u32| took > u64::from(millis).saturating_mul(NANOS_PER_MILLISECOND);
        let dearer = |bound: f64| call.usage.cost.is_some_and(|cost| cost.usd > bound);
        let longer = |bound: u64| call.usage.input_tokens.is_some_and(|tokens| tokens > bound);
        let models = [call.request.model.as_deref(), call.response.model.as_deref()];
        let named = |pattern: &Option<String>, names: &[Option<&str>]| {
            let names = || names.iter().flatten();
            pattern
                .as_deref()
                .map(Pattern::new)
                .is_none_or(|p| names().any(|name| p.matches(name.as_bytes())))
        };
        self.error.is_none_or(|failed| failed == call.error.is_some())
            && self.slower_than_ms.is_none_or(slower)
            && self.cost_above.is_none_or(dearer)
            && self.input_tokens_above.is_none_or(longer)
            && named(&self.model, &models)
            && named(&self.provider, &[Some(call.provider.as_ref())])
            && (self.header.is_none() || marked)
            // What costs a call of the host is asked last.
            && self.route.as_deref().map(Pattern::new).is_none_or(|pattern| {
                proxy.fact(ProxyFact::Route).is_some_and(|name| pattern.matches(&name))
            })
    }
}

const NANOS_PER_MILLISECOND: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;
    use crate::call::ErrorFacts;
    use crate::cost::Cost;
    use crate::signal::testing::bare_call;
    use crate::trace_context::{SpanContext, SpanId, TraceFlags};

    /// A route, and how often it was asked for.
    #[derive(Default)]
    struct Route(Cell<u32>);

    impl Proxy for Route {
        fn fact(&self, fact: ProxyFact) -> Option<Vec<u8>> {
            assert_eq!(fact, ProxyFact::Route);
            self.0.set(self.0.get() + 1);
            Some(b"batch-7".to_vec())
        }
    }

    fn root(trace: [u8; 16]) -> Position {
        Position::root(TraceId::from_bytes(trace), SpanId::from_bytes([1; 8]), true)
    }

    fn child(sampled: bool, state: &[(&str, &str)]) -> Position {
        let flags = TraceFlags::default().with_sampled(sampled);
        let members: Vec<_> = state.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let state = TraceState::parse(&members.join(",")).unwrap();
        let (trace, span) = (TraceId::from_bytes([0x80; 16]), SpanId::from_bytes([2; 8]));
        Position::child_of(SpanContext::new(trace, span, flags, true, state), SpanId::from_bytes([1; 8]))
    }

    fn rule(ratio: f64) -> Rule {
        Rule { ratio, ..Rule::default() }
    }

    fn marks_of(sampler: &Sampler, pairs: &[(&str, &str)]) -> Marks {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        sampler.marks(&Headers::new(&pairs))
    }

    /// Flag and state of a span once it is decided of, in a call of which nothing is known.
    fn decided(sampler: &Sampler, mut position: Position) -> (bool, String) {
        sampler.decide(&bare_call(), &position, Marks::default(), &()).apply(&mut position);
        (position.is_sampled(), position.context.trace_state().header().to_owned())
    }

    #[test]
    fn a_trace_that_begins_here_is_sampled_by_the_ratio_and_says_so() {
        let half = Sampler::new(0.5, Vec::new());
        assert_eq!(decided(&half, root([0x80; 16])), (true, "ot=th:8".to_owned()));
        assert_eq!(decided(&half, root([0x7f; 16])), (false, String::new()));
        assert!(half.head(TraceId::from_bytes([0x80; 16])) && !half.head(TraceId::from_bytes([0x7f; 16])));
        for (mut position, state) in [(root([0x80; 16]), "ot=th:8"), (child(true, &[("a", "1")]), "a=1")] {
            half.decide_head(&position).apply(&mut position);
            assert_eq!((position.is_sampled(), position.context.trace_state().header()), (true, state));
        }
        assert_eq!(decided(&Sampler::new(1.0, Vec::new()), root([1; 16])), (true, "ot=th:0".to_owned()));
        assert_eq!(decided(&Sampler::new(0.0, Vec::new()), root([0xff; 16])), (false, String::new()));
    }

    #[test]
    fn a_parents_word_is_kept_and_so_is_its_state() {
        for ratio in [0.0, 0.5, 1.0] {
            let sampler = Sampler::new(ratio, vec![rule(ratio)]);
            let state = [("vendor", "1"), ("ot", "th:c")];
            assert_eq!(decided(&sampler, child(true, &state)), (true, "vendor=1,ot=th:c".to_owned()));
            assert_eq!(decided(&sampler, child(true, &[])), (true, String::new()));
            assert_eq!(decided(&sampler, child(false, &state)), (false, "vendor=1,ot=th:c".to_owned()));
        }
    }

    #[test]
    fn a_rule_overrides_the_parent_where_it_says_so() {
        let all = Rule { override_parent: true, ..rule(1.0) };
        let none = Rule { override_parent: true, ..rule(0.0) };
        let state = [("vendor", "1"), ("ot", "rv:00000000000001")];
        let told = "ot=th:0;rv:00000000000001,vendor=1".to_owned();
        for sampled in [true, false] {
            let by = |rule: &Rule| decided(&Sampler::new(0.5, vec![rule.clone()]), child(sampled, &state));
            assert_eq!(by(&all), (true, told.clone()));
            assert_eq!(by(&none), (false, "vendor=1,ot=rv:00000000000001".to_owned()));
        }
        // The first rule that holds decides, so what it does not override stays.
        let first = Sampler::new(0.0, vec![rule(0.0), all]);
        assert_eq!(decided(&first, child(false, &[])), (false, String::new()));
        assert_eq!(decided(&first, child(true, &[])), (true, String::new()));
    }

    #[test]
    fn randomness_that_the_state_tells_decides() {
        let override_parent = Rule { override_parent: true, ..rule(0.5) };
        let sampler = Sampler::new(0.0, vec![override_parent]);
        for (rv, sampled) in [("80000000000000", true), ("7fffffffffffff", false)] {
            let ot = format!("rv:{rv}");
            assert_eq!(decided(&sampler, child(false, &[("ot", &ot)])).0, sampled, "{rv}");
        }
    }

    #[test]
    fn each_condition_holds_beyond_its_bound_and_not_at_it() {
        let mut call = bare_call();
        call.provider = Cow::Borrowed("openai");
        call.request.model = Some("gpt-4o".into());
        call.response.model = Some("gpt-4o-2024-08-06".into());
        call.usage.cost = Some(Cost::reported(0.5));
        call.usage.input_tokens = Some(1000);
        let none = Rule::default;
        let text = |text: &str| Some(text.to_owned());
        // The call took two seconds.
        for (rule, fits) in [
            (none(), true),
            (Rule { error: Some(false), ..none() }, true),
            (Rule { error: Some(true), ..none() }, false),
            (Rule { slower_than_ms: Some(1999), ..none() }, true),
            (Rule { slower_than_ms: Some(2000), ..none() }, false),
            (Rule { cost_above: Some(0.49), ..none() }, true),
            (Rule { cost_above: Some(0.5), ..none() }, false),
            (Rule { input_tokens_above: Some(999), ..none() }, true),
            (Rule { input_tokens_above: Some(1000), ..none() }, false),
            (Rule { model: text("gpt-4o"), ..none() }, true),
            (Rule { model: text("*-08-06"), ..none() }, true),
            (Rule { model: text("gpt-4"), ..none() }, false),
            (Rule { provider: text("open*"), ..none() }, true),
            (Rule { provider: text("anthropic"), ..none() }, false),
            (Rule { route: text("batch-*"), ..none() }, true),
            (Rule { route: text("chat"), ..none() }, false),
            (Rule { model: text("gpt-*"), provider: text("openai"), error: Some(true), ..none() }, false),
        ] {
            assert_eq!(rule.fits(&call, false, &Route::default()), fits, "{rule:?}");
        }
        call.error = Some(ErrorFacts { kind: "500".into(), code: None });
        assert!(Rule { error: Some(true), ..none() }.fits(&call, false, &()));
        let bare = bare_call();
        for rule in [
            Rule { cost_above: Some(0.0), ..none() },
            Rule { input_tokens_above: Some(0), ..none() },
            Rule { model: text("*"), ..none() },
            Rule { route: text("*"), ..none() },
        ] {
            assert!(!rule.fits(&bare, false, &()), "what is not known is above nothing: {rule:?}");
        }
    }

    #[test]
    fn the_route_is_asked_for_only_where_all_else_holds() {
        let by = |error| Rule { error: Some(error), route: Some("batch-*".to_owned()), ..rule(1.0) };
        let sampler = Sampler::new(0.0, vec![by(true), by(false)]);
        let route = Route::default();
        assert!(sampler.decide(&bare_call(), &root([1; 16]), Marks::default(), &route).sampled);
        assert_eq!(route.0.get(), 1);
    }

    #[test]
    fn headers_are_looked_at_when_the_request_passes() {
        let with = |value: Option<&str>| Rule {
            header: Some("x-debug".to_owned()),
            header_value: value.map(str::to_owned),
            ..rule(1.0)
        };
        let sampler = Sampler::new(0.0, vec![rule(0.0), with(Some("yes")), with(None)]);
        assert_eq!(marks_of(&sampler, &[]), Marks(0));
        assert_eq!(marks_of(&sampler, &[("x-debug", "yes")]), Marks(0b110));
        assert_eq!(marks_of(&sampler, &[("x-debug", "no")]), Marks(0b100));
        let sampler = Sampler::new(0.0, vec![with(Some("yes"))]);
        let sampled = |pairs: &[(&str, &str)]| {
            sampler.decide(&bare_call(), &root([1; 16]), marks_of(&sampler, pairs), &()).sampled
        };
        assert_eq!((sampled(&[("x-debug", "yes")]), sampled(&[("x-debug", "no")])), (true, false));
    }

    #[test]
    fn there_are_as_many_rules_as_there_are_marks() {
        let mut rules = vec![rule(0.0); MAX_RULES];
        if let Some(last) = rules.last_mut() {
            last.header = Some("a".to_owned());
        }
        assert_eq!(marks_of(&Sampler::new(0.0, rules), &[("a", "")]), Marks(1 << 63));
    }

    proptest! {
        #[test]
        fn who_sees_a_trace_and_samples_alike_decides_alike(ratio in 0.0_f64..=1.0, trace in any::<[u8; 16]>()) {
            let by_ratio = decided(&Sampler::new(ratio, Vec::new()), root(trace));
            let by_rule = decided(&Sampler::new(0.0, vec![rule(ratio)]), root(trace));
            prop_assert_eq!(&by_ratio, &by_rule);
            prop_assert_eq!(by_ratio.0, Sampler::new(ratio, Vec::new()).head(TraceId::from_bytes(trace)));
        }
    }
}
