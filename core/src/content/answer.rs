//! What answers say: the rows that are kept of them, and what becomes of each.
//!
//! Most formats need no more than a row: a list of choices, a message, a text. Streams in blocks (Anthropic, Bedrock,
//! Cohere, Gemini interactions) tell the block's number beside what it begins with or adds; OpenAI's responses have
//! events of their own.

use super::store::{BLOCKS, Kind, Store};
use super::tape::{self, Node, Row};
use crate::api::Api;

/// What is kept of this format's answers.
pub(super) fn rows(api: Api) -> &'static [Row] {
    if api == Api::OpenAiResponses { RESPONSES } else { ANSWERS }
}

/// Adds what an answer, or a message of a stream, says.
pub(super) fn read(store: &mut Store, api: Api, root: Node<'_>) {
    if api == Api::OpenAiResponses {
        response(store, root);
        return;
    }
    let index = root.number("index|contentBlockIndex");
    let block = BLOCKS.saturating_add(index.unwrap_or_default().min(0xffff));
    let event = root.word("type|event_type");
    let begun = store.stream && !store.messages.is_empty();
    // A stream's last message says all of it again.
    let again = begun && (AGAIN.contains(&event) || (api == Api::Oci && root.get("finishReason").is_some()));
    for (row, node) in root.each() {
        match row {
            // LM Studio's last one knows more than what went before it.
            "result" if event == "chat.end" => {
                if !store.event_cut && node.get("output").is_some() {
                    store.clear();
                    answer(store, node.get("output"), 0);
                }
            }
            // What was transcribed, whole, where its segments told it in pieces.
            "text" if event.ends_with(".done") => {
                if !store.event_cut {
                    store.clear();
                    answer(store, node, 0);
                }
            }
            "response" | "text" | "generations" if again => {}
            "tool_calls" if again && store.has_calls() => {}
            "contentBlockDelta" | "contentBlockStart" if node.is_object() => read(store, api, node),
            "tool_call_delta" => {
                if let Some(at) = store.open(0) {
                    store.tool_calls(at, node);
                }
            }
            "function_call" => {
                if let Some(at) = store.open(0) {
                    store.legacy_call(at, node);
                }
            }
            "content" if event == "reasoning.delta" => {
                if let Some(at) = store.open(0) {
                    store.put(at, BLOCKS.saturating_sub(1), Kind::Reasoning, ("", ""), node);
                }
            }
            "content" if event == "message.output.delta" => {
                if let Some(at) = store.open(0) {
                    store.numbered(at, entry(root), node);
                }
            }
            "message" if api == Api::Oci => answer(store, node, index.unwrap_or_default()),
            "delta" if !node.is_object() && store.stream && event.contains("audio") => {}
            "content_block" | "start" | "delta" | "step" if node.is_object() => delta(store, block, node),
            "role" => {
                if let Some(at) = store.open(0) {
                    store.role(at, node.text().unwrap_or_default());
                }
            }
            "tool_calls" => {
                if let Some(at) = store.open(0) {
                    store.tool_calls(at, node);
                }
            }
            "thinking" => {
                if let Some(at) = store.open(0) {
                    store.put(at, BLOCKS.saturating_sub(1), Kind::Reasoning, ("", ""), node);
                }
            }
            "generated_text" if begun => {}
            "token" if node.get("special").kind() == tape::Kind::Bool(true) => {}
            "event" => {
                let told = node.get("delta");
                match store.open(0).filter(|_| told.word("type") == "tool_call") {
                    Some(at) => store.tool_calls(at, told),
                    None => delta(store, block, told),
                }
            }
            // Where an answer is made of a message, a text of that name tells of something else.
            "message" if !node.is_object() => {}
            _ if TOLD.contains(&row) => {}
            _ => answer(store, node, 0),
        }
    }
    // Mistral's conversations.
    let kind = match event {
        "function.call.delta" => Kind::ToolCall,
        _ if event.starts_with("tool.execution.") => Kind::ServerCall,
        _ => return,
    };
    if let Some(at) = store.open(0) {
        store.call(at, entry(root), kind, root);
    }
}

/// The key of the entry that an event of Mistral's conversations tells of.
fn entry(root: Node<'_>) -> u32 {
    let number = |row: &str| root.number(row).unwrap_or_default().min(0xfff);
    let key = number("output_index").saturating_mul(0x100).saturating_add(number("content_index").min(0xff));
    BLOCKS.saturating_add(0x10_0000).saturating_add(key)
}

/// A text, a message, or a list of them by choice.
fn answer(store: &mut Store, node: Node<'_>, choice: u32) {
    use tape::Kind as K;
    match node.kind() {
        K::Text { .. } => {
            if let Some(at) = store.open(choice) {
                store.contents(at, node);
            }
        }
        K::Array if is_pieces(node) => {
            if let Some(at) = store.open(choice) {
                items(store, at, node);
            }
        }
        K::Array => {
            for (place, (_, node)) in (0_u32..).zip(node.each()) {
                let index = node.number("index").unwrap_or(place);
                let inner = node.at(if store.stream {
                    "delta|message|content|messages|data"
                } else {
                    "message|delta|content|messages|data"
                });
                answer(
                    store,
                    if inner.is_some() && !node.at("tool_calls|toolCalls").is_some() { inner } else { node },
                    index,
                );
            }
        }
        K::Object => {
            let inner = node.at(INNER);
            if inner.is_some() && !node.get("role").is_some() {
                answer(store, inner, choice);
                if let Some(at) = store.open(choice) {
                    store.tool_calls(at, node.at("tool_calls|toolCalls"));
                }
            } else if let Some(at) = store.open(choice) {
                store.message(at, node);
            }
        }
        _ => {}
    }
}

/// A list of pieces of one message, not of choices.
fn is_pieces(node: Node<'_>) -> bool {
    node.each().next().is_some_and(|(_, first)| first.get("type").is_some())
}

/// The items that an answer is made of: messages, and pieces beside them.
fn items(store: &mut Store, at: usize, list: Node<'_>) {
    for (_, item) in list.each() {
        if item.get("role").is_some() || matches!(item.word("type"), "message" | "message.output") {
            store.role(at, item.word("role"));
            store.contents(at, item.get("content"));
        } else if item.word("type") == "model_output" {
            store.contents(at, item.get("content"));
        } else {
            store.piece(at, u32::MAX, item);
        }
    }
}

/// What a block of a stream begins with, or goes on with.
fn delta(store: &mut Store, block: u32, node: Node<'_>) {
    let Some(at) = store.open(0) else { return };
    let message = node.get("message");
    if message.is_object() {
        // Cohere's: a message of which one member goes on.
        let content = message.get("content");
        if content.is_object() {
            store.piece(at, block, content);
        }
        store.role(at, message.word("role"));
        store.put(at, BLOCKS.saturating_sub(2), Kind::Reasoning, ("", ""), message.get("tool_plan"));
        store.call(at, block.saturating_add(0x20_0000), Kind::ToolCall, message.get("tool_calls"));
        return;
    }
    store.piece(at, block, node);
}

/// OpenAI's responses: an answer, or an event of its stream.
fn response(store: &mut Store, root: Node<'_>) {
    let Some(at) = store.open(0) else { return };
    let number = |row: &str| root.number(row).unwrap_or_default().min(0xfff);
    let part = number("content_index").max(number("summary_index"));
    let item = BLOCKS.saturating_add(number("output_index").saturating_mul(0x100));
    let key = item.saturating_add(part.min(0x7f)).saturating_add(1);
    let event = root.get("type").text().unwrap_or_default();
    let told = EVENTS.iter().find(|(name, _)| *name == event);
    if let Some((_, kind)) = told {
        let key = if matches!(kind, Kind::ToolCall | Kind::ServerCall) { item } else { key };
        store.put(at, key, *kind, ("", ""), root.get("delta"));
        return;
    }
    let whole = root.get("item");
    match event {
        "response.output_item.added" | "response.output_item.done" if !is_message(whole) => {
            // Told whole at its end; where that was too long the deltas stay.
            if event.ends_with("done")
                && !store.event_cut
                && super::part::classify(whole)
                    .is_some_and(|(kind, ..)| !matches!(kind, Kind::Reasoning | Kind::Text))
            {
                store.replace(at, item);
                store.piece(at, item, whole);
            } else if event.ends_with("added") && !matches!(whole.word("type"), "reasoning") {
                store.piece(at, item, whole);
            }
        }
        "response.output_item.added" => store.role(at, whole.word("role")),
        // All of it again; what no event told is taken from it.
        "response.completed" | "response.incomplete" | "response.failed" => {
            let none = store.messages.get(at).is_none_or(|message| message.parts.is_empty());
            let output = root.get("response.output");
            if none {
                items(store, at, output);
            } else if !store.event_cut {
                for (index, (_, item)) in (0_u32..).zip(output.each()) {
                    let key = BLOCKS.saturating_add(index.min(0xfff).saturating_mul(0x100));
                    if !is_message(item) && !store.says(at, key) {
                        store.piece(at, key, item);
                    }
                }
            }
        }
        "" => items(store, at, root.get("output")),
        _ => {}
    }
}

fn is_message(item: Node<'_>) -> bool {
    item.word("type") == "message"
}

/// Events that add to a piece.
const EVENTS: &[(&str, Kind)] = &[
    ("response.output_text.delta", Kind::Text),
    ("response.refusal.delta", Kind::Refusal),
    ("response.reasoning_summary_text.delta", Kind::Reasoning),
    ("response.reasoning_text.delta", Kind::Reasoning),
    ("response.function_call_arguments.delta", Kind::ToolCall),
    ("response.custom_tool_call_input.delta", Kind::ToolCall),
    ("response.mcp_call_arguments.delta", Kind::ServerCall),
    ("response.code_interpreter_call_code.delta", Kind::ServerCall),
    ("response.audio.transcript.delta", Kind::Transcript),
];

const RESPONSES: &[Row] = &[
    ("type", 8),
    ("output_index", 8),
    ("content_index", 8),
    ("summary_index", 8),
    ("delta", 8),
    ("item", 8),
    ("output", 8),
    ("response.output", 8),
];

/// Where what is generated stands within an object that is no message.
const INNER: &str =
    "choices|candidates|results|generations|completions|outputs|generated_text|response|text|message";

/// Events at whose end the whole is told again.
const AGAIN: &[&str] = &["tool-calls-generation", "stream-end"];

/// Rows that say something of others.
const TOLD: &[&str] = &[
    "index",
    "contentBlockIndex",
    "type",
    "event_type",
    "bytes",
    "id",
    "name",
    "arguments",
    "tool_call_id",
    "output_index",
    "content_index",
    "finishReason",
];

const ANSWERS: &[Row] = &[
    ("type", 8),
    ("event_type", 8),
    ("id", 8),
    ("output_index", 8),
    ("content_index", 8),
    ("finishReason", 8),
    ("contentBlockDelta", 8),
    ("contentBlockStart", 8),
    ("function_call", 8),
    ("tool_call_delta", 8),
    ("steps", 8),
    ("index", 8),
    ("contentBlockIndex", 8),
    ("role", 8),
    ("choices", 8),
    ("candidates", 8),
    ("message", 8),
    ("content", 8),
    ("content_block", 8),
    ("start", 8),
    ("step", 8),
    ("delta", 8),
    ("output", 8),
    ("outputs", 8),
    ("text", 8),
    ("thinking", 8),
    ("tool_calls", 8),
    ("response", 8),
    ("chatResponse", 8),
    ("result", 8),
    ("results", 8),
    ("generations", 8),
    ("completions", 8),
    ("completion", 8),
    ("completion_message", 8),
    ("event", 8),
    ("token", 8),
    ("generated_text", 8),
    ("generation", 8),
    ("outputText", 8),
    ("text_output", 8),
    ("value", 8),
    ("bytes", 8),
    ("name", 8),
    ("arguments", 8),
    ("tool_call_id", 8),
];
