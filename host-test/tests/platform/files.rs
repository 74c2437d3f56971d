//! A file of `envoy/`, and what is changed of it to run here: nothing but where things are. All else is as it stands
//! in the file, certificates' names and paths among it, so that an error there fails a test.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use host_test::build;
use host_test::rig::internet::tls;
use serde_json::{Map, Value, json};

/// The file of that name in `envoy/`.
pub(crate) fn read(name: &str) -> Result<Value> {
    let path = build::workspace().join("envoy").join(name);
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} is no YAML", path.display()))
}

/// Where things are on this machine.
pub(crate) struct Places {
    /// In place of `/etc/envoy/inferspan.wasm`.
    pub(crate) wasm: PathBuf,
    /// In place of `/var/log/envoy/llm.jsonl`.
    pub(crate) access_log: PathBuf,
    /// Addresses of the file, `HOST:PORT`, and where each is here.
    pub(crate) servers: Vec<(String, SocketAddr)>,
}

impl Places {
    /// The file's document with
    /// - the admin interface on the Unix socket `admin`,
    /// - each listener on a free loopback port,
    /// - the addresses of servers by [`Self::servers`]; an endpoint keeps the name it had as its host name,
    /// - the filter, the access log, and the bundle of certificate authorities, where they are here.
    ///
    /// An address that nobody knows, or a known one that is not in the file, is an error.
    pub(crate) fn put(&self, mut document: Value, admin: &Path) -> Result<Value> {
        document["admin"]["address"] = json!({ "pipe": { "path": admin } });
        for listener in document["static_resources"]["listeners"].as_array_mut().context("no listeners")? {
            listener["address"]["socket_address"].take();
            listener["address"]["socket_address"] = json!({ "address": "127.0.0.1", "port_value": 0 });
        }
        let mut used = Vec::new();
        self.put_in(&mut document, &mut used)?;
        for (server, _) in &self.servers {
            ensure!(used.contains(server), "{server} is not in the file");
        }
        Ok(document)
    }

    fn put_in(&self, value: &mut Value, used: &mut Vec<String>) -> Result<()> {
        match value {
            Value::String(text) if text == INSTALLED => *text = self.wasm.display().to_string(),
            Value::String(text) if text == AUTHORITIES => *text = tls("authority.pem"),
            Value::String(text) if text == ACCESS_LOG => *text = self.access_log.display().to_string(),
            Value::Array(values) => values.iter_mut().try_for_each(|value| self.put_in(value, used))?,
            Value::Object(fields) => {
                if let Some(was) = self.server(fields.get_mut("address"), used)? {
                    fields.entry("hostname").or_insert(json!(was));
                }
                fields.values_mut().try_for_each(|value| self.put_in(value, used))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Puts a server's address in place, and returns the name that it had, where it is an endpoint's.
    fn server(&self, address: Option<&mut Value>, used: &mut Vec<String>) -> Result<Option<String>> {
        let Some(Value::Object(address)) = address else { return Ok(None) };
        let Some(Value::Object(socket)) = address.get_mut("socket_address") else { return Ok(None) };
        let (host, port) = host_and_port(socket)?;
        if port == 0 {
            return Ok(None);
        }
        let named = format!("{host}:{port}");
        let Some((_, here)) = self.servers.iter().find(|(server, _)| *server == named) else {
            bail!("{named} is nowhere on this machine");
        };
        used.push(named);
        socket.insert("address".to_owned(), json!(here.ip().to_string()));
        socket.insert("port_value".to_owned(), json!(here.port()));
        let is_endpoint = !socket.contains_key("protocol") && host.parse::<std::net::IpAddr>().is_err();
        Ok(is_endpoint.then_some(host))
    }
}

fn host_and_port(socket: &Map<String, Value>) -> Result<(String, u64)> {
    let host = socket.get("address").and_then(Value::as_str).context("an address without a host")?;
    let port = socket.get("port_value").and_then(Value::as_u64).context("an address without a port")?;
    Ok((host.to_owned(), port))
}

const INSTALLED: &str = "/etc/envoy/inferspan.wasm";
const ACCESS_LOG: &str = "/var/log/envoy/llm.jsonl";
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
