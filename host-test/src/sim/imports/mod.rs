//! The functions a filter may import, and nothing else: `env` and `wasi_snapshot_preview1`.

mod call;
mod general;
mod grpc;
mod http;
mod maps;
mod shared;
mod wasi;

use wasmtime::{Caller, Linker};

use crate::sim::imports::call::Call;
use crate::sim::state::VmState;

/// Links `env` functions that answer a status. All parameters are `u32`, except those marked.
macro_rules! env {
    ($linker:ident, $($function:path as $name:literal ($($argument:ident $(: $type:ty)?),*);)*) => {$(
        $linker.func_wrap("env", $name, {
            |caller: Caller<'_, VmState>, $($argument: env!(@type $($type)?)),*| -> wasmtime::Result<u32> {
                let mut call = Call::enter(caller, $name)?;
                let status = match call.fails($name) {
                    Some(status) => status,
                    None => $function(&mut call, $($argument),*)?,
                };
                Ok(call.leave(status))
            }
        })?;
    )*};
    (@type) => { u32 };
    (@type $type:ty) => { $type };
}

/// Makes every import of the ABI known to `linker`.
pub(crate) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    env! { linker,
        general::log as "proxy_log" (level, message, size);
        general::get_log_level as "proxy_get_log_level" (level);
        general::get_current_time as "proxy_get_current_time_nanoseconds" (time);
        general::set_tick_period as "proxy_set_tick_period_milliseconds" (period);
        general::set_effective_context as "proxy_set_effective_context" (context);
        general::done as "proxy_done" ();
        general::get_property as "proxy_get_property" (path, path_size, value, value_size);
        general::set_property as "proxy_set_property" (path, path_size, value, value_size);
        general::call_foreign_function as "proxy_call_foreign_function"
            (name, name_size, arguments, arguments_size, results, results_size);
        general::define_metric as "proxy_define_metric" (kind, name, name_size, id);
        general::increment_metric as "proxy_increment_metric" (id, delta: i64);
        general::record_metric as "proxy_record_metric" (id, value: u64);
        general::get_metric as "proxy_get_metric" (id, value);
        maps::get_buffer_status as "proxy_get_buffer_status" (buffer, size, flags);
        maps::get_buffer_bytes as "proxy_get_buffer_bytes" (buffer, start, max, data, size);
        maps::set_buffer_bytes as "proxy_set_buffer_bytes" (buffer, start, size, data, data_size);
        maps::get_header_map_size as "proxy_get_header_map_size" (map, size);
        maps::get_header_map_pairs as "proxy_get_header_map_pairs" (map, data, size);
        maps::set_header_map_pairs as "proxy_set_header_map_pairs" (map, pairs, size);
        maps::get_header_map_value as "proxy_get_header_map_value" (map, key, key_size, data, size);
        maps::add_header_map_value as "proxy_add_header_map_value" (map, key, key_size, value, value_size);
        maps::replace_header_map_value as "proxy_replace_header_map_value"
            (map, key, key_size, value, value_size);
        maps::remove_header_map_value as "proxy_remove_header_map_value" (map, key, key_size);
        http::continue_stream as "proxy_continue_stream" (stream);
        http::close_stream as "proxy_close_stream" (stream);
        http::send_local_response as "proxy_send_local_response"
            (code, details, details_size, body, body_size, headers, headers_size, grpc_status: i32);
        http::http_call as "proxy_http_call" (
            cluster, cluster_size, headers, headers_size, body, body_size, trailers, trailers_size, timeout,
            token
        );
        grpc::get_status as "proxy_get_status" (code, message, message_size);
        grpc::grpc_call as "proxy_grpc_call" (
            cluster, cluster_size, service, service_size, method, method_size, metadata, metadata_size,
            message, message_size, timeout, token
        );
        grpc::grpc_stream as "proxy_grpc_stream" (
            cluster, cluster_size, service, service_size, method, method_size, metadata, metadata_size, token
        );
        grpc::grpc_send as "proxy_grpc_send" (token, message, message_size, end_stream);
        grpc::grpc_cancel as "proxy_grpc_cancel" (token);
        grpc::grpc_close as "proxy_grpc_close" (token);
        shared::get_shared_data as "proxy_get_shared_data" (key, key_size, data, size, cas);
        shared::set_shared_data as "proxy_set_shared_data" (key, key_size, value, value_size, cas);
        shared::register_queue as "proxy_register_shared_queue" (name, name_size, id);
        shared::resolve_queue as "proxy_resolve_shared_queue" (vm_id, vm_id_size, name, name_size, id);
        shared::enqueue as "proxy_enqueue_shared_queue" (id, value, value_size);
        shared::dequeue as "proxy_dequeue_shared_queue" (id, data, size);
    }
    wasi::link(linker)
}
