//! Header maps and buffers: what is readable depends on the moment, and the answer says so.

use crate::sim::Headers;
use crate::sim::abi::{BufferType, MapType, Status};
use crate::sim::callback::Callback;
use crate::sim::imports::call::{Call, Outcome};
use crate::sim::state::VmState;

pub(crate) fn get_buffer_status(call: &mut Call<'_>, buffer: u32, size: u32, flags: u32) -> Outcome {
    let Some(buffer) = buffer_type(call, buffer) else { return Ok(Status::BadArgument) };
    let Some(length) = buffer_of(call, buffer).map(<[u8]>::len) else { return Ok(Status::NotFound) };
    call.write_u32(size, u32::try_from(length)?)?;
    call.write_u32(flags, 0)?;
    Ok(Status::Ok)
}

pub(crate) fn get_buffer_bytes(
    call: &mut Call<'_>,
    buffer: u32,
    start: u32,
    max: u32,
    data: u32,
    size: u32,
) -> Outcome {
    let Some(buffer) = buffer_type(call, buffer) else { return Ok(Status::BadArgument) };
    call.note(start);
    call.note(max);
    let Some(bytes) = buffer_of(call, buffer) else { return Ok(Status::NotFound) };
    let Some(end) = start.checked_add(max) else { return Ok(Status::BadArgument) };
    let end = bytes.len().min(end as usize);
    let bytes = bytes.get(start as usize..end).unwrap_or_default().to_vec();
    if call.running == Some(Callback::Log) && !bytes.is_empty() {
        call.forbid("reading a body in on_log: what is there is a stale buffer");
    }
    call.answer(&bytes, data, size)
}

pub(crate) fn set_buffer_bytes(
    call: &mut Call<'_>,
    buffer: u32,
    start: u32,
    size: u32,
    data: u32,
    data_size: u32,
) -> Outcome {
    let Some(buffer) = buffer_type(call, buffer) else { return Ok(Status::BadArgument) };
    call.note(start);
    call.note(size);
    let new = call.bytes(data, data_size)?;
    let body = call.stream_mut().and_then(|stream| match buffer {
        BufferType::RequestBody => stream.request.body_mut(),
        BufferType::ResponseBody => stream.response.body_mut(),
        BufferType::DownstreamData => stream.downstream_data.as_mut(),
        BufferType::UpstreamData => stream.upstream_data.as_mut(),
        _ => None,
    });
    let Some(body) = body else {
        // A buffer that is there but not the stream's is read-only.
        let there = buffer_of(call, buffer).is_some();
        return Ok(if there { Status::BadArgument } else { Status::NotFound });
    };
    match (start as usize, size as usize) {
        (0, 0) => drop(body.splice(..0, new)),
        (0, size) if size >= body.len() => *body = new,
        (start, _) if start > 0 && start >= body.len() => body.extend(new),
        _ => return Ok(Status::BadArgument),
    }
    Ok(Status::Ok)
}

pub(crate) fn get_header_map_size(call: &mut Call<'_>, map: u32, size: u32) -> Outcome {
    let Some(map) = map_type(call, map) else { return Ok(Status::BadArgument) };
    // Envoy asks it of the map that can be changed: there is none in the access log, and asking for the size of
    // trailers in the last body callback makes some.
    let bytes = call.stream_mut().and_then(|stream| stream.map_mut(map)).map(|headers| headers.byte_size());
    let Some(bytes) = bytes else { return Ok(Status::BadArgument) };
    call.write_u32(size, u32::try_from(bytes)?)?;
    Ok(Status::Ok)
}

pub(crate) fn get_header_map_pairs(call: &mut Call<'_>, map: u32, data: u32, size: u32) -> Outcome {
    let Some(map) = map_type(call, map) else { return Ok(Status::BadArgument) };
    let pairs = map_of(call, map).cloned().unwrap_or_default();
    call.answer_pairs(&pairs, data, size)
}

pub(crate) fn set_header_map_pairs(call: &mut Call<'_>, map: u32, pairs: u32, size: u32) -> Outcome {
    let Some(map) = map_type(call, map) else { return Ok(Status::BadArgument) };
    let pairs = call.pairs(pairs, size)?;
    change(call, map, |headers| *headers = pairs)
}

pub(crate) fn get_header_map_value(
    call: &mut Call<'_>,
    map: u32,
    key: u32,
    key_size: u32,
    data: u32,
    size: u32,
) -> Outcome {
    let Some(map) = map_type(call, map) else { return Ok(Status::BadArgument) };
    let key = call.bytes(key, key_size)?;
    let Some(headers) = map_of(call, map) else {
        let logging = call.stream().is_some_and(|stream| stream.logging);
        return Ok(if logging { Status::NotFound } else { Status::BadArgument });
    };
    match headers.get(&key).map(<[u8]>::to_vec) {
        Some(value) => call.answer(&value, data, size),
        None => Ok(Status::NotFound),
    }
}

pub(crate) fn add_header_map_value(
    call: &mut Call<'_>,
    map: u32,
    key: u32,
    key_size: u32,
    value: u32,
    value_size: u32,
) -> Outcome {
    let Some(map) = map_type(call, map) else { return Ok(Status::BadArgument) };
    let (key, value) = (call.bytes(key, key_size)?, call.bytes(value, value_size)?);
    change(call, map, |headers| headers.add(key, value))
}

pub(crate) fn replace_header_map_value(
    call: &mut Call<'_>,
    map: u32,
    key: u32,
    key_size: u32,
    value: u32,
    value_size: u32,
) -> Outcome {
    let Some(map) = map_type(call, map) else { return Ok(Status::BadArgument) };
    let (key, value) = (call.bytes(key, key_size)?, call.bytes(value, value_size)?);
    change(call, map, |headers| headers.set(key, value))
}

pub(crate) fn remove_header_map_value(call: &mut Call<'_>, map: u32, key: u32, key_size: u32) -> Outcome {
    let Some(map) = map_type(call, map) else { return Ok(Status::BadArgument) };
    let key = call.bytes(key, key_size)?;
    change(call, map, |headers| headers.remove(key))
}

fn change(call: &mut Call<'_>, map: MapType, change: impl FnOnce(&mut Headers)) -> Outcome {
    match call.stream_mut().and_then(|stream| stream.map_mut(map)) {
        Some(headers) => {
            change(headers);
            Ok(Status::Ok)
        }
        None => Ok(Status::BadArgument),
    }
}

fn map_type(call: &mut Call<'_>, map: u32) -> Option<MapType> {
    let map = MapType::from_abi(map)?;
    call.note(map);
    Some(map)
}

fn buffer_type(call: &mut Call<'_>, buffer: u32) -> Option<BufferType> {
    let buffer = BufferType::from_abi(buffer)?;
    call.note(buffer);
    Some(buffer)
}

fn map_of(state: &VmState, map: MapType) -> Option<&Headers> {
    match map {
        MapType::GrpcInitialMetadata => state.root()?.grpc.initial.as_ref(),
        MapType::GrpcTrailingMetadata => state.root()?.grpc.trailing.as_ref(),
        MapType::CallResponseHeaders => state.root()?.answer.as_ref().map(|answer| &answer.headers),
        MapType::CallResponseTrailers => state.root()?.answer.as_ref()?.trailers.as_ref(),
        _ => state.stream()?.map(map),
    }
}

/// Most buffers that have nothing to show are empty rather than not found.
const EMPTY: Option<&[u8]> = Some(&[]);

fn buffer_of(state: &VmState, buffer: BufferType) -> Option<&[u8]> {
    match buffer {
        BufferType::RequestBody => state.stream().and_then(|stream| stream.request.body()).or(EMPTY),
        BufferType::ResponseBody => state.stream().and_then(|stream| stream.response.body()).or(EMPTY),
        BufferType::DownstreamData => {
            state.stream().and_then(|stream| stream.downstream_data.as_deref()).or(EMPTY)
        }
        BufferType::UpstreamData => {
            state.stream().and_then(|stream| stream.upstream_data.as_deref()).or(EMPTY)
        }
        BufferType::CallResponseBody => state.root()?.answer.as_ref().map(|answer| answer.body.as_slice()),
        BufferType::GrpcMessage => state.root()?.grpc.message.as_deref().or(EMPTY),
        BufferType::VmConfiguration => Some(&state.vm_configuration),
        BufferType::PluginConfiguration => {
            let root = state.root().filter(|root| root.configuring)?;
            Some(&root.plugin.configuration)
        }
        BufferType::ForeignArguments => {
            let running = state.running == Some(Callback::ForeignFunction);
            state.foreign_arguments.as_deref().filter(|_| running).or(EMPTY)
        }
    }
}
