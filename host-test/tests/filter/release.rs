//! The filter as it is released: what it needs of a proxy, and how fast it is here.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use host_test::build;
use host_test::sim::{FaultKind, Module, Pieces};

use crate::framing;
use crate::world::{flushed, proxy};

#[test]
fn it_imports_what_it_needs_and_nothing_else() {
    let wasm = build::filter(&mut |line| eprintln!("{line}")).unwrap();
    let module = Module::from_file(wasm).unwrap();
    let imports: BTreeSet<String> =
        module.imports().map(|(module, name)| format!("{module} {name}")).collect();
    let expected = include_str!("imports.txt").lines().map(str::to_owned).collect();
    assert_eq!(imports, expected);
    assert!(module.exports().any(|name| name == "proxy_on_memory_allocate"));
}

#[test]
fn a_stream_of_200_events_takes_less_than_5_ms() {
    let event = "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"},\
                 \"finish_reason\":null}]}\n\n";
    let size = event.len();
    let mut script = framing::sse().whole.response_pieces(Pieces::of(size));
    script.response.body = format!("{}data: [DONE]\n\n", event.repeat(200)).into_bytes();
    let mut proxy = proxy().start().unwrap();
    proxy.run(&script).unwrap();
    let rounds = 20;
    let quickest = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            proxy.run(&script).unwrap();
            start.elapsed()
        })
        .min()
        .unwrap();
    assert_eq!(flushed(&mut proxy).unwrap().len(), rounds + 1);
    eprintln!("a stream of 200 events: {quickest:?}");
    assert!(quickest < Duration::from_millis(5), "{quickest:?}");
}

#[test]
fn a_trap_inside_it_would_be_told_well() {
    // Too little fuel is the only way to break a callback of it from outside.
    let mut proxy = proxy().fuel(30_000).start().unwrap();
    let fault = proxy.run(&framing::json().whole).unwrap_err();
    assert_eq!(fault.kind, FaultKind::OutOfFuel);
    let account = fault.to_string();
    assert!(account.contains("proxy_on_request_headers"), "{account}");
    assert!(fault.account.backtrace.iter().any(|name| name == "proxy_on_request_headers"), "{account}");
}
