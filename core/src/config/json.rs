//! A configuration written as JSON text.
//!
//! Strict (RFC 8259), small, and for people: what is wrong is told with its line and column. The scanner of the bodies
//! ([`crate::json`]) is made for what passes in pieces, and holds no document.

use std::borrow::Cow;

use super::ConfigError;
use super::value::{MAX_DEPTH, MAX_VALUES, Value};
use crate::json::Number;

/// The one value that the text is.
pub(super) fn read(text: &[u8]) -> Result<Value<'_>, ConfigError> {
    let mut parser = Parser { text, rest: text, values: MAX_VALUES };
    parser.document().map_err(|problem| parser.error(problem))
}

struct Parser<'a> {
    text: &'a [u8],
    rest: &'a [u8],
    /// How many values may still come.
    values: usize,
}

type Parsed<T> = Result<T, &'static str>;

impl<'a> Parser<'a> {
    fn document(&mut self) -> Parsed<Value<'a>> {
        let value = self.value(MAX_DEPTH)?;
        match self.peek() {
            None => Ok(value),
            Some(_) => Err("something follows the JSON object; remove it"),
        }
    }

    fn value(&mut self, depth: usize) -> Parsed<Value<'a>> {
        self.values = self.values.checked_sub(1).ok_or("has too many values; give 400000 at most")?;
        let depth = depth.checked_sub(1).ok_or("is nested too deeply; give 32 levels at most")?;
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
            None => Err("the text ends where a value is missing"),
        }
    }

    fn object(&mut self, depth: usize) -> Parsed<Value<'a>> {
        let mut members = Vec::new();
        self.skip();
        if self.takes(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            match self.peek() {
                Some(b'"') => {}
                Some(b'}') => return Err("a comma is followed by no member; remove it"),
                Some(_) => return Err("a key is missing; give it in double quotation marks"),
                None => return Err("the text ends within an object; close it with }"),
            }
            let key = self.string()?;
            if !self.takes(b':') {
                return Err("a key is followed by no colon; give one, and a value");
            }
            members.push((key, self.value(depth)?));
            match self.peek() {
                Some(b',') => self.skip(),
                Some(b'}') => {
                    self.skip();
                    return Ok(Value::Object(members));
                }
                Some(_) => return Err("a member is followed by neither a comma nor a }"),
                None => return Err("the text ends within an object; close it with }"),
            }
        }
    }

    fn list(&mut self, depth: usize) -> Parsed<Value<'a>> {
        let mut items = Vec::new();
        self.skip();
        if self.takes(b']') {
            return Ok(Value::List(items));
        }
        loop {
            if self.peek() == Some(b']') {
                return Err("a comma is followed by no value; remove it");
            }
            items.push(self.value(depth)?);
            match self.peek() {
                Some(b',') => self.skip(),
                Some(b']') => {
                    self.skip();
                    return Ok(Value::List(items));
                }
                Some(_) => return Err("a value is followed by neither a comma nor a ]"),
                None => return Err("the text ends within a list; close it with ]"),
            }
        }
    }

    fn string(&mut self) -> Parsed<Cow<'a, str>> {
        const OPEN: &str = "the text ends within a text; close it with a quotation mark";
        self.skip();
        let mut text = Cow::Borrowed("");
        loop {
            let stop = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let end = self.rest.iter().position(stop).ok_or(OPEN)?;
            let (plain, rest) = self.rest.split_at_checked(end).ok_or(OPEN)?;
            let plain = std::str::from_utf8(plain).map_err(|_| "the text is not UTF-8")?;
            match &mut text {
                Cow::Borrowed("") => text = Cow::Borrowed(plain),
                text => text.to_mut().push_str(plain),
            }
            self.rest = rest;
            match rest.first() {
                Some(b'"') => {
                    self.skip();
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.skip();
                    let character = self.escape().ok_or("a backslash is followed by what is no escape")?;
                    text.to_mut().push(character);
                }
                _ => return Err("a text holds a control character; write it as an escape, e.g. \\n"),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(*byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => match self.unit()? {
                high @ 0xd800..=0xdbff => {
                    self.rest = self.rest.strip_prefix(b"\\u")?;
                    let low = self.unit()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    char::from_u32((high & 0x3ff) << 10 | low)
                        .and_then(|c| char::from_u32(u32::from(c).checked_add(0x1_0000)?))?
                }
                unit => char::from_u32(unit)?,
            },
            _ => return None,
        })
    }

    /// The four hex digits of an escape.
    fn unit(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
    }

    fn number(&mut self) -> Parsed<Value<'a>> {
        let within = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let end = self.rest.iter().position(|byte| !within(byte)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        let number = Number::parse(number).ok_or("is no number as JSON has them")?;
        let number = number.as_f64().ok_or("number out of range")?;
        self.rest = rest;
        Ok(Value::Number(number))
    }

    fn word(&mut self) -> Parsed<Value<'a>> {
        for (word, value) in
            [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
        {
            if let Some(rest) = self.rest.strip_prefix(word.as_bytes()) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err("a value is missing; a text stands in double quotation marks")
    }

    /// The next byte that is no white space, which is passed over.
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    /// Passes over the next byte.
    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// Passes over this byte where it is the next one.
    fn takes(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        if there {
            self.skip();
        }
        there
    }

    fn error(&self, problem: &str) -> ConfigError {
        let read = self.text.len().saturating_sub(self.rest.len());
        let read = self.text.get(..read).unwrap_or_default();
        let line = read.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        let begin = read.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at.saturating_add(1));
        let column = read.len().saturating_sub(begin).saturating_add(1);
        let problem = format!("line {line}, column {column}: {problem}");
        ConfigError { path: String::new(), problem }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> String {
        read(text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn reads_every_form() {
        let text = r#" { "a" : [ 1 , -2.5e1 , true , false , null , "x" ] , "b" : { } , "c" : [ ] } "#;
        let list = [
            Value::Number(1.0),
            Value::Number(-25.0),
            Value::Bool(true),
            Value::Bool(false),
            Value::Null,
            Value::Text("x".into()),
        ];
        let expected = Value::Object(vec![
            ("a".into(), Value::List(list.into())),
            ("b".into(), Value::Object(Vec::new())),
            ("c".into(), Value::List(Vec::new())),
        ]);
        assert_eq!(read(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn reads_escapes() {
        let text = r#""a\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00\u0041z""#;
        let expected = "a\"\\/\u{8}\u{c}\n\r\t\u{e4}\u{1f600}Az";
        assert_eq!(read(text.as_bytes()), Ok(Value::Text(expected.into())));
    }

    #[test]
    fn says_where_it_is_no_json() {
        for (text, expected) in [
            ("{", "line 1, column 2: the text ends within an object; close it with }"),
            ("{\n  \"a\": 1,\n}", "line 3, column 1: a comma is followed by no member; remove it"),
            ("{a:1}", "line 1, column 2: a key is missing; give it in double quotation marks"),
            ("{\"a\" 1}", "line 1, column 6: a key is followed by no colon; give one, and a value"),
            ("{\"a\":b}", "line 1, column 6: a value is missing; a text stands in double quotation marks"),
            ("{\"a\":1 \"b\":2}", "line 1, column 8: a member is followed by neither a comma nor a }"),
            ("[1,]", "line 1, column 4: a comma is followed by no value; remove it"),
            ("[1 2]", "line 1, column 4: a value is followed by neither a comma nor a ]"),
            ("[1", "line 1, column 3: the text ends within a list; close it with ]"),
            ("[\"a", "line 1, column 3: the text ends within a text; close it with a quotation mark"),
            (
                "[\"a\nb\"]",
                "line 1, column 4: a text holds a control character; write it as an escape, e.g. \\n",
            ),
            ("[\"\\x\"]", "line 1, column 5: a backslash is followed by what is no escape"),
            ("[\"\\ud800\"]", "line 1, column 9: a backslash is followed by what is no escape"),
            ("[01]", "line 1, column 2: is no number as JSON has them"),
            ("[1e999]", "line 1, column 2: number out of range"),
            ("{} {}", "line 1, column 4: something follows the JSON object; remove it"),
        ] {
            assert_eq!(refused(text), expected, "{text}");
        }
        let deep = "[".repeat(40);
        assert_eq!(refused(&deep), "line 1, column 33: is nested too deeply; give 32 levels at most");
        let many = format!("[{}1]", "1,".repeat(400_000));
        assert!(refused(&many).ends_with("has too many values; give 400000 at most"));
        assert!(read(b"\"\xff\"").unwrap_err().to_string().ends_with("the text is not UTF-8"));
    }

    fn same(value: &Value<'_>, other: &serde_json::Value) -> bool {
        match (value, other) {
            (Value::Null, serde_json::Value::Null) => true,
            (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
            (Value::Number(a), serde_json::Value::Number(b)) => {
                b.as_f64().is_some_and(|b| (a - b).abs() <= b.abs() * 1e-15)
            }
            (Value::Text(a), serde_json::Value::String(b)) => a == b,
            (Value::List(a), serde_json::Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            // Of a key that stands twice serde_json keeps the last.
            (Value::Object(a), serde_json::Value::Object(b)) => b.iter().all(|(key, b)| {
                a.iter().rev().find(|(name, _)| name == key).is_some_and(|(_, a)| same(a, b))
            }),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{},:"\\ u0-9a-dDtrue.+\-n\n\x00é]{0,24}"#) {
            let (ours, theirs) = (read(text.as_bytes()), serde_json::from_str::<serde_json::Value>(&text));
            match (&ours, &theirs) {
                (Ok(ours), Ok(theirs)) => prop_assert!(same(ours, theirs), "{ours:?} {theirs:?}"),
                (Err(_), Err(_)) => {}
                _ => prop_assert!(false, "{text:?}: {ours:?} {theirs:?}"),
            }
        }
    }
}
