//! The calls that the demo makes, and what each should become.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use host_test::rig::client::{Open, Request};
use host_test::rig::provider::Scenario;
use host_test::rig::span::Span;
use serde_json::{Value, json};

use super::check::{Expected, Mistake};

/// One call.
pub(super) struct Call {
    /// What it shows.
    pub(super) label: &'static str,
    api: Api,
    /// Names the model that is asked for; no two calls without a `traceparent` have the same.
    model: &'static str,
    stream: bool,
    tools: bool,
    gzip: bool,
    scenario: Scenario,
    /// Whether the client is itself traced: trace id and span id of its `traceparent`.
    pub(super) client_span: Option<(String, String)>,
    /// Leaves after so many bytes of the answer.
    leaves_after: Option<usize>,
    status: u16,
    pub(super) expected: Expected,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Api {
    OpenAi,
    Anthropic,
}

/// All of them, in the order in which each API's are made.
pub(super) fn all() -> Vec<Call> {
    let answered = Expected {
        finish: &["stop"],
        input: Some(148),
        cached: Some(128),
        output: Some(97),
        reasoning: Some(64),
        ..Expected::default()
    };
    let answered_by_claude = Expected {
        finish: &["end_turn"],
        input: Some(1081),
        cached: Some(1024),
        output: Some(41),
        ..Expected::default()
    };
    let mut calls = vec![
        Call::new("a plain call, gzip", Api::OpenAi, "gpt-5", answered.clone()).gzip(Scenario::Answer),
        Call::new("streamed", Api::OpenAi, "gpt-5-mini", answered.clone()).streamed().traced(),
        Call::new(
            "streamed, a tool is called",
            Api::OpenAi,
            "gpt-5-nano",
            answered.finishing(&["tool_calls"]),
        )
        .streamed()
        .with_tools(),
        Call::new("rate limited", Api::OpenAi, "gpt-5-mini", Expected::refused("429"))
            .traced()
            .ends(Scenario::RateLimited, 429),
        Call::new(
            "an error inside the stream",
            Api::OpenAi,
            "gpt-5-mini",
            Expected::broken("error", "server_error"),
        )
        .streamed()
        .traced()
        .ends(Scenario::StreamError, 200),
        Call::new("the client leaves", Api::OpenAi, "gpt-5-mini", Expected::cancelled())
            .streamed()
            .traced()
            .leaving(),
        Call::new("a plain call", Api::Anthropic, "claude-opus-5", answered_by_claude.clone()),
        Call::new("streamed", Api::Anthropic, "claude-sonnet-5", answered_by_claude.clone())
            .streamed()
            .traced(),
        Call::new("streamed, gzip", Api::Anthropic, "claude-haiku-5", answered_by_claude)
            .streamed()
            .gzip(Scenario::Gzip),
        Call::new("overloaded", Api::Anthropic, "claude-sonnet-5", Expected::refused("529"))
            .traced()
            .ends(Scenario::Overloaded, 529),
        Call::new(
            "an error inside the stream",
            Api::Anthropic,
            "claude-sonnet-5",
            Expected::broken("error", "overloaded_error"),
        )
        .streamed()
        .traced()
        .ends(Scenario::StreamError, 200),
        Call::new("the client leaves", Api::Anthropic, "claude-sonnet-5", Expected::cancelled())
            .streamed()
            .traced()
            .leaving(),
        Call::new(
            "the provider's connection breaks",
            Api::Anthropic,
            "claude-sonnet-5",
            Expected::broken("upstream_reset", "upstream_reset"),
        )
        .streamed()
        .traced()
        .ends(Scenario::Reset, 200),
    ];
    for (number, call) in calls.iter_mut().enumerate() {
        // Fixed ids: what the demo prints can be compared from run to run.
        if let Some((trace, span)) = &mut call.client_span {
            *trace = format!("{:032x}", 0x5a11_ed00_0000_0000_0000_0000_0000_0000_u128 + number as u128 + 1);
            *span = format!("{:016x}", 0xc11e_0000_0000_0000_u64 + number as u64 + 1);
        }
    }
    calls
}

/// Makes the calls, those of the two APIs side by side, and says which did not go as they should for the client.
pub(super) async fn make(calls: &[Call], envoy: SocketAddr) -> Vec<Mistake> {
    let (openai, anthropic) =
        tokio::join!(make_those_of(Api::OpenAi, calls, envoy), make_those_of(Api::Anthropic, calls, envoy));
    [openai, anthropic].concat()
}

async fn make_those_of(api: Api, calls: &[Call], envoy: SocketAddr) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for call in calls.iter().filter(|call| call.api == api) {
        if let Err(error) = call.make(envoy).await {
            mistakes.push(Mistake::new(call.label, format!("the call itself failed: {error:#}")));
        }
    }
    mistakes
}

impl Call {
    fn new(label: &'static str, api: Api, model: &'static str, expected: Expected) -> Self {
        let provider = match api {
            Api::OpenAi => "openai",
            Api::Anthropic => "anthropic",
        };
        let answering = match api {
            Api::OpenAi => format!("{model}-2026-08-07"),
            Api::Anthropic => format!("{model}-20260801"),
        };
        let expected = Expected { provider, model, answering, ..expected };
        Self {
            label,
            api,
            model,
            stream: false,
            tools: false,
            gzip: false,
            scenario: Scenario::Answer,
            client_span: None,
            leaves_after: None,
            status: 200,
            expected,
        }
    }

    fn streamed(mut self) -> Self {
        self.stream = true;
        self.expected.streamed = true;
        self
    }

    fn traced(mut self) -> Self {
        self.client_span = Some(Default::default());
        self
    }

    fn with_tools(mut self) -> Self {
        self.tools = true;
        self
    }

    fn gzip(mut self, scenario: Scenario) -> Self {
        self.gzip = true;
        self.scenario = scenario;
        self
    }

    fn ends(mut self, scenario: Scenario, status: u16) -> Self {
        self.scenario = scenario;
        self.status = status;
        self
    }

    fn leaving(mut self) -> Self {
        self.leaves_after = Some(2000);
        self
    }

    /// Whether the span is this call's.
    pub(super) fn is(&self, span: &Span) -> bool {
        match &self.client_span {
            Some((trace, _)) => span.trace_id == *trace,
            None => span.parent_id.is_empty() && span.text("gen_ai.request.model") == Some(self.model),
        }
    }

    async fn make(&self, envoy: SocketAddr) -> Result<()> {
        let mut answer = self.request().open(envoy).await?;
        ensure!(answer.status == self.status, "status {} instead of {}", answer.status, self.status);
        if let Some(enough) = self.leaves_after {
            return leave(answer, enough).await;
        }
        let mut body = Vec::new();
        let end = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        match self.scenario {
            Scenario::Reset => ensure!(end.is_err(), "the break did not reach the client"),
            _ => end?,
        }
        ensure!(!body.is_empty(), "an empty answer");
        Ok(())
    }

    fn request(&self) -> Request {
        let (host, path) = match self.api {
            Api::OpenAi => ("api.openai.com", "/v1/chat/completions"),
            Api::Anthropic => ("api.anthropic.com", "/v1/messages"),
        };
        let mut request = Request::post(host, path, self.body().to_string());
        request = match self.api {
            Api::OpenAi => request.header("authorization", "Bearer sk-demo"),
            Api::Anthropic => {
                request.header("x-api-key", "sk-ant-demo").header("anthropic-version", "2023-06-01")
            }
        };
        if self.gzip {
            request = request.header("accept-encoding", "gzip, deflate");
        }
        if let Some((trace, span)) = &self.client_span {
            request = request.header("traceparent", format!("00-{trace}-{span}-01"));
        }
        request.header("x-simulate", self.scenario.name())
    }

    fn body(&self) -> Value {
        let question = "What can a proxy tell about the calls an application makes to a model?";
        let mut body = json!({
            "model": self.model,
            "messages": [{ "role": "user", "content": question }],
            "stream": self.stream,
        });
        let city =
            json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
        match self.api {
            Api::OpenAi => {
                body["max_completion_tokens"] = json!(512);
                if self.stream {
                    body["stream_options"] = json!({ "include_usage": true });
                }
                if self.tools {
                    let function = json!({ "name": "get_weather", "parameters": city });
                    body["tools"] = json!([{ "type": "function", "function": function }]);
                }
            }
            Api::Anthropic => {
                body["max_tokens"] = json!(512);
                if self.tools {
                    body["tools"] = json!([{ "name": "get_weather", "input_schema": city }]);
                }
            }
        }
        body
    }
}

/// Reads so many bytes and closes the connection.
async fn leave(mut answer: Open, enough: usize) -> Result<()> {
    let mut read = 0;
    while read < enough {
        read += answer.chunk().await?.context("the answer ended before the client could leave")?.len();
    }
    Ok(())
}
