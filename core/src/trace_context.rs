//! W3C trace context: `traceparent` and `tracestate`, in and out.
