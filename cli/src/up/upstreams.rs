//! The APIs that are stood in front of: one, or several with names.
//!
//! A named one is found by the first segment of the path (`/NAME/…`, which is taken off), by the Host `NAME.localhost`,
//! or by its own. The Host of what the filter sees is the upstream's, so that it knows the provider.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use host_test::rig::config::{Upstream, cluster};
use serde_json::{Value, json};

/// `URL`, or `NAME=URL`.
#[derive(Clone, Debug)]
pub(super) struct Given {
    name: Option<String>,
    upstream: Upstream,
}

impl FromStr for Given {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once('=') {
            Some((name, url)) if !name.contains(':') => {
                let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                ensure!(
                    !name.is_empty() && name.chars().all(is_name),
                    "`{name}` is no name: it stands in paths and in host names, so give lower-case letters, digits and \
                     `-`, e.g. openai={url}"
                );
                Ok(Self { name: Some(name.to_owned()), upstream: url.parse()? })
            }
            _ => Ok(Self { name: None, upstream: text.parse()? }),
        }
    }
}

/// All of them; at least one.
#[derive(Debug)]
pub(super) struct Upstreams {
    /// Where goes what no name claims.
    unnamed: Option<Upstream>,
    named: Vec<(String, Upstream)>,
    first: Upstream,
}

impl Upstreams {
    pub(super) fn new(given: &[Given]) -> Result<Self> {
        let first = given.first().context("no --upstream")?.upstream.clone();
        let (mut unnamed, mut named) = (None, Vec::<(String, Upstream)>::new());
        for Given { name, upstream } in given {
            match name {
                None if unnamed.is_some() => {
                    bail!(
                        "two --upstream without a name: give each one but one a name, e.g. other={upstream}"
                    )
                }
                None => unnamed = Some(upstream.clone()),
                Some(name) if named.iter().any(|(other, _)| other == name) => {
                    bail!("two --upstream are named {name}")
                }
                Some(name) => named.push((name.clone(), upstream.clone())),
            }
        }
        let first = unnamed.clone().unwrap_or(first);
        Ok(Self { unnamed, named, first })
    }

    /// The one that the rig's Envoy is made for.
    pub(super) fn first(&self) -> &Upstream {
        &self.first
    }

    /// All of them, the unnamed one first.
    pub(super) fn all(&self) -> impl Iterator<Item = (Option<&str>, &Upstream)> {
        let named = self.named.iter().map(|(name, upstream)| (Some(name.as_str()), upstream));
        self.unnamed.iter().map(|upstream| (None, upstream)).chain(named)
    }

    /// Adds clusters and routes of the named ones to the rig's Envoy.
    pub(super) fn add_to(&self, bootstrap: &mut Value, listen: SocketAddr) -> Result<()> {
        if self.named.is_empty() {
            return Ok(());
        }
        let clusters = bootstrap.pointer_mut("/static_resources/clusters").and_then(Value::as_array_mut);
        let clusters = clusters.context("no clusters in Envoy's configuration")?;
        for (name, upstream) in &self.named {
            clusters.push(cluster(&cluster_name(name), upstream)?);
        }
        let hosts = bootstrap.pointer_mut(VIRTUAL_HOSTS).and_then(Value::as_array_mut);
        let hosts = hosts.context("no virtual hosts in Envoy's configuration")?;
        let filters = hosts.first().and_then(|host| host.get("typed_per_filter_config")).cloned();
        let filters = filters.context("no filter that sets the Host in Envoy's configuration")?;
        let by_path: Vec<Value> =
            self.named.iter().map(|(name, upstream)| by_path(name, upstream, &filters)).collect();
        let otherwise = |host: &Value| match &self.unnamed {
            Some(_) => host.get("routes").and_then(Value::as_array).cloned().unwrap_or_default(),
            None => vec![self.nothing_there()],
        };
        for host in hosts.iter_mut() {
            let routes = [by_path.clone(), otherwise(host)].concat();
            host["routes"] = json!(routes);
            if let (None, Some(host)) = (&self.unnamed, host.as_object_mut()) {
                // Nor does the Host become that of any.
                host.remove("typed_per_filter_config");
            }
        }
        let mut taken: BTreeSet<String> = hosts
            .iter()
            .filter_map(|host| host["domains"].as_array())
            .flatten()
            .map(Value::to_string)
            .collect();
        for (name, upstream) in &self.named {
            let port = if listen.port() == 0 { "*".to_owned() } else { listen.port().to_string() };
            let mut domains = vec![format!("{name}.localhost:{port}"), upstream.authority()];
            domains.retain(|domain| taken.insert(json!(domain).to_string()));
            let all = json!({ "match": { "prefix": "/" }, "route": action(name, upstream) });
            let routes = [by_path.clone(), vec![all]].concat();
            hosts.push(json!({
                "name": format!("upstream {name}"),
                "domains": domains,
                "routes": routes,
                "typed_per_filter_config": host_of(upstream, &filters),
            }));
        }
        Ok(())
    }

    /// Says what there is, where a path leads nowhere.
    fn nothing_there(&self) -> Value {
        let names: Vec<String> = self.named.iter().map(|(name, _)| format!("/{name}/")).collect();
        let text = format!("inferspan up: no upstream here; paths begin with {}\n", names.join(" or "));
        json!({
            "match": { "prefix": "/" },
            "direct_response": { "status": 404, "body": { "inline_string": text } },
        })
    }
}

impl fmt::Display for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (_, upstream)) in self.all().enumerate() {
            write!(f, "{}{upstream}", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

fn cluster_name(name: &str) -> String {
    format!("upstream {name}")
}

fn action(name: &str, upstream: &Upstream) -> Value {
    let mut action = json!({ "cluster": cluster_name(name), "timeout": "0s" });
    if upstream.tls {
        action["host_rewrite_literal"] = json!(upstream.authority());
    }
    action
}

fn by_path(name: &str, upstream: &Upstream, filters: &Value) -> Value {
    let mut action = action(name, upstream);
    action["prefix_rewrite"] = json!("/");
    json!({
        "match": { "prefix": format!("/{name}/") },
        "route": action,
        "typed_per_filter_config": host_of(upstream, filters),
    })
}

/// The filter that sets the Host, as the rig has it for its one upstream, for this one.
fn host_of(upstream: &Upstream, filters: &Value) -> Value {
    let mut filters = filters.clone();
    for filter in filters.as_object_mut().into_iter().flat_map(|filters| filters.values_mut()) {
        filter["source_code"]["inline_string"] = json!(format!(
            "function envoy_on_request(handle) handle:headers():replace(':authority', '{}') end",
            upstream.authority()
        ));
    }
    filters
}

const VIRTUAL_HOSTS: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_before_urls() {
        for (text, name, url) in [
            ("https://api.openai.com", None, "https://api.openai.com"),
            ("http://h/a=b", None, "http://h/a=b"),
            ("claude=https://api.anthropic.com", Some("claude"), "https://api.anthropic.com"),
        ] {
            let given: Given = text.parse().unwrap();
            assert_eq!((given.name.as_deref(), given.upstream.to_string().as_str()), (name, url));
        }
        for text in ["Open AI=https://h", "=https://h", "a/b=https://h", "x=h", "x"] {
            assert!(text.parse::<Given>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_tell_them_apart() {
        let given = |texts: &[&str]| {
            let given: Vec<Given> = texts.iter().map(|text| text.parse().unwrap()).collect();
            Upstreams::new(&given).map(|upstreams| upstreams.to_string())
        };
        assert_eq!(given(&["a=http://x", "http://y"]).unwrap(), "http://y, http://x");
        assert!(given(&["http://x", "http://y"]).unwrap_err().to_string().contains("other=http://y"));
        assert!(given(&["a=http://x", "a=http://y"]).unwrap_err().to_string().contains("named a"));
    }
}
