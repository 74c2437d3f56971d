//! Configurations that come while Envoy runs: wrong ones are refused and change nothing, right ones take over while
//! requests are on their way; and how one is written: as JSON text, or as a `google.protobuf.Struct`.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use host_test::build;
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::provider::{Pace, Provider, Scenario};
use host_test::rig::receiver::Receiver;
use host_test::rig::span::{self, Span};
use serde_json::{Value, json};

use crate::world::{Case, binary, runtime, wasm};

#[test]
fn wrong_configurations_are_refused_and_the_old_one_stays() -> Result<()> {
    runtime()?.block_on(async {
        let world = World::start(&[("steady", as_text(r#"{"service_name":"steady"}"#))]).await?;
        let wrong = wrong_configurations()?;
        ensure!(wrong.len() >= 60, "there are {}", wrong.len());
        let mut listeners: Vec<_> =
            wrong.iter().map(|wrong| (wrong.name.as_str(), as_text(&wrong.text))).collect();
        listeners.push(("steady", as_text(r#"{"otpl":{}}"#)));
        world.update(&listeners)?;
        world.until_more_than("listener_manager.lds.update_rejected", 0).await?;

        let log = world.envoy.log();
        for Wrong { name, problems, .. } in &wrong {
            let said = said_of(&log, name);
            assert_eq!(said, *problems, "{name}");
        }
        assert!(said_of(&log, "steady")[0].starts_with("otpl: is no key; "));
        assert_eq!(world.envoy.admin().listeners().await?.len(), 1, "none of them listens");
        assert_eq!(of_resource(&world.span_of_a_call("steady").await?, "service.name"), Some("steady"));
        Ok(())
    })
}

#[test]
fn a_struct_says_what_the_same_text_says() -> Result<()> {
    runtime()?.block_on(async {
        let configuration = json!({
            "service_name": "shop",
            "resource": { "attributes": { "a.b": "c", "ä": "ö" } },
            "otlp": { "timeout_ms": 2500, "signals": ["traces"], "headers": { "x-tenant": "t" } },
            "trace": { "sample_ratio": 0.999999, "propagate": false, "parent": null },
            "sampling": { "rules": [{ "slower_than_ms": 0 }] },
            "semconv": { "version": ["1.36.0", "next"] },
        });
        let world = World::start(&[
            ("text", as_text(&configuration.to_string())),
            ("struct", as_struct(&configuration)),
            ("empty_text", as_text("")),
            ("empty_struct", as_struct(&json!({}))),
            ("nothing", Value::Null),
        ])
        .await?;
        for (name, service_name, attribute) in [
            ("text", "shop", Some("c")),
            ("struct", "shop", Some("c")),
            ("empty_text", "egress", None),
            ("empty_struct", "egress", None),
            ("nothing", "egress", None),
        ] {
            let span = world.span_of_a_call(name).await?;
            assert_eq!(of_resource(&span, "service.name"), Some(service_name), "{name}");
            assert_eq!(of_resource(&span, "a.b"), attribute, "{name}");
            // A name of 1.36.0 that later ones do not have.
            assert_eq!(span.text("gen_ai.system").is_some(), service_name == "shop", "{name}");
        }
        world.update(&[("struct", as_struct(&json!({ "otlp": { "timeout_ms": 1.5 } })))])?;
        world.until_more_than("listener_manager.lds.update_rejected", 0).await?;
        let said = said_of(&world.envoy.log(), "struct");
        assert_eq!(said, ["otlp.timeout_ms: is 1.5; give a whole number, 1 to 60000 (milliseconds)"]);
        Ok(())
    })
}

#[test]
fn a_new_configuration_takes_over_while_requests_are_on_their_way() -> Result<()> {
    runtime()?.block_on(async {
        // A batch that does not leave by itself while the test runs.
        let held = |name: &str| {
            as_text(&format!(r#"{{"service_name":"{name}","otlp":{{"max_batch_age_ms":3000}}}}"#))
        };
        let world = World::start(&[("steady", held("old"))]).await?;
        let queued = world.call("steady").await?;
        let streamed = Case::new();
        let address = world.envoy.listener("steady")?;
        let request = streamed.openai(Scenario::Answer, true);
        let stream = tokio::spawn(async move { request.send(address).await });
        world.provider.events().since(2).await;
        world.update(&[("steady", held("new"))])?;
        world.until_more_than("listener_manager.lds.update_success", 1).await?;
        let fresh = world.call("steady").await?;
        ensure!(stream.await??.status == 200, "the stream was cut");
        for (case, name) in [(&queued, "old"), (&fresh, "new")] {
            assert_eq!(of_resource(&world.span_of(case).await?, "service.name"), Some(name));
        }
        assert_eq!(world.span_of(&streamed).await?.text("inferspan.outcome"), Some("completed"));
        Ok(())
    })
}

/// An Envoy whose listeners are read from a file, again whenever it is replaced.
struct World {
    provider: Provider,
    receiver: Receiver,
    envoy: Envoy,
    directory: tempfile::TempDir,
    /// A listener of the rig's, to make others of.
    pattern: Value,
}

impl World {
    async fn start(listeners: &[(&str, Value)]) -> Result<Self> {
        let (provider, receiver) = (Provider::start(Pace::FAST).await?, Receiver::start().await?);
        let filter = Filter { wasm: wasm().await?, configuration: json!({}) };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config {
            listeners: vec![Listener { name: "pattern".to_owned(), address, filter: Some(filter) }],
            upstream: Upstream::plain(provider.address()),
            collector: Some(Upstream::plain(receiver.address())),
            tracing: false,
        };
        let directory = tempfile::tempdir()?;
        let pattern = config.bootstrap(Path::new(""))?["static_resources"]["listeners"][0].clone();
        write(directory.path(), &pattern, listeners)?;
        let file = directory.path().join("listeners.json");
        let document = |admin: &Path| {
            let mut document = config.bootstrap(admin)?;
            document["node"] = json!({ "id": "test", "cluster": "egress" });
            document["static_resources"]["listeners"] = json!([]);
            document["dynamic_resources"]["lds_config"] = json!({
                "resource_api_version": "V3",
                "path_config_source": { "path": file, "watched_directory": { "path": directory.path() } },
            });
            Ok(document)
        };
        let options = Options { concurrency: 1, ..Options::default() };
        let envoy = Envoy::start_as(&binary().await?.path, document, options).await?;
        Ok(Self { provider, receiver, envoy, directory, pattern })
    }

    /// Replaces the listeners, or those that are taken.
    fn update(&self, listeners: &[(&str, Value)]) -> Result<()> {
        write(self.directory.path(), &self.pattern, listeners)
    }

    async fn call(&self, listener: &str) -> Result<Case> {
        let case = Case::new();
        let listeners = self.envoy.admin().listeners().await?;
        let address = listeners.get(listener).with_context(|| format!("no listener {listener}"))?;
        let answer = case.openai(Scenario::Answer, false).send(*address).await?;
        ensure!(answer.status == 200, "{listener}: {}", answer.status);
        Ok(case)
    }

    async fn span_of(&self, case: &Case) -> Result<Span> {
        let what = format!("the span of {}", case.id);
        self.receiver.span(&what, |span| span.trace_id == case.trace_id).await
    }

    async fn span_of_a_call(&self, listener: &str) -> Result<Span> {
        let case = self.call(listener).await?;
        self.span_of(&case).await
    }

    async fn until_more_than(&self, counter: &str, count: u64) -> Result<()> {
        crate::world::until_more_than(&self.envoy, counter, count).await
    }
}

/// The file of listeners, replaced at once, for Envoy reads it when it is moved there.
fn write(directory: &Path, pattern: &Value, listeners: &[(&str, Value)]) -> Result<()> {
    let resources = listeners.iter().map(|(name, configuration)| {
        let mut listener = pattern.clone();
        listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
        listener["name"] = json!(name);
        let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
        let plugin = &mut manager["http_filters"][1]["typed_config"]["config"];
        plugin["name"] = json!(name);
        plugin["configuration"] = configuration.clone();
        if configuration.is_null() {
            plugin.as_object_mut().map(|plugin| plugin.remove("configuration"));
        }
        listener
    });
    let resources: Vec<_> = resources.collect();
    let (new, file) = (directory.join("new.json"), directory.join("listeners.json"));
    fs::write(&new, json!({ "resources": resources }).to_string())?;
    fs::rename(new, file).context("replace the listeners")
}

fn of_resource<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    match span.resource.get(key)? {
        span::Value::Text(text) => Some(text),
        _ => None,
    }
}

fn as_text(text: &str) -> Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": text })
}

fn as_struct(object: &Value) -> Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.Struct", "value": object })
}

/// What the filter of that name said of its configuration: the lines before the one in which Envoy names it.
fn said_of(log: &[String], name: &str) -> Vec<String> {
    let end = format!("Plugin {name} failed to load");
    let mut said = Vec::new();
    for line in log {
        if let Some((_, problem)) = line.split_once("configuration refused: ") {
            said.push(problem.to_owned());
        } else if *line == end {
            return said;
        } else if line.starts_with("Plugin ") {
            said.clear();
        }
    }
    Vec::new()
}

struct Wrong {
    name: String,
    text: String,
    problems: Vec<String>,
}

/// Those of the core, each with what is said of it.
fn wrong_configurations() -> Result<Vec<Wrong>> {
    let directory = build::workspace().join("core/tests/config/wrong");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&directory).with_context(|| format!("read {}", directory.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_stem().and_then(|name| name.to_str()).context("a name")?.to_owned();
            let problems = fs::read_to_string(path.with_extension("txt"))?;
            let problems = problems.lines().map(str::to_owned).collect();
            wrong.push(Wrong { name, text: fs::read_to_string(&path)?, problems });
        }
    }
    Ok(wrong)
}
