//! What was seen, without what has no meaning: numbers of contexts, the order of headers, and the headers that
//! Envoy adds for itself.

use std::collections::HashMap;

/// Headers that Envoy adds to responses on their way out.
const ENVOYS_OWN: [&str; 3] = ["date", "server", "connection"];

/// The probe's lines, comparable.
pub(crate) fn comparable(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut contexts = HashMap::new();
    lines.into_iter().map(|line| sort_names(&renumber(&line, &mut contexts))).collect()
}

/// What older Envoys add to their own answer when nothing listens upstream.
const TRANSPORT_FAILURE: &str = ", transport failure reason: delayed connect error: Connection refused";

/// The lines with the shorter answer of newer Envoys in the place of the longer one.
pub(crate) fn without_transport_failure(lines: Vec<String>) -> Vec<String> {
    const LONG: &str = "167";
    const SHORT: &str = "98";
    if !lines.iter().any(|line| line.contains(TRANSPORT_FAILURE)) {
        return lines;
    }
    lines.into_iter().map(|line| line.replace(TRANSPORT_FAILURE, "").replace(LONG, SHORT)).collect()
}

/// `#17 …` with the contexts numbered in the order they appear.
fn renumber(line: &str, contexts: &mut HashMap<String, usize>) -> String {
    let Some((context, rest)) = line.strip_prefix('#').and_then(|line| line.split_once(' ')) else {
        return line.to_owned();
    };
    let next = contexts.len() + 1;
    let number = contexts.entry(context.to_owned()).or_insert(next);
    format!("#{number} {rest}")
}

/// The names of a map, sorted, without Envoy's own.
fn sort_names(line: &str) -> String {
    let Some((before, rest)) = line.split_once(": pairs ") else { return line.to_owned() };
    let Some((status, rest)) = rest.split_once(" [") else { return line.to_owned() };
    let Some((names, after)) = rest.split_once(']') else { return line.to_owned() };
    let mut names: Vec<_> = names.split(' ').filter(|name| !ENVOYS_OWN.contains(name)).collect();
    names.sort_unstable();
    format!("{before}: pairs {status} [{}]{after}", names.join(" "))
}

/// The first lines that differ, each with the callback it belongs to.
pub(crate) fn difference(envoy: &[String], host: &[String]) -> Option<String> {
    const SHOWN: usize = 12;
    if envoy == host {
        return None;
    }
    let (envoy_calls, host_calls) = (callbacks(envoy), callbacks(host));
    if envoy_calls != host_calls {
        return Some(format!(
            "callbacks in Envoy:\n{}\nin the host:\n{}",
            envoy_calls.join("\n"),
            host_calls.join("\n")
        ));
    }
    let mut callback = "";
    let mut shown = Vec::new();
    for (envoy, host) in envoy.iter().zip(host) {
        if is_callback(envoy) {
            callback = envoy;
        }
        if envoy != host {
            shown.push(format!("{callback}\n   Envoy {envoy}\n   host  {host}"));
        }
    }
    if envoy.len() != host.len() {
        shown.push(format!("{} lines in Envoy, {} in the host", envoy.len(), host.len()));
    }
    shown.truncate(SHOWN);
    Some(shown.join("\n"))
}

fn callbacks(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).filter(|line| is_callback(line)).collect()
}

/// Lines with details are indented.
fn is_callback(line: &str) -> bool {
    !line.contains("   ")
}
