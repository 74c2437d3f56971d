//! What a filter asks of its stream, and calls to clusters over HTTP.

use std::time::Duration;

use crate::sim::Headers;
use crate::sim::abi::Status;
use crate::sim::callout::{Callout, CalloutKind, ReplyKind};
use crate::sim::imports::call::{Call, Outcome};
use crate::sim::imports::general::in_root_shutdown;
use crate::sim::state::{Deferred, LocalResponse};

pub(crate) fn continue_stream(call: &mut Call<'_>, stream: u32) -> Outcome {
    call.note(stream);
    let context = call.acting();
    let action = match stream {
        0 => Deferred::ContinueRequest(context),
        1 => Deferred::ContinueResponse(context),
        2 => return Ok(Status::Ok),
        3 => {
            call.forbid("continuing the upstream side of a connection, which Envoy has not implemented");
            return Ok(Status::Unimplemented);
        }
        _ => return Ok(Status::BadArgument),
    };
    if let Some(stream) = call.stream_mut() {
        stream.request.headers_shown = false;
        stream.request.trailers_shown = false;
        stream.request.chunk = None;
        call.deferred.push(action);
    }
    Ok(Status::Ok)
}

pub(crate) fn close_stream(call: &mut Call<'_>, stream: u32) -> Outcome {
    call.note(stream);
    let context = call.acting();
    match stream {
        0 | 1 => {
            if let Some(stream) = call.stream_mut() {
                stream.info.code_details.get_or_insert_with(|| "wasm_close_stream".to_owned());
                call.deferred.push(Deferred::Reset(context));
            }
            Ok(Status::Ok)
        }
        2 | 3 => Ok(Status::Ok),
        _ => Ok(Status::BadArgument),
    }
}

#[expect(clippy::too_many_arguments, reason = "the ABI's")]
pub(crate) fn send_local_response(
    call: &mut Call<'_>,
    code: u32,
    details: u32,
    details_size: u32,
    body: u32,
    body_size: u32,
    headers: u32,
    headers_size: u32,
    _grpc_status: i32,
) -> Outcome {
    call.note(code);
    let details = call.text(details, details_size)?.replace(char::is_whitespace, "_");
    let body = call.bytes(body, body_size)?;
    let additional = call.pairs(headers, headers_size)?;
    let context = call.acting();
    if call.stream().is_some() {
        let mut headers = Headers::from([(":status", code.to_string())]);
        if !body.is_empty() {
            headers.add("content-length", body.len().to_string());
            headers.add("content-type", "text/plain");
        }
        for (name, value) in additional.iter() {
            headers.add(name, value);
        }
        let response = LocalResponse { headers, body, details };
        call.deferred.push(Deferred::LocalResponse { context, response });
    }
    call.stop_iteration = true;
    Ok(Status::Ok)
}

#[expect(clippy::too_many_arguments, reason = "the ABI's")]
pub(crate) fn http_call(
    call: &mut Call<'_>,
    cluster: u32,
    cluster_size: u32,
    headers: u32,
    headers_size: u32,
    body: u32,
    body_size: u32,
    trailers: u32,
    trailers_size: u32,
    timeout: u32,
    token: u32,
) -> Outcome {
    let cluster = call.text(cluster, cluster_size)?;
    let mut headers = call.pairs(headers, headers_size)?;
    let body = call.bytes(body, body_size)?;
    let trailers = call.pairs(trailers, trailers_size)?;
    // Written before the call is made, to prove the pointer.
    call.write_u32(token, 0)?;
    if in_root_shutdown(call) {
        call.forbid("an HTTP call from the root context's on_done, which crashes Envoy at shutdown");
        return Ok(Status::InternalFailure);
    }
    let pseudo_headers = [":authority", ":method", ":path"];
    let complete = pseudo_headers.iter().all(|name| headers.get(name).is_some());
    if !complete || i32::try_from(timeout).is_err() || !call.world().clusters.contains_key(&cluster) {
        return Ok(Status::BadArgument);
    }
    if !body.is_empty() {
        headers.set("content-length", body.len().to_string());
    }
    let new_token = dispatch(call, cluster, CalloutKind::Http, headers, body, trailers, timeout);
    call.write_u32(token, new_token)?;
    Ok(Status::Ok)
}

/// Makes the call and asks the cluster what it will answer; returns the call's token.
pub(crate) fn dispatch(
    call: &mut Call<'_>,
    cluster: String,
    kind: CalloutKind,
    headers: Headers,
    body: Vec<u8>,
    trailers: Headers,
    timeout: u32,
) -> u32 {
    call.last_token += 1;
    let token = call.last_token;
    let (vm, root) = (call.index, call.root_id());
    let mut world = call.world();
    let world = &mut *world;
    let mut callout = Callout {
        cluster,
        kind,
        headers,
        body,
        trailers,
        timeout: (timeout > 0).then(|| Duration::from_millis(timeout.into())),
        time: world.now,
        answered: false,
        vm,
        root,
        token,
        due: None,
        reply: ReplyKind::Never,
    };
    if let Some(cluster) = world.clusters.get_mut(&callout.cluster) {
        let (after, reply) = (cluster.0)(&callout).within(callout.timeout);
        callout.due = after.map(|after| world.now + after);
        callout.reply = reply;
    }
    world.callouts.push(callout);
    token
}
