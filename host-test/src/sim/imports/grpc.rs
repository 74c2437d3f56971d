//! Calls to clusters over gRPC.

use crate::sim::Headers;
use crate::sim::abi::Status;
use crate::sim::callout::CalloutKind;
use crate::sim::imports::call::{Call, Outcome};
use crate::sim::imports::http::dispatch;

pub(crate) fn get_status(call: &mut Call<'_>, code: u32, message: u32, message_size: u32) -> Outcome {
    let (status, text) = call.root().map(|root| root.status.clone()).unwrap_or_default();
    call.write_u32(code, status)?;
    call.answer(text.as_bytes(), message, message_size)
}

#[expect(clippy::too_many_arguments, reason = "the ABI's")]
pub(crate) fn grpc_call(
    call: &mut Call<'_>,
    cluster: u32,
    cluster_size: u32,
    service: u32,
    service_size: u32,
    method: u32,
    method_size: u32,
    metadata: u32,
    metadata_size: u32,
    message: u32,
    message_size: u32,
    timeout: u32,
    token: u32,
) -> Outcome {
    let cluster = call.bytes(cluster, cluster_size)?;
    let method = full_name(call, (service, service_size), (method, method_size))?;
    let metadata = call.pairs(metadata, metadata_size)?;
    let message = call.bytes(message, message_size)?;
    let cluster = match target(call, &cluster) {
        Ok(cluster) => cluster,
        Err(status) => return Ok(status),
    };
    let kind = CalloutKind::Grpc(method);
    let new_token = dispatch(call, cluster, kind, metadata, message, Headers::new(), timeout);
    call.write_u32(token, new_token)?;
    Ok(Status::Ok)
}

#[expect(clippy::too_many_arguments, reason = "the ABI's")]
pub(crate) fn grpc_stream(
    call: &mut Call<'_>,
    cluster: u32,
    cluster_size: u32,
    service: u32,
    service_size: u32,
    method: u32,
    method_size: u32,
    metadata: u32,
    metadata_size: u32,
    token: u32,
) -> Outcome {
    let cluster = call.bytes(cluster, cluster_size)?;
    let method = full_name(call, (service, service_size), (method, method_size))?;
    let metadata = call.pairs(metadata, metadata_size)?;
    let cluster = match target(call, &cluster) {
        Ok(cluster) => cluster,
        Err(status) => return Ok(status),
    };
    let kind = CalloutKind::GrpcStream(method, Vec::new());
    let new_token = dispatch(call, cluster, kind, metadata, Vec::new(), Headers::new(), 0);
    call.write_u32(token, new_token)?;
    Ok(Status::Ok)
}

pub(crate) fn grpc_send(
    call: &mut Call<'_>,
    token: u32,
    message: u32,
    message_size: u32,
    _end_stream: u32,
) -> Outcome {
    call.note(token);
    let message = call.bytes(message, message_size)?;
    let vm = call.index;
    let mut world = call.world();
    let callout = world.callouts.iter_mut().find(|callout| callout.vm == vm && callout.token == token);
    Ok(match callout.map(|callout| &mut callout.kind) {
        Some(CalloutKind::GrpcStream(_, messages)) => {
            messages.push(message);
            Status::Ok
        }
        Some(_) => Status::BadArgument,
        None => Status::NotFound,
    })
}

pub(crate) fn grpc_cancel(call: &mut Call<'_>, token: u32) -> Outcome {
    end(call, token)
}

pub(crate) fn grpc_close(call: &mut Call<'_>, token: u32) -> Outcome {
    end(call, token)
}

/// A call that is ended by the filter is answered no more.
fn end(call: &mut Call<'_>, token: u32) -> Outcome {
    call.note(token);
    let vm = call.index;
    let mut world = call.world();
    let open = |kind: &CalloutKind| !matches!(kind, CalloutKind::Http);
    let callout = world.callouts.iter_mut().find(|callout| {
        callout.vm == vm && callout.token == token && !callout.answered && open(&callout.kind)
    });
    let Some(callout) = callout else { return Ok(Status::NotFound) };
    callout.answered = true;
    callout.due = None;
    Ok(Status::Ok)
}

fn full_name(
    call: &mut Call<'_>,
    (service, service_size): (u32, u32),
    (method, method_size): (u32, u32),
) -> wasmtime::Result<String> {
    Ok(format!("{}/{}", call.text(service, service_size)?, call.text(method, method_size)?))
}

/// The cluster that `name` means: its name, or a serialised `GrpcService` whose `envoy_grpc` (field 1) has
/// it as `cluster_name` (field 1). A name that is no cluster's is `PARSE_FAILURE`; a service without a
/// usable target has no client, which is `BAD_ARGUMENT`.
fn target(call: &Call<'_>, name: &[u8]) -> Result<String, Status> {
    let known = |name: &[u8]| {
        let name = str::from_utf8(name).ok()?;
        call.world().clusters.contains_key(name).then(|| name.to_owned())
    };
    if let Some(cluster) = known(name) {
        return Ok(cluster);
    }
    match field_1(name) {
        Some(envoy_grpc) => field_1(envoy_grpc).and_then(known).ok_or(Status::BadArgument),
        None => Err(Status::ParseFailure),
    }
}

/// The content of a short protobuf message that consists of a length-delimited field 1.
fn field_1(message: &[u8]) -> Option<&[u8]> {
    let [0x0a, length @ ..0x80, rest @ ..] = message else { return None };
    rest.get(..usize::from(*length))
}
