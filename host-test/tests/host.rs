//! The host itself, tried with a filter written by hand.
#![cfg(feature = "wasm")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::sync::LazyLock;
use std::time::Duration;

use host_test::sim::{
    Break, CalloutKind, Close, FailurePolicy, Fault, FaultKind, Headers, LoadError, Module, Peer, Pieces,
    Proxy, Reply, Script, check_random,
};

static TALLY: LazyLock<Module> = LazyLock::new(|| {
    let wasm = wat::parse_str(include_str!("guests/tally.wat")).unwrap();
    Module::new(&wasm).unwrap()
});

fn request() -> Headers {
    Headers::from([(":method", "GET"), (":path", "/"), (":authority", "example.com")])
}

#[test]
fn a_stream_passes_and_the_world_shows_what_the_filter_did() {
    let mut proxy = Proxy::builder(&TALLY).start().unwrap();
    let stream = proxy.open();
    proxy.request_headers(stream, request(), false).unwrap();
    proxy.request_body(stream, "question", true).unwrap();
    proxy.response_headers(stream, [(":status", "200")], false).unwrap();
    proxy.response_body(stream, "ans", false).unwrap();
    proxy.response_body(stream, "wer", true).unwrap();

    let exchange = proxy.exchange(stream);
    assert!(exchange.ended());
    assert_eq!(exchange.upstream().headers, Some(request().with("x-tally", "seen")));
    assert_eq!(exchange.upstream().body, b"question");
    assert_eq!(exchange.downstream().body, b"answer");
    assert!(exchange.downstream().complete);
    assert_eq!(proxy.counter("exchanges"), Some(1));
}

#[test]
fn ticks_come_on_the_virtual_clock() {
    let mut proxy = Proxy::builder(&TALLY).workers(2).main_thread().start().unwrap();
    proxy.advance(Duration::from_millis(2500)).unwrap();
    let logs = proxy.logs();
    assert_eq!(logs.len(), 6, "two ticks in each of three VMs: {logs:?}");
    assert!(logs.iter().all(|line| line.text == "tick"));
}

#[test]
fn a_trap_is_reported_with_the_names_of_the_functions() {
    let mut proxy = Proxy::builder(&TALLY).start().unwrap();
    let stream = proxy.open();
    let fault = proxy.request_headers(stream, request().with("x-trap", "1"), true).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Trap(_)));
    assert_eq!(fault.account.backtrace.first().map(String::as_str), Some("divide_by_zero"));
    let account = fault.to_string();
    assert!(account.contains("proxy_on_request_headers(context 2, 4, 1) on worker 0"), "{account}");
    assert!(account.contains(r#"proxy_get_header_map_value(RequestHeaders, "x-trap") -> Ok"#), "{account}");
    assert!(proxy.has_failed(0));
    assert!(proxy.exchange(stream).ended(), "its streams are cut");
}

#[test]
fn an_endless_loop_is_a_failure() {
    let mut proxy = Proxy::builder(&TALLY).fuel(1_000_000).start().unwrap();
    let stream = proxy.open();
    let fault = proxy.request_headers(stream, request().with("x-loop", "1"), true).unwrap_err();
    assert_eq!(fault.kind, FaultKind::OutOfFuel);
    assert_eq!(fault.account.backtrace.first().map(String::as_str), Some("endless_loop"));
}

#[test]
fn a_pointer_outside_the_memory_is_a_failure() {
    let mut proxy = Proxy::builder(&TALLY).start().unwrap();
    let stream = proxy.open();
    let fault = proxy.request_headers(stream, request().with("x-pointer", "1"), true).unwrap_err();
    assert!(fault.to_string().contains("a pointer outside the memory"), "{fault}");
}

#[test]
fn a_pause_is_a_failure_unless_it_is_allowed() {
    let mut proxy = Proxy::builder(&TALLY).start().unwrap();
    let stream = proxy.open();
    let fault = proxy.request_headers(stream, request().with("x-pause", "1"), true).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Paused);

    let mut proxy = Proxy::builder(&TALLY).lenient().start().unwrap();
    let stream = proxy.open();
    proxy.request_headers(stream, request().with("x-pause", "1"), true).unwrap();
    assert_eq!(proxy.exchange(stream).upstream().headers, None, "it waits");
}

#[test]
fn a_refused_configuration_says_so() {
    let fault = Proxy::builder(&TALLY).configuration("{}").start().err().unwrap();
    assert_eq!(fault.kind, FaultKind::ConfigurationRefused);
    let mut proxy = Proxy::builder(&TALLY).start().unwrap();
    assert_eq!(proxy.reconfigure("{}").unwrap_err().kind, FaultKind::ConfigurationRefused);
    proxy.advance(Duration::from_secs(1)).unwrap();
    assert_eq!(proxy.logs().len(), 1, "it goes on with the configuration it had");
}

#[test]
fn what_envoy_would_not_load_is_not_loaded() {
    let load = |text: &str| Module::new(&wat::parse_str(text).unwrap());
    assert!(matches!(load("(module)"), Err(LoadError::NotProxyWasm)));
    assert!(matches!(Module::new(b"not wasm"), Err(LoadError::Invalid(_))));
    let with = |more: &str| {
        load(&format!(
            r#"(module {more}
                (func (export "proxy_abi_version_0_2_1"))
                (memory (export "memory") 1)
                (func (export "malloc") (param i32) (result i32) i32.const 1024))"#
        ))
    };
    assert!(with("").is_ok());
    let unknown = with(r#"(import "env" "proxy_mine_bitcoin" (func))"#);
    assert!(
        matches!(&unknown, Err(LoadError::Import(why)) if why.contains("proxy_mine_bitcoin")),
        "{unknown:?}"
    );
    let mistyped = with(r#"(import "env" "proxy_done" (func (param i32)))"#);
    assert!(matches!(mistyped, Err(LoadError::Import(_))));
    let signature = with(r#"(func (export "proxy_on_tick"))"#);
    assert!(matches!(signature, Err(LoadError::Signature(_))));
}

#[test]
fn a_script_runs_to_its_end() {
    let mut proxy = Proxy::builder(&TALLY).observer(["x-tally"]).start().unwrap();
    let script = Script::post("/", "question").respond(200, "text/plain", "answer");
    for script in script.every_split() {
        proxy.run(&script).unwrap();
    }
    let ends = [
        script.clone().response_close(Close::EmptyPiece),
        script.clone().response_close(Close::Trailers(Headers::from([("x-checksum", "1")]))),
        script.clone().response_close(Close::EmptyPieceAndTrailers(Headers::from([("x-checksum", "1")]))),
        script.clone().breaks(Break::ClientLeaves, 3),
        script.clone().breaks(Break::UpstreamCloses, 0),
        script.clone().breaks_before_response(Break::TimesOut),
        script.clone().breaks_before_response(Break::Refused),
        script.clone().request_pieces(Pieces::of(1)).overlap(4),
    ];
    for script in &ends {
        proxy.run(script).unwrap();
    }
    assert_eq!(proxy.counter("exchanges"), Some(7 + 8), "every stream is logged once");
    proxy.run_interleaved(&ends).unwrap();
    assert_eq!(proxy.counter("exchanges"), Some(7 + 16));
}

#[test]
fn an_observer_that_changes_traffic_is_caught() {
    let mut proxy = Proxy::builder(&TALLY).observer(["traceparent"]).start().unwrap();
    let fault = proxy.run(&Script::post("/", "question")).unwrap_err();
    assert!(matches!(&fault.kind, FaultKind::Changed(what) if what.contains("x-tally")), "{fault}");
}

#[test]
fn random_scripts_end_whatever_happens_to_them() {
    let exchange = Script::post("/", "question").respond(200, "text/plain", "answer".repeat(50));
    check_random(0, 200, &[exchange], |script| {
        let mut proxy = Proxy::builder(&TALLY).observer(["x-tally"]).start()?;
        let stream = proxy.run(script)?;
        assert!(proxy.exchange(stream).ended());
        assert_eq!(proxy.counter("exchanges"), Some(1));
        Ok::<_, Fault>(())
    })
    .unwrap();
}

static EXCHANGE: LazyLock<Module> = LazyLock::new(|| {
    let wasm = wat::parse_str(include_str!("guests/exchange.wat")).unwrap();
    Module::new(&wasm).unwrap()
});

/// What the filter logged since it was asked last.
fn said(proxy: &Proxy, since: &mut usize) -> Vec<String> {
    let lines: Vec<_> = proxy.logs().into_iter().skip(*since).map(|line| line.text).collect();
    *since += lines.len();
    lines
}

#[test]
fn a_vm_starts_with_its_environment_its_configuration_and_scripted_randomness() {
    let proxy = Proxy::builder(&EXCHANGE)
        .plugin("name", "the root")
        .configuration("configured")
        .env("OTEL_SERVICE_NAME", "shop")
        .random("dice")
        .start()
        .unwrap();
    assert_eq!(said(&proxy, &mut 0), ["OTEL_SERVICE_NAME=shop", "dice", "the root", "configured"]);
}

#[test]
fn workers_share_data_and_the_last_to_register_is_woken() {
    let mut proxy = Proxy::builder(&EXCHANGE).workers(2).start().unwrap();
    let mut since = proxy.logs().len();
    for worker in [0, 1, 0] {
        let stream = proxy.open_for(worker, 0);
        proxy.request_headers(stream, request(), true).unwrap();
    }
    assert_eq!(proxy.shared_data("turns").as_deref(), Some(&b"+++"[..]));
    assert_eq!(proxy.queue_length("jobs"), Some(3));
    proxy.advance(Duration::ZERO).unwrap();
    assert_eq!(proxy.queue_length("jobs"), Some(0));
    assert_eq!(said(&proxy, &mut since), ["job", "job", "job"]);
    assert!(proxy.logs().iter().rev().take(3).all(|line| line.vm == "worker 1"));
}

#[test]
fn grpc_calls_are_answered_to_the_root() {
    let mut proxy = Proxy::builder(&EXCHANGE).cluster("callee", Reply::grpc("answer")).start().unwrap();
    let stream = proxy.open();
    proxy.request_headers(stream, request(), true).unwrap();
    {
        let callouts = proxy.callouts();
        assert_eq!(callouts[0].kind, CalloutKind::Grpc("pkg.Service/Method".to_owned()));
        assert_eq!(callouts[0].body, b"message");
    }
    let mut since = proxy.logs().len();
    proxy.advance(Duration::from_secs(1)).unwrap();
    assert_eq!(said(&proxy, &mut since), ["job", "answer", "closed"]);
}

#[test]
fn a_tcp_connection_shows_its_bytes_and_ends_with_done_log_delete() {
    let mut proxy = Proxy::builder(&EXCHANGE).start().unwrap();
    let mut since = proxy.logs().len();
    let connection = proxy.connect().unwrap();
    proxy.downstream_data(connection, "ping", false).unwrap();
    proxy.upstream_data(connection, "pong", true).unwrap();
    proxy.disconnect(connection, Peer::Remote).unwrap();
    assert_eq!(said(&proxy, &mut since), ["connected", "ping", "pong", "closed", "logged", "deleted"]);
    assert_eq!(proxy.exchange(connection).downstream().body, b"pong");
}

#[test]
fn a_foreign_call_brings_its_arguments() {
    let mut proxy = Proxy::builder(&EXCHANGE).start().unwrap();
    let mut since = proxy.logs().len();
    proxy.call_foreign(7, "arguments").unwrap();
    assert_eq!(said(&proxy, &mut since), ["arguments"]);
}

#[test]
fn a_root_that_asks_for_more_time_is_not_deleted_at_once() {
    let mut proxy = Proxy::builder(&EXCHANGE).start().unwrap();
    let mut since = proxy.logs().len();
    proxy.shut_down().unwrap();
    assert_eq!(said(&proxy, &mut since), [""; 0]);
}

#[test]
fn a_trap_costs_the_streams_of_its_vm_and_the_policy_says_what_follows() {
    let trapped = |policy| {
        let mut proxy = Proxy::builder(&TALLY).failure_policy(policy).workers(2).start().unwrap();
        let other = proxy.open_for(1, 0);
        proxy.request_headers(other, request(), false).unwrap();
        let stream = proxy.open();
        proxy.request_headers(stream, request().with("x-trap", "1"), true).unwrap_err();
        assert!(!proxy.exchange(other).ended(), "the other worker goes on");
        proxy
    };
    let status_of_next = |proxy: &mut Proxy| {
        let stream = proxy.open();
        proxy.request_headers(stream, request(), true).unwrap();
        proxy.response_headers(stream, [(":status", "200")], true).unwrap();
        let headers = proxy.exchange(stream).downstream().headers.clone().unwrap();
        headers.get_str(":status").unwrap().to_owned()
    };
    assert_eq!(status_of_next(&mut trapped(FailurePolicy::Closed)), "503");
    assert_eq!(status_of_next(&mut trapped(FailurePolicy::Open)), "200");
    let mut proxy = trapped(FailurePolicy::Reload);
    assert_eq!(status_of_next(&mut proxy), "503");
    proxy.advance(Duration::from_secs(1)).unwrap();
    assert_eq!(status_of_next(&mut proxy), "200");
    assert!(!proxy.has_failed(0));
}

#[test]
fn memory_has_a_ceiling() {
    let grow = r#"(module
        (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
        (func (export "proxy_abi_version_0_2_1"))
        (memory (export "memory") 1)
        (func (export "malloc") (param i32) (result i32) i32.const 1024)
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (drop (call $tick (i32.const 10))) (i32.const 1))
        (func (export "proxy_on_tick") (param i32)
            (if (i32.eq (memory.grow (i32.const 1000)) (i32.const -1)) (then unreachable))))"#;
    let module = Module::new(&wat::parse_str(grow).unwrap()).unwrap();
    let mut proxy = Proxy::builder(&module).memory_limit(100 << 20).start().unwrap();
    proxy.advance(Duration::from_millis(10)).unwrap();
    assert_eq!(proxy.memory(0), 1001 << 16);
    let fault = proxy.advance(Duration::from_millis(10)).unwrap_err();
    assert!(fault.to_string().contains("unreachable"), "{fault}");
}

/// A filter of these imports and functions, beside what every one needs.
fn filter(text: &str) -> Module {
    let wasm = wat::parse_str(format!(
        r#"(module {text}
            (func (export "proxy_abi_version_0_2_1"))
            (memory (export "memory") 2)
            (global $free (mut i32) (i32.const 65536))
            (func (export "malloc") (param $size i32) (result i32)
                (global.get $free) (global.set $free (i32.add (global.get $free) (local.get $size)))))"#
    ));
    Module::new(&wasm.unwrap()).unwrap()
}

#[test]
fn a_status_of_http_is_one_of_grpc_unless_the_answer_has_its_own() {
    // Logs the first byte of the property when the stream is over.
    let module = filter(
        r#"(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
        (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
        (data (i32.const 100) "response\00grpc_status")
        (func (export "proxy_on_log") (param i32)
            (drop (call $get (i32.const 100) (i32.const 20) (i32.const 200) (i32.const 204)))
            (drop (call $log (i32.const 2) (i32.load (i32.const 200)) (i32.const 1))))"#,
    );
    let mut proxy = Proxy::builder(&module).start().unwrap();
    let plain = Script::post("/", "");
    let mut status_of = |script: &Script| {
        proxy.run(script).unwrap();
        proxy.logs().last().unwrap().text.clone().into_bytes()[0]
    };
    // Envoy's `httpToGrpcStatus`.
    for (http, grpc) in [
        (200, 2),
        (302, 2),
        (400, 13),
        (401, 16),
        (403, 7),
        (404, 12),
        (418, 2),
        (429, 14),
        (500, 2),
        (502, 14),
        (503, 14),
        (504, 14),
    ] {
        assert_eq!(status_of(&plain.clone().respond(http, "text/plain", "")), grpc, "{http}");
    }
    let own = plain.clone().respond(200, "application/grpc", "").response_header("grpc-status", "5");
    assert_eq!(status_of(&own), 5);
    let trailers = Close::Trailers(Headers::from([("grpc-status", "9")]));
    assert_eq!(status_of(&own.response_close(trailers)), 9, "trailers say it last");
}

#[test]
fn a_call_needs_its_pseudo_headers_and_a_cluster_that_is_there() {
    // Calls the cluster named by the first 6 bytes of the configuration with the pairs after them, and logs the status
    // as a letter: A is Ok.
    let module = filter(
        r#"(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
        (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_http_call"
            (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (func (export "proxy_on_configure") (param i32 i32) (result i32) (local $at i32)
            (drop (call $buffer (i32.const 7) (i32.const 0) (local.get 1) (i32.const 200) (i32.const 204)))
            (local.set $at (i32.load (i32.const 200)))
            (i32.store8 (i32.const 300) (i32.add (i32.const 65) (call $call
                (local.get $at) (i32.const 6)
                (i32.add (local.get $at) (i32.const 6)) (i32.sub (i32.load (i32.const 204)) (i32.const 6))
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 208))))
            (drop (call $log (i32.const 2) (i32.const 300) (i32.const 1)))
            (i32.const 1))"#,
    );
    let status_of = |cluster: &str, pairs: &[(&str, &str)]| {
        let mut configuration = cluster.as_bytes().to_vec();
        configuration.extend(u32::try_from(pairs.len()).unwrap().to_le_bytes());
        for (name, value) in pairs {
            configuration.extend(u32::try_from(name.len()).unwrap().to_le_bytes());
            configuration.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        }
        for (name, value) in pairs {
            configuration.extend(format!("{name}\0{value}\0").bytes());
        }
        let proxy =
            Proxy::builder(&module).configuration(configuration).cluster("callee", Reply::status(200));
        let proxy = proxy.start().unwrap();
        let calls = proxy.callouts().len();
        (proxy.logs()[0].text.clone(), calls)
    };
    let whole = [(":method", "GET"), (":path", "/"), (":authority", "callee")];
    assert_eq!(status_of("callee", &whole), ("A".to_owned(), 1));
    for missing in 0..whole.len() {
        let mut pairs = whole.to_vec();
        pairs.remove(missing);
        let bad_argument = ("C".to_owned(), 0);
        assert_eq!(status_of("callee", &pairs), bad_argument, "without {}", whole[missing].0);
    }
    assert_eq!(status_of("nobody", &whole), ("C".to_owned(), 0));
}

#[test]
fn what_piles_up_may_fill_the_limit_and_not_exceed_it() {
    let module = filter(
        r#"(func (export "proxy_on_request_body") (param i32 i32) (param $end i32) (result i32) (i32.eqz (local.get $end)))
        (func (export "proxy_on_response_body") (param i32 i32) (param $end i32) (result i32) (i32.eqz (local.get $end)))"#,
    );
    let body = |size: usize| "x".repeat(size);
    for (request, response, status, whole) in
        [(10, 10, "200", true), (11, 10, "413", true), (10, 11, "200", false)]
    {
        let mut proxy = Proxy::builder(&module).lenient().buffer_limit(10).start().unwrap();
        let script = Script::post("/", body(request)).respond(200, "text/plain", body(response));
        let script = script.request_close(Close::EmptyPiece).response_close(Close::EmptyPiece);
        let stream = proxy.run(&script).unwrap();
        let downstream = proxy.exchange(stream).downstream();
        let headers = downstream.headers.as_ref().unwrap();
        assert_eq!(headers.get_str(":status"), Some(status), "{request} {response}");
        assert_eq!(downstream.complete, whole, "{request} {response}");
    }
}

#[test]
fn bytes_written_at_the_end_of_a_body_are_appended() {
    // Writes a `!` at the place that the request header says, and logs the status as a letter.
    let module = filter(
        r#"(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
        (import "env" "proxy_set_buffer_bytes" (func $set (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
        (global $at (mut i32) (i32.const 0))
        (data (i32.const 100) "at") (data (i32.const 110) "!")
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (drop (call $get (i32.const 0) (i32.const 100) (i32.const 2) (i32.const 200) (i32.const 204)))
            (global.set $at (i32.sub (i32.load8_u (i32.load (i32.const 200))) (i32.const 48)))
            (i32.const 0))
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
            (i32.store8 (i32.const 300) (i32.add (i32.const 65)
                (call $set (i32.const 0) (global.get $at) (i32.const 0) (i32.const 110) (i32.const 1))))
            (drop (call $log (i32.const 2) (i32.const 300) (i32.const 1)))
            (i32.const 0))"#,
    );
    let mut proxy = Proxy::builder(&module).start().unwrap();
    for (at, status, body) in [
        ("0", "A", "!body"),
        ("4", "A", "body!"),
        ("5", "A", "body!"),
        ("3", "C", "body"),
        ("1", "C", "body"),
    ] {
        let stream = proxy.run(&Script::post("/", "body").request_header("at", at)).unwrap();
        assert_eq!(proxy.logs().last().unwrap().text, status, "at {at}");
        assert_eq!(String::from_utf8_lossy(&proxy.exchange(stream).upstream().body), body, "at {at}");
    }
}
