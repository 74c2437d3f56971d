//! The configuration's schema: what the repository holds is what the tables say, and docs/configuration.md says the same
//! of each key, both ways.
//!
//! After a change: `ACCEPT=1 cargo test -p inferspan-core --test schema` writes `docs/inferspan.schema.json`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use inferspan_core::config::schema;
use serde_json::Value;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/inferspan.schema.json");
const PAGE: &str = include_str!("../../docs/configuration.md");

#[test]
fn the_repository_holds_it() {
    if std::env::var_os("ACCEPT").is_some() {
        std::fs::write(FILE, serde_json::to_string_pretty(&schema()).unwrap() + "\n").unwrap();
    }
    let held: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    assert!(held == schema(), "`ACCEPT=1 cargo test -p inferspan-core --test schema` writes {FILE}");
}

#[test]
fn every_key_is_described() {
    for (key, schema) in keys() {
        let description = schema["description"].as_str().unwrap_or_default();
        assert!(description.ends_with('.'), "{key}: {description:?}");
    }
}

#[test]
fn the_documentation_says_the_same() {
    let (rows, keys) = (rows(), keys());
    for (key, schema) in &keys {
        let Some(row) = rows.get(key) else {
            // What a price may be of is listed in the row of the object.
            let (object, name) = key.rsplit_once('.').expect(key);
            let row = rows.get(object).unwrap_or_else(|| panic!("docs/configuration.md does not have {key}"));
            let listed = row.text.contains(&format!("`{name}`")) || row.bounds == "as above";
            assert!(listed, "{object} does not list {name}");
            continue;
        };
        let expected = type_of(schema);
        assert!(row.kind.starts_with(&expected), "{key} is a {expected}, not a {}", row.kind);
        if let Some(default) = schema.get("default").filter(|default| {
            default.is_boolean()
                || default.is_number()
                || default.as_str().is_some_and(|text| !text.is_empty())
        }) {
            let default = default.as_str().map_or_else(|| default.to_string(), |text| format!("`{text}`"));
            let told = row.default.split(", ").any(|told| told == default);
            assert!(told, "{key}: the default is {default}, not {}", row.default);
        }
        if let (Some(least), Some(most)) = (schema.get("minimum"), schema.get("maximum"))
            && most.as_u64().is_some_and(|most| most < u64::from(u32::MAX))
        {
            let bounds = format!("{least} to {most}");
            assert!(row.bounds.starts_with(&bounds), "{key}: {bounds}, not {}", row.bounds);
        }
        let names = schema.get("enum").or_else(|| schema.pointer("/items/enum")).and_then(Value::as_array);
        // The formats are too many for a cell.
        for name in names.into_iter().filter(|names| names.len() < 8).flatten() {
            let name = name.as_str().unwrap();
            assert!(row.bounds.contains(&format!("`{name}`")), "{key} does not name {name}: {}", row.bounds);
        }
    }
    let known: BTreeSet<_> = keys.keys().flat_map(|key| prefixes(key)).collect();
    for key in rows.keys() {
        assert!(known.contains(key), "there is no key {key}");
    }
}

/// The type as the documentation calls it.
fn type_of(schema: &Value) -> String {
    let list_of = |items: &Value| match items["type"].as_str() {
        Some("string") => "list of strings".to_owned(),
        _ => "list of".to_owned(),
    };
    if let Some([one, list]) = schema["anyOf"].as_array().map(Vec::as_slice) {
        return match one["type"].as_str() {
            Some("string") => format!("string or {}", list_of(&list["items"])),
            _ => "object".to_owned(),
        };
    }
    match schema["type"].as_str().unwrap() {
        "array" => list_of(&schema["items"]),
        "object" if schema.get("properties").is_none() => "object of strings".to_owned(),
        other => other.to_owned(),
    }
}

/// The keys of the schema, but for former names and objects, by their paths.
fn keys() -> BTreeMap<String, Value> {
    let mut keys = BTreeMap::new();
    gather("", &schema(), &mut keys);
    keys
}

fn gather(path: &str, object: &Value, keys: &mut BTreeMap<String, Value>) {
    let properties = object["properties"].as_object().into_iter().flatten();
    for (name, schema) in
        properties.filter(|(name, schema)| *name != "$schema" && schema.get("deprecated").is_none())
    {
        let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let one = schema.pointer("/anyOf/0").filter(|one| one.get("properties").is_some());
        if schema.pointer("/items/properties").is_some() {
            gather(&format!("{key}[]"), &schema["items"], keys);
            keys.insert(key, schema.clone());
        } else if let Some(one) = one {
            gather(&key, one, keys);
            keys.insert(key, schema.clone());
        } else if schema.get("properties").is_some() {
            gather(&key, schema, keys);
        } else {
            keys.insert(key, schema.clone());
        }
    }
}

/// A path and those of the objects that it leads through.
fn prefixes(key: &str) -> Vec<String> {
    let ends = key.match_indices('.').map(|(end, _)| key[..end].to_owned());
    ends.chain([key.to_owned()]).collect()
}

struct Row {
    kind: String,
    default: String,
    bounds: String,
    text: String,
}

/// The rows of the page's table of keys; one that is of several keys stands for each.
fn rows() -> BTreeMap<String, Row> {
    let table = PAGE.split("## Keys").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut rows = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [keys, kind, default, bounds, text] = cells[..] else { panic!("five cells: {line}") };
        for key in keys.split(", ").map(|key| key.trim_matches('`').to_owned()) {
            let [kind, default, bounds, text] = [kind, default, bounds, text].map(str::to_owned);
            assert!(rows.insert(key, Row { kind, default, bounds, text }).is_none(), "twice: {line}");
        }
    }
    rows
}
