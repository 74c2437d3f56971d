//! What requests say: the rows that are kept of them, and the JSON that is made of each.
//!
//! The same rows hold for every format: what stands in them tells what it is.

use super::store::{Kind as K, Store};
use super::tape::{self, Node, Row};
use super::write::{Json, Shown};
use super::{Content, Settings, part};

/// What is made of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    System,
    Input,
    Tools,
    Other,
}

/// What is kept of a request. A list of messages takes what there is, and its oldest go first; what else there is
/// leaves it the half.
pub(super) const ROWS: &[Row] = &[
    ("system", 2),
    ("instructions", 2),
    ("system_instruction", 2),
    ("systemInstruction", 2),
    ("request.systemInstruction", 2),
    ("system_prompt", 2),
    ("preamble", 2),
    ("chatRequest.preambleOverride", 2),
    ("chat_history", 4),
    ("chatRequest.chatHistory", 4),
    ("messages", 6),
    ("chatRequest.messages", 6),
    ("contents", 6),
    ("request.contents", 6),
    ("input", 6),
    ("inputs", 6),
    ("prompt", 6),
    ("inputText", 6),
    ("text_input", 6),
    ("texts", 6),
    ("content", 6),
    ("requests", 6),
    ("instances", 6),
    ("text", 3),
    ("message", 6),
    ("chatRequest.message", 6),
    ("tool_results", 2),
    ("images", 1),
    ("tools", 2),
    ("functions", 2),
    ("request.tools", 2),
    ("toolConfig.tools", 2),
    ("chatRequest.tools", 2),
    ("parameters.tools", 2),
    (INCREMENTS, 1),
];

/// Whether each message of DashScope's streams tells what is new.
const INCREMENTS: &str = "parameters.incremental_output";

/// Whether it is said of the request that its answer's messages tell what is new.
pub(super) fn asks_for_increments(root: Node<'_>) -> bool {
    root.get(INCREMENTS).kind() == tape::Kind::Bool(true)
}

fn how(row: &str) -> How {
    if row.ends_with("tools") || row == "functions" {
        How::Tools
    } else if row == INCREMENTS {
        How::Other
    } else if row.contains("ystem") || row.contains("instruction") || row.contains("preamble") {
        How::System
    } else {
        How::Input
    }
}

/// Writes what is wanted of a request.
pub(super) fn write(root: Node<'_>, settings: &Settings, content: &mut Content) {
    // What is made of a tape of so many bytes is not more than some times as large, and gone when it is written.
    let mut store = Store::new(settings.bytes.saturating_mul(8), false);
    let mut system = Store::new(settings.bytes.saturating_mul(8), false);
    for (row, _) in ROWS {
        match how(row) {
            How::System => {
                if let Some(at) = system.open(0) {
                    system.contents(at, root.get(row));
                }
            }
            How::Input => input(&mut store, root.get(row), row),
            How::Tools | How::Other => {}
        }
    }
    let mut left = settings.bytes;
    if settings.system_instructions {
        let mut json = Json::new(left / 4, Some(&settings.redactor));
        let parts = system.messages.iter().flat_map(|message| &message.parts);
        json.begin("", '[');
        parts.for_each(|part| json.part(part, Shown { tool_calls: settings.tool_calls }));
        json.end(']');
        if json.out.len() > 2 {
            left = left.saturating_sub(json.out.len());
            content.system_instructions = Some(content.take(json));
        }
    }
    if settings.tool_definitions {
        let mut json = Json::new(left / 4, Some(&settings.redactor));
        json.begin("", '[');
        for (row, _) in ROWS.iter().filter(|(row, _)| how(row) == How::Tools) {
            root.get(row).each().for_each(|(_, node)| tool(&mut json, node));
        }
        json.end(']');
        if json.out.len() > 2 {
            left = left.saturating_sub(json.out.len());
            content.tool_definitions = Some(content.take(json));
        }
    }
    if settings.input_messages {
        let written = messages(&store, settings, left, content);
        content.input_messages = Some(written).filter(|json| json.len() > 2);
    }
    content.truncated = content.truncated.saturating_add(store.cut).saturating_add(system.cut);
}

/// The newest messages that there is room for.
fn messages(store: &Store, settings: &Settings, room: usize, content: &mut Content) -> String {
    let mut kept: Vec<String> = Vec::new();
    let mut left = room.saturating_sub(2);
    let shown = |role: &str| settings.system_instructions || !matches!(role, "system" | "developer");
    for message in store.messages.iter().rev().filter(|message| shown(&message.role)) {
        let mut json = Json::new(left, Some(&settings.redactor));
        json.message(message, None, Shown { tool_calls: settings.tool_calls });
        let more = content.take(json);
        if !more.is_empty() {
            left = left.saturating_sub(more.len().saturating_add(1));
            kept.push(more);
        }
    }
    kept.reverse();
    format!("[{}]", kept.join(","))
}

/// Messages, in whatever form: a text, one, or a list of them.
fn input(store: &mut Store, node: Node<'_>, row: &str) {
    let next = |store: &mut Store| {
        let index = u32::try_from(store.messages.len()).unwrap_or(u32::MAX);
        store.open(index)
    };
    match node.kind() {
        tape::Kind::Text { .. } | tape::Kind::Media { .. } => {
            if let Some(at) = next(store) {
                store.role(at, "user");
                store.contents(at, node);
            }
        }
        tape::Kind::Array if row == "images" => {
            if let Some(at) = store.messages.len().checked_sub(1) {
                node.each().for_each(|(_, picture)| store.media(at, "image", picture));
            }
        }
        tape::Kind::Array => {
            let mut begun = None;
            for (_, node) in node.each() {
                begun = match (begun, own_piece(node)) {
                    // Pieces that follow each other are one message.
                    (Some(at), Some(K::Text | K::Media)) => {
                        store.piece(at, u32::MAX, node);
                        Some(at)
                    }
                    (_, kind) => {
                        input(store, node, "");
                        let one = matches!(kind, Some(K::Text | K::Media));
                        store.messages.len().checked_sub(1).filter(|_| one)
                    }
                };
            }
        }
        tape::Kind::Object => {
            let list = node.at("messages|prompt");
            if list.is_some() {
                input(store, list, "");
            } else if let Some(kind) = own_piece(node) {
                if let Some(at) = next(store) {
                    store.role(
                        at,
                        match kind {
                            K::ToolResponse => "tool",
                            K::Text | K::Media => "user",
                            _ => "assistant",
                        },
                    );
                    store.piece(at, u32::MAX, node);
                }
            } else if node.at("role|content|parts|message|author|text").is_some()
                && let Some(at) = next(store)
            {
                store.message(at, node);
            }
        }
        _ => {}
    }
}

/// What an object is that stands among messages and is none.
fn own_piece(node: Node<'_>) -> Option<K> {
    let piece = node.is_object() && !node.get("role").is_some() && node.get("type").is_some();
    let piece = piece && !matches!(node.word("type"), "message" | "message.input" | "message.output");
    part::classify(node).filter(|_| piece).map(|(kind, ..)| kind)
}

/// A tool in the convention's form.
fn tool(json: &mut Json<'_>, node: Node<'_>) {
    let list = node.at("functionDeclarations|function_declarations");
    if list.is_array() {
        list.each().for_each(|(_, node)| tool(json, node));
        return;
    }
    let inner = node.at("function|toolSpec|custom|tool_spec");
    let inner = if inner.is_object() { inner } else { node };
    let (kind, name) = (node.word("type"), inner.word("name"));
    if !json.begin("", '{') {
        return;
    }
    if !name.is_empty() && matches!(kind, "" | "function" | "custom" | "FUNCTION") {
        json.word("type", "function");
        json.text("name", name, false);
        let description = inner.get("description");
        if description.is_some() {
            json.value("description", description);
        }
        let parameters = inner.at(
            "parameters|input_schema|inputSchema.json|parametersJsonSchema|parameter_definitions|inputSchema|\
             parameterDefinitions",
        );
        if parameters.is_some() {
            json.value("parameters", parameters);
        }
    } else {
        // A tool of the provider's, by its type or by the member that is its name.
        let by_member = node.each().next().map_or("tool", |(key, _)| key);
        let kind = if kind.is_empty() { by_member } else { kind };
        json.text("type", kind, false);
        json.text("name", if name.is_empty() { kind } else { name }, false);
        for (key, value) in node.each().filter(|(key, _)| !matches!(*key, "type" | "name")) {
            json.value(key, value);
        }
    }
    json.end('}');
}
