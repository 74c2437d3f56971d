//! On which line of a YAML file something stands.
//!
//! The documents themselves are read as values that know no lines; so a file of which something is to be said is read
//! again, into its lines alone.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::line;

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into the document of that number, which a text holds.
    Document(usize),
    /// To a member.
    Key(String),
    /// To an element.
    Item(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

/// The line, from 1, of what a path of the filter's configuration leads to, where the steps lead to the configuration: an
/// object, or a text of JSON. Of the nearest thing around it where it is not there.
pub(super) fn of(file: &str, steps: &[Step], path: &str) -> Option<usize> {
    let Some((Step::Document(number), mut steps)) = steps.split_first() else { return None };
    let documents: Vec<Lines> = serde_saphyr::from_multiple(file).ok()?;
    let mut here = documents.get(*number)?;
    let mut line = here.line;
    while let Some((step, rest)) = steps.split_first() {
        if matches!(step, Step::Document(_)) {
            let Below::Text(text) = &here.below else { return Some(line) };
            return Some(line + within(file, line, of(text, steps, path).unwrap_or(1)));
        }
        let Some((found, below)) = here.below.step(step) else { return Some(line) };
        (line, here, steps) = (found, below, rest);
    }
    match &here.below {
        Below::Text(text) => Some(line + within(file, line, line::of(text.as_bytes(), path).unwrap_or(0))),
        _ => Some(here.find(path).unwrap_or(line)),
    }
}

/// How many lines below that of a text's beginning its `line`-th one stands: a block begins on the next one.
fn within(file: &str, at: usize, line: usize) -> usize {
    let head = file.lines().nth(at.saturating_sub(1)).unwrap_or_default();
    let block = head.split_whitespace().last().is_some_and(|word| word.starts_with(['|', '>']));
    if block { line } else { 0 }
}

/// A value's line, and those of what is below it.
#[derive(Debug)]
struct Lines {
    line: usize,
    below: Below,
}

#[derive(Debug)]
enum Below {
    Nothing,
    Text(String),
    List(Vec<Lines>),
    /// Each with its key, and the line of that.
    Members(Vec<(String, usize, Lines)>),
}

impl Below {
    /// The line that a person would look for, and what stands there.
    fn step(&self, step: &Step) -> Option<(usize, &Lines)> {
        match (self, step) {
            (Self::Members(members), Step::Key(key)) => {
                members.iter().find(|(known, ..)| known == key).map(|(_, line, below)| (*line, below))
            }
            (Self::List(items), Step::Item(index)) => items.get(*index).map(|item| (item.line, item)),
            _ => None,
        }
    }
}

impl Lines {
    /// The line of what a path like `otlp[1].timeout_ms` leads to from here.
    fn find(&self, path: &str) -> Option<usize> {
        if path.is_empty() {
            return Some(self.line);
        }
        let (line, below, rest) = match &self.below {
            Below::Members(members) => {
                let path = path.strip_prefix('.').unwrap_or(path);
                members.iter().find_map(|(key, line, below)| {
                    let rest = path.strip_prefix(key.as_str())?;
                    (rest.is_empty() || rest.starts_with(['.', '['])).then_some((*line, below, rest))
                })?
            }
            Below::List(items) => {
                let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
                let item = items.get(index.parse::<usize>().ok()?)?;
                (item.line, item, rest)
            }
            Below::Nothing | Below::Text(_) => return None,
        };
        if rest.is_empty() { Some(line) } else { Some(below.find(rest).unwrap_or(line)) }
    }
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Below>::deserialize(deserializer)?;
        Ok(Self { line: usize::try_from(referenced.line()).unwrap_or_default(), below: value })
    }
}

impl<'de> Deserialize<'de> for Below {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Below;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Below, E> {
        Ok(Below::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Below, E> {
        Ok(Below::Nothing)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Below, E> {
        Ok(Below::Nothing)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Below, E> {
        Ok(Below::Nothing)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Below, E> {
        Ok(Below::Nothing)
    }

    fn visit_unit<E>(self) -> Result<Below, E> {
        Ok(Below::Nothing)
    }

    fn visit_none<E>(self) -> Result<Below, E> {
        Ok(Below::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Below, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Below::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Below, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<Lines>()? {
            if let Below::Text(name) = key.below {
                members.push((name, key.line, map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Below::Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
a: 1
---
list:
  - name: x
    config:
      otlp:
        - timeout_ms: 0
          \"cluster\": y
  - {config: {service_name: 3}}
text: |
  {
    \"otlp\": {
      \"timeout\": 1 }
  }
inner:
  doc: |-
    k: v
    config:
      b: 1
flow: \"{\\\"x\\\": 1}\"
";

    #[test]
    fn each_key_has_its_line() {
        let item = |index| vec![Step::Document(1), "list".into(), Step::Item(index), "config".into()];
        let text = vec![Step::Document(1), "text".into()];
        let inner = vec![Step::Document(1), "inner".into(), "doc".into(), Step::Document(0), "config".into()];
        for (steps, path, line) in [
            (item(0), "otlp[0].timeout_ms", 7),
            (item(0), "otlp[0].cluster", 8),
            (item(0), "otlp[0].missing", 7),
            (item(0), "otlp[3]", 6),
            (item(1), "service_name", 9),
            (text.clone(), "otlp.timeout", 13),
            (text, "otlp", 12),
            (inner.clone(), "b", 19),
            (inner, "c", 18),
            (vec![Step::Document(1), "flow".into()], "x", 20),
            (vec![Step::Document(1), "nowhere".into()], "x", 3),
        ] {
            assert_eq!(of(FILE, &steps, path), Some(line), "{steps:?} {path}");
        }
        assert_eq!(of("a: [", &[Step::Document(0)], "a"), None, "no YAML has no lines");
    }
}
