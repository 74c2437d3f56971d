//! Signals → OTLP, as protobuf bytes; and the queue that holds them until a collector has them.
//!
//! A span is encoded once, at its end, straight into the bytes of the batch it leaves with ([`span`]); a batch
//! wraps resource and scope around them when it is sent ([`envelope`]). In between nothing is held but bytes.
//!
//! Whatever the protocol, what is held is protobuf: OTLP/JSON ([`json`]), the frame of gRPC ([`grpc`]) and the
//! compressed body ([`gzip`]) are made of the whole request in the moment it is sent.
//!
//! The protobuf writer is our own ([`proto`]), in the place of `prost` and the generated messages: those want a
//! `String` for every key and a tree of vectors for every span, which is most of the work at the end of an
//! exchange, and cost 50 KiB of wasm. What we write is proven in tests by reading it back with the generated
//! messages of `opentelemetry-proto`.

pub mod answer;
pub mod envelope;
#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;
pub mod grpc;
pub mod gzip;
pub mod json;
mod length;
pub mod line;
pub mod log;
pub mod outbox;
pub mod proto;
pub mod queue;
pub mod span;
