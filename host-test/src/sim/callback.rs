//! The exports a host calls, and their shapes.

/// A callback of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Callback {
    ContextCreate,
    VmStart,
    ValidateConfiguration,
    Configure,
    Tick,
    QueueReady,
    RequestHeaders,
    RequestBody,
    RequestTrailers,
    RequestMetadata,
    ResponseHeaders,
    ResponseBody,
    ResponseTrailers,
    ResponseMetadata,
    HttpCallResponse,
    GrpcReceiveInitialMetadata,
    GrpcReceive,
    GrpcReceiveTrailingMetadata,
    GrpcClose,
    NewConnection,
    DownstreamData,
    UpstreamData,
    DownstreamConnectionClose,
    UpstreamConnectionClose,
    ForeignFunction,
    Done,
    Log,
    Delete,
}

impl Callback {
    pub(crate) const ALL: [Self; 28] = [
        Self::ContextCreate,
        Self::VmStart,
        Self::ValidateConfiguration,
        Self::Configure,
        Self::Tick,
        Self::QueueReady,
        Self::RequestHeaders,
        Self::RequestBody,
        Self::RequestTrailers,
        Self::RequestMetadata,
        Self::ResponseHeaders,
        Self::ResponseBody,
        Self::ResponseTrailers,
        Self::ResponseMetadata,
        Self::HttpCallResponse,
        Self::GrpcReceiveInitialMetadata,
        Self::GrpcReceive,
        Self::GrpcReceiveTrailingMetadata,
        Self::GrpcClose,
        Self::NewConnection,
        Self::DownstreamData,
        Self::UpstreamData,
        Self::DownstreamConnectionClose,
        Self::UpstreamConnectionClose,
        Self::ForeignFunction,
        Self::Done,
        Self::Log,
        Self::Delete,
    ];

    /// Its place in [`Callback::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    pub(crate) fn export(self) -> &'static str {
        self.shape().0
    }

    /// How many `i32` it takes.
    pub(crate) fn parameters(self) -> usize {
        self.shape().1
    }

    /// Whether it returns an `i32`.
    pub(crate) fn answers(self) -> bool {
        self.shape().2
    }

    fn shape(self) -> (&'static str, usize, bool) {
        match self {
            Self::ContextCreate => ("proxy_on_context_create", 2, false),
            Self::VmStart => ("proxy_on_vm_start", 2, true),
            Self::ValidateConfiguration => ("proxy_validate_configuration", 2, true),
            Self::Configure => ("proxy_on_configure", 2, true),
            Self::Tick => ("proxy_on_tick", 1, false),
            Self::QueueReady => ("proxy_on_queue_ready", 2, false),
            Self::RequestHeaders => ("proxy_on_request_headers", 3, true),
            Self::RequestBody => ("proxy_on_request_body", 3, true),
            Self::RequestTrailers => ("proxy_on_request_trailers", 2, true),
            Self::RequestMetadata => ("proxy_on_request_metadata", 2, true),
            Self::ResponseHeaders => ("proxy_on_response_headers", 3, true),
            Self::ResponseBody => ("proxy_on_response_body", 3, true),
            Self::ResponseTrailers => ("proxy_on_response_trailers", 2, true),
            Self::ResponseMetadata => ("proxy_on_response_metadata", 2, true),
            Self::HttpCallResponse => ("proxy_on_http_call_response", 5, false),
            Self::GrpcReceiveInitialMetadata => ("proxy_on_grpc_receive_initial_metadata", 3, false),
            Self::GrpcReceive => ("proxy_on_grpc_receive", 3, false),
            Self::GrpcReceiveTrailingMetadata => ("proxy_on_grpc_receive_trailing_metadata", 3, false),
            Self::GrpcClose => ("proxy_on_grpc_close", 3, false),
            Self::NewConnection => ("proxy_on_new_connection", 1, true),
            Self::DownstreamData => ("proxy_on_downstream_data", 3, true),
            Self::UpstreamData => ("proxy_on_upstream_data", 3, true),
            Self::DownstreamConnectionClose => ("proxy_on_downstream_connection_close", 2, false),
            Self::UpstreamConnectionClose => ("proxy_on_upstream_connection_close", 2, false),
            Self::ForeignFunction => ("proxy_on_foreign_function", 3, false),
            Self::Done => ("proxy_on_done", 1, true),
            Self::Log => ("proxy_on_log", 1, false),
            Self::Delete => ("proxy_on_delete", 1, false),
        }
    }
}
