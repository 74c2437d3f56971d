//! The part of WASI preview 1 that a filter may use. Everything else is refused at load: a filter that
//! opens files or sockets has no business in a proxy.

use wasmtime::{Caller, Linker, bail};

use crate::sim::abi::LogLevel;
use crate::sim::imports::call::Call;
use crate::sim::state::VmState;

const MODULE: &str = "wasi_snapshot_preview1";

const SUCCESS: u32 = 0;
const BADF: u32 = 8;
const INVAL: u32 = 28;
const NOTSUP: u32 = 58;

/// `random_get` gives at most this many bytes at once.
const MAX_RANDOM: u32 = 64 * 1024;

pub(crate) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "args_sizes_get", |caller: Caller<'_, VmState>, count: u32, size: u32| {
        let mut call = Call::enter_wasi(caller, "args_sizes_get");
        call.write_u32(count, 0)?;
        call.write_u32(size, 0)?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(MODULE, "args_get", |_: u32, _: u32| SUCCESS)?;
    linker.func_wrap(MODULE, "environ_sizes_get", |caller: Caller<'_, VmState>, count: u32, size: u32| {
        let mut call = Call::enter_wasi(caller, "environ_sizes_get");
        let variables = call.environment.len();
        let bytes: usize = call.environment.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        call.write_u32(count, u32::try_from(variables)?)?;
        call.write_u32(size, u32::try_from(bytes)?)?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(MODULE, "environ_get", environ_get)?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(
        MODULE,
        "clock_time_get",
        |caller: Caller<'_, VmState>, id: u32, _: u64, time: u32| {
            let mut call = Call::enter_wasi(caller, "clock_time_get");
            if id > 1 {
                return Ok(NOTSUP);
            }
            let now = call.world().read_clock();
            call.write(time, &now.to_le_bytes())?;
            Ok(SUCCESS)
        },
    )?;
    linker.func_wrap(MODULE, "random_get", |caller: Caller<'_, VmState>, buffer: u32, size: u32| {
        let mut call = Call::enter_wasi(caller, "random_get");
        if size > MAX_RANDOM {
            return Ok(INVAL);
        }
        let mut bytes = vec![0; size as usize];
        call.world().random.fill(&mut bytes);
        call.write(buffer, &bytes)?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(
        MODULE,
        "proc_exit",
        |caller: Caller<'_, VmState>, code: u32| -> wasmtime::Result<()> {
            Call::enter_wasi(caller, "proc_exit").note(code);
            bail!("the filter exited with code {code}")
        },
    )?;
    Ok(())
}

fn environ_get(caller: Caller<'_, VmState>, mut pointers: u32, mut buffer: u32) -> wasmtime::Result<u32> {
    let mut call = Call::enter_wasi(caller, "environ_get");
    for (name, value) in call.environment.clone() {
        let variable = format!("{name}={value}\0");
        call.write_u32(pointers, buffer)?;
        call.write(buffer, variable.as_bytes())?;
        pointers += 4;
        buffer += u32::try_from(variable.len())?;
    }
    Ok(SUCCESS)
}

/// Standard output is logged as info, standard error as error, without the newline at the end.
fn fd_write(
    caller: Caller<'_, VmState>,
    fd: u32,
    vectors: u32,
    count: u32,
    written: u32,
) -> wasmtime::Result<u32> {
    let mut call = Call::enter_wasi(caller, "fd_write");
    let level = match fd {
        1 => LogLevel::Info,
        2 => LogLevel::Error,
        _ => return Ok(BADF),
    };
    let vectors = call.bytes(vectors, count.saturating_mul(8))?;
    let mut text = Vec::new();
    for vector in vectors.chunks_exact(8) {
        let field = |at: usize| vector.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        let (Some(pointer), Some(size)) = (field(0), field(4)) else { continue };
        text.extend(call.bytes(u32::from_le_bytes(pointer), u32::from_le_bytes(size))?);
    }
    call.write_u32(written, u32::try_from(text.len())?)?;
    if !text.is_empty() {
        let name = call.name.clone();
        call.world().log(&name, level, text.strip_suffix(b"\n").unwrap_or(&text));
    }
    Ok(SUCCESS)
}
