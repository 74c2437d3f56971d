//! The final message of every API's stream: who hangs up after it leaves a call that is complete, who hangs up before it,
//! one that is not.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use host_test::sim::{Break, Script};

use crate::framing;
use crate::world::{flushed, proxy};

/// A stream of one API.
struct Stream {
    api: &'static str,
    call: Script,
    /// What comes before the final message.
    before: Vec<u8>,
    /// The final message, which in some APIs is two.
    last: Vec<u8>,
}

const SSE: &str = "text/event-stream";
const CHAT: &str = r#"{"model":"m","messages":[{"role":"user","content":"Why?"}],"stream":true}"#;
const PROMPT: &str = r#"{"model":"m","prompt":"Why?","stream":true}"#;

/// An SSE event for each document, named by its `type` where it has one.
fn events(documents: &[&str]) -> Vec<u8> {
    documents.iter().map(|document| format!("data: {document}\n\n")).collect::<String>().into_bytes()
}

fn lines(documents: &[&str]) -> Vec<u8> {
    documents.iter().map(|document| format!("{document}\n")).collect::<String>().into_bytes()
}

fn stream(api: &'static str, url: &str, request: &str, kind: &str, before: Vec<u8>, last: Vec<u8>) -> Stream {
    let (authority, path) = url.split_at(url.find('/').unwrap());
    let body = [before.as_slice(), &last].concat();
    let call = Script::post(path, request).request_header(":authority", authority).respond(200, kind, body);
    Stream { api, call: call.named(api), before, last }
}

fn sse(api: &'static str, url: &str, request: &str, before: &[&str], last: &[&str]) -> Stream {
    stream(api, url, request, SSE, events(before), events(last))
}

fn ndjson(api: &'static str, url: &str, request: &str, before: &[&str], last: &[&str]) -> Stream {
    stream(api, url, request, "application/x-ndjson", lines(before), lines(last))
}

/// Bedrock wraps the messages of a model's own format.
fn bedrock(model: &str, before: &[&str], last: &[&str]) -> Stream {
    let chunks = |documents: &[&str]| {
        let wrapped = |document: &&str| format!(r#"{{"bytes":"{}"}}"#, BASE64_STANDARD.encode(document));
        documents.iter().flat_map(|d| framing::event("chunk", &wrapped(d))).collect::<Vec<u8>>()
    };
    let url = format!("bedrock-runtime.us-east-1.amazonaws.com/model/{model}/invoke-with-response-stream");
    let kind = "application/vnd.amazon.eventstream";
    stream("bedrock_invoke", &url, r#"{"prompt":"Why?"}"#, kind, chunks(before), chunks(last))
}

fn streams() -> Vec<Stream> {
    let openai_delta = r#"{"id":"c","choices":[{"index":0,"delta":{"content":"Be"},"finish_reason":null}]}"#;
    let openai_stop = r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let usage =
        r#"{"id":"c","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#;
    vec![
        sse(
            "openai_chat",
            "api.openai.com/v1/chat/completions",
            CHAT,
            &[openai_delta],
            &[openai_stop, "[DONE]"],
        ),
        sse(
            "openai_chat with usage apart",
            "api.openai.com/v1/chat/completions",
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
            &[openai_delta, openai_stop],
            &[usage],
        ),
        sse(
            "openai_completions",
            "api.openai.com/v1/completions",
            PROMPT,
            &[r#"{"id":"c","choices":[{"index":0,"text":"Be","finish_reason":null}]}"#],
            &[r#"{"id":"c","choices":[{"index":0,"text":"","finish_reason":"length"}]}"#, "[DONE]"],
        ),
        sse(
            "openai_responses",
            "api.openai.com/v1/responses",
            r#"{"model":"m","input":"Why?","stream":true}"#,
            &[
                r#"{"type":"response.created","response":{"id":"r","status":"in_progress"}}"#,
                r#"{"type":"response.output_text.delta","output_index":0,"delta":"Be"}"#,
            ],
            &[
                r#"{"type":"response.completed","response":{"id":"r","status":"completed","usage":{"input_tokens":3,"output_tokens":2}}}"#,
            ],
        ),
        sse(
            "openai_images",
            "api.openai.com/v1/images/generations",
            r#"{"model":"gpt-image-1","prompt":"A boat","stream":true}"#,
            &[
                r#"{"type":"image_generation.partial_image","b64_json":"iVBORw0KGgo=","partial_image_index":0}"#,
            ],
            &[
                r#"{"type":"image_generation.completed","b64_json":"iVBORw0KGgo=","usage":{"input_tokens":3,"output_tokens":2}}"#,
            ],
        ),
        sse(
            "openai_speech",
            "api.openai.com/v1/audio/speech",
            r#"{"model":"gpt-4o-mini-tts","input":"Why?","voice":"coral","stream_format":"sse"}"#,
            &[r#"{"type":"speech.audio.delta","audio":"AAAA"}"#],
            &[r#"{"type":"speech.audio.done","usage":{"input_tokens":3,"output_tokens":2}}"#],
        ),
        sse(
            "openai_transcription",
            "api.mistral.ai/v1/audio/transcriptions",
            r#"{"model":"voxtral-mini-latest","file_id":"f","stream":true}"#,
            &[r#"{"type":"transcription.text.delta","text":"Be"}"#],
            &[
                r#"{"type":"transcription.done","model":"voxtral-mini-latest","text":"Be","usage":{"prompt_tokens":3,"completion_tokens":2}}"#,
            ],
        ),
        sse(
            "anthropic_messages",
            "api.anthropic.com/v1/messages",
            r#"{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"Why?"}],"stream":true}"#,
            &[
                r#"{"type":"message_start","message":{"id":"m","usage":{"input_tokens":3,"output_tokens":1}}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Be"}}"#,
            ],
            &[
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#,
                r#"{"type":"message_stop"}"#,
            ],
        ),
        sse(
            "anthropic_complete",
            "api.anthropic.com/v1/complete",
            r#"{"model":"claude-2.1","prompt":"\n\nHuman: Why?\n\nAssistant:","max_tokens_to_sample":9,"stream":true}"#,
            &[r#"{"type":"completion","id":"c","completion":"Be","stop_reason":null,"model":"claude-2.1"}"#],
            &[
                r#"{"type":"completion","id":"c","completion":"","stop_reason":"stop_sequence","model":"claude-2.1"}"#,
            ],
        ),
        sse(
            "gemini_generate",
            "generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
            r#"{"contents":[{"role":"user","parts":[{"text":"Why?"}]}]}"#,
            &[
                r#"{"candidates":[{"content":{"parts":[{"text":"Be"}]},"index":0}],"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}"#,
            ],
            &[
                r#"{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5}}"#,
            ],
        ),
        sse(
            "gemini_interactions",
            "generativelanguage.googleapis.com/v1beta/interactions?alt=sse",
            r#"{"model":"gemini-3-flash","input":"Why?","stream":true}"#,
            &[
                r#"{"event_type":"interaction.created","interaction":{"id":"i","status":"in_progress"}}"#,
                r#"{"event_type":"step.delta","index":0,"delta":{"type":"text","text":"Be"}}"#,
            ],
            &[
                r#"{"event_type":"interaction.completed","interaction":{"id":"i","status":"completed","usage":{"total_input_tokens":3,"total_output_tokens":2,"total_tokens":5}}}"#,
            ],
        ),
        stream(
            "bedrock_converse",
            "bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-lite-v1%3A0/converse-stream",
            r#"{"messages":[{"role":"user","content":[{"text":"Why?"}]}]}"#,
            "application/vnd.amazon.eventstream",
            framing::event("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Be"}}"#),
            [
                framing::event("messageStop", r#"{"stopReason":"end_turn"}"#),
                framing::event("metadata", r#"{"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}}"#),
            ]
            .concat(),
        ),
        bedrock(
            "anthropic.claude-3-haiku-20240307-v1%3A0",
            &[r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Be"}}"#],
            &[
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#,
                r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":2}}"#,
            ],
        ),
        bedrock(
            "meta.llama3-8b-instruct-v1%3A0",
            &[r#"{"generation":"Be","prompt_token_count":3,"generation_token_count":1,"stop_reason":null}"#],
            &[
                r#"{"generation":"","prompt_token_count":null,"generation_token_count":2,"stop_reason":"stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":2}}"#,
            ],
        ),
        sse(
            "cohere_chat",
            "api.cohere.com/v2/chat",
            CHAT,
            &[r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Be"}}}}"#],
            &[
                r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":3,"output_tokens":2}}}}"#,
            ],
        ),
        ndjson(
            "cohere_chat_v1",
            "api.cohere.com/v1/chat",
            r#"{"message":"Why?","model":"command-r","stream":true}"#,
            &[
                r#"{"is_finished":false,"event_type":"stream-start","generation_id":"g"}"#,
                r#"{"is_finished":false,"event_type":"text-generation","text":"Be"}"#,
            ],
            &[
                r#"{"is_finished":true,"event_type":"stream-end","response":{"text":"Be","finish_reason":"COMPLETE","meta":{"tokens":{"input_tokens":3,"output_tokens":2}}},"finish_reason":"COMPLETE"}"#,
            ],
        ),
        ndjson(
            "cohere_generate",
            "api.cohere.com/v1/generate",
            PROMPT,
            &[r#"{"text":"Be","is_finished":false,"event_type":"text-generation"}"#],
            &[
                r#"{"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE","response":{"id":"g","generations":[{"text":"Be","finish_reason":"COMPLETE"}]}}"#,
            ],
        ),
        ndjson(
            "ollama_chat",
            "127.0.0.1:11434/api/chat",
            CHAT,
            &[r#"{"model":"m","message":{"role":"assistant","content":"Be"},"done":false}"#],
            &[
                r#"{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":2}"#,
            ],
        ),
        ndjson(
            "ollama_generate",
            "127.0.0.1:11434/api/generate",
            PROMPT,
            &[r#"{"model":"m","response":"Be","done":false}"#],
            &[
                r#"{"model":"m","response":"","done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":2}"#,
            ],
        ),
        sse(
            "llama_cpp",
            "127.0.0.1:8080/completion",
            r#"{"prompt":"Why?","stream":true}"#,
            &[r#"{"index":0,"content":"Be","stop":false,"tokens_predicted":1,"tokens_evaluated":3}"#],
            &[
                r#"{"index":0,"content":"","stop":true,"stop_type":"eos","tokens_predicted":2,"tokens_evaluated":3}"#,
            ],
        ),
        sse(
            "tgi",
            "tgi.internal/generate_stream",
            r#"{"inputs":"Why?","parameters":{"max_new_tokens":2}}"#,
            &[
                r#"{"index":1,"token":{"id":1,"text":"Be","special":false},"generated_text":null,"details":null}"#,
            ],
            &[
                r#"{"index":2,"token":{"id":2,"text":"","special":true},"generated_text":"Be","details":{"finish_reason":"eos_token","generated_tokens":2,"input_length":3}}"#,
            ],
        ),
        sse(
            "watsonx_chat",
            "us-south.ml.cloud.ibm.com/ml/v1/text/chat_stream?version=2024-10-08",
            r#"{"model_id":"m","messages":[{"role":"user","content":"Why?"}]}"#,
            &[openai_delta],
            &[openai_stop, usage],
        ),
        sse(
            "watsonx_generation",
            "us-south.ml.cloud.ibm.com/ml/v1/text/generation_stream?version=2024-10-08",
            r#"{"model_id":"m","input":"Why?"}"#,
            &[
                r#"{"model_id":"m","results":[{"generated_text":"Be","generated_token_count":1,"input_token_count":3,"stop_reason":"not_finished"}]}"#,
            ],
            &[
                r#"{"model_id":"m","results":[{"generated_text":"","generated_token_count":2,"input_token_count":0,"stop_reason":"eos_token"}]}"#,
            ],
        ),
        sse(
            "aleph_alpha",
            "api.aleph-alpha.com/complete",
            r#"{"model":"m","prompt":"Why?","maximum_tokens":2,"stream":true}"#,
            &[r#"{"type":"stream_chunk","index":0,"completion":"Be"}"#],
            &[
                r#"{"type":"stream_summary","index":0,"model_version":"1","finish_reason":"maximum_tokens"}"#,
                r#"{"type":"completion_summary","num_tokens_prompt_total":3,"num_tokens_generated":2}"#,
            ],
        ),
        sse(
            "workers_ai",
            "api.cloudflare.com/client/v4/accounts/acc/ai/run/@cf/meta/llama-3.1-8b-instruct",
            r#"{"prompt":"Why?","stream":true}"#,
            &[r#"{"response":"Be"}"#],
            &[
                r#"{"response":"","usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#,
                "[DONE]",
            ],
        ),
    ]
}

#[test]
fn who_hangs_up_after_the_final_message_of_any_api_leaves_a_complete_call() {
    let mut proxy = proxy().start().unwrap();
    let mut outcome = |script: &Script| {
        proxy.run(script).unwrap();
        let span = flushed(&mut proxy).unwrap().pop().unwrap();
        (span.text("inferspan.outcome").unwrap().to_owned(), span.text("error.type").map(str::to_owned))
    };
    for Stream { api, call, before, last } in streams() {
        let whole = before.len() + last.len();
        let complete = ("completed".to_owned(), None);
        assert_eq!(outcome(&call), complete, "{api}, to its end");
        assert_eq!(
            outcome(&call.clone().breaks(Break::ClientLeaves, whole)),
            complete,
            "{api}, client leaves"
        );
        assert_eq!(
            outcome(&call.clone().breaks(Break::UpstreamCloses, whole)),
            complete,
            "{api}, upstream closes"
        );
        let left = ("client_cancelled".to_owned(), None);
        assert_eq!(
            outcome(&call.clone().breaks(Break::ClientLeaves, before.len())),
            left,
            "{api}, left before"
        );
        let reset = ("upstream_reset".to_owned(), Some("upstream_reset".to_owned()));
        assert_eq!(
            outcome(&call.clone().breaks(Break::UpstreamCloses, before.len())),
            reset,
            "{api}, reset before"
        );
    }
}
