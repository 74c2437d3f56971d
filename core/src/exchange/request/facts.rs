//! What the wanted paths of a request add up to.
//!
//! The result does not depend on the order of the body's members: where several tell one fact, the lower rank
//! wins (among equals the later, as a JSON parser takes the last of two members of one name), and what an
//! operation leaves out is left out at the end.

use crate::api::{Input, Number, OutputHint, RequestField, Shape, Signs, Text};
use crate::attributes::Found;
use crate::call::{Operation, Request};
use crate::json::{self, Container, Field, Position, Value, Visitor, Want};

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Facts {
    numbers: [Option<Numeric>; Number::LEN],
    texts: [Ranked<String>; Text::LEN],
    stream: Option<bool>,
    /// A stream's usage was asked for.
    pub(super) stream_usage: bool,
    stop: Ranked<Vec<String>>,
    inputs: [Counted; Input::LEN],
    tool_count: Option<u64>,
    tool_names: Vec<String>,
    encoding_formats: Vec<String>,
    output: OutputHints,
    embedding_hint: bool,
    image_hint: bool,
    /// What was seen of the format beside the facts.
    signs: Signs,
    /// What an operator wants as attributes.
    own: Vec<Found>,
    /// Texts that were cut or left out at a bound.
    pub(super) truncated: u32,
}

/// A number both ways: `seed` may be too large for a float to tell.
#[derive(Clone, Copy, Debug)]
struct Numeric {
    float: f64,
    /// 0 where it is none.
    whole: i64,
    is_whole: bool,
    rank: u8,
}

/// How much input of one kind there is.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    /// Something stood there, even if it was empty.
    seen: bool,
    count: u64,
    /// The list in progress has token numbers.
    tokens: bool,
    /// It is a text or a list, and not empty.
    given: bool,
}

/// What was seen of the output's type.
#[derive(Clone, Copy, Debug, Default)]
struct OutputHints {
    format: Option<&'static str>,
    image: bool,
    audio: bool,
}

/// The value of the lowest rank.
#[derive(Debug)]
struct Ranked<T>(Option<(u8, T)>);

impl Facts {
    pub(super) fn guardrail_header(&mut self, value: &[u8]) {
        self.header(Text::GuardrailId, value);
    }

    pub(super) fn service_tier_header(&mut self, value: &[u8]) {
        self.header(Text::ServiceTier, value);
    }

    pub(super) fn session_header(&mut self, value: &[u8]) {
        if !self.has(Text::SessionId) {
            self.header(Text::SessionId, value);
        }
    }

    /// What a header tells counts where the body says nothing, and is kept as far as that would be.
    fn header(&mut self, text: Text, value: &[u8]) {
        let Want::Value { text: bound } = RequestField::Text(text, u8::MAX).want() else { return };
        let kept = value.get(..usize::from(bound)).unwrap_or(value);
        self.text(text, u8::MAX, kept, kept.len() == value.len());
    }

    /// A field of a form, whose numbers and truth values are texts.
    pub(super) fn form_field(&mut self, field: RequestField, value: &[u8], whole: bool) {
        let text = std::str::from_utf8(value).unwrap_or_default().trim();
        match field {
            RequestField::Number(number, rank) => {
                if let Some(float) = text.parse().ok().filter(|float: &f64| float.is_finite()) {
                    self.number(number, Numeric::new(rank, float, text.parse().ok()));
                }
            }
            RequestField::Stream => self.stream = text.parse().ok(),
            field => self.take(field, Value::Text(json::Text { bytes: value, whole })),
        }
    }

    /// A part of a form is a file.
    pub(super) fn file(&mut self) {
        self.signs = self.signs.and(Signs::FILE);
    }

    /// What was seen of the format.
    pub(super) fn signs(&self) -> Signs {
        let parameter = [Number::MaxTokens, Number::Temperature, Number::TopP, Number::TopK];
        let parameter = parameter
            .into_iter()
            .any(|number| self.numbers.get(number as usize).is_some_and(Option::is_some));
        let seen = [
            (self.has(Text::Model), Signs::MODEL),
            (self.has(Text::PromptName) || self.has(Text::PreviousResponseId), Signs::REFERENCE),
            (self.embedding_hint || self.image_hint, Signs::HINT),
            (parameter || self.stream.is_some(), Signs::PARAMETER),
        ];
        let given =
            Input::ALL.iter().zip(&self.inputs).map(|(input, seen)| (seen.given, Signs::input(*input)));
        seen.into_iter()
            .chain(given)
            .filter(|(seen, _)| *seen)
            .fold(self.signs, |signs, (_, sign)| signs.and(sign))
    }

    /// What a body asks for whose path serves several operations (Bedrock's invoke, Workers AI's run): the
    /// members that only one operation has decide, else the model's name.
    pub(super) fn operation(&self, model: &str) -> Option<Operation> {
        let named = |parts: &[&str]| parts.iter().any(|part| model.contains(part));
        let chat = [Input::Messages, Input::Message, Input::History];
        if chat.into_iter().any(|input| self.saw(input)) || self.signs.have(Signs::TURNS) {
            Some(Operation::Chat)
        } else if self.embedding_hint || named(EMBEDDING_MODELS) {
            Some(Operation::Embeddings)
        } else if named(&["rerank"]) {
            Some(Operation::Rerank)
        } else if self.image_hint || named(IMAGE_MODELS) {
            Some(Operation::ImageGeneration)
        } else if named(&["whisper"]) {
            Some(Operation::Transcription)
        } else if self.saw(Input::Prompt) {
            Some(Operation::TextCompletion)
        } else if self.saw(Input::Inputs) {
            Some(Operation::Embeddings)
        } else {
            None
        }
    }

    /// Takes what an operator wants as attributes.
    pub(super) fn take_own(&mut self) -> Vec<Found> {
        std::mem::take(&mut self.own)
    }

    /// The facts as they hold for this operation.
    pub(super) fn into_request(mut self, operation: Operation) -> Request {
        use Operation::{
            Chat, GenerateContent, ImageGeneration, Rerank, TextCompletion, Transcription, Translation,
        };
        if !matches!(operation, Chat | TextCompletion | GenerateContent) {
            let keep_choices = operation == ImageGeneration;
            for (index, number) in self.numbers.iter_mut().enumerate() {
                let keep = match index {
                    _ if index == Number::ChoiceCount as usize => keep_choices,
                    _ => index == Number::ThinkingBudget as usize || index == Number::Dimensions as usize,
                };
                if !keep {
                    *number = None;
                }
            }
            self.stop.0 = None;
        }
        let message_count = match operation {
            Rerank | Transcription | Translation => None,
            _ => self.message_count(),
        };
        let float = |number: Number| Some((*self.numbers.get(number as usize)?)?.float);
        let whole = |number: Number| (*self.numbers.get(number as usize)?)?.whole();
        let count = |number: Number| whole(number).and_then(|whole| u64::try_from(whole).ok());
        let mut texts = self.texts;
        let mut text = |text: Text| texts.get_mut(text as usize)?.0.take().map(|(_, text)| text);
        Request {
            model: text(Text::Model),
            stream: self.stream,
            temperature: float(Number::Temperature),
            top_p: float(Number::TopP),
            top_k: float(Number::TopK),
            max_tokens: whole(Number::MaxTokens),
            seed: whole(Number::Seed),
            presence_penalty: float(Number::PresencePenalty),
            frequency_penalty: float(Number::FrequencyPenalty),
            stop_sequences: self.stop.0.map(|(_, stop)| stop).unwrap_or_default(),
            choice_count: count(Number::ChoiceCount),
            message_count,
            tool_count: self.tool_count,
            tool_names: self.tool_names,
            reasoning_level: text(Text::ReasoningLevel),
            context_window: None,
            thinking_budget: whole(Number::ThinkingBudget),
            output_type: self.output.name(operation),
            service_tier: text(Text::ServiceTier),
            dimensions: count(Number::Dimensions),
            encoding_formats: self.encoding_formats,
            conversation_id: text(Text::ConversationId),
            previous_response_id: text(Text::PreviousResponseId),
            prompt_name: text(Text::PromptName),
            prompt_version: text(Text::PromptVersion),
            session_id: text(Text::SessionId),
            guardrail_id: text(Text::GuardrailId),
            body_bytes: 0,
        }
    }

    /// Of the first kind of input that is there; an empty list counts as absent.
    fn message_count(&self) -> Option<u64> {
        let count = |input: Input| self.inputs.get(input as usize).map_or(0, |input| input.count);
        let chat_history = count(Input::History).saturating_add(count(Input::Message));
        [
            count(Input::Messages),
            chat_history,
            count(Input::Contents),
            count(Input::Inputs),
            count(Input::Texts),
            count(Input::Prompt),
            count(Input::Requests),
            count(Input::Content),
        ]
        .into_iter()
        .find(|count| *count > 0)
    }

    fn has(&self, text: Text) -> bool {
        self.texts.get(text as usize).is_some_and(|known| known.0.is_some())
    }

    fn saw(&self, input: Input) -> bool {
        self.inputs.get(input as usize).is_some_and(|input| input.seen)
    }

    fn take(&mut self, field: RequestField, value: Value<'_>) {
        match (field, value) {
            (RequestField::Number(number, rank), Value::Number(value)) => {
                if let Some(float) = value.as_f64() {
                    self.number(number, Numeric::new(rank, float, value.as_i64()));
                }
            }
            (RequestField::Text(text, rank), Value::Text(value)) => {
                self.text(text, rank, value.bytes, value.whole)
            }
            (RequestField::Stream, Value::Bool(stream)) => self.stream = Some(stream),
            (RequestField::StreamUsage, Value::Bool(asked)) => self.stream_usage = asked,
            (RequestField::Stop(rank), Value::Text(value)) => self.stop(rank, value),
            (RequestField::Input(input), value) => self.input(input, value),
            (RequestField::InputItem(input), Value::Number(_)) => {
                if let Some(counted) = self.inputs.get_mut(input as usize) {
                    counted.tokens = true;
                }
            }
            (RequestField::Tools, Value::End(Container::Array, count)) if count > 0 => {
                self.tool_count = Some(u64::from(count));
            }
            (RequestField::ToolName, Value::Text(name)) => {
                self.truncated =
                    self.truncated.saturating_add(keep_in(&mut self.tool_names, TOOL_NAMES, name));
            }
            (RequestField::EncodingFormat, Value::Text(name)) => {
                let formats = &mut self.encoding_formats;
                self.truncated = self.truncated.saturating_add(keep_in(formats, ENCODING_FORMATS, name));
            }
            (RequestField::Output(hint), value) => self.output.take(hint, value),
            (RequestField::EmbeddingHint, value) => self.embedding_hint |= value != Value::Null,
            (RequestField::ImageHint, value) => self.image_hint |= value != Value::Null,
            (RequestField::Turn(shape), value) if has_shape(value, shape) => {
                self.signs = self.signs.and(Signs::TURNS);
            }
            (RequestField::Own(shape), value) if has_shape(value, shape) => {
                self.signs = self.signs.and(Signs::OWN);
            }
            (RequestField::Attribute(place), value) => self.attribute(place, value),
            _ => {}
        }
    }

    fn number(&mut self, number: Number, value: Numeric) {
        if let Some(known) = self.numbers.get_mut(number as usize)
            && known.is_none_or(|known| value.rank <= known.rank)
        {
            *known = Some(value);
        }
    }

    fn text(&mut self, text: Text, rank: u8, bytes: &[u8], whole: bool) {
        if bytes.is_empty() {
            return;
        }
        if !whole {
            self.truncated = self.truncated.saturating_add(1);
        }
        if let Some(known) = self.texts.get_mut(text as usize) {
            known.offer(rank, || json::Text { bytes, whole }.to_string_lossy().into_owned());
        }
    }

    /// An element of the list at a rank, or the one text there.
    fn stop(&mut self, rank: u8, text: json::Text<'_>) {
        let known = self.stop.0.as_ref().map(|(rank, _)| *rank);
        if known.is_some_and(|known| known < rank) || (text.bytes.is_empty() && text.whole) {
            return;
        }
        if known != Some(rank) {
            self.stop.0 = Some((rank, Vec::new()));
        }
        if let Some((_, stops)) = &mut self.stop.0 {
            self.truncated = self.truncated.saturating_add(keep_in(stops, STOPS, text));
        }
    }

    /// Of two members of one name the last counts, as a JSON parser has it.
    fn attribute(&mut self, place: u8, value: Value<'_>) {
        let text = match value {
            Value::Text(text) if !is_empty(text) => {
                self.truncated = self.truncated.saturating_add(u32::from(!text.whole));
                text.to_string_lossy().into_owned()
            }
            Value::Number(number) => number.as_str().to_owned(),
            Value::Bool(true) => "true".to_owned(),
            Value::Bool(false) => "false".to_owned(),
            _ => return,
        };
        self.own.retain(|(known, _)| *known != place);
        self.own.push((place, text));
    }

    fn input(&mut self, input: Input, value: Value<'_>) {
        let Some(counted) = self.inputs.get_mut(input as usize) else { return };
        counted.seen |= value != Value::Null;
        match value {
            Value::Text(text) => {
                counted.count = 1;
                counted.given |= !is_empty(text);
            }
            Value::Begin(_) => counted.tokens = false,
            Value::End(Container::Array, length) if length > 0 => {
                counted.count = if counted.tokens { 1 } else { u64::from(length) };
                counted.given = true;
            }
            Value::End(Container::Object, length) if length > 0 => counted.count = 1,
            _ => {}
        }
    }
}

impl Visitor<RequestField> for Facts {
    fn visit(&mut self, field: RequestField, _: &Position<'_>, value: Value<'_>) {
        self.take(field, value);
    }
}

impl OutputHints {
    fn take(&mut self, hint: OutputHint, value: Value<'_>) {
        match (hint, value) {
            (OutputHint::Modality, Value::Text(text)) => {
                self.image |= text.bytes.eq_ignore_ascii_case(b"image");
                self.audio |= text.bytes.eq_ignore_ascii_case(b"audio");
            }
            (OutputHint::Format | OutputHint::Schema, Value::Text(text)) => {
                self.format = match text.bytes {
                    b"text" | b"text/plain" => Some("text"),
                    // SGLang takes a schema as a text.
                    [b'{', ..] => Some("json"),
                    bytes if memchr::memmem::find(bytes, b"json").is_some() => Some("json"),
                    _ => self.format,
                };
            }
            (OutputHint::Schema, Value::End(_, members)) if members > 0 => self.format = Some("json"),
            _ => {}
        }
    }

    fn name(self, operation: Operation) -> Option<&'static str> {
        match operation {
            Operation::ImageGeneration => Some("image"),
            Operation::Speech => Some("speech"),
            _ if self.image => Some("image"),
            _ if self.audio => Some("speech"),
            _ => self.format,
        }
    }
}

impl Numeric {
    fn new(rank: u8, float: f64, whole: Option<i64>) -> Self {
        Self { float, whole: whole.unwrap_or_default(), is_whole: whole.is_some(), rank }
    }

    fn whole(self) -> Option<i64> {
        self.is_whole.then_some(self.whole)
    }
}

impl<T> Ranked<T> {
    fn offer(&mut self, rank: u8, value: impl FnOnce() -> T) {
        if self.0.as_ref().is_none_or(|(known, _)| rank <= *known) {
            self.0 = Some((rank, value()));
        }
    }
}

impl<T> Default for Ranked<T> {
    fn default() -> Self {
        Self(None)
    }
}

fn has_shape(value: Value<'_>, shape: Shape) -> bool {
    match (shape, value) {
        (Shape::Text, Value::Text(text)) => !is_empty(text),
        (Shape::List, Value::End(Container::Array, length)) => length > 0,
        (Shape::Object, Value::Begin(Container::Object)) => true,
        _ => false,
    }
}

fn is_empty(text: json::Text<'_>) -> bool {
    text.whole && text.bytes.is_empty()
}

/// Keeps a text in a bounded list; gives how many texts were cut or left out by that.
fn keep_in(list: &mut Vec<String>, most: Most, text: json::Text<'_>) -> u32 {
    let full = list.len() >= most.texts
        || list.iter().map(String::len).sum::<usize>().saturating_add(text.bytes.len()) > most.bytes;
    if full {
        return 1;
    }
    list.push(text.to_string_lossy().into_owned());
    u32::from(!text.whole)
}

/// Parts of the names of models that embed, where the path serves all kinds.
const EMBEDDING_MODELS: &[&str] = &["embed", "/bge-"];
/// Parts of the names of models that make pictures.
const IMAGE_MODELS: &[&str] =
    &["stability.", "titan-image", "nova-canvas", "stable-diffusion", "/flux-", "dreamshaper", "leonardo"];

/// How long a list of texts may grow.
#[derive(Clone, Copy)]
struct Most {
    texts: usize,
    bytes: usize,
}

// With the texts that stand alone, some 4 KiB in all.
const STOPS: Most = Most { texts: 16, bytes: 512 };
const TOOL_NAMES: Most = Most { texts: 64, bytes: 1536 };
const ENCODING_FORMATS: Most = Most { texts: 8, bytes: 128 };
