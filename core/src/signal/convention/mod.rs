//! Vocabularies: the names by which a call is told, and which of them were asked for.
//!
//! Each is one file that reads like its table. Several may be told at once, on one span: the first one that was
//! asked for gives the span its name and kind, and says what the keys mean that it shares with another. No key
//! is told twice.

mod common;
pub mod gen_ai;
pub mod llm;
mod openinference;
pub mod own;

use super::log::{LogEvent, LogKind, LogRow};
use super::metric::PointSink;
use super::span::Kind;
use super::{AttributeSink, Event};
use crate::call::Call;
use gen_ai::{Version, Versions};

/// A vocabulary that can be asked for. Attributes of ours (`inferspan.*`) go along with each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vocabulary {
    /// The OpenTelemetry GenAI conventions.
    #[default]
    GenAi,
    /// That of Arize Phoenix.
    OpenInference,
    /// Names that were made by hand.
    Llm,
}

/// The vocabularies that were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Conventions {
    /// Gives the span its name and kind.
    first: Vocabulary,
    /// None of them where that vocabulary is not asked for.
    gen_ai: Versions,
    openinference: bool,
    /// With what an operator says of it, where it is asked for.
    llm: Option<llm::Settings>,
    /// Tells the keys that two of them share.
    shared: Vocabulary,
    /// The log events that were asked for.
    logs: Vec<LogKind>,
}

impl Default for Conventions {
    fn default() -> Self {
        Self::new(&[Vocabulary::default()], &[Version::default()], llm::Settings::default())
            .with_logs(vec![LogKind::Exceptions])
    }
}

impl Conventions {
    /// Those vocabularies; the first is the one that comes first.
    #[must_use]
    pub fn new(vocabularies: &[Vocabulary], versions: &[Version], llm: llm::Settings) -> Self {
        let shares = |vocabulary: &&Vocabulary| **vocabulary != Vocabulary::GenAi;
        let asks = |vocabulary| vocabularies.contains(&vocabulary);
        Self {
            first: vocabularies.first().copied().unwrap_or_default(),
            gen_ai: if asks(Vocabulary::GenAi) { Versions::of(versions) } else { Versions::NONE },
            openinference: asks(Vocabulary::OpenInference),
            llm: asks(Vocabulary::Llm).then_some(llm),
            shared: vocabularies.iter().find(shares).copied().unwrap_or_default(),
            logs: Vec::new(),
        }
    }

    /// With those log events.
    #[must_use]
    pub fn with_logs(self, logs: Vec<LogKind>) -> Self {
        Self { logs, ..self }
    }

    /// Where the newest of the GenAI conventions that are told says which names it uses; empty where none are.
    #[must_use]
    pub fn schema_url(&self) -> &'static str {
        self.gen_ai.newest().map(Version::schema_url).unwrap_or_default()
    }

    /// As [`super::Span::is_wide`].
    pub(super) fn is_wide(&self) -> bool {
        self.openinference || self.llm.is_some() && self.gen_ai != Versions::NONE
    }

    /// Name of the call's span, in parts that are to be joined.
    pub(super) fn name<'c>(&self, call: &'c Call) -> [&'c str; 3] {
        match self.first {
            Vocabulary::GenAi => gen_ai::name(call),
            Vocabulary::OpenInference => [openinference::name(call), "", ""],
            Vocabulary::Llm => llm::name(call),
        }
    }

    /// Kind of the call's span.
    pub(super) fn kind(&self) -> Kind {
        match self.first {
            Vocabulary::GenAi | Vocabulary::Llm => Kind::Client,
            Vocabulary::OpenInference => Kind::Internal,
        }
    }

    /// All attributes of the call's span; `in_part` as in [`super::Span::in_part`].
    pub(super) fn attributes(&self, call: &Call, in_part: bool, sink: &mut dyn AttributeSink) {
        if self.gen_ai != Versions::NONE {
            gen_ai::attributes(call, self.gen_ai, sink);
        }
        if self.openinference {
            openinference::attributes(call, self.shared == Vocabulary::OpenInference, sink);
        }
        if let Some(settings) = &self.llm {
            llm::attributes(call, settings, self.shared == Vocabulary::Llm, sink);
        }
        common::attributes(call, sink);
        own::attributes(call, in_part, sink);
        if call.content.is_some() {
            self.content(call, false, sink);
        }
    }

    /// What was said, where it is told there.
    #[inline(never)]
    fn content(&self, call: &Call, in_log: bool, sink: &mut dyn AttributeSink) {
        let Some(content) = call.content.as_deref().filter(|content| content.is_told(in_log)) else { return };
        if self.gen_ai != Versions::NONE {
            content.attributes().for_each(|(key, json)| sink.content(key, json));
        }
        if self.openinference && !in_log {
            content.openinference(&mut |key, value| sink.content(key, value));
        }
        own::content(content, sink);
    }

    /// Bytes that [`Self::content`] takes.
    pub(super) fn content_room(&self, call: &Call, in_log: bool) -> usize {
        if call.content.is_none() {
            return 0;
        }
        let mut room = Room(0);
        self.content(call, in_log, &mut room);
        room.0
    }

    /// What the call adds to metrics.
    pub fn points(&self, call: &Call, sink: &mut dyn PointSink) {
        if self.gen_ai != Versions::NONE {
            gen_ai::metrics::points(call, self.gen_ai, sink);
        }
        if let Some(settings) = &self.llm {
            llm::metrics::points(call, settings, sink);
        }
        own::metrics::points(call, sink);
    }

    /// The call's log events.
    pub fn logs<'c>(&'c self, call: &'c Call, see: &mut dyn FnMut(&LogEvent<'c>)) {
        let content = call.content.as_ref().is_some_and(|content| content.is_told(true));
        if self.logs.is_empty() && !content {
            return;
        }
        let gen_ai: &[LogRow] = if self.gen_ai == Versions::NONE { &[] } else { gen_ai::LOGS };
        let wanted = |kind| self.logs.contains(&kind) || (content && kind == LogKind::InferenceDetails);
        let rows = gen_ai.iter().chain(own::LOGS).filter(|row| wanted(row.kind));
        rows.filter_map(|row| LogEvent::new(row, call, self)).for_each(|event| see(&event));
    }

    /// What was asked of whom, for what is told apart from the span.
    fn identity(&self, call: &Call, sink: &mut dyn AttributeSink) {
        if self.gen_ai != Versions::NONE {
            gen_ai::identity(call, self.gen_ai, sink);
        }
        common::server(call, sink);
    }

    /// All events of the call's span.
    pub(super) fn events<'c>(&self, call: &'c Call, see: &mut dyn FnMut(&Event<'c>)) {
        let openinference = if self.openinference { openinference::EVENTS } else { &[] };
        let llm = if self.llm.is_some() { llm::EVENTS } else { &[] };
        let rows = own::EVENTS.iter().chain(openinference).chain(llm);
        rows.filter_map(|row| Event::new(row, call)).for_each(|event| see(&event));
    }
}

/// Counts what attributes take.
struct Room(usize);

impl AttributeSink for Room {
    fn text(&mut self, key: &str, value: &str) {
        let more = key.len().saturating_add(value.len()).saturating_add(ATTRIBUTE);
        self.0 = self.0.saturating_add(more);
    }
    fn int(&mut self, key: &str, _: i64) {
        self.text(key, "");
    }
    fn double(&mut self, key: &str, _: f64) {
        self.text(key, "");
    }
    fn flag(&mut self, key: &str, _: bool) {
        self.text(key, "");
    }
    fn texts(&mut self, key: &str, values: &mut dyn Iterator<Item = &str>) {
        values.for_each(|value| self.text(key, value));
    }
}

/// What an attribute takes beside its key and its value, at most.
const ATTRIBUTE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{ErrorFacts, Server};
    use crate::cost::Cost;
    use crate::signal::Span;
    use crate::signal::testing::{Lines, bare_call};
    use crate::trace_context::{Position, SpanId, TraceId};

    /// Name, kind and attributes of a chat's span.
    fn told(vocabularies: &[Vocabulary]) -> (String, Kind, Vec<String>) {
        let mut call = bare_call();
        call.usage.input_tokens = Some(100);
        let conventions = Conventions::new(vocabularies, &[Version::default()], llm::Settings::default());
        let position = Position::root(TraceId::from(1_u128), SpanId::from(1_u64), true);
        let span = Span::new(&call, &position, &conventions);
        let mut lines = Lines::default();
        span.attributes(&mut lines);
        (span.name().concat(), span.kind(), lines.0)
    }

    #[test]
    fn the_first_vocabulary_names_the_span() {
        use Vocabulary::{GenAi, Llm, OpenInference};
        for (vocabularies, name, kind) in [
            (&[GenAi][..], "chat", Kind::Client),
            (&[GenAi, OpenInference], "chat", Kind::Client),
            (&[OpenInference], "ChatCompletion", Kind::Internal),
            (&[OpenInference, GenAi], "ChatCompletion", Kind::Internal),
            (&[Llm, OpenInference], "llm.openai.generate", Kind::Client),
        ] {
            let span = told(vocabularies);
            assert_eq!((span.0.as_str(), span.1), (name, kind), "{vocabularies:?}");
        }
    }

    #[test]
    fn what_is_not_asked_for_is_not_told() {
        let has = |vocabularies: &[Vocabulary], key: &str| {
            told(vocabularies).2.iter().any(|line| line.starts_with(key))
        };
        let keys = [
            "gen_ai.usage.input_tokens=",
            "llm.token_count.prompt=",
            "llm.tokens.input=",
            "inferspan.outcome=",
        ];
        let told_by = |vocabularies: &[Vocabulary]| keys.map(|key| has(vocabularies, key));
        assert_eq!(told_by(&[Vocabulary::GenAi]), [true, false, false, true]);
        assert_eq!(told_by(&[Vocabulary::OpenInference]), [false, true, false, true]);
        assert_eq!(told_by(&[Vocabulary::Llm]), [false, false, true, true]);
        assert_eq!(told_by(&[Vocabulary::GenAi, Vocabulary::OpenInference]), [true, true, false, true]);
    }

    /// The log events of those kinds, each as its name, severity, milliseconds after the call's start, and attributes.
    fn logs(
        call: &Call,
        vocabulary: Vocabulary,
        kinds: &[LogKind],
    ) -> Vec<(&'static str, u64, u64, Vec<String>)> {
        let conventions = Conventions::new(&[vocabulary], &[Version::default()], llm::Settings::default());
        let conventions = conventions.with_logs(kinds.to_vec());
        let mut told = Vec::new();
        conventions.logs(call, &mut |event| {
            let mut lines = Lines::default();
            event.attributes(&mut lines);
            let after = event.time().since(call.timing.start) / 1_000_000;
            told.push((event.name(), event.severity().number(), after, lines.0));
        });
        told
    }

    #[test]
    fn a_failed_call_is_logged() {
        let mut call = bare_call();
        call.server = Server { address: "api.openai.com".into(), port: Some(443) };
        let logged = |call: &Call| logs(call, Vocabulary::GenAi, &[LogKind::Exceptions]);
        assert_eq!(logged(&call), []);
        call.error = Some(ErrorFacts { kind: "429".into(), code: Some("slow_down".into()) });
        let told = [
            r#"exception.type="429""#,
            r#"exception.message="slow_down""#,
            r#"gen_ai.operation.name="chat""#,
            r#"gen_ai.provider.name="openai""#,
            r#"server.address="api.openai.com""#,
            "server.port=443",
        ];
        let told = told.map(str::to_owned).to_vec();
        assert_eq!(logged(&call), [("gen_ai.client.operation.exception", 13, 2000, told)]);
        assert_eq!(logs(&call, Vocabulary::Llm, &[LogKind::Exceptions]), [], "the name is of gen_ai");
        assert_eq!(logs(&call, Vocabulary::GenAi, &[]), [], "nobody asked for it");
    }

    #[test]
    fn a_call_above_the_threshold_is_logged() {
        let mut call = bare_call();
        call.usage.cost = Some(Cost::reported(0.5));
        let logged = |call: &Call| logs(call, Vocabulary::GenAi, &[LogKind::CostThreshold]);
        assert_eq!(logged(&call), []);
        call.usage.cost = Some(Cost { exceeded_usd: Some(0.25), ..Cost::reported(0.5) });
        let told = [
            "inferspan.usage.cost=0.5",
            r#"inferspan.cost.source="provider""#,
            "inferspan.cost.threshold=0.25",
            r#"gen_ai.operation.name="chat""#,
            r#"gen_ai.provider.name="openai""#,
        ];
        let told = told.map(str::to_owned).to_vec();
        assert_eq!(logged(&call), [("inferspan.cost.threshold_exceeded", 13, 2000, told)]);
        let told = logs(&call, Vocabulary::OpenInference, &[LogKind::CostThreshold]);
        assert_eq!(told[0].3.len(), 3, "in no other's names");
    }

    #[test]
    fn details_are_those_of_the_span() {
        let mut call = bare_call();
        call.request.model = Some("gpt-4o".into());
        call.response.status = Some(200);
        let told = [
            r#"gen_ai.operation.name="chat""#,
            r#"gen_ai.provider.name="openai""#,
            r#"gen_ai.request.model="gpt-4o""#,
            r#"openai.api.type="chat_completions""#,
            "http.response.status_code=200",
        ];
        let told = told.map(str::to_owned).to_vec();
        assert_eq!(
            logs(&call, Vocabulary::GenAi, &[LogKind::InferenceDetails, LogKind::Exceptions]),
            [("gen_ai.client.inference.operation.details", 0, 2000, told)]
        );
    }

    #[test]
    fn what_two_vocabularies_share_is_told_by_the_first() {
        use Vocabulary::{GenAi, Llm, OpenInference};
        for (vocabularies, provider) in [
            (&[GenAi, OpenInference, Llm][..], r#"llm.provider="google""#),
            (&[Llm, GenAi, OpenInference], r#"llm.provider="Google Gemini""#),
        ] {
            let mut call = bare_call();
            call.provider = "gcp.gemini".into();
            let conventions = Conventions::new(vocabularies, &[Version::default()], llm::Settings::default());
            let mut lines = Lines::default();
            conventions.attributes(&call, false, &mut lines);
            let told: Vec<_> = lines.0.iter().filter(|line| line.starts_with("llm.provider=")).collect();
            assert_eq!(told, [provider]);
        }
    }
}
