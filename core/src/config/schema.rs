//! The JSON Schema (draft 2020-12) of a configuration, made of the tables that it is read by.

use serde_json::{Map, Value, json};

use super::Config;
use super::effective::shown;
use super::read::MOST_EXACT;
use super::table::{Key, Rule, Section, Slot};

/// What a configuration may be: for editors, and for whoever checks one without the filter.
///
/// It says each key's type, bounds, names and default. What keys contradict, and what a text must be beyond a name, it
/// cannot say.
#[must_use]
pub fn schema() -> Value {
    let mut schema = object(&mut Config::default());
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let link = json!({ "type": "string", "description": "Where this schema is. For editors." });
        properties.insert("$schema".to_owned(), link);
    }
    schema.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("title".to_owned(), "Configuration of Inferspan".into());
    Value::Object(schema)
}

fn object(section: &mut dyn Section) -> Map<String, Value> {
    let mut properties = Map::new();
    for (index, key) in section.keys().iter().enumerate() {
        let schema = property(key, section.slot(index));
        for alias in key.aliases {
            let mut other = schema.clone();
            other.insert("deprecated".to_owned(), true.into());
            other.insert("description".to_owned(), format!("Another name of {}.", key.name).into());
            properties.insert((*alias).to_owned(), Value::Object(other));
        }
        properties.insert(key.name.to_owned(), Value::Object(schema));
    }
    let schema = [
        ("type", Value::from("object")),
        ("additionalProperties", Value::from(false)),
        ("properties", Value::Object(properties)),
    ];
    schema.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn property(key: &Key, mut slot: Slot<'_>) -> Map<String, Value> {
    let default = shown(&mut slot);
    let mut schema = of_slot(key, slot);
    let lines: Vec<_> = key.doc.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    schema.insert("description".to_owned(), lines.join(" ").into());
    if let Some(default) = default.filter(|default| !default.is_null()) {
        schema.insert("default".to_owned(), default);
    }
    schema
}

fn of_slot(key: &Key, slot: Slot<'_>) -> Map<String, Value> {
    let schema = match slot {
        Slot::Text(_) | Slot::MaybeText(_) => match key.rule {
            Rule::Known(names) => json!({ "type": "string", "enum": names() }),
            _ => json!({ "type": "string" }),
        },
        Slot::MaybeSecret(_) => json!({ "type": "string" }),
        Slot::Flag(_) | Slot::MaybeFlag(_) => json!({ "type": "boolean" }),
        Slot::Whole(_) | Slot::MaybeWhole(_) => number("integer", key, Some(f64::from(u32::MAX))),
        Slot::MaybeLong(_) => number("integer", key, Some(MOST_EXACT)),
        Slot::Number(_) | Slot::MaybeNumber(_) => number("number", key, None),
        Slot::Name(place) => json!({ "type": "string", "enum": place.names() }),
        Slot::Names(place) => one_or_list(key, json!({ "type": "string", "enum": place.names() })),
        Slot::Texts(_) => one_or_list(key, json!({ "type": "string" })),
        Slot::Map(_) | Slot::Secrets(_) => {
            json!({ "type": "object", "additionalProperties": { "type": "string" } })
        }
        Slot::Section(section) => return object(section),
        Slot::Sections(list) => one_or_list(key, Value::Object(object(list.add()))),
        Slot::None => json!({}),
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

fn one_or_list(key: &Key, item: Value) -> Value {
    match key.rule {
        Rule::OneOrList => json!({ "anyOf": [item, { "type": "array", "items": item }] }),
        _ => json!({ "type": "array", "items": item }),
    }
}

fn number(kind: &str, key: &Key, most: Option<f64>) -> Value {
    match (key.rule, most) {
        (Rule::Within(least, most, _), _) => {
            json!({ "type": kind, "minimum": exact(least), "maximum": exact(most) })
        }
        (_, Some(most)) => json!({ "type": kind, "minimum": 0, "maximum": exact(most) }),
        _ => json!({ "type": kind }),
    }
}

/// A number, without a fraction where it has none.
pub(super) fn exact(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= MOST_EXACT { (number as i64).into() } else { number.into() }
}
