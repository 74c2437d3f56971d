//! Signals → OTLP, as protobuf bytes.
