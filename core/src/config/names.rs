//! The names of what can be chosen from.

use super::table::choice;
use super::{Captured, Compression, Console, EnvoyAttribute, Parent, Protocol, Signal, Temporality, ToldOn};
use crate::call::Brief;
use crate::content::Secret;
use crate::signal::convention::Vocabulary;
use crate::signal::convention::gen_ai::Version;
use crate::signal::log::LogKind;

choice! {
    Signal { Traces = "traces", Metrics = "metrics", Logs = "logs", }
    Protocol { HttpProtobuf = "http/protobuf", HttpJson = "http/json", Grpc = "grpc", }
    Console { Auto = "auto", Off = "off", Errors = "errors", All = "all", }
    Compression { None = "none", Gzip = "gzip", }
    Temporality { Cumulative = "cumulative", Delta = "delta", }
    Parent { Auto = "auto", Client = "client", }
    EnvoyAttribute {
        Cluster = "cluster",
        Route = "route",
        AttemptCount = "attempt_count",
        UpstreamAddress = "upstream_address",
    }
    Captured {
        SystemInstructions = "system_instructions",
        InputMessages = "input_messages",
        OutputMessages = "output_messages",
        ToolDefinitions = "tool_definitions",
        ToolCalls = "tool_calls",
    }
    ToldOn { Spans = "spans", Logs = "logs", }
    Secret {
        Email = "email",
        Phone = "phone",
        CreditCard = "credit_card",
        Iban = "iban",
        ApiKey = "api_key",
        Jwt = "jwt",
        PrivateKey = "private_key",
    }
    Version { V1_36 = "1.36.0", V1_41 = "1.41.0", V1_42Dev = "1.42.0-dev", Next = "next", }
    Vocabulary { GenAi = "gen_ai", OpenInference = "openinference", Llm = "llm", }
    Brief {
        Provider = "provider",
        Operation = "operation",
        Model = "model",
        RequestModel = "request_model",
        InputTokens = "input_tokens",
        OutputTokens = "output_tokens",
        TotalTokens = "total_tokens",
        CostUsd = "cost_usd",
        Outcome = "outcome",
        ErrorType = "error_type",
        TimeToFirstTokenMs = "time_to_first_token_ms",
    }
    LogKind {
        InferenceDetails = "inference_details",
        Exceptions = "exceptions",
        CostThreshold = "cost_threshold",
    }
}
