//! Where exports go, and how they are put: cluster, paths, headers, protocol.

use std::time::Duration;

use inferspan_core::config::{Compression, Otlp, Protocol};
use inferspan_core::otlp::answer::{Failure, Verdict, failure, verdict};
use inferspan_core::otlp::outbox::Signal;
use inferspan_core::otlp::{grpc, gzip, json};
use inferspan_core::time::UnixNanos;

use super::answer::ExportAnswer;
use crate::host::{self, Status};

/// Where exports go.
#[derive(Debug)]
pub(super) struct Target {
    cluster: String,
    authority: String,
    traces_path: String,
    metrics_path: String,
    logs_path: String,
    /// Those of every export. They may hold secrets.
    headers: Vec<(String, String)>,
    protocol: Protocol,
    compression: Compression,
    timeout: Duration,
}

impl Target {
    pub(super) fn new(otlp: &Otlp) -> Self {
        let further = otlp.headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
        Self {
            cluster: otlp.cluster.clone(),
            authority: otlp.authority.clone().unwrap_or_else(|| otlp.cluster.clone()),
            traces_path: otlp.traces_path.clone(),
            metrics_path: otlp.metrics_path.clone(),
            logs_path: otlp.logs_path.clone(),
            headers: further.collect(),
            protocol: otlp.protocol,
            compression: otlp.compression,
            timeout: Duration::from_millis(u64::from(otlp.timeout_ms)),
        }
    }

    pub(super) fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The path of a signal's exports.
    pub(super) fn path(&self, signal: Signal) -> &str {
        match (self.protocol, signal) {
            (Protocol::Grpc, signal) => grpc::path(signal),
            (_, Signal::Traces) => &self.traces_path,
            (_, Signal::Metrics) => &self.metrics_path,
            (_, Signal::Logs) => &self.logs_path,
        }
    }

    /// Sends an export request, given as protobuf; the token that its answer will come with.
    pub(super) fn send(&self, signal: Signal, request: &[u8]) -> Result<u32, Status> {
        let json;
        let (content_type, message) = match self.protocol {
            Protocol::HttpProtobuf => ("application/x-protobuf", request),
            Protocol::HttpJson => {
                json = json::to_json(signal, request);
                ("application/json", json.as_slice())
            }
            Protocol::Grpc => ("application/grpc", request),
        };
        let mut headers = vec![
            (":method", "POST"),
            (":path", self.path(signal)),
            (":authority", &self.authority),
            ("content-type", content_type),
            ("user-agent", concat!("inferspan/", env!("CARGO_PKG_VERSION"))),
        ];
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let is_grpc = self.protocol == Protocol::Grpc;
        let zipped;
        let message = match self.compression {
            Compression::None => message,
            Compression::Gzip => {
                headers.push((if is_grpc { "grpc-encoding" } else { "content-encoding" }, "gzip"));
                zipped = gzip::gzip(message);
                &zipped
            }
        };
        if is_grpc {
            headers.push(("te", "trailers"));
            let framed = grpc::frame(message, self.compression == Compression::Gzip);
            return host::http_call(&self.cluster, headers, &framed, self.timeout);
        }
        host::http_call(&self.cluster, headers, message, self.timeout)
    }

    /// What an answer means.
    pub(super) fn verdict(&self, answer: ExportAnswer, now: UnixNanos) -> Verdict {
        let status = answer.status();
        if self.protocol == Protocol::Grpc {
            let body = answer.body();
            let (code, details) = (answer.trailer("grpc-status"), answer.trailer("grpc-status-details-bin"));
            return grpc::verdict(&grpc::Answer {
                http_status: status,
                status: code.as_deref(),
                details: details.as_deref(),
                body: &body,
            });
        }
        let retry_after = matches!(status, Some(429 | 502..=504)).then(|| answer.retry_after()).flatten();
        let body = if matches!(status, Some(200..=299)) { answer.body() } else { Vec::new() };
        verdict(status, retry_after.as_deref(), &body, now)
    }

    /// Why an export failed that was so answered.
    pub(super) fn failure(&self, answer: ExportAnswer) -> Failure {
        let grpc_status = (self.protocol == Protocol::Grpc).then(|| answer.trailer("grpc-status")).flatten();
        failure(answer.status(), grpc_status.as_deref())
    }

    /// What an operator should know where an export cannot even be sent.
    pub(super) fn cannot_send(&self, status: Status) -> String {
        let advice = if status == Status::BAD_ARGUMENT {
            "Envoy has no such cluster; set otlp.cluster to the name of one that leads to an OTLP collector"
        } else {
            "no connection to be had; check the cluster's endpoints and health"
        };
        format!("cannot export to cluster {} ({}): {advice}", self.cluster, status.name())
    }
}
