//! What a piece of a message is, in whatever format: told by its `type`, else by the member that it has.

use super::store::Kind;
use super::tape::{self, Node};

/// What this object says: its kind, where its members stand, and by what word it was told. `None` where it is nothing
/// that is shown.
pub(super) fn classify<'t>(node: Node<'t>) -> Option<(Kind, Node<'t>, &'t str)> {
    let name = node.word("type");
    if !name.is_empty() {
        if let Some((_, kind)) = TYPES.iter().find(|(known, _)| *known == name) {
            let inner = node.get("tool_use");
            return kind.map(|kind| (kind, if inner.is_object() { inner } else { node }, name));
        }
        let by_ending = ENDINGS.iter().find(|(ending, _)| name.ends_with(ending));
        if let Some((_, kind)) = by_ending {
            return Some((*kind, node, name));
        }
    }
    for (member, kind) in MEMBERS {
        let inner = node.get(member);
        if inner.is_some() {
            let kind = match kind {
                Kind::Text if node.get("thought").kind() == tape::Kind::Bool(true) => Kind::Reasoning,
                // Bedrock's own tools.
                Kind::ToolCall if inner.word("type") == "server_tool_use" => Kind::ServerCall,
                kind => *kind,
            };
            return Some((kind, if inner.is_object() { inner } else { node }, member));
        }
    }
    (!name.is_empty()).then_some((Kind::Other, node, name))
}

/// Where the id of a piece stands.
pub(super) fn id(kind: Kind) -> &'static str {
    match kind {
        Kind::ToolResponse | Kind::ServerResponse => "tool_use_id|toolUseId|call_id|tool_call_id|id",
        _ => "call_id|toolUseId|tool_call_id|tool_use_id|id",
    }
}

/// Where its name stands.
pub(super) const NAME: &str = "function.name|custom.name|name|tool_name|tool";

/// Where what it says stands.
pub(super) fn body(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text|content|output_text|data",
        Kind::Reasoning => "thinking|reasoningText.text|reasoning_content|reasoning|text|summary|content",
        Kind::Refusal => "refusal|delta",
        Kind::Transcript => "transcript",
        Kind::ToolCall => {
            "function.arguments|custom.input|arguments|args|input|partial_json|parameters|action|operation"
        }
        Kind::ToolResponse => "output|content|response|result",
        Kind::ServerCall => "input|arguments|action|code|queries|partial_json",
        Kind::ServerResponse => "content|output|outcome|result",
        Kind::Media | Kind::Other => "",
    }
}

/// What media are: image, audio, video or document.
pub(super) fn modality(word: &str, mime: &str) -> &'static str {
    const WORDS: &[&str] = &["image", "audio", "video"];
    let named = |text: &str| WORDS.iter().find(|known| text.contains(**known)).copied();
    named(mime).or_else(|| named(word)).unwrap_or("document")
}

/// Where the address of media stands, the id of a file, and their type.
pub(super) const URI: &str = "image_url.url|image_url|source.url|fileUri|file_uri|url|video_url.url|audio_url.url|uri|\
                              source.s3Location.uri|file_url|document.url|document_url|image|video|audio";
pub(super) const FILE: &str = "file_id|file.file_id|source.file_id";
pub(super) const MIME: &str = "mimeType|mime_type|media_type|source.media_type|input_audio.format|format";

/// What `type` says; nothing is shown of what is `None`.
const TYPES: &[(&str, Option<Kind>)] = &[
    ("text", Some(Kind::Text)),
    ("text_delta", Some(Kind::Text)),
    ("input_text", Some(Kind::Text)),
    ("output_text", Some(Kind::Text)),
    ("thinking", Some(Kind::Reasoning)),
    ("thinking_delta", Some(Kind::Reasoning)),
    ("thought", Some(Kind::Reasoning)),
    ("thought_summary", Some(Kind::Reasoning)),
    ("reasoning", Some(Kind::Reasoning)),
    ("reasoning_text", Some(Kind::Reasoning)),
    ("summary_text", Some(Kind::Reasoning)),
    ("redacted_thinking", None),
    ("signature_delta", None),
    ("thought_signature", None),
    ("citations_delta", None),
    ("item_reference", None),
    ("model_output", None),
    ("refusal", Some(Kind::Refusal)),
    ("tool_use", Some(Kind::ToolCall)),
    ("input_json_delta", Some(Kind::ToolCall)),
    ("arguments_delta", Some(Kind::ToolCall)),
    ("function_call", Some(Kind::ToolCall)),
    ("function", Some(Kind::ToolCall)),
    ("function.call", Some(Kind::ToolCall)),
    ("custom", Some(Kind::ToolCall)),
    ("custom_tool_call", Some(Kind::ToolCall)),
    ("computer_call", Some(Kind::ToolCall)),
    ("local_shell_call", Some(Kind::ToolCall)),
    ("shell_call", Some(Kind::ToolCall)),
    ("apply_patch_call", Some(Kind::ToolCall)),
    ("tool_result", Some(Kind::ToolResponse)),
    ("function_result", Some(Kind::ToolResponse)),
    ("function.result", Some(Kind::ToolResponse)),
    ("server_tool_use", Some(Kind::ServerCall)),
    ("mcp_tool_use", Some(Kind::ServerCall)),
    ("tool.execution", Some(Kind::ServerCall)),
    ("image", Some(Kind::Media)),
    ("image_url", Some(Kind::Media)),
    ("input_image", Some(Kind::Media)),
    ("input_audio", Some(Kind::Media)),
    ("audio", Some(Kind::Media)),
    ("audio_url", Some(Kind::Media)),
    ("video", Some(Kind::Media)),
    ("video_url", Some(Kind::Media)),
    ("document", Some(Kind::Media)),
    ("document_url", Some(Kind::Media)),
    ("file", Some(Kind::Media)),
    ("input_file", Some(Kind::Media)),
];

/// What the end of a `type` says.
const ENDINGS: &[(&str, Kind)] = &[
    ("_call_output", Kind::ToolResponse),
    ("_tool_result", Kind::ServerResponse),
    ("_call", Kind::ServerCall),
];

/// What a member says where there is no `type`; Gemini's and Bedrock's pieces have none.
const MEMBERS: &[(&str, Kind)] = &[
    ("functionCall", Kind::ToolCall),
    ("function_call", Kind::ToolCall),
    ("functionResponse", Kind::ToolResponse),
    ("function_response", Kind::ToolResponse),
    ("toolUse", Kind::ToolCall),
    ("toolResult", Kind::ToolResponse),
    ("reasoningContent", Kind::Reasoning),
    ("inlineData", Kind::Media),
    ("inline_data", Kind::Media),
    ("fileData", Kind::Media),
    ("file_data", Kind::Media),
    ("executableCode", Kind::ServerCall),
    ("codeExecutionResult", Kind::ServerResponse),
    ("image", Kind::Media),
    ("document", Kind::Media),
    ("video", Kind::Media),
    ("audio", Kind::Media),
    ("guardContent", Kind::Text),
    ("function", Kind::ToolCall),
    ("thinking", Kind::Reasoning),
    ("text", Kind::Text),
];
