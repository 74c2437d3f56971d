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

/// Links functions that answer an error number.
macro_rules! wasi {
    ($linker:ident, $($function:ident ($($argument:ident: $type:ty),*);)*) => {$(
        $linker.func_wrap(MODULE, stringify!($function), {
            |caller: Caller<'_, VmState>, $($argument: $type),*| -> wasmtime::Result<u32> {
                let mut call = Call::enter_wasi(caller, stringify!($function));
                let errno = $function(&mut call, $($argument),*)?;
                Ok(call.leave_wasi(errno))
            }
        })?;
    )*};
}

pub(crate) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    wasi! { linker,
        args_sizes_get(count: u32, size: u32);
        args_get(pointers: u32, buffer: u32);
        environ_sizes_get(count: u32, size: u32);
        environ_get(pointers: u32, buffer: u32);
        fd_write(fd: u32, vectors: u32, count: u32, written: u32);
        clock_time_get(clock: u32, precision: u64, time: u32);
        random_get(buffer: u32, size: u32);
    }
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

fn args_sizes_get(call: &mut Call<'_>, count: u32, size: u32) -> wasmtime::Result<u32> {
    call.write_u32(count, 0)?;
    call.write_u32(size, 0)?;
    Ok(SUCCESS)
}

fn args_get(_: &mut Call<'_>, _pointers: u32, _buffer: u32) -> wasmtime::Result<u32> {
    Ok(SUCCESS)
}

fn environ_sizes_get(call: &mut Call<'_>, count: u32, size: u32) -> wasmtime::Result<u32> {
    let variables = call.environment.len();
    let bytes: usize = call.environment.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    call.write_u32(count, u32::try_from(variables)?)?;
    call.write_u32(size, u32::try_from(bytes)?)?;
    Ok(SUCCESS)
}

fn environ_get(call: &mut Call<'_>, mut pointers: u32, mut buffer: u32) -> wasmtime::Result<u32> {
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
fn fd_write(call: &mut Call<'_>, fd: u32, vectors: u32, count: u32, written: u32) -> wasmtime::Result<u32> {
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
        call.world().log(&call.name, level, text.strip_suffix(b"\n").unwrap_or(&text));
    }
    Ok(SUCCESS)
}

fn clock_time_get(call: &mut Call<'_>, clock: u32, _precision: u64, time: u32) -> wasmtime::Result<u32> {
    if clock > 1 {
        return Ok(NOTSUP);
    }
    let now = call.world().read_clock();
    call.write(time, &now.to_le_bytes())?;
    Ok(SUCCESS)
}

fn random_get(call: &mut Call<'_>, buffer: u32, size: u32) -> wasmtime::Result<u32> {
    if size > MAX_RANDOM {
        return Ok(INVAL);
    }
    let mut bytes = vec![0; size as usize];
    call.world().random.fill(&mut bytes);
    call.write(buffer, &bytes)?;
    Ok(SUCCESS)
}
