//! Messages as they are put together: out of a request's list, an answer, or the deltas of a stream.
//!
//! In: [`Node`]s. Out: [`Message`]s, whatever the format. Invariants: what is held is charged to `room` before it is
//! allocated; what does not fit is left out and counted; deltas are joined as the providers' SDKs join them: by choice,
//! and in it by the index of a tool call, block or item.

use super::part;
use super::tape::{self, Node};
use super::write;

/// Messages, within their room.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) messages: Vec<Message>,
    /// Bytes that may still be held.
    pub(super) room: usize,
    /// Values that were cut or left out.
    pub(super) cut: u32,
    /// What comes goes on with what was there.
    pub(super) stream: bool,
    /// Something of what comes is missing.
    pub(super) event_cut: bool,
    /// Whether deltas tell anew what was told before them, where that may be.
    pub(super) growth: Growth,
    /// What it began with.
    size: usize,
}

/// What a stream's deltas tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// What is new.
    New,
    /// It will show with the second delta.
    Unknown,
    /// All there is by then.
    All,
}

/// One message, or one choice of an answer.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// Which choice it is; in a request its place.
    pub(super) index: u32,
    pub(super) role: String,
    pub(super) parts: Vec<Part>,
}

/// A piece of a message.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) kind: Kind,
    /// By which deltas name it; [`ALONE`] where none do.
    key: u32,
    pub(super) id: String,
    pub(super) name: String,
    /// A text, or JSON as text.
    pub(super) body: Chunks,
    /// The end of `body` is missing.
    pub(super) cut: bool,
    /// `body` is the empty object that a call begins with.
    hollow: bool,
}

/// What a piece of a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Reasoning,
    Refusal,
    /// What was spoken.
    Transcript,
    ToolCall,
    ToolResponse,
    /// A tool that the provider runs itself.
    ServerCall,
    ServerResponse,
    /// `body` is the piece as it is told.
    Media,
    /// Anything else that has a type.
    Other,
}

/// A piece that no delta names.
const ALONE: u32 = u32::MAX;
/// Keys of the pieces that a message has one of.
const TEXT: u32 = 1;
const REASONING: u32 = 2;
const REFUSAL: u32 = 3;
const TRANSCRIPT: u32 = 4;
const PLAN: u32 = 5;
const LEGACY_CALL: u32 = 6;
/// From here on those of tool calls, by index.
const TOOL_CALLS: u32 = 1 << 12;
/// And of blocks.
pub(super) const BLOCKS: u32 = 1 << 20;

/// What a message and a piece are charged beside their texts.
const MESSAGE: usize = 96;
const PART: usize = 224;

impl Message {
    /// Characters of its text, refusals among it.
    pub(super) fn characters(&self) -> u64 {
        let texts = self.parts.iter().filter(|part| matches!(part.kind, Kind::Text | Kind::Refusal));
        texts.map(|part| part.body.characters()).sum()
    }
}

impl Store {
    /// An empty one of so many bytes.
    pub(super) fn new(room: usize, stream: bool) -> Self {
        let messages = Vec::new();
        Self { messages, room, cut: 0, stream, event_cut: false, growth: Growth::New, size: room }
    }

    /// Forgets what was told, since it comes again.
    pub(super) fn clear(&mut self) {
        self.messages = Vec::new();
        self.room = self.size;
    }

    /// Whether tools were called.
    pub(super) fn has_calls(&self) -> bool {
        self.messages.iter().flat_map(|message| &message.parts).any(|part| part.kind == Kind::ToolCall)
    }

    /// Whether the pieces of that key, or those that follow it, say anything.
    pub(super) fn says(&self, at: usize, key: u32) -> bool {
        let message = self.messages.get(at);
        let parts = message.into_iter().flat_map(|message| &message.parts);
        parts
            .filter(|part| part.key & !0xff == key)
            .any(|part| part.kind == Kind::Other || !part.body.is_empty())
    }

    /// The message of that index, opened if need be; `None` where there is no room.
    pub(super) fn open(&mut self, index: u32) -> Option<usize> {
        if let Some(at) = self.messages.iter().position(|message| message.index == index) {
            return Some(at);
        }
        if !self.charge(MESSAGE) {
            return None;
        }
        let at = self.messages.partition_point(|message| message.index < index);
        self.messages.insert(at, Message { index, ..Message::default() });
        Some(at)
    }

    fn charge(&mut self, bytes: usize) -> bool {
        match self.room.checked_sub(bytes) {
            Some(left) => {
                self.room = left;
                true
            }
            None => {
                self.cut = self.cut.saturating_add(1);
                false
            }
        }
    }

    /// A message, or what a delta adds to one.
    pub(super) fn message(&mut self, at: usize, node: Node<'_>) {
        self.role(at, node.word("role|author.role"));
        let responds = self.messages.get(at).is_some_and(|message| message.role == "tool");
        if responds && !node.get("parts").is_some() {
            let (id, name) = (node.word("tool_call_id|id"), node.word(part::NAME));
            self.put(at, ALONE, Kind::ToolResponse, (id, name), node.at("content|results|outputs"));
            return;
        }
        if node.word("type") == "tool_use" && self.stream {
            return self.tool_calls(at, node);
        }
        self.put(at, REASONING, Kind::Reasoning, ("", ""), node.at("reasoning_content|reasoning|thinking"));
        self.put(at, PLAN, Kind::Reasoning, ("", ""), node.get("tool_plan"));
        self.contents(
            at,
            node.at("content_list|content|parts|message|response|text|generated_text|outputText|completion"),
        );
        self.put(at, REFUSAL, Kind::Refusal, ("", ""), node.get("refusal"));
        let audio = node.get("audio");
        if audio.is_object() {
            self.put(at, TRANSCRIPT, Kind::Transcript, ("", ""), audio.get("transcript"));
            if !self.stream && audio.get("data").is_some() {
                self.media(at, "audio", audio);
            }
        }
        for (_, picture) in node.get("images").each() {
            self.media(
                at,
                "image",
                if picture.get("image_url").is_some() { picture.get("image_url") } else { picture },
            );
        }
        self.tool_calls(at, node.at("tool_calls|toolCalls"));
        self.legacy_call(at, node.get("function_call"));
    }

    /// The one call of a message, as it was before there were several.
    pub(super) fn legacy_call(&mut self, at: usize, call: Node<'_>) {
        self.call(at, LEGACY_CALL, Kind::ToolCall, call);
    }

    /// The tool calls of a message: a list, or one.
    pub(super) fn tool_calls(&mut self, at: usize, calls: Node<'_>) {
        if calls.is_object() {
            self.tool_call(at, 0, calls);
        } else if calls.is_array() {
            for (place, (_, call)) in (0_u32..).zip(calls.each()) {
                self.tool_call(at, place, call);
            }
        }
    }

    /// A tool call in that place of a list, or what a delta adds to it.
    fn tool_call(&mut self, at: usize, place: u32, call: Node<'_>) {
        // Without an index a stream goes on with the last call, unless it tells another one.
        let index = call.number("index").unwrap_or(place).min(0xff);
        let mut key = TOOL_CALLS.saturating_add(index);
        let id = call.word(part::id(Kind::ToolCall));
        // Another id under the same index is a further call.
        let others = |key: u32, this: &Self| {
            let part =
                this.messages.get(at).and_then(|message| message.parts.iter().find(|part| part.key == key));
            part.is_some_and(|part| {
                (!id.is_empty() && !part.id.is_empty() && part.id != id)
                    || (id.is_empty()
                        && call.get("index").kind() == tape::Kind::None
                        && call.at(part::NAME).is_some())
            })
        };
        while others(key, self) {
            key = key.saturating_add(0x100);
        }
        if self.stream && id.is_empty() && !call.at(part::NAME).is_some() {
            // What goes on belongs to the last call of its index.
            while self.has(at, key.saturating_add(0x100)) {
                key = key.saturating_add(0x100);
            }
        }
        self.call(at, key, Kind::ToolCall, call);
    }

    fn has(&self, at: usize, key: u32) -> bool {
        self.messages.get(at).is_some_and(|message| message.parts.iter().any(|part| part.key == key))
    }

    /// A call of that key, or what a delta adds to it.
    pub(super) fn call(&mut self, at: usize, key: u32, kind: Kind, call: Node<'_>) {
        if call.is_object() {
            let names = (call.word(part::id(kind)), call.word(part::NAME));
            self.put(at, key, kind, names, call.at(part::body(kind)));
        }
    }

    /// What a delta adds to the piece of that key: a text, or a piece.
    pub(super) fn numbered(&mut self, at: usize, key: u32, node: Node<'_>) {
        if node.is_object() {
            self.piece(at, key, node);
        } else {
            self.put(at, key, Kind::Text, ("", ""), node);
        }
    }

    /// What a message says: a text, a list of pieces, or one.
    pub(super) fn contents(&mut self, at: usize, node: Node<'_>) {
        match node.kind() {
            tape::Kind::Text { .. } => self.put(at, TEXT, Kind::Text, ("", ""), node),
            tape::Kind::Array => {
                for (_, piece) in node.each() {
                    match piece.kind() {
                        tape::Kind::Object => self.piece(at, ALONE, piece),
                        _ => self.put(at, ALONE, Kind::Text, ("", ""), piece),
                    }
                }
            }
            tape::Kind::Object if node.get("parts").is_some() => self.contents(at, node.get("parts")),
            tape::Kind::Object => self.piece(at, ALONE, node),
            _ => {}
        }
    }

    /// A piece, or what a delta adds to the one of that key.
    pub(super) fn piece(&mut self, at: usize, key: u32, node: Node<'_>) {
        let Some((kind, inner, word)) = part::classify(node) else { return };
        match kind {
            Kind::Media => self.media(at, word, inner),
            Kind::Other => self.put(at, key, kind, ("", word), node),
            _ => {
                let named = matches!(kind, Kind::ServerCall | Kind::ServerResponse);
                let name = inner.word(part::NAME);
                let name = match name {
                    "" if named => word.strip_suffix("_call").unwrap_or(word),
                    name => name,
                };
                let names = match kind {
                    Kind::Text | Kind::Reasoning | Kind::Refusal => ("", ""),
                    _ => (inner.word(part::id(kind)), name),
                };
                self.put(at, key, kind, names, inner.at(part::body(kind)));
                // OpenAI's tell a summary, what was thought, or both.
                if kind == Kind::Reasoning && inner.get("summary").is_array() {
                    self.put(at, key, kind, names, inner.get("content"));
                }
                // Some tell what their tool gave in the same piece.
                let given = inner.at("output|outputs|results");
                if kind == Kind::ServerCall && !matches!(given.kind(), tape::Kind::None | tape::Kind::Null) {
                    self.put(at, key.saturating_add(0xff), Kind::ServerResponse, names, given);
                }
            }
        }
    }

    pub(super) fn media(&mut self, at: usize, word: &str, node: Node<'_>) {
        let body = write::media(node, word);
        self.add(at, ALONE, Kind::Media, ("", ""), &body, false);
    }

    /// A role, if it is the first that is told.
    pub(super) fn role(&mut self, at: usize, role: &str) {
        if role.is_empty() {
            return;
        }
        let known = ROLES.iter().find(|(name, _)| name.eq_ignore_ascii_case(role));
        let role = known.map_or(role, |(_, role)| role);
        let role = role.get(..role.floor_char_boundary(32)).unwrap_or_default();
        if self.messages.get(at).is_some_and(|message| message.role.is_empty())
            && self.charge(role.len())
            && let Some(message) = self.messages.get_mut(at)
        {
            message.role = role.to_owned();
        }
    }

    /// What a node says, for the piece of that key; nothing where the node is nothing and no name is told.
    pub(super) fn put(&mut self, at: usize, key: u32, kind: Kind, names: (&str, &str), node: Node<'_>) {
        match node.kind() {
            tape::Kind::Text { text, cut } => {
                if !text.is_empty() || names != ("", "") || cut {
                    self.add(at, key, kind, names, text, cut);
                }
            }
            tape::Kind::None | tape::Kind::Null => {
                if names != ("", "") {
                    self.add(at, key, kind, names, "", false);
                }
            }
            // The begin of a call in a stream has empty arguments, which the deltas then tell.
            tape::Kind::Object if self.stream && node.each().next().is_none() => {
                self.add(at, key, kind, names, "{}", false);
                if key != ALONE
                    && let Some(part) = self.part(at, key)
                {
                    part.hollow = true;
                }
            }
            _ if matches!(kind, Kind::Reasoning | Kind::Text) => {
                let mut text = String::new();
                let cut = texts(node, &mut text);
                if !text.is_empty() || cut {
                    self.add(at, key, kind, names, &text, cut);
                }
            }
            _ => {
                let json = write::plain(node);
                self.add(at, key, kind, names, &json, false);
            }
        }
    }

    fn add(&mut self, at: usize, key: u32, kind: Kind, (id, name): (&str, &str), body: &str, cut: bool) {
        let stream = self.stream;
        let joins = |(last, part): (bool, &Part)| match key {
            ALONE => {
                // Gemini's stream has pieces without a number: a text goes on where the last piece was one.
                let text = matches!(kind, Kind::Text | Kind::Reasoning);
                stream && text && last && part.kind == kind && part.key == ALONE
            }
            key => part.key == key,
        };
        let parts = self.messages.get(at).map(|message| message.parts.as_slice()).unwrap_or_default();
        let last = parts.len().saturating_sub(1);
        let place = parts.iter().enumerate().position(|(n, part)| joins((n == last, part)));
        let place = match place {
            Some(place) => place,
            None => {
                if !self.charge(PART) {
                    return;
                }
                let Some(message) = self.messages.get_mut(at) else { return };
                if message.parts.len() == message.parts.capacity() {
                    message.parts.reserve_exact((message.parts.len() / 4).saturating_add(1));
                }
                message.parts.push(Part {
                    kind,
                    key,
                    id: String::new(),
                    name: String::new(),
                    body: Chunks::default(),
                    cut: false,
                    hollow: false,
                });
                message.parts.len().saturating_sub(1)
            }
        };
        let Self { messages, room, cut: lost, growth, .. } = self;
        let Some(part) = messages.get_mut(at).and_then(|message| message.parts.get_mut(place)) else {
            return;
        };
        for (slot, text) in [(&mut part.id, id), (&mut part.name, name)] {
            if slot.is_empty() && !text.is_empty() && text.len() <= *room {
                *room = room.saturating_sub(text.len());
                text.clone_into(slot);
            }
        }
        if !body.is_empty() && (part.hollow || growth.starts_anew(part, body)) {
            part.body.clear(room);
            (part.hollow, part.cut) = (false, false);
        }
        if !part.cut {
            let whole = part.body.push(body, room);
            part.cut = cut || !whole;
            *lost = lost.saturating_add(u32::from(!whole));
        }
    }

    /// What was put together for that key is told again, whole.
    pub(super) fn replace(&mut self, at: usize, key: u32) {
        let Self { messages, room, .. } = self;
        let part =
            messages.get_mut(at).and_then(|message| message.parts.iter_mut().find(|part| part.key == key));
        if let Some(part) = part {
            part.body.clear(room);
            part.cut = false;
        }
    }

    fn part(&mut self, at: usize, key: u32) -> Option<&mut Part> {
        self.messages.get_mut(at)?.parts.iter_mut().find(|part| part.key == key)
    }

    /// The answer broke off: no text of it is known to be whole.
    pub(super) fn break_off(&mut self) {
        for part in self.messages.iter_mut().flat_map(|message| &mut message.parts) {
            part.cut |= part.kind != Kind::Media;
        }
    }
}

impl Growth {
    /// Whether this is all that the piece says by then, and no addition to it.
    fn starts_anew(&mut self, part: &Part, body: &str) -> bool {
        if *self == Self::Unknown && !part.body.is_empty() {
            *self = if body.starts_with(&part.body.joined()) { Self::All } else { Self::New };
        }
        *self == Self::All
    }
}

/// What roles are called elsewhere, in whatever case.
const ROLES: &[(&str, &str)] = &[
    ("assistant", "assistant"),
    ("model", "assistant"),
    ("chatbot", "assistant"),
    ("user", "user"),
    ("system", "system"),
    ("tool", "tool"),
    ("function", "tool"),
];

/// All texts below a node, one after the other, up to one whose end is missing; whether there was one.
fn texts(node: Node<'_>, out: &mut String) -> bool {
    match node.kind() {
        tape::Kind::Text { text, cut } => {
            out.push_str(text);
            cut
        }
        tape::Kind::Array => node.each().any(|(_, node)| texts(node, out)),
        tape::Kind::Object => texts(node.at("text|content|reasoningText|thinking|summary"), out),
        _ => false,
    }
}

/// A text that grows by pieces, in chunks that are not moved when it does: to move it would hold it twice.
#[derive(Debug, Default)]
pub(super) struct Chunks(Vec<String>);

impl Chunks {
    /// Appends as much as there is room for; whether it was all.
    fn push(&mut self, mut text: &str, room: &mut usize) -> bool {
        while !text.is_empty() {
            let free = self.0.last().map_or(0, |last| last.capacity().saturating_sub(last.len()));
            let fits = text.floor_char_boundary(free);
            if fits == 0 {
                let held: usize = self.0.iter().map(String::capacity).sum();
                let wanted =
                    text.len().max(held.clamp(LEAST_CHUNK, MOST_CHUNK)).min(room.saturating_sub(CHUNK));
                if wanted < 4 {
                    return false;
                }
                *room = room.saturating_sub(wanted).saturating_sub(CHUNK);
                self.0.reserve_exact(1);
                self.0.push(String::with_capacity(wanted));
                continue;
            }
            let (more, rest) = text.split_at_checked(fits).unwrap_or((text, ""));
            if let Some(last) = self.0.last_mut() {
                last.push_str(more);
            }
            text = rest;
        }
        true
    }

    /// Gives back what it was charged.
    fn clear(&mut self, room: &mut usize) {
        let held = self.0.drain(..).map(|chunk| chunk.capacity().saturating_add(CHUNK));
        *room = held.fold(*room, usize::saturating_add);
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(String::is_empty)
    }

    /// How many characters they have.
    fn characters(&self) -> u64 {
        self.0.iter().map(|chunk| chunk.chars().count() as u64).sum()
    }

    /// All of it.
    pub(super) fn joined(&self) -> String {
        self.0.concat()
    }
}

/// What a chunk is charged beside its bytes.
const CHUNK: usize = 32;
const LEAST_CHUNK: usize = 32;
const MOST_CHUNK: usize = 1024;
