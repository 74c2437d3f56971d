//! From a tree of values into the configuration, by its tables: types, names of keys, numbers that fit.
//!
//! Nothing stops at what is wrong: it is noted, what was there stays, and reading goes on with the next key.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Secret;
use super::near::nearest;
use super::problems::Problems;
use super::table::{Key, Rule, Section, Slot};
use super::value::Value;

/// Reads an object.
pub(super) fn object(value: &Value<'_>, section: &mut dyn Section, problems: &mut Problems) {
    let Value::Object(members) = value else {
        return problems.add(format!("is {}; give an object", value.kind()));
    };
    let keys = section.keys();
    let (mut given, mut misspelt) = (vec![false; keys.len()], Vec::new());
    for (name, value) in members {
        // Editors are told by it what may stand here.
        if name == "$schema" && problems.path().is_empty() {
            continue;
        }
        let mark = problems.enter(name);
        let index = keys.iter().position(|key| key.names().any(|known| known == name));
        match index.and_then(|index| Some((index, keys.get(index)?, given.get_mut(index)?))) {
            None => {
                let meant = nearest(name, &mut keys.iter().flat_map(Key::names));
                problems.add(no_key(keys, meant));
                misspelt.extend(meant);
            }
            Some((_, key, true)) if key.name == name => problems.add(TWICE),
            Some((_, key, true)) => {
                problems.add(format!("is another name of {}, which is given, too; remove one", key.name))
            }
            Some((index, key, given)) => {
                *given = true;
                if *value != Value::Null {
                    field(value, key, section.slot(index), problems);
                }
            }
        }
        problems.leave(mark);
    }
    for key in misspelt {
        problems.misspelt(key);
    }
}

/// Reads what a key says into its place.
fn field(value: &Value<'_>, key: &Key, slot: Slot<'_>, problems: &mut Problems) {
    match (slot, value) {
        (Slot::Text(place), Value::Text(text)) => *place = text.to_string(),
        (Slot::MaybeText(place), Value::Text(text)) => *place = Some(text.to_string()),
        (Slot::MaybeSecret(place), Value::Text(text)) => *place = Some(Secret(text.to_string())),
        (Slot::Flag(place), Value::Bool(flag)) => *place = *flag,
        (Slot::MaybeFlag(place), Value::Bool(flag)) => *place = Some(*flag),
        (Slot::Whole(place), Value::Number(number)) => {
            if let Some(number) = whole(*number, f64::from(u32::MAX), key, problems) {
                *place = number as u32;
            }
        }
        (Slot::MaybeWhole(place), Value::Number(number)) => {
            if let Some(number) = whole(*number, f64::from(u32::MAX), key, problems) {
                *place = Some(number as u32);
            }
        }
        (Slot::MaybeLong(place), Value::Number(number)) => {
            if let Some(number) = whole(*number, MOST_EXACT, key, problems) {
                *place = Some(number as u64);
            }
        }
        (Slot::Number(place), Value::Number(number)) => *place = *number,
        (Slot::MaybeNumber(place), Value::Number(number)) => *place = Some(*number),
        (Slot::Name(place), Value::Text(text)) => {
            if let Some(index) = choice(text, place.names(), problems) {
                place.choose(index);
            }
        }
        (Slot::Names(place), Value::Text(text)) if matches!(key.rule, Rule::OneOrList) => {
            if let Some(index) = choice(text, place.names(), problems) {
                place.clear();
                place.add(index);
            }
        }
        (Slot::Names(place), Value::List(items)) => {
            place.clear();
            texts(items, problems, &mut |text, problems| {
                if let Some(index) = choice(text, place.names(), problems) {
                    place.add(index);
                }
            });
        }
        (Slot::Texts(place), Value::Text(text)) if matches!(key.rule, Rule::OneOrList) => {
            *place = vec![text.to_string()];
        }
        (Slot::Texts(place), Value::List(items)) => {
            place.clear();
            texts(items, problems, &mut |text, _| place.push(text.to_owned()));
        }
        (Slot::Map(place), Value::Object(members)) => *place = map(members, problems),
        (Slot::Secrets(place), Value::Object(members)) => {
            *place = map(members, problems).into_iter().map(|(name, text)| (name, Secret(text))).collect();
        }
        (Slot::Section(place), value @ Value::Object(_)) => object(value, place, problems),
        (Slot::Sections(place), value @ Value::Object(_)) if matches!(key.rule, Rule::OneOrList) => {
            place.clear();
            object(value, place.add(), problems);
        }
        (Slot::Sections(place), Value::List(items)) => {
            place.clear();
            for (index, item) in items.iter().enumerate() {
                let mark = problems.enter_item(index);
                object(item, place.add(), problems);
                problems.leave(mark);
            }
        }
        (slot, value) => {
            let quoted = match (&slot, value) {
                (
                    Slot::Whole(_) | Slot::MaybeWhole(_) | Slot::MaybeLong(_) | Slot::Number(_),
                    Value::Text(text),
                )
                | (Slot::MaybeNumber(_), Value::Text(text))
                    if text.parse::<f64>().is_ok() =>
                {
                    ", without quotation marks"
                }
                (Slot::Flag(_) | Slot::MaybeFlag(_), Value::Text(text))
                    if matches!(&**text, "true" | "false") =>
                {
                    ", without quotation marks"
                }
                _ => "",
            };
            problems.add(format!("is {}; give {}{quoted}", value.kind(), wanted(key, &slot)));
        }
    }
}

/// Each text of a list.
fn texts(items: &[Value<'_>], problems: &mut Problems, take: &mut dyn FnMut(&str, &mut Problems)) {
    for (index, item) in items.iter().enumerate() {
        let mark = problems.enter_item(index);
        match item {
            Value::Text(text) => take(text, problems),
            other => problems.add(format!("is {}; give a text", other.kind())),
        }
        problems.leave(mark);
    }
}

fn map(members: &[(Cow<'_, str>, Value<'_>)], problems: &mut Problems) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for (name, value) in members {
        let mark = problems.enter(name);
        match value {
            Value::Text(text) => {
                if map.insert(name.to_string(), text.to_string()).is_some() {
                    problems.add(TWICE);
                }
            }
            Value::Null => {}
            other => problems.add(format!("is {}; give a text", other.kind())),
        }
        problems.leave(mark);
    }
    map
}

/// The number where it is whole and fits.
fn whole(number: f64, most: f64, key: &Key, problems: &mut Problems) -> Option<f64> {
    if number.fract() != 0.0 {
        problems.add(format!("is {number}; give a whole number{}", bounds(key)));
        return None;
    }
    if !(0.0..=most).contains(&number) {
        problems.add(match key.rule {
            Rule::Within(least, most, unit) => out_of_range(number, least, most, unit),
            _ => format!("is {number}; give 0 to {most}"),
        });
        return None;
    }
    Some(number)
}

/// What a number beyond its bounds is answered with.
pub(super) fn out_of_range(number: f64, least: f64, most: f64, unit: &str) -> String {
    format!("is {number}; give {least} to {most} ({unit})")
}

/// The index of a name.
fn choice(text: &str, names: &[&'static str], problems: &mut Problems) -> Option<usize> {
    let index = names.iter().position(|name| *name == text);
    if index.is_none() {
        problems.add(no_name(text, names));
    }
    index
}

/// What a name that is none is answered with.
pub(super) fn no_name(text: &str, names: &[&'static str]) -> String {
    let meant = meant(nearest(text, &mut names.iter().copied()));
    format!("is {}; give {}{meant}", quoted(text), one_of(names))
}

fn no_key(keys: &[Key], nearest: Option<&str>) -> String {
    let names: Vec<_> = keys.iter().map(|key| key.name).collect();
    format!("is no key; give {}{}", one_of(&names), meant(nearest))
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default()
}

/// The names, as people list them.
fn one_of(names: &[&'static str]) -> String {
    match names {
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} or {other}"),
        names => format!("one of {}", names.join(", ")),
    }
}

/// A text as a message shows it: the beginning of a long one.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// What is wanted in a place.
fn wanted(key: &Key, slot: &Slot<'_>) -> String {
    let plain = match slot {
        Slot::Text(_) | Slot::MaybeText(_) => match key.rule {
            Rule::Known(names) => return one_of(&names()),
            _ => "a text",
        },
        Slot::MaybeSecret(_) => "a text",
        Slot::Flag(_) | Slot::MaybeFlag(_) => "true or false",
        Slot::Whole(_) | Slot::MaybeWhole(_) | Slot::MaybeLong(_) => {
            return format!("a whole number{}", bounds(key));
        }
        Slot::Number(_) | Slot::MaybeNumber(_) => return format!("a number{}", bounds(key)),
        Slot::Name(place) => return one_of(place.names()),
        Slot::Names(place) => {
            let names = one_of(place.names());
            return match key.rule {
                Rule::OneOrList => format!("{names}, or a list of them"),
                _ => format!("a list of {}", names.strip_prefix("one of ").unwrap_or(&names)),
            };
        }
        Slot::Texts(_) => match key.rule {
            Rule::OneOrList => "a text, or a list of them",
            _ => "a list of texts",
        },
        Slot::Map(_) | Slot::Secrets(_) => "an object of texts",
        Slot::Section(_) | Slot::None => "an object",
        Slot::Sections(_) => match key.rule {
            Rule::OneOrList => "an object, or a list of them",
            _ => "a list of objects",
        },
    };
    plain.to_owned()
}

fn bounds(key: &Key) -> String {
    match key.rule {
        Rule::Within(least, most, unit) => format!(", {least} to {most} ({unit})"),
        _ => String::new(),
    }
}

const TWICE: &str = "is given twice; give it once";
/// Beyond this two whole numbers are the same `f64`.
pub(super) const MOST_EXACT: f64 = 9_007_199_254_740_991.0;
/// Characters of a text in a message.
const MAX_QUOTED: usize = 100;
