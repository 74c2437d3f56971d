//! What the benches measure: workloads that run natively and, compiled to wasm, in wasmtime.
//!
//! A [`Workload`] does one piece of work on one input and gives a checksum, so that nothing of it can be
//! optimised away and so that a bench can see that both sides did the same.

#[cfg(not(target_family = "wasm"))]
pub mod exchanges;
mod scanner;

pub use scanner::Workload;

/// The wasm's only export that the benches call: does a workload so many times and adds up the checksums.
/// An unknown number does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn run_workload(workload: u32, times: u32) -> u64 {
    let Some(workload) = Workload::ALL.get(workload as usize) else { return 0 };
    let mut prepared = workload.prepare();
    (0..times).fold(0, |sum: u64, _| sum.wrapping_add(prepared.run()))
}
