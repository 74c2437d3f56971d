//! Bytes per second of the JSON scanner on a 200 KB prompt and on 300-byte stream events, beside `serde_json`
//! into a typed struct on the same input; native, and compiled to wasm in wasmtime.

use std::hint::black_box;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput};
use inferspan_benches::Workload;
use wasmtime::{Engine, Error, Linker, Module, Result, Store, TypedFunc, ensure};

fn main() -> Result<()> {
    let mut guest = Guest::load()?;
    let mut criterion = Criterion::default().configure_from_args();
    for (input, readers) in [
        ("prompt", [("scanner", Workload::ScanPrompt), ("serde_json", Workload::ParsePrompt)]),
        ("event", [("scanner", Workload::ScanEvent), ("serde_json", Workload::ParseEvent)]),
    ] {
        let mut group = criterion.benchmark_group(input);
        for (reader, workload) in readers {
            let mut native = workload.prepare();
            ensure!(native.run() == guest.run(workload, 1)?, "{workload:?} differs between native and wasm");
            group.throughput(Throughput::Bytes(native.bytes() as u64));
            group.bench_function(BenchmarkId::new(reader, "native"), |bencher| {
                bencher.iter(|| black_box(native.run()));
            });
            let mut failed = None;
            group.bench_function(BenchmarkId::new(reader, "wasm"), |bencher| {
                bencher.iter_custom(|times| {
                    let start = Instant::now();
                    failed = guest.run(workload, times).err().or(failed.take());
                    start.elapsed()
                });
            });
            if let Some(error) = failed {
                return Err(error);
            }
        }
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}

/// The workloads as wasm, in wasmtime.
struct Guest {
    store: Store<()>,
    run: TypedFunc<(u32, u32), u64>,
}

impl Guest {
    fn load() -> Result<Self> {
        let wasm = host_test::build::Wasm::package("inferspan-benches")
            .profile("filter")
            .build(&mut |line| eprintln!("{line}"))
            .map_err(|error| Error::msg(format!("{error:#}")))?;
        let engine = Engine::default();
        let module = Module::from_file(&engine, wasm)?;
        let mut linker = Linker::new(&engine);
        // The standard library's ways out of a panic; a workload takes none of them.
        linker.define_unknown_imports_as_traps(&module)?;
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module)?;
        let run = instance.get_typed_func(&mut store, "run_workload")?;
        Ok(Self { store, run })
    }

    fn run(&mut self, workload: Workload, times: u64) -> Result<u64> {
        let number = Workload::ALL.iter().position(|other| *other == workload).unwrap_or(usize::MAX);
        let (number, mut left, mut sum) = (u32::try_from(number)?, times, 0_u64);
        while left > 0 {
            let times = u32::try_from(left).unwrap_or(u32::MAX);
            sum = sum.wrapping_add(self.run.call(&mut self.store, (number, times))?);
            left -= u64::from(times);
        }
        Ok(sum)
    }
}
