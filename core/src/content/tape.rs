//! A JSON document → a tape: what is wanted of it, in so many bytes and no more, as it passes.
//!
//! In: any split of a document. Out: a [`Node`] over what was kept. Invariants: the tape is well-formed whatever
//! came, also where the document breaks off; it depends on the bytes alone, never on how they were split; it is
//! never longer than its limit, and no more than that is allocated.
//!
//! The facts' scanner ([`crate::json`]) passes over what no path asks for; content is what stands below a path,
//! of any depth, with its keys. So it is read by a reader of its own, and only where it is wanted.

mod node;
mod text;

pub(super) use node::{Kind, Node};

use self::text::Open;
use crate::json::Number;
use crate::json::escape::{Escape, Step};

/// Where something wanted stands: keys joined by dots, and how many eighths of the tape it may take.
pub(super) type Row = (&'static str, usize);

/// The one row of a value that is wanted whole.
pub(super) const WHOLE: &[Row] = &[("", 8)];

/// Keeps what is wanted of one document.
#[derive(Debug)]
pub(super) struct Recorder {
    rows: &'static [Row],
    /// `tape.len() <= limit`, with the brackets that are still open.
    limit: usize,
    tape: Vec<u8>,
    levels: Vec<Level>,
    /// Keys on the way to the value, where it is not kept.
    path: Vec<u8>,
    mode: Mode,
    next: Next,
    escape: Escape,
    /// The key or the scalar in progress.
    token: Vec<u8>,
    /// The value has a key that is not on the tape yet.
    keyed: bool,
    open: Open,
    /// What is wanted, in progress.
    slot: Slot,
    /// Brackets of the tape that are still to be closed.
    closers: usize,
    /// Values that were cut or left out.
    cut: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// Where its share of the tape ends.
    bound: usize,
    /// No text in it may be longer.
    text: usize,
    /// Where its first element stands, if it is a list.
    list: Option<usize>,
    /// Where the element in progress stands.
    element: usize,
}

/// An open container that is not skipped.
#[derive(Clone, Copy, Debug)]
struct Level {
    array: bool,
    kept: bool,
    /// How long the path to it is.
    path: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Value,
    /// A key or the end of the object.
    Key,
    KeyText,
    Colon,
    After,
    Text,
    /// A text that is not kept, or no more of it.
    SkipText {
        escaped: bool,
        /// How many containers are open that are skipped.
        depth: u32,
    },
    Skip(u32),
    Scalar,
    /// The document has ended, or is none.
    Over,
}

/// What becomes of the value that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Skip,
    /// Something in it may be wanted.
    Enter,
    /// It is wanted: all of a row.
    Row(usize),
    /// It belongs to something wanted.
    Keep,
}

impl Recorder {
    /// Of a document of which these rows are wanted, in at most so many bytes.
    pub(super) fn new(rows: &'static [Row], limit: usize) -> Self {
        let mut this = Self {
            rows,
            limit,
            tape: Vec::new(),
            levels: Vec::new(),
            path: Vec::new(),
            mode: Mode::Value,
            next: Next::Skip,
            escape: Escape::default(),
            token: Vec::new(),
            keyed: false,
            open: Open::default(),
            slot: Slot::default(),
            closers: 0,
            cut: 0,
        };
        this.reset(limit);
        this
    }

    /// Ready for another document.
    pub(super) fn reset(&mut self, limit: usize) {
        if self.tape.capacity() > limit {
            self.tape = Vec::new();
        }
        self.tape.clear();
        self.levels.clear();
        self.path.clear();
        self.token.clear();
        (self.limit, self.mode, self.closers, self.keyed, self.cut) = (limit, Mode::Value, 1, false, 0);
        self.slot = Slot { bound: limit, ..Slot::default() };
        self.escape = Escape::default();
        self.put(b"{");
        self.next = if self.rows == WHOLE { Next::Row(0) } else { Next::Enter };
    }

    /// The next bytes of the document.
    pub(super) fn push(&mut self, mut rest: &[u8]) {
        while let [byte, after @ ..] = rest {
            rest = match self.mode {
                Mode::Over => return,
                Mode::Text | Mode::KeyText => self.text(*byte, rest),
                Mode::SkipText { escaped, depth } => self.skip_text(escaped, depth, rest),
                Mode::Skip(depth) => self.skip(depth, *byte, after),
                Mode::Scalar => self.scalar(*byte, rest),
                _ if byte.is_ascii_whitespace() => after,
                Mode::Value => self.value(*byte, rest),
                Mode::Key | Mode::Colon | Mode::After => self.between(*byte, after),
            };
        }
    }

    /// The document ends here, whether it is whole or not: what was kept, and how much of it was not.
    pub(super) fn finish(&mut self) -> (Node<'_>, u32) {
        match self.mode {
            Mode::Text => self.end_text(true),
            Mode::Scalar if self.levels.is_empty() => self.end_scalar(),
            // Digits that are missing would make another number of it.
            Mode::Scalar if self.open.wanted => {
                self.tape.truncate(self.open.key_at);
                self.count();
            }
            _ => {}
        }
        self.mode = Mode::Over;
        while let Some(level) = self.levels.pop() {
            if level.kept {
                self.close(level.array);
            }
        }
        if self.closers > 0 {
            self.closers = 0;
            self.put(b"}");
        }
        (Node::of(&self.tape), self.cut)
    }

    /// At the first byte of a value.
    fn value<'i>(&mut self, byte: u8, rest: &'i [u8]) -> &'i [u8] {
        let after = rest.get(1..).unwrap_or_default();
        if byte == b']' {
            return self.between(byte, after);
        }
        let next = self.take_next();
        let kept = matches!(next, Next::Row(_) | Next::Keep);
        match byte {
            b'{' | b'[' => {
                let array = byte == b'[';
                let deep = self.levels.len() >= MAX_DEPTH;
                if next == Next::Skip || deep || (kept && !self.begin(&[byte], 1)) {
                    if deep {
                        self.count();
                    }
                    self.mode = Mode::Skip(1);
                } else {
                    self.closers = self.closers.saturating_add(usize::from(kept));
                    if matches!(next, Next::Row(_)) && array {
                        (self.slot.list, self.slot.element) = (Some(self.tape.len()), self.tape.len());
                    }
                    self.levels.push(Level { array, kept, path: self.path.len() });
                    self.mode = if array { Mode::Value } else { Mode::Key };
                }
            }
            b'"' if kept && self.begin_text() => self.mode = Mode::Text,
            b'"' => self.mode = Mode::SkipText { escaped: false, depth: 0 },
            b'}' | b',' | b':' => self.mode = Mode::Over,
            _ => {
                self.open.wanted = kept;
                self.open.key_at = self.tape.len();
                if kept {
                    self.begin(&[], 2);
                }
                self.token.clear();
                self.mode = Mode::Scalar;
                return rest;
            }
        }
        after
    }

    /// What becomes of the value whose first byte is there.
    fn take_next(&mut self) -> Next {
        let level = self.levels.last().copied();
        let next = match level {
            Some(Level { array: true, kept, .. }) => {
                if kept {
                    Next::Keep
                } else {
                    Next::Enter
                }
            }
            _ => self.next,
        };
        let whole_list = self.closers == 2 && level.is_some_and(|level| level.array && level.kept);
        if whole_list {
            self.slot.element = self.tape.len();
        }
        if let Next::Row(row) = next {
            let (path, share) = self.rows.get(row).copied().unwrap_or(("", 0));
            let share = (self.limit / 8).saturating_mul(share);
            self.token.clear();
            self.token.extend_from_slice(path.as_bytes());
            self.keyed = true;
            let bound = self.tape.len().saturating_add(share).min(self.limit);
            self.slot = Slot { bound, text: share, list: None, element: 0 };
        }
        next
    }

    /// Between values.
    fn between<'i>(&mut self, byte: u8, after: &'i [u8]) -> &'i [u8] {
        let array = self.levels.last().map(|level| level.array);
        match (byte, array) {
            (b'"', Some(false)) if self.mode == Mode::Key => {
                self.token.clear();
                self.mode = Mode::KeyText;
            }
            (b':', _) if self.mode == Mode::Colon => self.mode = Mode::Value,
            (b',', Some(array)) if self.mode == Mode::After => {
                self.mode = if array { Mode::Value } else { Mode::Key };
            }
            (b'}', Some(false)) | (b']', Some(true)) if self.mode != Mode::Colon => self.end_level(),
            _ => self.mode = Mode::Over,
        }
        after
    }

    fn end_level(&mut self) {
        let Some(level) = self.levels.pop() else { return };
        if level.kept {
            self.close(level.array);
        }
        self.path.truncate(level.path);
        self.after_value();
    }

    fn close(&mut self, array: bool) {
        self.closers = self.closers.saturating_sub(1);
        self.put(if array { b"]" } else { b"}" });
    }

    fn after_value(&mut self) {
        self.keyed = false;
        self.mode = if self.levels.is_empty() { Mode::Over } else { Mode::After };
        if let Some(level) = self.levels.last().filter(|level| !level.kept) {
            self.path.truncate(level.path);
        }
    }

    /// The key in `token` is complete.
    fn end_key(&mut self) {
        self.mode = Mode::Colon;
        let Some(level) = self.levels.last() else { return };
        if level.kept {
            let dropped = DROPPED.iter().any(|key| key.as_bytes() == self.token);
            self.next = if dropped { Next::Skip } else { Next::Keep };
            self.keyed = true;
            return;
        }
        if !self.path.is_empty() {
            self.path.push(b'.');
        }
        self.path.extend_from_slice(&self.token);
        let path = &self.path;
        let row = self.rows.iter().position(|(row, _)| row.as_bytes() == path);
        let below =
            |row: &[u8]| row.strip_prefix(path.as_slice()).is_some_and(|rest| rest.first() == Some(&b'.'));
        self.next = match row {
            Some(row) => Next::Row(row),
            None if self.rows.iter().any(|(row, _)| below(row.as_bytes())) => Next::Enter,
            None => Next::Skip,
        };
    }

    fn skip<'i>(&mut self, depth: u32, byte: u8, after: &'i [u8]) -> &'i [u8] {
        self.mode = match byte {
            b'{' | b'[' => Mode::Skip(depth.saturating_add(1)),
            b'"' => Mode::SkipText { escaped: false, depth },
            b'}' | b']' if depth <= 1 => {
                self.after_value();
                return after;
            }
            b'}' | b']' => Mode::Skip(depth.saturating_sub(1)),
            _ => return after,
        };
        after
    }

    fn skip_text<'i>(&mut self, escaped: bool, depth: u32, rest: &'i [u8]) -> &'i [u8] {
        if escaped {
            self.mode = Mode::SkipText { escaped: false, depth };
            return rest.get(1..).unwrap_or_default();
        }
        let Some(at) = memchr::memchr2(b'"', b'\\', rest) else { return &[] };
        let (found, after) = rest.get(at..).and_then(<[u8]>::split_first).unwrap_or((&b'"', &[]));
        match (found, depth) {
            (b'\\', _) => self.mode = Mode::SkipText { escaped: true, depth },
            (_, 0) => self.after_value(),
            _ => self.mode = Mode::Skip(depth),
        }
        after
    }

    fn scalar<'i>(&mut self, byte: u8, rest: &'i [u8]) -> &'i [u8] {
        if matches!(byte, b',' | b'}' | b']' | b':' | b'"' | b'{' | b'[') || byte.is_ascii_whitespace() {
            self.end_scalar();
            return rest;
        }
        if self.token.len() <= MAX_SCALAR {
            self.token.push(byte);
        }
        rest.get(1..).unwrap_or_default()
    }

    fn end_scalar(&mut self) {
        if self.open.wanted {
            let token = std::mem::take(&mut self.token);
            let room = self.room();
            let written = match token.as_slice() {
                b"true" if room > 0 => self.put(b"t"),
                b"false" if room > 0 => self.put(b"f"),
                b"null" | b"NaN" | b"Infinity" | b"-Infinity" if room > 0 => self.put(b"z"),
                number
                    if number.len() <= MAX_SCALAR
                        && room > number.len().saturating_add(1)
                        && Number::parse(number).is_some() =>
                {
                    self.put(&[b'n', u8::try_from(number.len()).unwrap_or(u8::MAX)]);
                    self.put(number)
                }
                _ => false,
            };
            if !written {
                self.tape.truncate(self.open.key_at.min(self.tape.len()));
                self.count();
            }
            self.token = token;
        }
        self.after_value();
    }

    /// Writes the value's key, if it has one, and `head`, if there is room for both and for `more` bytes.
    fn begin(&mut self, head: &[u8], more: usize) -> bool {
        let keyed = std::mem::take(&mut self.keyed);
        let key_len = if keyed { self.token.len().min(MAX_KEY) } else { 0 };
        let needed = key_len.saturating_add(head.len()).saturating_add(more).saturating_add(2);
        if !self.make_room(needed) {
            self.count();
            self.open.wanted = false;
            return false;
        }
        self.open.key_at = self.tape.len();
        if keyed {
            let key = std::mem::take(&mut self.token);
            let text = crate::json::lossy(key.get(..key_len).unwrap_or(&key)).into_owned();
            let text = text.get(..text.floor_char_boundary(MAX_KEY)).unwrap_or_default();
            self.put(&[b'k', u8::try_from(text.len()).unwrap_or_default()]);
            self.put(text.as_bytes());
            self.token = key;
        }
        self.put(head);
        true
    }

    /// Whether there is room for so many bytes, perhaps after the oldest elements of the list went.
    fn make_room(&mut self, needed: usize) -> bool {
        if self.room() >= needed {
            return true;
        }
        let Some(list) = self.slot.list else { return false };
        // A quarter at a time, so that a long list is not moved for each of its elements.
        let wanted = needed.saturating_sub(self.room()).max(self.slot.text / 4);
        let mut at = list;
        let mut gone = 0_u32;
        while at < self.slot.element && at.saturating_sub(list) < wanted {
            let rest = self.tape.get(at..).unwrap_or_default();
            let after = node::skip(rest);
            let length = rest.len().saturating_sub(after.len());
            if length == 0 {
                break;
            }
            at = at.saturating_add(length);
            gone = gone.saturating_add(1);
        }
        let at = at.min(self.slot.element);
        let length = at.saturating_sub(list);
        if length == 0 || at > self.tape.len() {
            return false;
        }
        self.tape.drain(list..at);
        self.cut = self.cut.saturating_add(gone);
        for place in [&mut self.slot.element, &mut self.open.at, &mut self.open.key_at] {
            *place = place.saturating_sub(length);
        }
        self.room() >= needed
    }

    /// Bytes that may still be written.
    fn room(&self) -> usize {
        self.slot.bound.saturating_sub(self.tape.len()).saturating_sub(self.closers)
    }

    /// Writes, and allocates no more than the limit. Always `true`: it was written.
    fn put(&mut self, bytes: &[u8]) -> bool {
        let needed = self.tape.len().saturating_add(bytes.len());
        if needed > self.tape.capacity() {
            let wanted = needed.saturating_mul(2).max(256).min(self.limit.max(needed));
            self.tape.reserve_exact(wanted.saturating_sub(self.tape.len()));
        }
        self.tape.extend_from_slice(bytes);
        true
    }

    fn count(&mut self) {
        self.cut = self.cut.saturating_add(1);
    }

    /// What an escape came to: the bytes that it stands for, and what is left of the input.
    fn escaped<'i>(&mut self, rest: &'i [u8]) -> (Option<crate::json::escape::Decoded>, &'i [u8]) {
        let Some((byte, after)) = rest.split_first() else { return (None, rest) };
        match self.escape.feed(*byte) {
            Step::Taken => (None, after),
            Step::Decoded(decoded) => (Some(decoded), after),
            Step::Before(decoded) => (Some(decoded), rest),
            Step::Invalid => {
                self.escape = Escape::default();
                (None, after)
            }
        }
    }
}

/// Deeper containers are left out.
const MAX_DEPTH: usize = 48;
/// No number worth keeping is longer.
const MAX_SCALAR: usize = 40;
/// Keys are cut there.
const MAX_KEY: usize = 128;
/// Members that are large and no content.
const DROPPED: &[&str] = &[
    "logprobs",
    "obfuscation",
    "signature",
    "thoughtSignature",
    "thought_signature",
    "encrypted_content",
    "annotations",
    "citations",
    "safetyRatings",
    "groundingMetadata",
    "citationMetadata",
    "avgLogprobs",
    "content_filter_results",
    "cache_control",
    "logprobsResult",
    "reasoning_details",
];
