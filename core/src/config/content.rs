//! `content`: what is captured of what is said, and what is replaced in it.

use super::problems::Problems;
use super::sampling::{check_header, header_name, pattern};
use super::table::{Rule as Must, section, within};
use crate::content::{Secret, Settings};
use crate::sampling::MAX_RULES;

section! {
    /// What is captured of what is said. Nothing, unless it is asked for.
    pub struct ContentCapture {
        /// What is captured: instructions, what is asked, what is answered, the tools that are offered, what tools are
        /// called with and give.
        capture: Vec<Captured> = Vec::new();
        /// Where it is told: on spans, in log events, or both.
        on: Vec<ToldOn> = vec![ToldOn::Spans];
        /// Bytes that an exchange holds of it at most, and that are told of a request and of an answer.
        max_bytes: u32 = 16 << 10 => within(1 << 10, 256 << 10, "bytes");
        /// Only of calls whose span is sampled.
        sampled_only: bool = false;
        /// Only of calls for which one of these holds. At most 64.
        rules: Vec<ContentRule> = Vec::new();
        /// What is replaced in it.
        redact: Redact = Redact::default();
    }
    checked by check_content
}

section! {
    /// A rule: it holds where all that it gives fits.
    pub struct ContentRule {
        /// Whether the call failed, as `error.type` says.
        error: Option<bool> = None;
        /// Model that was asked for or that answered, one `*` standing for any text.
        model: Option<String> = None => Must::Text(pattern);
        /// `gen_ai.provider.name`, likewise.
        provider: Option<String> = None => Must::Text(pattern);
        /// Name of Envoy's route, likewise.
        route: Option<String> = None => Must::Text(pattern);
        /// Name of a header that the request has.
        header: Option<String> = None => Must::Text(header_name);
        /// The value that it has.
        header_value: Option<String> = None;
    }
    checked by check_rule
}

section! {
    /// What is replaced in captured content before it leaves.
    pub struct Redact {
        /// Kinds that are known by their shape.
        kinds: Vec<Secret> = Secret::ALL.to_vec();
        /// Regular expressions of what else is replaced. At most 32.
        patterns: Vec<String> = Vec::new();
        /// Names of members whose values are replaced in what tools are called with and give, whatever their case.
        fields: Vec<String> = Vec::new();
    }
    checked by check_redact
}

/// What can be captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Captured {
    /// Instructions, apart from the messages or among them.
    SystemInstructions,
    /// What is asked.
    InputMessages,
    /// What is answered.
    OutputMessages,
    /// The tools that are offered.
    ToolDefinitions,
    /// What tools are called with, and what they give.
    ToolCalls,
}

/// Where content can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldOn {
    /// On the call's span.
    Spans,
    /// In the log event `gen_ai.client.inference.operation.details`.
    Logs,
}

fn check_content(content: &ContentCapture, problems: &mut Problems) {
    if cfg!(not(feature = "content")) && !content.capture.is_empty() {
        problems.add_at("capture", "asks for content, and this build captures none; take the full one");
    }
    if content.on.is_empty() && !content.capture.is_empty() {
        problems.add_at("on", "is empty, so that what is captured is told nowhere; give spans, logs or both");
    }
    if content.rules.len() > MAX_RULES {
        problems.add_at("rules", format!("has {} rules; give {MAX_RULES} at most", content.rules.len()));
    }
}

fn check_rule(rule: &ContentRule, problems: &mut Problems) {
    check_header(rule.header.as_ref(), rule.header_value.as_ref(), problems);
}

fn check_redact(redact: &Redact, problems: &mut Problems) {
    if redact.patterns.len() > MAX_PATTERNS {
        problems.add_at(
            "patterns",
            format!("has {} patterns; give {MAX_PATTERNS} at most", redact.patterns.len()),
        );
    }
    #[cfg(feature = "content")]
    {
        let mark = problems.enter("patterns");
        for (index, source) in redact.patterns.iter().enumerate() {
            if let Err(error) = crate::content::Pattern::new(source) {
                let mark = problems.enter_item(index);
                problems.add(format!("is {source:?}: {error}"));
                problems.leave(mark);
            }
        }
        problems.leave(mark);
    }
}

impl ContentCapture {
    /// What is captured, and `lengths`; `None` where nothing is.
    #[cfg(feature = "content")]
    pub(super) fn settings(&self, lengths: bool) -> Option<Settings> {
        use crate::content::{Pattern, Redactor};
        use crate::sampling::{Rule, Sampler};

        if self.capture.is_empty() {
            return lengths.then(Settings::lengths_alone);
        }
        let has = |what| self.capture.contains(&what);
        let rule = |rule: &ContentRule| Rule {
            error: rule.error,
            model: rule.model.clone(),
            provider: rule.provider.clone(),
            route: rule.route.clone(),
            header: rule.header.clone(),
            header_value: rule.header_value.clone(),
            ratio: 1.0,
            ..Rule::default()
        };
        let rest = if self.rules.is_empty() { 1.0 } else { 0.0 };
        let patterns = self.redact.patterns.iter().filter_map(|source| Pattern::new(source).ok()).collect();
        Some(Settings {
            system_instructions: has(Captured::SystemInstructions),
            input_messages: has(Captured::InputMessages),
            output_messages: has(Captured::OutputMessages),
            tool_definitions: has(Captured::ToolDefinitions),
            tool_calls: has(Captured::ToolCalls),
            bytes: self.max_bytes as usize,
            spans: self.on.contains(&ToldOn::Spans),
            logs: self.on.contains(&ToldOn::Logs),
            sampled_only: self.sampled_only,
            calls: Sampler::new(rest, self.rules.iter().map(rule).collect()),
            redactor: Redactor::new(self.redact.kinds.clone(), patterns, self.redact.fields.clone()),
            lengths,
        })
    }

    #[cfg(not(feature = "content"))]
    pub(super) fn settings(&self, _: bool) -> Option<Settings> {
        None
    }
}

const MAX_PATTERNS: usize = 32;

#[cfg(test)]
mod tests {
    use super::super::Config;

    fn problem(content: &str) -> String {
        Config::parse(format!(r#"{{"content":{content}}}"#).as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn nothing_is_captured_unless_it_is_asked_for() {
        assert!(Config::default().content().is_none());
        let config = Config::parse(br#"{"content":{"redact":{"fields":["password"]}}}"#).unwrap();
        assert!(config.content().is_none());
    }

    #[test]
    fn reads_every_key() {
        let text = r#"{"content":{"capture":["input_messages","tool_calls"],"on":["logs"],"max_bytes":2048,
            "sampled_only":true,"rules":[{"error":true,"model":"gpt-*"},{"header":"x-debug","header_value":"1"}],
            "redact":{"kinds":["email"],"patterns":["EMP-[0-9]{6}"],"fields":["password"]}}}"#;
        let content = Config::parse(text.as_bytes()).unwrap().content().unwrap();
        assert_eq!(
            [content.system_instructions, content.input_messages, content.output_messages],
            [false, true, false]
        );
        assert_eq!([content.tool_definitions, content.tool_calls], [false, true]);
        assert_eq!((content.spans, content.logs, content.sampled_only), (false, true, true));
        assert_eq!(content.bytes, 2048);
        assert_eq!(
            content.redactor.apply("a@b.de EMP-123456 4111111111111111").unwrap(),
            ("[REDACTED:email] [REDACTED:pattern] 4111111111111111".to_owned(), 2)
        );
    }

    #[test]
    fn tells_what_would_be_right() {
        for (content, expected) in [
            (
                r#"{"capture":["prompts"]}"#,
                "content.capture[0]: is \"prompts\"; give one of system_instructions,",
            ),
            (r#"{"max_bytes":10}"#, "content.max_bytes: is 10; give 1024 to 262144 (bytes)"),
            (r#"{"capture":["tool_calls"],"on":[]}"#, "content.on: is empty, so that"),
            (
                r#"{"redact":{"patterns":["a","(b"]}}"#,
                r#"content.redact.patterns[1]: is "(b": a parenthesis is not"#,
            ),
            (
                r#"{"rules":[{"header_value":"1"}]}"#,
                "content.rules[0].header_value: goes with a header; give its name",
            ),
            (
                r#"{"redact":{"kinds":["passport"]}}"#,
                "content.redact.kinds[0]: is \"passport\"; give one of email,",
            ),
        ] {
            let problem = problem(content);
            assert!(problem.starts_with(expected), "{problem}");
        }
    }
}
