//! Messages → JSON of the semantic conventions, redacted and bounded.
//!
//! Invariants: what comes out is JSON, whatever its bound; no text goes out that was not redacted; a text whose end is
//! missing ends so that no secret's beginning is shown, and says so.

use super::part;
use super::redact::{self, Redactor};
use super::store::{Kind, Message, Part};
use super::tape::{self, Node, Recorder, WHOLE};

/// JSON in the making.
#[derive(Debug)]
pub(super) struct Json<'r> {
    pub(super) out: String,
    /// `out` and the brackets that are open are no longer.
    limit: usize,
    open: usize,
    redactor: Option<&'r Redactor>,
    /// Members of some names are not shown.
    fields: bool,
    /// Values that were cut or left out.
    pub(super) cut: u32,
    /// What was redacted.
    pub(super) redacted: u32,
}

/// What ends a text whose end is missing.
pub(super) const MARK: &str = "…[truncated]";

impl<'r> Json<'r> {
    pub(super) fn new(limit: usize, redactor: Option<&'r Redactor>) -> Self {
        Self { out: String::new(), limit, open: 0, redactor, fields: false, cut: 0, redacted: 0 }
    }

    /// Begins an object or array under this key, or an element where that is empty.
    pub(super) fn begin(&mut self, key: &str, bracket: char) -> bool {
        if !self.key(key, 2) {
            return false;
        }
        self.open = self.open.saturating_add(1);
        self.out.push(bracket);
        true
    }

    pub(super) fn end(&mut self, bracket: char) {
        self.open = self.open.saturating_sub(1);
        self.out.push(bracket);
    }

    /// A text that is ours.
    pub(super) fn word(&mut self, key: &str, word: &str) {
        if self.key(key, word.len().saturating_add(2)) {
            self.out.push('"');
            self.out.push_str(word);
            self.out.push('"');
        }
    }

    /// A text that somebody sent; `cut`: its end is missing.
    pub(super) fn text(&mut self, key: &str, text: &str, cut: bool) {
        let (text, cut) = match text.strip_suffix(MARK) {
            Some(text) => (text, true),
            None if cut => (redact::without_tail(text), true),
            None => (text, false),
        };
        let text = match self.redactor {
            Some(redactor) if cut => redactor.without_guard(text),
            _ => text,
        };
        let redacted = self.redactor.and_then(|redactor| redactor.apply(text));
        let (text, count) = match &redacted {
            Some((text, count)) => (text.as_str(), *count),
            None => (text, 0),
        };
        if !self.key(key, MARK.len().saturating_add(2)) {
            return;
        }
        self.redacted = self.redacted.saturating_add(count);
        self.out.push('"');
        let whole = self.escaped(text, cut);
        if cut || !whole {
            self.out.push_str(MARK);
        }
        if !whole {
            self.cut = self.cut.saturating_add(1);
        }
        self.out.push('"');
    }

    /// A value as it is; `key` empty for an element.
    pub(super) fn value(&mut self, key: &str, node: Node<'_>) {
        if !key.is_empty() && self.fields && self.redactor.is_some_and(|redactor| redactor.hides(key)) {
            self.word(key, "[REDACTED:field]");
            self.redacted = self.redacted.saturating_add(1);
            return;
        }
        match node.kind() {
            tape::Kind::Object | tape::Kind::Array => {
                let array = node.is_array();
                if self.begin(key, if array { '[' } else { '{' }) {
                    for (key, node) in node.each() {
                        if !array && key.is_empty() {
                            continue;
                        }
                        self.value(key, node);
                    }
                    self.end(if array { ']' } else { '}' });
                }
            }
            tape::Kind::Text { text, cut } => self.text(key, text, cut),
            tape::Kind::Number(number) => {
                if self.redactor.is_some_and(|redactor| redactor.apply(number).is_some()) {
                    self.text(key, number, false);
                } else {
                    self.raw(key, number);
                }
            }
            tape::Kind::Bool(true) => self.raw(key, "true"),
            tape::Kind::Bool(false) => self.raw(key, "false"),
            tape::Kind::Media { mime, size, hash } => {
                let told = format!("[{mime} {size} bytes xxh64:{hash:016x}]");
                self.text(key, &told, false);
            }
            tape::Kind::Null | tape::Kind::None => self.raw(key, "null"),
        }
    }

    /// A value that is JSON already.
    fn raw(&mut self, key: &str, json: &str) {
        if self.key(key, json.len()) {
            self.out.push_str(json);
        }
    }

    /// Writes what stands before a value, where there is room for it and so many bytes.
    fn key(&mut self, key: &str, value: usize) -> bool {
        let hidden = self.redactor.and_then(|redactor| redactor.apply(key));
        let (key, count) = match &hidden {
            Some((key, count)) => (key.as_str(), *count),
            None => (key, 0),
        };
        // A byte takes six where it must be escaped.
        let length = if key.is_empty() { 1 } else { key.len().saturating_mul(6).saturating_add(4) };
        if self.room() < length.saturating_add(value) {
            self.cut = self.cut.saturating_add(1);
            return false;
        }
        self.redacted = self.redacted.saturating_add(count);
        if !self.out.is_empty() && !self.out.ends_with(['{', '[', ':']) {
            self.out.push(',');
        }
        if !key.is_empty() {
            self.out.push('"');
            self.escaped(key, false);
            self.out.push_str("\":");
        }
        true
    }

    fn room(&self) -> usize {
        self.limit.saturating_sub(self.out.len()).saturating_sub(self.open)
    }

    /// Writes as much of a text as there is room for; whether that was all.
    fn escaped(&mut self, text: &str, cut: bool) -> bool {
        let mark = MARK.len().saturating_add(1);
        let whole_room = self.room().saturating_sub(if cut { mark } else { 1 });
        let escape = |c: char| match c {
            '"' => Some("\\\""),
            '\\' => Some("\\\\"),
            '\n' => Some("\\n"),
            '\r' => Some("\\r"),
            '\t' => Some("\\t"),
            _ => None,
        };
        let length = |c: char| match escape(c) {
            Some(escaped) => escaped.len(),
            None if c < ' ' => 6,
            None => c.len_utf8(),
        };
        let needed = text.chars().fold(0_usize, |sum, c| sum.saturating_add(length(c)));
        let mut room = if needed <= whole_room { needed } else { self.room().saturating_sub(mark) };
        for c in text.chars() {
            let Some(left) = room.checked_sub(length(c)) else { return false };
            room = left;
            match escape(c) {
                Some(escaped) => self.out.push_str(escaped),
                None if c < ' ' => {
                    let hex = |digit: u32| char::from_digit(digit, 16).unwrap_or('0');
                    let code = u32::from(c);
                    self.out.push_str("\\u00");
                    self.out.push(hex(code >> 4));
                    self.out.push(hex(code & 15));
                }
                None => self.out.push(c),
            }
        }
        true
    }
}

/// What is shown of messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// Arguments of tool calls, and results.
    pub(super) tool_calls: bool,
}

impl Json<'_> {
    /// A message in the convention's form.
    pub(super) fn message(&mut self, message: &Message, finish: Option<&str>, shown: Shown) {
        if !self.begin("", '{') {
            return;
        }
        let role = match (message.role.as_str(), finish) {
            ("", Some(_)) => "assistant",
            ("", None) => "user",
            (role, _) => role,
        };
        self.text("role", role, false);
        if let Some(finish) = finish {
            self.text("finish_reason", finish_reason(finish), false);
        }
        if self.begin("parts", '[') {
            for part in &message.parts {
                self.part(part, shown);
            }
            self.end(']');
        }
        self.end('}');
    }

    /// A piece of a message in the convention's form.
    pub(super) fn part(&mut self, part: &Part, shown: Shown) {
        let (name, body) = match part.kind {
            Kind::Media | Kind::Other => {
                with_tape(&part.body.joined(), |node| self.value("", node));
                return;
            }
            Kind::Text => ("text", "content"),
            Kind::Reasoning => ("reasoning", "content"),
            Kind::Refusal => ("refusal", "content"),
            Kind::Transcript => ("audio_transcript", "content"),
            Kind::ToolCall => ("tool_call", "arguments"),
            Kind::ToolResponse => ("tool_call_response", "response"),
            Kind::ServerCall => ("server_tool_call", "server_tool_call"),
            Kind::ServerResponse => ("server_tool_call_response", "server_tool_call_response"),
        };
        if !self.begin("", '{') {
            return;
        }
        self.word("type", name);
        let tool = matches!(
            part.kind,
            Kind::ToolCall | Kind::ToolResponse | Kind::ServerCall | Kind::ServerResponse
        );
        if tool {
            if !part.id.is_empty() {
                self.text("id", &part.id, false);
            }
            let named = part.kind != Kind::ServerResponse && !part.name.is_empty();
            if named || matches!(part.kind, Kind::ToolCall | Kind::ServerCall) {
                self.text("name", &part.name, false);
            }
            self.tool(part, body, shown);
        } else {
            self.text(body, &part.body.joined(), part.cut);
        }
        self.end('}');
    }

    /// What a tool is called with, or gives.
    fn tool(&mut self, part: &Part, key: &str, shown: Shown) {
        let body = part.body.joined();
        let server = matches!(part.kind, Kind::ServerCall | Kind::ServerResponse);
        let inner = match part.kind {
            Kind::ServerCall => "arguments",
            Kind::ServerResponse => "content",
            _ => key,
        };
        if server && !self.begin(key, '{') {
            return;
        }
        if server {
            self.text("type", &part.name, false);
        }
        if !shown.tool_calls {
            if part.kind == Kind::ToolResponse {
                self.word(key, "");
            }
        } else if matches!(body.trim_ascii_start().as_bytes().first(), Some(b'{' | b'[')) {
            self.fields = true;
            with_tape(&body, |node| self.value(inner, node));
            self.fields = false;
        } else if !body.is_empty() || part.cut || part.kind == Kind::ToolResponse {
            self.text(inner, &body, part.cut);
        }
        if server {
            self.end('}');
        }
    }
}

/// Reads JSON that is held as text, whole or cut, to write it again.
pub(super) fn with_tape(json: &str, see: impl FnOnce(Node<'_>)) {
    let mut recorder = Recorder::new(WHOLE, json.len().saturating_mul(2).saturating_add(256));
    recorder.push(json.as_bytes());
    see(recorder.finish().0.get(""));
}

/// A value as JSON, to be held until it is redacted and written. What is cut ends as a cut text does.
pub(super) fn plain(node: Node<'_>) -> String {
    let mut json = Json::new(usize::MAX, None);
    json.value("", node);
    json.out
}

/// Media in the convention's form: what they are, and where they lie; never what they hold.
pub(super) fn media(node: Node<'_>, word: &str) -> String {
    let held = find_media(node);
    let (told, uri, file) = (node.word(part::MIME), node.word(part::URI), node.word(part::FILE));
    let mime = match held.kind() {
        tape::Kind::Media { mime, .. } if !mime.is_empty() => mime,
        _ => told,
    };
    let mut json = Json::new(4096, None);
    json.begin("", '{');
    // A URL that holds what it names is no address.
    let address = !uri.is_empty() && !uri.starts_with("data:");
    let kind = if held.is_some() || (!address && file.is_empty()) {
        "blob"
    } else if file.is_empty() {
        "uri"
    } else {
        "file"
    };
    json.word("type", kind);
    json.word("modality", part::modality(word, mime));
    if !mime.is_empty() {
        json.text("mime_type", mime, false);
    }
    match kind {
        // What follows a question mark may be a signature.
        "uri" => json.text("uri", uri.split(['?', '#']).next().unwrap_or_default(), false),
        "file" => json.text("file_id", file, false),
        _ => {
            json.word("content", "");
            if let tape::Kind::Media { size, hash, .. } = held.kind() {
                json.raw("size", &size.to_string());
                json.word("hash", &format!("xxh64:{hash:016x}"));
            }
        }
    }
    json.end('}');
    json.out
}

/// The first media at or below a node.
fn find_media(node: Node<'_>) -> Node<'_> {
    match node.kind() {
        tape::Kind::Media { .. } => node,
        tape::Kind::Object | tape::Kind::Array => {
            node.each().map(|(_, node)| find_media(node)).find(|node| node.is_some()).unwrap_or_default()
        }
        _ => Node::default(),
    }
}

/// The convention's word for why an answer ended, where it has one.
fn finish_reason(reason: &str) -> &str {
    const WORDS: &[(&str, &str)] = &[
        ("tool_calls", "tool_call"),
        ("tool_use", "tool_call"),
        ("function_call", "tool_call"),
        ("TOOL_CALL", "tool_call"),
        ("eos_token", "stop"),
        ("eos", "stop"),
        ("endoftext", "stop"),
        ("FINISH", "stop"),
        ("normal", "stop"),
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("STOP", "stop"),
        ("COMPLETE", "stop"),
        ("STOP_SEQUENCE", "stop"),
        ("max_tokens", "length"),
        ("MAX_TOKENS", "length"),
        ("maximum_tokens", "length"),
        ("limit", "length"),
        ("model_length", "length"),
        ("SAFETY", "content_filter"),
        ("content_filtered", "content_filter"),
    ];
    WORDS.iter().find(|(word, _)| *word == reason).map_or(reason, |(_, word)| word)
}
