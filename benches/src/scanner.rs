//! The JSON scanner beside `serde_json` into a typed struct, on the same bytes, for the same facts.

use std::borrow::Cow;
use std::fmt::Write as _;

use inferspan_core::json::{Container, Field, Paths, Position, Progress, Scanner, Value, Visitor, Want};
use serde::Deserialize;

/// One reader on one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// The scanner on a chat request of 200 KB, most of it one prompt.
    ScanPrompt,
    /// `serde_json` on the same.
    ParsePrompt,
    /// The scanner on a chunk event of a chat stream, about 300 bytes.
    ScanEvent,
    /// `serde_json` on the same.
    ParseEvent,
}

impl Workload {
    /// All of them; the index of one is its number in the wasm.
    pub const ALL: [Self; 4] = [Self::ScanPrompt, Self::ParsePrompt, Self::ScanEvent, Self::ParseEvent];

    /// Everything that is made once: the input, the compiled paths.
    #[must_use]
    pub fn prepare(self) -> Prepared {
        let (input, table) = match self {
            Self::ScanPrompt | Self::ParsePrompt => (prompt(), REQUEST),
            Self::ScanEvent | Self::ParseEvent => (event(), RESPONSE),
        };
        let Ok(paths) = Paths::compile(&[table]) else { unreachable!("the tables are correct") };
        Prepared { workload: self, input: input.into_bytes(), paths, scanner: Scanner::new() }
    }
}

/// A workload ready to run.
#[derive(Debug)]
pub struct Prepared {
    workload: Workload,
    input: Vec<u8>,
    paths: Paths<Fact>,
    scanner: Scanner,
}

impl Prepared {
    /// Length of the input, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.input.len()
    }

    /// Reads the input once; the checksum is made of the facts that were found.
    pub fn run(&mut self) -> u64 {
        match self.workload {
            Workload::ScanPrompt | Workload::ScanEvent => self.scan(),
            Workload::ParsePrompt => {
                serde_json::from_slice::<Request<'_>>(&self.input).map_or(0, |it| it.checksum())
            }
            Workload::ParseEvent => {
                serde_json::from_slice::<Chunk<'_>>(&self.input).map_or(0, |it| it.checksum())
            }
        }
    }

    fn scan(&mut self) -> u64 {
        let mut sum = Sum(0);
        self.scanner.reset();
        match self.scanner.push(&self.paths, &self.input, &mut sum) {
            Progress::Done { .. } => sum.0,
            Progress::More | Progress::Failed { .. } => 0,
        }
    }
}

/// What a path of the tables stands for: what is to be done with its value.
#[derive(Clone, Copy, Debug)]
enum Fact {
    /// A whole number.
    Count,
    /// A number with a fraction.
    Fraction,
    /// A name or identifier.
    Name,
    /// A switch.
    Switch,
    /// An array whose elements count.
    List,
    /// A text of which only matters whether it is empty.
    Presence,
}

impl Field for Fact {
    fn want(self) -> Want {
        Want::Value { text: if matches!(self, Self::Name) { 256 } else { 0 } }
    }
}

const REQUEST: &[(&str, Fact)] = &[
    ("model", Fact::Name),
    ("messages", Fact::List),
    ("messages[].role", Fact::Name),
    ("temperature", Fact::Fraction),
    ("top_p", Fact::Fraction),
    ("max_tokens", Fact::Count),
    ("max_completion_tokens", Fact::Count),
    ("n", Fact::Count),
    ("seed", Fact::Count),
    ("stream", Fact::Switch),
    ("stream_options.include_usage", Fact::Switch),
    ("stop", Fact::Name),
    ("stop[]", Fact::Name),
    ("frequency_penalty", Fact::Fraction),
    ("presence_penalty", Fact::Fraction),
    ("reasoning_effort", Fact::Name),
    ("service_tier", Fact::Name),
    ("response_format.type", Fact::Name),
    ("tools", Fact::List),
    ("tools[].function.name", Fact::Name),
];

const RESPONSE: &[(&str, Fact)] = &[
    ("id", Fact::Name),
    ("object", Fact::Name),
    ("model", Fact::Name),
    ("created", Fact::Count),
    ("service_tier", Fact::Name),
    ("system_fingerprint", Fact::Name),
    ("choices", Fact::List),
    ("choices[].index", Fact::Count),
    ("choices[].finish_reason", Fact::Name),
    ("choices[].delta.role", Fact::Name),
    ("choices[].delta.content", Fact::Presence),
    ("choices[].delta.refusal", Fact::Presence),
    ("choices[].delta.reasoning_content", Fact::Presence),
    ("choices[].delta.tool_calls[].id", Fact::Name),
    ("choices[].delta.tool_calls[].function.name", Fact::Name),
    ("choices[].delta.tool_calls[].function.arguments", Fact::Presence),
    ("usage.prompt_tokens", Fact::Count),
    ("usage.completion_tokens", Fact::Count),
    ("usage.total_tokens", Fact::Count),
    ("usage.prompt_tokens_details.cached_tokens", Fact::Count),
    ("usage.completion_tokens_details.reasoning_tokens", Fact::Count),
    ("error.code", Fact::Name),
    ("error.type", Fact::Name),
];

/// The checksum: the same for the same facts, in any order.
struct Sum(u64);

impl Sum {
    fn add(&mut self, value: u64) {
        self.0 = self.0.wrapping_add(value);
    }

    fn name(&mut self, name: &[u8]) {
        self.add(name.len() as u64);
    }

    fn fraction(&mut self, fraction: f64) {
        self.add(fraction.to_bits());
    }
}

impl Visitor<Fact> for Sum {
    fn visit(&mut self, fact: Fact, _: &Position<'_>, value: Value<'_>) {
        match (fact, value) {
            (Fact::Count, Value::Number(number)) => self.add(number.as_u64().unwrap_or(0)),
            (Fact::Fraction, Value::Number(number)) => self.fraction(number.as_f64().unwrap_or(0.0)),
            (Fact::Name, Value::Text(text)) => self.name(text.bytes),
            (Fact::Switch, Value::Bool(on)) => self.add(u64::from(on)),
            (Fact::List, Value::End(Container::Array, members)) => self.add(u64::from(members)),
            (Fact::Presence, Value::Text(text)) => self.add(u64::from(!text.whole)),
            _ => {}
        }
    }
}

/// The facts of [`REQUEST`]. Names are borrowed, and what is not wanted is not kept: as fast as `serde_json`
/// can be asked.
#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    messages: Vec<Message<'a>>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    n: Option<u64>,
    seed: Option<u64>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    #[serde(borrow)]
    stop: Option<Stop<'a>>,
    frequency_penalty: Option<f64>,
    presence_penalty: Option<f64>,
    #[serde(borrow)]
    reasoning_effort: Option<Cow<'a, str>>,
    #[serde(borrow)]
    service_tier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(borrow, default)]
    tools: Vec<Tool<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stop<'a> {
    One(#[serde(borrow)] Cow<'a, str>),
    Many(#[serde(borrow)] Vec<Cow<'a, str>>),
}

#[derive(Deserialize)]
struct ResponseFormat<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<Cow<'a, str>>,
}

impl Request<'_> {
    fn checksum(&self) -> u64 {
        let mut sum = Sum(0);
        for fraction in [self.temperature, self.top_p, self.frequency_penalty, self.presence_penalty] {
            fraction.into_iter().for_each(|fraction| sum.fraction(fraction));
        }
        for count in [self.max_tokens, self.max_completion_tokens, self.n, self.seed] {
            sum.add(count.unwrap_or(0));
        }
        let include_usage = self.stream_options.as_ref().and_then(|options| options.include_usage);
        for switch in [self.stream, include_usage] {
            sum.add(u64::from(switch.unwrap_or(false)));
        }
        sum.add(self.messages.len() as u64);
        sum.add(self.tools.len() as u64);
        let stops = match &self.stop {
            Some(Stop::One(stop)) => std::slice::from_ref(stop),
            Some(Stop::Many(stops)) => stops,
            None => &[],
        };
        let format = self.response_format.as_ref().and_then(|format| format.kind.as_ref());
        let tools = self.tools.iter().flat_map(|tool| &tool.function).flat_map(|function| &function.name);
        let names = [&self.model, &self.reasoning_effort, &self.service_tier].into_iter().flatten();
        let roles = self.messages.iter().flat_map(|message| &message.role);
        for name in names.chain(roles).chain(stops).chain(format).chain(tools) {
            sum.name(name.as_bytes());
        }
        sum.0
    }
}

/// The facts of [`RESPONSE`].
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    object: Option<Cow<'a, str>>,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    created: Option<u64>,
    #[serde(borrow)]
    service_tier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    system_fingerprint: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    choices: Vec<Choice<'a>>,
    usage: Option<Usage>,
    #[serde(borrow)]
    error: Option<ErrorBody<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    role: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    refusal: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tool_calls: Vec<ToolCall<'a>>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
}

impl Chunk<'_> {
    fn checksum(&self) -> u64 {
        let mut sum = Sum(0);
        let error = self.error.as_ref();
        let mut names =
            vec![&self.id, &self.object, &self.model, &self.service_tier, &self.system_fingerprint];
        names.extend(error.map(|error| &error.code));
        names.extend(error.map(|error| &error.kind));
        sum.add(self.created.unwrap_or(0));
        sum.add(self.choices.len() as u64);
        for choice in &self.choices {
            sum.add(choice.index.unwrap_or(0));
            names.push(&choice.finish_reason);
            let Some(delta) = &choice.delta else { continue };
            names.push(&delta.role);
            for text in [&delta.content, &delta.refusal, &delta.reasoning_content] {
                sum.add(u64::from(text.as_ref().is_some_and(|text| !text.is_empty())));
            }
            for call in &delta.tool_calls {
                names.push(&call.id);
                let Some(function) = &call.function else { continue };
                names.push(&function.name);
                sum.add(u64::from(function.arguments.as_ref().is_some_and(|text| !text.is_empty())));
            }
        }
        for name in names.into_iter().flatten() {
            sum.name(name.as_bytes());
        }
        if let Some(usage) = &self.usage {
            let cached = usage.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens);
            let reasoning =
                usage.completion_tokens_details.as_ref().and_then(|details| details.reasoning_tokens);
            for count in [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, cached, reasoning]
            {
                sum.add(count.unwrap_or(0));
            }
        }
        sum.0
    }
}

/// A request that asks about a long document: 200 KB of prose and code, with the escapes such a text has.
fn prompt() -> String {
    let mut text = String::from("Summarise the following minutes.\\n\\n");
    let mut line = 0_u32;
    while text.len() < 200_000 {
        line = line.wrapping_add(1);
        let end = if line.is_multiple_of(4) { "\\n\\n" } else { " " };
        let _ = write!(
            text,
            "Item {line}: the committee heard the treasurer, who said that \\\"the accounts for quarter {} are \
             in order\\\", and asked that the report be sent to all members before the next meeting.{end}",
            line % 4
        );
    }
    format!(
        concat!(
            r#"{{"model":"gpt-4o-mini","temperature":0.2,"max_completion_tokens":800,"stream":true,"#,
            r#""stream_options":{{"include_usage":true}},"messages":[{{"role":"system","content":"You are brief."}},"#,
            r#"{{"role":"user","content":"{}"}}],"tools":[{{"type":"function","function":{{"name":"send_mail","#,
            r#""description":"Sends a mail.","parameters":{{"type":"object","properties":{{"to":{{"type":"string"}},"#,
            r#""body":{{"type":"string"}}}},"required":["to","body"]}}}}}}]}}"#
        ),
        text
    )
}

/// A chunk of a chat completion.
fn event() -> String {
    concat!(
        r#"{"id":"chatcmpl-B7Zl3kq0aVt9mXcQyJ2rWf5uN8sDh","object":"chat.completion.chunk","created":1741305000,"#,
        r#""model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_06737a9306","#,
        r#""choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}],"#,
        r#""obfuscation":"pQ7xTz4"}"#
    )
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readers_find_the_same() {
        for (scan, parse) in
            [(Workload::ScanPrompt, Workload::ParsePrompt), (Workload::ScanEvent, Workload::ParseEvent)]
        {
            let found = scan.prepare().run();
            assert_ne!(found, 0, "{scan:?}");
            assert_eq!(found, parse.prepare().run(), "{scan:?}");
        }
    }

    #[test]
    fn the_inputs_are_as_large_as_said() {
        assert!((200_000..202_000).contains(&prompt().len()));
        assert!((280..340).contains(&event().len()), "{}", event().len());
    }
}
