//! A model in a container that somebody hosts, under whatever path the host gives it: Databricks' and SageMaker's
//! `…/invocations`, Vertex AI's `…/endpoints/{id}:rawPredict`, Hugging Face's `…/models/{model}`, and Text
//! Embeddings Inference's `/embed`.
//!
//! The servers inside speak OpenAI's formats or that of Text Generation Inference; body and answer tell which,
//! and whether it is a language model at all. SageMaker streams them as the parts of an AWS event stream.
//!
//! Specification: <https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference>,
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html>,
//! <https://huggingface.co/docs/inference-providers/tasks/index>,
//! <https://huggingface.github.io/text-embeddings-inference/>.

use super::{
    Answers, Count, Ends, RequestField, ResponseField, Signs, Spec, Table, common, common_response, tgi,
};

pub(super) const SPEC: Spec = Spec {
    name: "invocations",
    operation: None,
    provider: "openai",
    request: &[common::PARAMETERS, common::IN_PARAMETERS, common::REASONING, REQUEST],
    shows: &[Signs::TURNS, Signs::PROMPT, Signs::MODEL.and(Signs::INPUT)],
    response: &[
        tgi::ALONE,
        tgi::IN_LIST,
        common_response::OPENAI_USAGE,
        common_response::CHAT_CHOICES,
        RESPONSE,
    ],
    messages: &[],
    ends: Ends::Choices,
    answers: Answers::Parts,
    count_headers: &[
        ("x-prompt-tokens", Count::Input),
        ("x-generated-tokens", Count::Output),
        ("x-compute-tokens", Count::Input),
    ],
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("stream_options.include_usage", StreamUsage),
        ("messages", Input(Messages)),
        ("prompt", Input(Prompt)),
        ("prompt[]", InputItem(Prompt)),
        // Embeddings.
        ("input", Input(Inputs)),
        ("input[]", InputItem(Inputs)),
        // Text Generation Inference, Text Embeddings Inference.
        ("inputs", Input(Prompt)),
        ("tools", Tools),
        ("tools[].function.name", ToolName),
        ("response_format.type", Output(Format)),
        ("parameters.grammar", Output(Schema)),
        ("dimensions", Number(Dimensions, 0)),
        ("encoding_format", EncodingFormat),
        ("messages[].role", Turn(Shape::Text)),
        // An agent on Databricks takes what Responses take.
        ("input[].role", Turn(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("id", Id(0)),
        ("model", Model),
        ("system_fingerprint", SystemFingerprint),
        ("choices[].text", VISIBLE),
        ("generated_text", Mark),
        ("[].generated_text", Mark),
        ("[][].generated_text", Mark),
        ("token.text", VISIBLE),
        ("data[].embedding", Embedding),
        ("[][]", VectorItem),
        // Of sparse vectors.
        ("[][].value", VectorItem),
        // Databricks' agents.
        ("usage.input_tokens", Count(Input, 1)),
        ("usage.output_tokens", Count(Output, 1)),
        ("output[]", ToolCall(OfKind("function_call"))),
        ("output[].type", ToolCallKind),
        ("output[].call_id", ToolCallId),
        ("output[].name", ToolCallName),
    ]
};
