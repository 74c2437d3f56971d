//! Baidu's ERNIE in its own form: `POST …/wenxinworkshop/chat/{model}`, `…/completions/{model}`.
//!
//! Specification: <https://cloud.baidu.com/doc/WENXINWORKSHOP/s/clntwmv7t>.

use super::{Ends, ErrorWord, RequestField, ResponseField, Signs, Spec, Table, common, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "baidu_chat",
    operation: Some(Operation::Chat),
    provider: "baidu",
    request: &[common::PARAMETERS, REQUEST],
    shows: &[Signs::TURNS, Signs::PROMPT],
    response: &[common_response::OPENAI_USAGE, RESPONSE],
    messages: &[],
    ends: Ends::Message,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("stream", Stream),
        ("messages", Input(Messages)),
        ("prompt", Input(Prompt)),
        ("functions", Tools),
        ("functions[].name", ToolName),
        ("response_format", Output(Format)),
        ("messages[].role", Turn(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("id", Id(0)),
        ("result", VISIBLE),
        ("finish_reason", FinishReason),
        ("function_call", ToolCall(Legacy)),
        ("function_call.name", ToolCallName),
        ("is_end", Finished),
        ("error_msg", OuterErrorMessage),
        ("error_code", OuterErrorWord(ErrorWord::Code)),
    ]
};
