//! Logs, time, ticks, properties, metrics, and what is left over.

use std::time::Duration;

use crate::sim::abi::{LogLevel, MetricType, Status};
use crate::sim::callback::Callback;
use crate::sim::imports::call::{Call, Outcome};
use crate::sim::properties;
use crate::sim::state::{Context, Deferred};
use crate::sim::world::Metric;

pub(crate) fn log(call: &mut Call<'_>, level: u32, message: u32, size: u32) -> Outcome {
    let Some(level) = LogLevel::from_abi(level) else { return Ok(Status::BadArgument) };
    let message = call.bytes(message, size)?;
    call.world().log(&call.name, level, &message);
    Ok(Status::Ok)
}

pub(crate) fn get_log_level(call: &mut Call<'_>, level: u32) -> Outcome {
    let current = call.world().log_level;
    call.write_u32(level, current as u32)?;
    Ok(Status::Ok)
}

pub(crate) fn get_current_time(call: &mut Call<'_>, time: u32) -> Outcome {
    let now = call.world().read_clock();
    call.write(time, &now.to_le_bytes())?;
    Ok(Status::Ok)
}

pub(crate) fn set_tick_period(call: &mut Call<'_>, period: u32) -> Outcome {
    call.note(period);
    let period = Duration::from_millis(period.into());
    let now = call.world().now;
    let root_id = call.root_id();
    if let Some(root) = call.root_mut(root_id) {
        root.tick_period = period;
        root.next_tick = (!period.is_zero()).then(|| now + period);
    }
    Ok(Status::Ok)
}

pub(crate) fn set_effective_context(call: &mut Call<'_>, context: u32) -> Outcome {
    call.note(context);
    if !call.contexts.contains_key(&context) {
        return Ok(Status::BadArgument);
    }
    call.effective = Some(context);
    Ok(Status::Ok)
}

pub(crate) fn done(call: &mut Call<'_>) -> Outcome {
    let acting = call.acting();
    match call.root_mut(acting) {
        Some(root) if root.pending_done => root.pending_done = false,
        _ => return Ok(Status::NotFound),
    }
    call.deferred.push(Deferred::RootDone(acting));
    Ok(Status::Ok)
}

pub(crate) fn get_property(
    call: &mut Call<'_>,
    path: u32,
    path_size: u32,
    value: u32,
    value_size: u32,
) -> Outcome {
    let path = call.bytes(path, path_size)?;
    match properties::get(call, &path) {
        Some(found) => call.answer(&found, value, value_size),
        None => Ok(Status::NotFound),
    }
}

pub(crate) fn set_property(
    call: &mut Call<'_>,
    path: u32,
    path_size: u32,
    value: u32,
    value_size: u32,
) -> Outcome {
    let path = call.bytes(path, path_size)?;
    let value = call.bytes(value, value_size)?;
    match call.stream_mut() {
        Some(stream) => {
            stream.info.filter_state.insert(path, value);
            Ok(Status::Ok)
        }
        None => Ok(Status::NotFound),
    }
}

/// No function is offered: `NOT_FOUND` is what a host without them answers, and Envoy's own (compress,
/// expressions, typed filter state) are built into some Envoys and not into others.
pub(crate) fn call_foreign_function(
    call: &mut Call<'_>,
    name: u32,
    name_size: u32,
    arguments: u32,
    arguments_size: u32,
    _results: u32,
    _results_size: u32,
) -> Outcome {
    call.bytes(name, name_size)?;
    call.bytes(arguments, arguments_size)?;
    Ok(Status::NotFound)
}

/// The low bits of a metric's id are its type.
const METRIC_TYPE_MASK: u32 = 0x3;
const METRIC_ID_STEP: u32 = 0x4;

pub(crate) fn define_metric(call: &mut Call<'_>, kind: u32, name: u32, name_size: u32, id: u32) -> Outcome {
    let Some(kind) = MetricType::from_abi(kind) else { return Ok(Status::BadArgument) };
    call.note(kind);
    let name = call.text(name, name_size)?;
    call.last_metric += METRIC_ID_STEP;
    let new_id = call.last_metric | kind as u32;
    call.world().metrics.entry((kind, name.clone())).or_default();
    call.metrics.insert(new_id, (kind, name));
    call.write_u32(id, new_id)?;
    Ok(Status::Ok)
}

pub(crate) fn increment_metric(call: &mut Call<'_>, id: u32, delta: i64) -> Outcome {
    call.note(id);
    call.note(delta);
    let kind = MetricType::from_abi(id & METRIC_TYPE_MASK);
    if !matches!(kind, Some(MetricType::Counter | MetricType::Gauge)) {
        return Ok(Status::BadArgument);
    }
    Ok(with_metric(call, id, |kind, metric| match kind {
        MetricType::Counter if delta <= 0 => Status::BadArgument,
        _ => {
            metric.value = metric.value.wrapping_add_signed(delta);
            Status::Ok
        }
    }))
}

pub(crate) fn record_metric(call: &mut Call<'_>, id: u32, value: u64) -> Outcome {
    call.note(id);
    call.note(value);
    Ok(with_metric(call, id, |kind, metric| {
        match kind {
            MetricType::Counter => metric.value = metric.value.wrapping_add(value),
            MetricType::Gauge => metric.value = value,
            MetricType::Histogram => {
                metric.value += 1;
                metric.recorded.push(value);
            }
        }
        Status::Ok
    }))
}

pub(crate) fn get_metric(call: &mut Call<'_>, id: u32, value: u32) -> Outcome {
    call.note(id);
    if MetricType::from_abi(id & METRIC_TYPE_MASK).is_none_or(|kind| kind == MetricType::Histogram) {
        return Ok(Status::BadArgument);
    }
    let mut current = 0;
    let status = with_metric(call, id, |_, metric| {
        current = metric.value;
        Status::Ok
    });
    if status == Status::Ok {
        call.write(value, &current.to_le_bytes())?;
    }
    Ok(status)
}

fn with_metric(
    call: &mut Call<'_>,
    id: u32,
    change: impl FnOnce(MetricType, &mut Metric) -> Status,
) -> Status {
    let Some((kind, name)) = call.metrics.get(&id).cloned() else { return Status::NotFound };
    let mut world = call.world();
    change(kind, world.metrics.entry((kind, name)).or_default())
}

/// The root context of the running callback is being torn down: Envoy's own structures are, too.
pub(crate) fn in_root_shutdown(call: &Call<'_>) -> bool {
    call.running == Some(Callback::Done) && matches!(call.contexts.get(&call.current), Some(Context::Root(_)))
}
