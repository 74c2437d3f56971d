//! Patterns of an operator: regular expressions whose matching takes time in proportion to the text.
//!
//! In: a pattern in the syntax that all dialects share. Out: where it matches first, and there as long as it can. All
//! states that a pattern may be in are followed at once (Thompson's way), so no pattern and no text makes it slow: at
//! most 1000 steps for a byte. A crate would be linked into the filter with several times the code.
//!
//! Known: characters, `.`, `[a-z]`, `[^…]`, `\d \w \s \D \W \S`, `\b`, `^`, `$`, groups, `(?:…)`, `|`, `* + ? {n} {n,} {n,m}`,
//! and `(?i)` at the beginning. Characters beyond ASCII match as they stand, outside of classes; in a class none does but
//! by `[^…]`.

use std::fmt;

/// A pattern that is ready to match.
#[derive(Clone, Debug)]
pub struct Pattern {
    states: Vec<State>,
    start: usize,
}

/// Why a pattern cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// A bracket, brace or parenthesis that has no counterpart.
    Unbalanced,
    /// A `*`, `+`, `?` or `{…}` with nothing before it, or one that cannot be.
    Repetition,
    /// A backslash before something that has no meaning, or before nothing.
    Escape,
    /// A class without an end, or a range that goes backwards.
    Class,
    /// It matches nothing at all, and so everywhere.
    Empty,
    /// It takes more than 1000 states.
    TooLarge,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unbalanced => "a parenthesis is not balanced",
            Self::Repetition => "a repetition (`*`, `+`, `?`, `{…}`) follows nothing that can be repeated",
            Self::Escape => {
                "a backslash stands before what needs none; known are \\d \\w \\s \\b and punctuation"
            }
            Self::Class => "a class of characters has no end, or a range of it goes backwards",
            Self::Empty => "it matches the empty text, and so everywhere; ask for at least one character",
            Self::TooLarge => "it is too large; write it shorter, or repeat less often",
        })
    }
}

impl std::error::Error for PatternError {}

/// Bytes, one bit for each.
type Set = [u64; 4];

#[derive(Clone, Debug)]
enum State {
    /// One byte of the set, then the next state.
    Byte(Box<Set>),
    /// Both.
    Split(usize, usize),
    Jump(usize),
    /// Nothing is taken; where this is so.
    Where(Place),
    Match,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Begin,
    End,
    Boundary,
}

/// More states are refused.
const MAX_STATES: usize = 1000;

impl Pattern {
    /// The pattern of that source.
    ///
    /// # Errors
    /// It is none.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        let (fold, source) = match source.strip_prefix("(?i)") {
            Some(source) => (true, source),
            None => (false, source),
        };
        let mut parser = Parser { rest: source.as_bytes(), states: Vec::new(), fold, depth: 0 };
        parser.alternatives()?;
        if !parser.rest.is_empty() {
            return Err(PatternError::Unbalanced);
        }
        parser.push(State::Match)?;
        let pattern = Self { states: parser.states, start: 0 };
        if pattern.matches_at(b"", 0).is_some() || pattern.matches_at(b" ", 0) == Some(0) {
            return Err(PatternError::Empty);
        }
        Ok(pattern)
    }

    /// Where it matches first from there on: from, to.
    #[must_use]
    pub fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        // All beginnings at once; the earliest that comes to a match wins, with its longest.
        let bytes = text.as_bytes();
        let mut now: Vec<(usize, usize)> = Vec::new();
        let (mut next, mut best) = (Vec::new(), None::<(usize, usize)>);
        let mut seen = vec![0_usize; self.states.len()];
        for at in from..=bytes.len() {
            let mark = at.saturating_add(1);
            next.clear();
            for (state, begun) in &now {
                self.follow(*state, *begun, bytes, at, mark, &mut seen, &mut next);
            }
            if best.is_none() {
                self.follow(self.start, at, bytes, at, mark, &mut seen, &mut next);
            }
            now.clear();
            for (state, begun) in &next {
                match self.states.get(*state) {
                    Some(State::Match) if best.is_none_or(|(earliest, _)| *begun <= earliest) => {
                        best = Some((*begun, at));
                    }
                    Some(State::Byte(set)) if bytes.get(at).is_some_and(|byte| has(set, *byte)) => {
                        now.push((state.saturating_add(1), *begun));
                    }
                    _ => {}
                }
            }
            if let Some((earliest, _)) = best {
                now.retain(|(_, begun)| *begun <= earliest);
                if now.is_empty() {
                    break;
                }
            }
        }
        let (from, to) = best?;
        // A class may match a part of a character.
        Some((text.floor_char_boundary(from), text.ceil_char_boundary(to)))
    }

    fn matches_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut next = Vec::new();
        self.follow(self.start, at, text, at, 1, &mut vec![0; self.states.len()], &mut next);
        next.iter().any(|(state, _)| matches!(self.states.get(*state), Some(State::Match))).then_some(at)
    }

    /// The states that take a byte, or match, that can be come to from this one. An earlier beginning comes first, so a
    /// state that was come to is not gone to again.
    #[allow(clippy::too_many_arguments, reason = "all are the state of one walk")]
    fn follow(
        &self,
        state: usize,
        begun: usize,
        text: &[u8],
        at: usize,
        mark: usize,
        seen: &mut [usize],
        next: &mut Vec<(usize, usize)>,
    ) {
        let mut open = vec![state];
        while let Some(state) = open.pop() {
            match seen.get_mut(state) {
                Some(seen) if *seen != mark => *seen = mark,
                _ => continue,
            }
            match self.states.get(state) {
                Some(State::Split(a, b)) => open.extend([*b, *a]),
                Some(State::Jump(to)) => open.push(*to),
                Some(State::Where(place)) if place.holds(text, at) => open.push(state.saturating_add(1)),
                Some(State::Where(_)) => {}
                Some(_) => next.push((state, begun)),
                None => {}
            }
        }
    }
}

impl Place {
    fn holds(self, text: &[u8], at: usize) -> bool {
        let word = |at: Option<usize>| {
            at.and_then(|at| text.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        };
        match self {
            Self::Begin => at == 0,
            Self::End => at == text.len(),
            Self::Boundary => word(at.checked_sub(1)) != word(Some(at)),
        }
    }
}

struct Parser<'p> {
    rest: &'p [u8],
    states: Vec<State>,
    fold: bool,
    depth: usize,
}

impl Parser<'_> {
    fn push(&mut self, state: State) -> Result<usize, PatternError> {
        if self.states.len() >= MAX_STATES {
            return Err(PatternError::TooLarge);
        }
        self.states.push(state);
        Ok(self.states.len().saturating_sub(1))
    }

    fn take(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn alternatives(&mut self) -> Result<(), PatternError> {
        let begin = self.states.len();
        let mut ends = Vec::new();
        self.sequence()?;
        while self.rest.first() == Some(&b'|') {
            self.take();
            // What there is so far is one way; the other follows.
            self.insert(begin, State::Split(begin.saturating_add(1), 0))?;
            ends = ends.into_iter().map(|end: usize| end.saturating_add(1)).collect();
            ends.push(self.push(State::Jump(0))?);
            let other = self.states.len();
            self.set(begin, State::Split(begin.saturating_add(1), other));
            self.sequence()?;
        }
        let end = self.states.len();
        ends.into_iter().for_each(|at| self.set(at, State::Jump(end)));
        Ok(())
    }

    fn sequence(&mut self) -> Result<(), PatternError> {
        while !matches!(self.rest.first(), None | Some(b'|' | b')')) {
            let begin = self.states.len();
            let repeatable = self.atom()?;
            self.repetition(begin, repeatable)?;
        }
        Ok(())
    }

    fn set(&mut self, at: usize, state: State) {
        if let Some(slot) = self.states.get_mut(at) {
            *slot = state;
        }
    }

    /// Puts a state before those from `at` on, which move.
    fn insert(&mut self, at: usize, state: State) -> Result<(), PatternError> {
        if self.states.len() >= MAX_STATES || at > self.states.len() {
            return Err(PatternError::TooLarge);
        }
        moved(self.states.get_mut(at..).unwrap_or_default(), at, 1);
        self.states.insert(at, state);
        Ok(())
    }

    fn repetition(&mut self, begin: usize, repeatable: bool) -> Result<(), PatternError> {
        let (least, most) = match self.rest.first() {
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') => return self.counted(begin, repeatable),
            _ => return Ok(()),
        };
        self.take();
        self.repeat(begin, repeatable, least, most)
    }

    fn counted(&mut self, begin: usize, repeatable: bool) -> Result<(), PatternError> {
        self.take();
        let close = self.rest.iter().position(|byte| *byte == b'}').ok_or(PatternError::Repetition)?;
        let inside = std::str::from_utf8(self.rest.get(..close).unwrap_or_default()).unwrap_or_default();
        self.rest = self.rest.get(close.saturating_add(1)..).unwrap_or_default();
        let number = |text: &str| text.parse::<usize>().map_err(|_| PatternError::Repetition);
        let (least, most) = match inside.split_once(',') {
            None => (number(inside)?, Some(number(inside)?)),
            Some((least, "")) => (number(least)?, None),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        };
        if most.is_some_and(|most| most < least || most == 0) {
            return Err(PatternError::Repetition);
        }
        self.repeat(begin, repeatable, least, most)
    }

    /// Repeats the states from `begin` on. A `?` after it, which in other dialects asks for the shortest match, changes
    /// nothing: it is the longest that is hidden.
    fn repeat(
        &mut self,
        begin: usize,
        repeatable: bool,
        least: usize,
        most: Option<usize>,
    ) -> Result<(), PatternError> {
        if !repeatable {
            return Err(PatternError::Repetition);
        }
        if self.rest.first() == Some(&b'?') {
            self.take();
        }
        let once: Vec<State> = self.states.drain(begin..).collect();
        let copy = |this: &mut Self| {
            let at = this.states.len();
            if at.saturating_add(once.len()) >= MAX_STATES {
                return Err(PatternError::TooLarge);
            }
            let mut states = once.clone();
            let by = at.saturating_sub(begin);
            moved(&mut states, begin, by);
            this.states.extend(states);
            Ok(at)
        };
        for _ in 0..least {
            copy(self)?;
        }
        match most {
            None => {
                let split = self.push(State::Split(0, 0))?;
                copy(self)?;
                self.push(State::Jump(split))?;
                let after = self.states.len();
                self.set(split, State::Split(split.saturating_add(1), after));
            }
            Some(most) => {
                let mut splits = Vec::new();
                for _ in least..most {
                    splits.push(self.push(State::Split(0, 0))?);
                    copy(self)?;
                }
                let after = self.states.len();
                splits.into_iter().for_each(|at| self.set(at, State::Split(at.saturating_add(1), after)));
            }
        }
        Ok(())
    }

    /// A character, class, group or place; whether it can be repeated.
    fn atom(&mut self) -> Result<bool, PatternError> {
        let byte = self.take().ok_or(PatternError::Unbalanced)?;
        match byte {
            b'(' => {
                if self.rest.starts_with(b"?:") {
                    self.rest = self.rest.get(2..).unwrap_or_default();
                }
                self.depth = self.depth.saturating_add(1);
                if self.depth > 32 {
                    return Err(PatternError::TooLarge);
                }
                self.alternatives()?;
                self.depth = self.depth.saturating_sub(1);
                if self.take() != Some(b')') {
                    return Err(PatternError::Unbalanced);
                }
                return Ok(true);
            }
            b'*' | b'+' | b'?' | b'{' => return Err(PatternError::Repetition),
            b'^' => return self.push(State::Where(Place::Begin)).map(|_| false),
            b'$' => return self.push(State::Where(Place::End)).map(|_| false),
            b'.' => {
                let mut set = ALL;
                remove(&mut set, b'\n');
                self.byte(set)?;
            }
            b'[' => {
                let set = self.class()?;
                self.byte(set)?;
            }
            b'\\' => {
                let escaped = self.take().ok_or(PatternError::Escape)?;
                if escaped == b'b' {
                    return self.push(State::Where(Place::Boundary)).map(|_| false);
                }
                let set = self.escape(escaped)?;
                self.byte(set)?;
            }
            byte => {
                self.byte(self.one(byte))?;
                // The bytes of one character are repeated together.
                while byte >= 0x80 && self.rest.first().is_some_and(|next| next & 0xC0 == 0x80) {
                    let next = self.take().unwrap_or_default();
                    self.byte(self.one(next))?;
                }
            }
        }
        Ok(true)
    }

    fn byte(&mut self, set: Set) -> Result<usize, PatternError> {
        self.push(State::Byte(Box::new(set)))
    }

    fn one(&self, byte: u8) -> Set {
        let mut set = NONE;
        add(&mut set, byte);
        if self.fold {
            add(&mut set, byte.to_ascii_lowercase());
            add(&mut set, byte.to_ascii_uppercase());
        }
        set
    }

    fn escape(&self, byte: u8) -> Result<Set, PatternError> {
        let like = |like: fn(u8) -> bool| {
            let mut set = NONE;
            (0..=255).filter(|byte| like(*byte)).for_each(|byte| add(&mut set, byte));
            set
        };
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        Ok(match byte {
            b'd' => like(|byte| byte.is_ascii_digit()),
            b'D' => like(|byte| !byte.is_ascii_digit()),
            b'w' => like(word),
            b'W' => like(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_')),
            b's' => like(|byte| byte.is_ascii_whitespace()),
            b'S' => like(|byte| !byte.is_ascii_whitespace()),
            b'n' => self.one(b'\n'),
            b'r' => self.one(b'\r'),
            b't' => self.one(b'\t'),
            byte if byte.is_ascii_punctuation() => self.one(byte),
            _ => return Err(PatternError::Escape),
        })
    }

    /// After the bracket that begins a class.
    fn class(&mut self) -> Result<Set, PatternError> {
        let not = self.rest.first() == Some(&b'^');
        if not {
            self.take();
        }
        let (mut set, mut first) = (NONE, true);
        loop {
            let byte = self.take().ok_or(PatternError::Class)?;
            if byte == b']' && !first {
                break;
            }
            first = false;
            let from = match byte {
                b'\\' => {
                    let escaped = self.take().ok_or(PatternError::Class)?;
                    let more = self.escape(escaped)?;
                    set.iter_mut().zip(more).for_each(|(set, more)| *set |= more);
                    continue;
                }
                byte => byte,
            };
            let to = match self.rest {
                [b'-', to, ..] if *to != b']' => {
                    let to = *to;
                    self.rest = self.rest.get(2..).unwrap_or_default();
                    to
                }
                _ => from,
            };
            if to < from {
                return Err(PatternError::Class);
            }
            for byte in from..=to {
                let one = self.one(byte);
                set.iter_mut().zip(one).for_each(|(set, one)| *set |= one);
            }
        }
        if not {
            set.iter_mut().for_each(|bits| *bits = !*bits);
        }
        Ok(set)
    }
}

/// Moves the places that states go to, where those are at `from` or behind.
fn moved(states: &mut [State], from: usize, by: usize) {
    let place = |to: &mut usize| {
        if *to >= from {
            *to = to.saturating_add(by);
        }
    };
    for state in states {
        match state {
            State::Split(a, b) => {
                place(a);
                place(b);
            }
            State::Jump(to) => place(to),
            State::Byte(_) | State::Where(_) | State::Match => {}
        }
    }
}

const NONE: Set = [0; 4];
const ALL: Set = [u64::MAX; 4];

fn add(set: &mut Set, byte: u8) {
    if let Some(bits) = set.get_mut(usize::from(byte >> 6)) {
        *bits |= 1 << (byte & 63);
    }
}

fn remove(set: &mut Set, byte: u8) {
    if let Some(bits) = set.get_mut(usize::from(byte >> 6)) {
        *bits &= !(1 << (byte & 63));
    }
}

fn has(set: &Set, byte: u8) -> bool {
    set.get(usize::from(byte >> 6)).is_some_and(|bits| bits >> (byte & 63) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(source: &str, text: &'t str) -> Option<&'t str> {
        Pattern::new(source).unwrap().find(text, 0).map(|(from, to)| &text[from..to])
    }

    #[test]
    fn what_patterns_match() {
        for (source, text, expected) in [
            ("abc", "xxabcabc", Some("abc")),
            ("abc", "ab", None),
            ("a.c", "a\nc abc", Some("abc")),
            ("a*b", "aaab", Some("aaab")),
            ("a+b", "b aab", Some("aab")),
            ("colou?r", "the color", Some("color")),
            ("[0-9]{3}-[0-9]{4}", "12-3456 123-4567", Some("123-4567")),
            ("[0-9]{2,3}", "1 12345", Some("123")),
            ("[0-9]{2,}", "1 12345", Some("12345")),
            ("x{0,2}y", "xxxy", Some("xxy")),
            ("(ab|cd)+e", "ababcde", Some("ababcde")),
            ("a|b|cc", "xccb", Some("cc")),
            ("(a|ab)(c|bcd)", "abcd", Some("abcd")),
            ("(?:foo|bar)baz", "barbaz", Some("barbaz")),
            ("(a(b|c(d|e)))f", "acef", Some("acef")),
            ("^ab", "ab ab", Some("ab")),
            ("^b", "ab", None),
            ("ab$", "ab xab", Some("ab")),
            ("\\bcat\\b", "concat cat.", Some("cat")),
            ("\\d+\\s\\w+", "a 12 ab_c-", Some("12 ab_c")),
            ("\\D\\W\\S", "1a b", Some("a b")),
            ("[^a-c]+", "abxyzc", Some("xyz")),
            ("[]a]+", "b]a]", Some("]a]")),
            ("[a\\]-]+", "x-]a", Some("-]a")),
            ("(?i)secret[a-c]", "SECRETB", Some("SECRETB")),
            ("\u{e9}+", "caf\u{e9}\u{e9}", Some("\u{e9}\u{e9}")),
            ("a.c", "a\u{e9}c", None),
            ("a.+c", "a\u{e9}c", Some("a\u{e9}c")),
            ("\\.\\*\\\\", "a.*\\", Some(".*\\")),
            ("a*?b", "aab", Some("aab")),
        ] {
            assert_eq!(found(source, text), expected, "{source} in {text}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        use PatternError::*;
        for (source, error) in [
            ("(a", Unbalanced),
            ("a)", Unbalanced),
            ("*a", Repetition),
            ("a{2", Repetition),
            ("a{3,2}", Repetition),
            ("a{x}", Repetition),
            ("^*", Repetition),
            ("[a", Class),
            ("[z-a]", Class),
            ("\\q", Escape),
            ("a\\", Escape),
            ("a*", Empty),
            ("", Empty),
            ("(a|)", Empty),
            ("a{2000}", TooLarge),
            ("((a{30}){30}){30}", TooLarge),
        ] {
            assert_eq!(Pattern::new(source).err(), Some(error), "{source}");
        }
    }

    #[test]
    fn no_pattern_takes_more_than_its_share_of_a_text() {
        // What takes others a time beyond all bounds.
        let text = "a".repeat(20_000);
        assert_eq!(found("(a+)+b", &text), None);
        assert_eq!(found("(a|a)*(a|a)*(a|a)*c", &text), None);
    }
}
