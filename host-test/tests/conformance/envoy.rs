//! A real Envoy with the probe, whose log is read as it comes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use host_test::rig::admin::Admin;
use host_test::rig::install;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::observation::comparable;
use crate::scenario::{Place, SMALL_BUFFER, Scenario};
use crate::wire::{self, Connection};

/// How long may take what is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Requests under this path have a route with a short timeout.
const TIMEOUT_PATH: &str = "/timeout";
/// Requests under this path go where nothing listens.
const REFUSED_PATH: &str = "/refused";

pub(crate) struct Envoy {
    process: Child,
    pub(crate) log: Arc<Log>,
    pub(crate) upstream: Receiver<Connection>,
    listeners: BTreeMap<String, SocketAddr>,
    _directory: TempDir,
}

impl Envoy {
    pub(crate) fn start(version: &str, probe: &Path) -> Self {
        let binary = install::fetched(version, &mut |line| eprintln!("{line}")).unwrap();
        let (upstream_address, upstream) = wire::serve();
        let (callee_address, callee) = wire::serve();
        thread::spawn(move || callee.iter().for_each(wire::answer_call));
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let admin = directory.path().join("admin.sock");
        let bootstrap = bootstrap(&admin, probe, upstream_address, callee_address, nobody);
        let config = directory.path().join("envoy.json");
        std::fs::write(&config, bootstrap.to_string()).unwrap();
        let mut process = Command::new(&binary.path)
            .arg("-c")
            .arg(&config)
            .args(["--concurrency", "1", "--disable-hot-restart", "-l", "warning", "--log-format", "%v"])
            .args(["--component-log-level", "wasm:info,config:info,main:info"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Log::default());
        let stderr = BufReader::new(process.stderr.take().unwrap());
        thread::spawn({
            let log = Arc::clone(&log);
            move || stderr.lines().map_while(Result::ok).for_each(|line| log.push(line))
        });
        log.wait(0, "Envoy is ready", |lines| {
            lines.iter().any(|line| line.contains("all dependencies initialized. starting workers"))
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listeners = runtime.block_on(Admin::new(admin).listeners()).unwrap();
        Self { process, log, upstream, listeners, _directory: directory }
    }

    /// What the probe logged, and what both ends received.
    pub(crate) fn run(&self, scenario: &Scenario) -> Vec<String> {
        let listener = match scenario.place {
            Place::Downstream => "downstream",
            Place::Upstream => "upstream",
            Place::SmallBuffers => "small_buffers",
            Place::Decompressor => "decompressor",
        };
        let start = self.log.len();
        let ends = wire::run(self, self.listeners[listener], scenario, start);
        let mut lines = comparable(self.log.probe_lines(start));
        lines.extend(ends);
        lines
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What Envoy has logged.
#[derive(Default)]
pub(crate) struct Log {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Log {
    fn push(&self, line: String) {
        self.lines.lock().unwrap().push(line);
        self.more.notify_all();
    }

    fn len(&self) -> usize {
        self.lines.lock().unwrap().len()
    }

    /// Waits until the lines since `start` are as wanted.
    pub(crate) fn wait(&self, start: usize, what: &str, wanted: impl Fn(&[String]) -> bool) {
        let lines = self.lines.lock().unwrap();
        let unwanted = |lines: &mut Vec<String>| !wanted(&lines[start..]);
        let (lines, waited) = self.more.wait_timeout_while(lines, PATIENCE, unwanted).unwrap();
        assert!(
            !waited.timed_out(),
            "waited in vain until {what}; Envoy's log since:\n{}",
            lines[start..].join("\n")
        );
    }

    /// Shows the lines since `start`.
    pub(crate) fn look(&self, start: usize, look: impl FnOnce(&[String])) {
        look(&self.lines.lock().unwrap()[start..]);
    }

    /// The probe's own lines since `start`, without what Envoy puts before them.
    fn probe_lines(&self, start: usize) -> Vec<String> {
        self.lines.lock().unwrap()[start..]
            .iter()
            .filter_map(|line| probe_line(line))
            .map(str::to_owned)
            .collect()
    }
}

/// `wasm log probe probe_root probe_vm: #2 …`
pub(crate) fn probe_line(line: &str) -> Option<&str> {
    line.strip_prefix("wasm log")?.split_once(": ").map(|(_, text)| text)
}

fn bootstrap(
    admin: &Path,
    probe: &Path,
    upstream: SocketAddr,
    callee: SocketAddr,
    nobody: SocketAddr,
) -> Value {
    let router = json!({
        "name": "router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            "suppress_envoy_headers": true,
        },
    });
    let wasm = wasm_filter(probe);
    let mut upstream_filtered = cluster("upstream_filtered", upstream);
    upstream_filtered["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]
        ["http_filters"] = json!([
        wasm,
        {
            "name": "codec",
            "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec" },
        },
    ]);
    let mut small_buffers = listener("small_buffers", &[wasm.clone(), router.clone()], "upstream_small");
    small_buffers["per_connection_buffer_limit_bytes"] = json!(SMALL_BUFFER);
    let mut upstream_small = cluster("upstream_small", upstream);
    upstream_small["per_connection_buffer_limit_bytes"] = json!(SMALL_BUFFER);
    json!({
        "admin": { "address": { "pipe": { "path": admin } } },
        "static_resources": {
            "listeners": [
                listener("downstream", &[wasm.clone(), router.clone()], "upstream"),
                listener("decompressor", &[wasm, decompressor(), router.clone()], "upstream"),
                listener("upstream", &[router], "upstream_filtered"),
                small_buffers,
            ],
            "clusters": [
                cluster("upstream", upstream),
                upstream_filtered,
                upstream_small,
                cluster("callee", callee),
                cluster("nobody_there", nobody),
            ],
        },
    })
}

fn wasm_filter(probe: &Path) -> Value {
    json!({
        "name": "probe",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "probe",
                "root_id": "probe_root",
                "vm_config": {
                    "vm_id": "probe_vm",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": probe } },
                },
            },
        },
    })
}

/// Takes gzip off responses and leaves requests alone.
fn decompressor() -> Value {
    json!({
        "name": "decompressor",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.decompressor.v3.Decompressor",
            "decompressor_library": {
                "name": "gzip",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.compression.gzip.decompressor.v3.Gzip",
                    "window_bits": 15,
                },
            },
            "request_direction_config": {
                "advertise_accept_encoding": false,
                "common_config": { "enabled": { "default_value": false, "runtime_key": "never" } },
            },
        },
    })
}

fn listener(name: &str, filters: &[Value], upstream: &str) -> Value {
    let route = |prefix: &str, cluster: &str, timeout: &str| {
        json!({
            "name": "the_route",
            "match": { "prefix": prefix },
            "route": { "cluster": cluster, "timeout": timeout },
        })
    };
    let connection_manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "generate_request_id": false,
        "skip_xff_append": true,
        "server_header_transformation": "PASS_THROUGH",
        "http_protocol_options": { "enable_trailers": true },
        "http_filters": filters,
        "route_config": { "virtual_hosts": [{
            "name": "the_host",
            "domains": ["*"],
            "routes": [
                route(TIMEOUT_PATH, upstream, "0.5s"),
                route(REFUSED_PATH, "nobody_there", "0s"),
                route("/", upstream, "0s"),
            ],
        }] },
    });
    json!({
        "name": name,
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
        "filter_chains": [{ "filters": [{ "name": "http", "typed_config": connection_manager }] }],
    })
}

fn cluster(name: &str, address: SocketAddr) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": [{ "endpoint": {
            "address": { "socket_address": { "address": address.ip(), "port_value": address.port() } },
        } }] }] },
        "typed_extension_protocol_options": { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "common_http_protocol_options": { "max_requests_per_connection": 1 },
            "explicit_http_config": { "http_protocol_options": { "enable_trailers": true } },
        } },
    })
}
