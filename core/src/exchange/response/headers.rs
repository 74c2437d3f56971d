//! What an answer's headers say of its body, and what they say in its place.

use super::draft::Draft;
use super::error::aws_type;
use crate::api::{Api, Count};
use crate::exchange::Headers;
use crate::json::Number;

/// What the reading of the body needs to know.
#[derive(Debug, Default)]
pub(super) struct Head<'h> {
    pub(super) status: Option<u16>,
    pub(super) content_type: Option<&'h [u8]>,
    pub(super) content_length: Option<u64>,
}

/// Reads them, and puts counts and the error's code that stand there into the draft.
pub(super) fn read<'h>(headers: &Headers<'h>, api: Api, draft: &mut Draft) -> Head<'h> {
    let mut head = Head::default();
    for (name, value) in headers.iter() {
        match name {
            b":status" => head.status = integer(value).and_then(|status| u16::try_from(status).ok()),
            b"content-type" => _ = head.content_type.get_or_insert(value),
            b"content-length" => head.content_length = integer(value),
            b"x-amzn-errortype" => {
                let text = String::from_utf8_lossy(value.get(..MAX_CODE).unwrap_or(value));
                draft.header_error = Some(aws_type(&text).to_owned()).filter(|code| !code.is_empty());
            }
            _ => {
                let count = COUNTS.iter().find(|(known, of, _)| known.as_bytes() == name && *of == api);
                if let (Some((_, _, count)), Some(value)) = (count, integer(value)) {
                    draft.counts.set(*count, AFTER_BODY, value);
                }
            }
        }
    }
    head
}

/// Counts for what the body does not tell.
const COUNTS: &[(&str, Api, Count)] = &[
    ("x-amzn-bedrock-input-token-count", Api::BedrockInvoke, Count::MeteredInput),
    ("x-amzn-bedrock-output-token-count", Api::BedrockInvoke, Count::MeteredOutput),
    ("x-amzn-bedrock-cache-read-input-token-count", Api::BedrockInvoke, Count::MeteredCacheRead),
    ("x-amzn-bedrock-cache-write-input-token-count", Api::BedrockInvoke, Count::MeteredCacheWrite),
    ("x-prompt-tokens", Api::TgiGenerate, Count::Input),
    ("x-generated-tokens", Api::TgiGenerate, Count::Output),
];
/// Their rank.
const AFTER_BODY: u8 = 1;
/// Longest text kept of an error's code, in bytes.
const MAX_CODE: usize = 256;

fn integer(value: &[u8]) -> Option<u64> {
    Number::parse(value.trim_ascii())?.as_u64()
}
