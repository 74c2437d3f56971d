//! What answers say: the rows that are kept of them, and what becomes of each.
//!
//! Most formats need no more than a row: a list of choices, a message, a text. Streams in blocks (Anthropic, Bedrock,
//! Cohere, Gemini interactions) tell the block's number beside what it begins with or adds; OpenAI's responses have
//! events of their own.

use super::store::{BLOCKS, Kind, Store};
use super::tape::{Node, Row};
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
    let block = root.number("index|contentBlockIndex");
    let block = BLOCKS.saturating_add(block.unwrap_or_default().min(0xffff));
    for (row, node) in root.each() {
        match row {
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
            // A stream's last message says all of it again.
            "generated_text" if store.stream && !store.messages.is_empty() => {}
            "token" if node.get("special").kind() == super::tape::Kind::Bool(true) => {}
            "event" => delta(store, block, node.get("delta")),
            // So does Cohere's.
            "response" if store.stream && node.get("text").is_some() && !store.messages.is_empty() => {}
            // Where an answer is made of a message, a text of that name tells of something else.
            "message" if !node.is_object() => {}
            "index" | "contentBlockIndex" | "type" | "bytes" | "name" | "arguments" | "tool_call_id" => {}
            _ => answer(store, node, 0),
        }
    }
    if root.get("type").text() == Some("function.call.delta")
        && let Some(at) = store.open(0)
    {
        store.tool_call(at, BLOCKS.saturating_add(0x1_0000), root);
    }
}

/// A text, a message, or a list of them by choice.
fn answer(store: &mut Store, node: Node<'_>, choice: u32) {
    use super::tape::Kind as K;
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
                    "delta|message|content|messages"
                } else {
                    "message|delta|content|messages"
                });
                answer(
                    store,
                    if inner.is_some() && !node.get("tool_calls").is_some() { inner } else { node },
                    index,
                );
            }
        }
        K::Object => {
            let inner = node.at(INNER);
            if inner.is_some() && !node.get("role").is_some() {
                answer(store, inner, choice);
                if let Some(at) = store.open(choice) {
                    store.tool_calls(at, node.get("tool_calls"));
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
        store.tool_call(at, block.saturating_add(0x10_0000), message.get("tool_calls"));
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
        "response.completed" | "response.incomplete" | "response.failed" => {
            let none = store.messages.get(at).is_none_or(|message| message.parts.is_empty());
            if none {
                items(store, at, root.get("response.output"));
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

const ANSWERS: &[Row] = &[
    ("type", 8),
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
    ("bytes", 8),
    ("name", 8),
    ("arguments", 8),
    ("tool_call_id", 8),
];
