//! One host call: reading what the guest points at, handing bytes back, and the trace of it all.

use std::cell::RefMut;
use std::fmt::Write;
use std::ops::{Deref, DerefMut};

use wasmtime::{Caller, bail};

use crate::sim::abi::{Status, encode_pairs};
use crate::sim::fault::CallAnswer;
use crate::sim::state::VmState;
use crate::sim::world::World;
use crate::sim::{Headers, abi};

/// What the body of a host call comes to; an error ends the wasm with a trap.
pub(crate) type Outcome = wasmtime::Result<Status>;

/// A host call while it runs. Derefs to the VM's state.
pub(crate) struct Call<'a> {
    caller: Caller<'a, VmState>,
}

impl<'a> Call<'a> {
    /// Begins a call of `env`. While the module starts, only logging is allowed.
    pub(crate) fn enter(mut caller: Caller<'a, VmState>, name: &'static str) -> wasmtime::Result<Self> {
        begin(&mut caller, name);
        if caller.data().running.is_none() && name != "proxy_log" {
            bail!("{name} is called while the module starts, when only proxy_log and WASI are allowed");
        }
        Ok(Self { caller })
    }

    /// Begins a call of WASI.
    pub(crate) fn enter_wasi(mut caller: Caller<'a, VmState>, name: &'static str) -> Self {
        begin(&mut caller, name);
        Self { caller }
    }

    /// What a test wants this function to answer in place of what it does.
    pub(crate) fn fails(&self, name: &str) -> Option<Status> {
        self.world().failing.get(name).copied()
    }

    pub(crate) fn leave(mut self, status: Status) -> u32 {
        self.trace.leave(CallAnswer::Status(status));
        status as u32
    }

    pub(crate) fn leave_wasi(mut self, errno: u32) -> u32 {
        self.trace.leave(CallAnswer::Errno(errno));
        errno
    }

    /// Adds to the trace what a reader wants to know of the arguments.
    pub(crate) fn note(&mut self, argument: impl std::fmt::Debug) {
        if let Some(arguments) = self.trace.arguments() {
            let comma = if arguments.is_empty() { "" } else { ", " };
            // Writing to a String does not fail.
            let _ = write!(arguments, "{comma}{argument:?}");
        }
    }

    pub(crate) fn world(&self) -> RefMut<'_, World> {
        self.caller.data().world.borrow_mut()
    }

    /// The guest's bytes at `pointer`. Outside its memory is a fault: no SDK survives the status.
    pub(crate) fn bytes(&mut self, pointer: u32, size: u32) -> wasmtime::Result<Vec<u8>> {
        let bytes = self.memory()?.get(pointer as usize..).and_then(|rest| rest.get(..size as usize));
        let Some(bytes) = bytes.map(<[u8]>::to_vec) else {
            bail!("a pointer outside the memory: {size} bytes at {pointer:#x}")
        };
        self.crossings.bytes_out += u64::from(size);
        self.note(Excerpt(&bytes));
        Ok(bytes)
    }

    /// The guest's bytes as text, with what is no UTF-8 replaced.
    pub(crate) fn text(&mut self, pointer: u32, size: u32) -> wasmtime::Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes(pointer, size)?).into_owned())
    }

    pub(crate) fn pairs(&mut self, pointer: u32, size: u32) -> wasmtime::Result<Headers> {
        Ok(abi::decode_pairs(&self.bytes(pointer, size)?))
    }

    pub(crate) fn write(&mut self, pointer: u32, bytes: &[u8]) -> wasmtime::Result<()> {
        let to = self.memory_mut()?.get_mut(pointer as usize..).and_then(|rest| rest.get_mut(..bytes.len()));
        match to {
            Some(to) => to.copy_from_slice(bytes),
            None => bail!("a pointer outside the memory: {} bytes to {pointer:#x}", bytes.len()),
        }
        self.crossings.bytes_in += bytes.len() as u64;
        Ok(())
    }

    pub(crate) fn write_u32(&mut self, pointer: u32, value: u32) -> wasmtime::Result<()> {
        self.write(pointer, &value.to_le_bytes())
    }

    /// Hands bytes to the guest: allocated by the guest, its from now on. Nothing is null and 0.
    pub(crate) fn answer(&mut self, bytes: &[u8], data: u32, size: u32) -> Outcome {
        let pointer = if bytes.is_empty() { 0 } else { self.allocate(bytes.len())? };
        self.write(pointer, bytes)?;
        self.write_u32(data, pointer)?;
        self.write_u32(size, u32::try_from(bytes.len())?)?;
        Ok(Status::Ok)
    }

    pub(crate) fn answer_pairs(&mut self, headers: &Headers, data: u32, size: u32) -> Outcome {
        self.answer(&encode_pairs(headers), data, size)
    }

    fn allocate(&mut self, size: usize) -> wasmtime::Result<u32> {
        let Some(allocate) = self.allocate.clone() else { bail!("no allocator") };
        let pointer = allocate.call(&mut self.caller, u32::try_from(size)?)?;
        if pointer == 0 {
            bail!("the filter's allocator answered 0 for {size} bytes");
        }
        Ok(pointer)
    }

    fn memory(&self) -> wasmtime::Result<&[u8]> {
        match self.caller.data().memory {
            Some(memory) => Ok(memory.data(&self.caller)),
            None => bail!("the module is not instantiated yet"),
        }
    }

    fn memory_mut(&mut self) -> wasmtime::Result<&mut [u8]> {
        match self.caller.data().memory {
            Some(memory) => Ok(memory.data_mut(&mut self.caller)),
            None => bail!("the module is not instantiated yet"),
        }
    }
}

fn begin(caller: &mut Caller<'_, VmState>, name: &'static str) {
    let state = caller.data_mut();
    state.trace.enter(name);
    state.crossings.host_calls += 1;
}

impl Deref for Call<'_> {
    type Target = VmState;

    fn deref(&self) -> &VmState {
        self.caller.data()
    }
}

impl DerefMut for Call<'_> {
    fn deref_mut(&mut self) -> &mut VmState {
        self.caller.data_mut()
    }
}

/// The first bytes of an argument, readable.
struct Excerpt<'a>(&'a [u8]);

impl std::fmt::Debug for Excerpt<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const KEPT: usize = 64;
        match self.0.get(..KEPT) {
            Some(start) => write!(f, "\"{}\"… ({} bytes)", start.escape_ascii(), self.0.len()),
            None => write!(f, "\"{}\"", self.0.escape_ascii()),
        }
    }
}
