//! Content in OpenInference's names: each message by its number, flattened.
//!
//! It is made of the JSON that is told elsewhere, which is redacted and bounded, and takes four times its room, and a KiB, at most.

use super::Content;
use super::tape::{Kind, Node};
use super::write::{plain, with_tape};

/// Shows each attribute.
pub(super) fn attributes(content: &Content, see: &mut dyn FnMut(&str, &str)) {
    let mut left = content.len().saturating_mul(4).saturating_add(1024);
    let mut tell = |key: &str, value: &str| {
        left = left.saturating_sub(key.len()).saturating_sub(value.len());
        if left > 0 && !value.is_empty() {
            see(key, value);
        }
    };
    let mut index = 0_usize;
    if let Some(system) = &content.system_instructions {
        with_tape(system, |parts| {
            tell("llm.input_messages.0.message.role", "system");
            pieces("llm.input_messages.0.message", parts, &mut tell);
        });
        index = 1;
    }
    let lists = [
        ("llm.input_messages", "input", &content.input_messages),
        ("llm.output_messages", "output", &content.output_messages),
    ];
    for (prefix, side, json) in lists {
        let Some(json) = json else { continue };
        with_tape(json, |messages| {
            let messages = || messages.each().map(|(_, message)| message);
            // What was asked last, and what was answered first.
            let shown = if side == "input" { messages().last() } else { messages().next() };
            let text = shown.map(|message| texts(message.get("parts"))).unwrap_or_default();
            if !text.is_empty() {
                tell(&format!("{side}.value"), &text);
                tell(&format!("{side}.mime_type"), "text/plain");
            }
            for message in messages() {
                let prefix = format!("{prefix}.{index}.message");
                tell(&format!("{prefix}.role"), message.word("role"));
                pieces(&prefix, message.get("parts"), &mut tell);
                index = index.saturating_add(1);
            }
        });
        index = 0;
    }
    if let Some(tools) = &content.tool_definitions {
        with_tape(tools, |tools| {
            for (index, (_, tool)) in tools.each().enumerate() {
                tell(&format!("llm.tools.{index}.tool.json_schema"), &plain(tool));
            }
        });
    }
}

/// The texts of a message.
fn texts(parts: Node<'_>) -> String {
    let texts =
        parts.each().filter(|(_, part)| part.word("type") == "text").map(|(_, part)| part.word("content"));
    texts.collect::<Vec<_>>().join("\n")
}

fn pieces(prefix: &str, parts: Node<'_>, tell: &mut dyn FnMut(&str, &str)) {
    let (mut contents, mut calls) = (0_usize, 0_usize);
    let single = parts
        .each()
        .filter(|(_, part)| matches!(part.word("type"), "text" | "reasoning" | "blob" | "uri"))
        .count()
        == 1;
    for (_, part) in parts.each() {
        let content = format!("{prefix}.contents.{contents}.message_content");
        match part.word("type") {
            "text" | "refusal" | "audio_transcript" if single => {
                tell(&format!("{prefix}.content"), part.word("content"))
            }
            kind @ ("text" | "refusal" | "audio_transcript" | "reasoning") => {
                let kind = if kind == "reasoning" { kind } else { "text" };
                tell(&format!("{content}.type"), kind);
                tell(&format!("{content}.text"), part.word("content"));
                contents = contents.saturating_add(1);
            }
            "uri" if part.word("modality") == "image" => {
                tell(&format!("{content}.type"), "image");
                tell(&format!("{content}.image.image.url"), part.word("uri"));
                contents = contents.saturating_add(1);
            }
            "tool_call" => {
                let call = format!("{prefix}.tool_calls.{calls}.tool_call");
                tell(&format!("{call}.id"), part.word("id"));
                tell(&format!("{call}.function.name"), part.word("name"));
                tell(&format!("{call}.function.arguments"), &as_text(part.get("arguments")));
                calls = calls.saturating_add(1);
            }
            "tool_call_response" => {
                tell(&format!("{prefix}.tool_call_id"), part.word("id"));
                tell(&format!("{prefix}.content"), &as_text(part.get("response")));
            }
            _ => {}
        }
    }
}

/// A text as it is, all else as JSON.
fn as_text(node: Node<'_>) -> String {
    match node.kind() {
        Kind::Text { text, .. } => text.to_owned(),
        Kind::None => String::new(),
        _ => plain(node),
    }
}
