//! The files for Istio, Envoy Gateway, Kubernetes and Compose: the filter's configuration in each is one that it takes, and
//! what one part says of another is so. Schemas are checked by hand with each platform's own tool (CONTRIBUTING.md).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use host_test::build;
use inferspan_core::config::Config;
use serde_json::Value;

use crate::files;

/// The documents of a file.
fn documents(name: &str) -> Result<Vec<Value>> {
    let path = build::workspace().join("envoy").join(name);
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    serde_saphyr::from_multiple(&text).with_context(|| format!("{} is no YAML", path.display()))
}

fn find<'d>(documents: &'d [Value], kind: &str, name: &str) -> Result<&'d Value> {
    let found = documents.iter().find(|one| one["kind"] == kind && one["metadata"]["name"] == name);
    found.with_context(|| format!("no {kind} named {name}"))
}

fn accepted(configuration: &Value) -> Result<Config> {
    let text = configuration.to_string();
    Config::parse(text.as_bytes()).map_err(|why| anyhow::anyhow!("the filter refuses {text}: {why}"))
}

#[test]
fn istio() -> Result<()> {
    let documents = documents("istio/inferspan.yaml")?;
    let plugin = find(&documents, "WasmPlugin", "inferspan")?;
    let config = accepted(&plugin["spec"]["pluginConfig"])?;
    let cluster = collectors_cluster(&plugin["spec"]["pluginConfig"])?;
    let authority = plugin["spec"]["pluginConfig"]["otlp"]["authority"].as_str().context("no authority")?;
    // Istio's own name of a cluster: direction, port, subset, host.
    assert_eq!(cluster, format!("outbound|4318||{authority}"));
    assert_eq!(config.service_name.as_deref(), Some("shop-llm"));
    assert_eq!(plugin["spec"]["pluginName"], "inferspan");
    assert_eq!(plugin["spec"]["match"][0]["mode"], "CLIENT");
    is_digest(&plugin["spec"]["sha256"])?;

    let host = "api.openai.com";
    let entry = find(&documents, "ServiceEntry", "openai")?;
    assert_eq!(entry["spec"]["hosts"][0], host);
    assert_eq!(
        (&entry["spec"]["ports"][0]["number"], &entry["spec"]["ports"][0]["targetPort"]),
        (&80.into(), &443.into())
    );
    let rule = find(&documents, "DestinationRule", "openai")?;
    let tls = &rule["spec"]["trafficPolicy"]["tls"];
    assert_eq!([&rule["spec"]["host"], &tls["sni"], &tls["subjectAltNames"][0]], [host; 3]);
    let service = find(&documents, "VirtualService", "openai")?;
    assert_eq!(service["spec"]["hosts"][0], host);
    let to = &service["spec"]["http"][0]["route"][0]["destination"];
    assert_eq!((&to["host"], &to["port"]["number"]), (&host.into(), &80.into()));
    let namespaces: Vec<_> = documents.iter().map(|one| &one["metadata"]["namespace"]).collect();
    assert_eq!(namespaces, ["shop"; 4]);
    Ok(())
}

#[test]
fn envoy_gateway() -> Result<()> {
    let documents = documents("envoy-gateway/inferspan.yaml")?;
    let policy = find(&documents, "EnvoyExtensionPolicy", "inferspan")?;
    let wasm = &policy["spec"]["wasm"][0];
    accepted(&wasm["config"])?;
    assert_eq!(wasm["rootID"], "inferspan");
    is_digest(&wasm["code"]["image"]["sha256"])?;
    find(&documents, "HTTPRoute", policy["spec"]["targetRefs"][0]["name"].as_str().context("a target")?)?;

    // The collector's cluster is that of its route.
    let cluster = collectors_cluster(&wasm["config"])?;
    let parts: Vec<&str> = cluster.split('/').collect();
    let [kind, namespace, route, rule, number] = parts.as_slice() else {
        anyhow::bail!("{cluster} is not how Envoy Gateway calls a cluster");
    };
    assert_eq!((*kind, *rule, *number), ("httproute", "rule", "0"));
    let route = find(&documents, "HTTPRoute", route)?;
    assert_eq!(route["metadata"]["namespace"], *namespace);
    let backend = route["spec"]["rules"][0]["backendRefs"][0]["name"].as_str().context("a backend")?;
    let endpoint = &find(&documents, "Backend", backend)?["spec"]["endpoints"][0]["fqdn"];
    assert_eq!(endpoint["hostname"], wasm["config"]["otlp"]["authority"]);
    assert_eq!(endpoint["port"], 4318);

    // Host, SNI and backend of the API are one name, and each reference leads somewhere.
    let route = find(&documents, "HTTPRoute", "openai")?;
    let rule = &route["spec"]["rules"][0];
    let backend = find(&documents, "Backend", rule["backendRefs"][0]["name"].as_str().context("a backend")?)?;
    let fqdn = &backend["spec"]["endpoints"][0]["fqdn"]["hostname"];
    assert_eq!(
        [fqdn, &backend["spec"]["tls"]["sni"], &rule["filters"][0]["urlRewrite"]["hostname"]],
        ["api.openai.com"; 3]
    );
    let gateway =
        find(&documents, "Gateway", route["spec"]["parentRefs"][0]["name"].as_str().context("a gateway")?)?;
    find(&documents, "GatewayClass", gateway["spec"]["gatewayClassName"].as_str().context("a class")?)?;
    Ok(())
}

#[test]
fn kubernetes() -> Result<()> {
    let of = |file: &str| Ok::<_, anyhow::Error>(documents(&format!("kubernetes/{file}"))?.remove(0));
    let kustomization = of("kustomization.yaml")?;
    for file in kustomization["resources"].as_array().context("resources")? {
        of(file.as_str().context("a file")?)?;
    }
    let (deployment, service) = (of("deployment.yaml")?, of("service.yaml")?);
    let pod = &deployment["spec"]["template"];
    let container = &pod["spec"]["containers"][0];
    assert_eq!(kustomization["images"][0]["name"], container["image"]);
    assert_eq!(of("namespace.yaml")?["metadata"]["name"], kustomization["namespace"]);
    // Labels lead from the service and the deployment to the pods.
    let labels = &pod["metadata"]["labels"];
    assert_eq!([&deployment["spec"]["selector"]["matchLabels"], &service["spec"]["selector"]], [labels; 2]);
    // The file is where Envoy looks for it.
    let map = &kustomization["configMapGenerator"][0];
    let volume = &pod["spec"]["volumes"][0];
    assert_eq!(
        (&map["name"], &volume["name"]),
        (&volume["configMap"]["name"], &container["volumeMounts"][0]["name"])
    );
    let mount = container["volumeMounts"][0]["mountPath"].as_str().context("a mount")?;
    let file = map["files"][0].as_str().context("a file")?;
    let arguments: Vec<&str> =
        container["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(arguments.get(..2), Some(["--config-path", &format!("{mount}/{file}")].as_slice()));
    // Ports are those that Envoy listens on.
    let envoy = files::read(&format!("kubernetes/{file}"))?;
    let port = |name: &str| {
        let ports = container["ports"].as_array().into_iter().flatten();
        ports.filter(|port| port["name"] == name).map(|port| port["containerPort"].clone()).next()
    };
    assert_eq!(
        port("http").as_ref(),
        envoy.pointer("/static_resources/listeners/0/address/socket_address/port_value")
    );
    assert_eq!(port("admin").as_ref(), envoy.pointer("/admin/address/socket_address/port_value"));
    assert_eq!(
        (&service["spec"]["ports"][0]["targetPort"], &service["spec"]["ports"][0]["port"]),
        (&"http".into(), &8080.into())
    );
    assert_eq!(
        [&container["readinessProbe"]["httpGet"], &container["startupProbe"]["httpGet"]],
        [&serde_json::json!({ "path": "/ready", "port": "admin" }); 2]
    );
    // It has the time that draining takes.
    let drain: u64 = arguments.last().context("arguments")?.parse()?;
    assert!(pod["spec"]["terminationGracePeriodSeconds"].as_u64() > Some(drain));
    // The image has the filter where the file looks for it.
    let dockerfile = fs::read_to_string(build::workspace().join("envoy/kubernetes/Dockerfile"))?;
    ensure!(dockerfile.contains("inferspan.wasm /etc/envoy/inferspan.wasm"), "{dockerfile}");
    Ok(())
}

#[test]
fn compose() -> Result<()> {
    let folder = build::workspace().join("envoy/compose");
    let compose = files::read("compose/compose.yaml")?;
    let services = compose["services"].as_object().context("services")?;
    for (name, service) in services {
        for volume in service["volumes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let source = volume.split(':').next().context("a volume")?;
            // The filter is what a user puts there.
            ensure!(
                source == "./inferspan.wasm" || folder.join(source).exists(),
                "{name} mounts {source}, which is not there"
            );
        }
        for other in service["depends_on"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            ensure!(services.contains_key(other), "{name} depends on {other}");
        }
        for port in service["ports"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            ensure!(port.starts_with("127.0.0.1:"), "{name} is open to the world: {port}");
        }
    }
    let images: Vec<_> = services
        .values()
        .filter_map(|service| service["image"].as_str()?.rsplit_once(':').map(|(image, _)| image))
        .collect();
    assert_eq!(
        images,
        [
            "envoyproxy/envoy",
            "grafana/grafana",
            "jaegertracing/jaeger",
            "otel/opentelemetry-collector-contrib",
            "prom/prometheus",
        ]
    );
    // Who speaks to whom, and on which port the other listens.
    let collector = files::read("compose/collector.yaml")?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
    let listens = text(&collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"])?;
    let envoy = files::read("compose/envoy.yaml")?;
    let clusters = envoy["static_resources"]["clusters"].as_array().context("clusters")?;
    let cluster =
        clusters.iter().find(|cluster| cluster["name"] == "otel_collector").context("the collector's")?;
    let address =
        cluster.pointer("/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address");
    let address = address.context("an address")?;
    ensure!(services.contains_key(&text(&address["address"])?), "{address}");
    ensure!(listens.ends_with(&format!(":{}", address["port_value"])), "{listens}");

    let prometheus = files::read("compose/prometheus.yaml")?;
    let target = text(&prometheus["scrape_configs"][0]["static_configs"][0]["targets"][0])?;
    let exports = text(&collector["exporters"]["prometheus"]["endpoint"])?;
    assert_eq!(target, exports.replace("0.0.0.0", "otel-collector"));
    assert_eq!(text(&collector["exporters"]["otlphttp/jaeger"]["endpoint"])?, "http://jaeger:4318");
    for rules in prometheus["rule_files"].as_array().context("rules")? {
        let file = text(rules)?.replace("/etc/prometheus/inferspan/", "../prometheus/");
        ensure!(folder.join(&file).is_file(), "{file} is not there");
    }
    let pipelines = collector["service"]["pipelines"].as_object().context("pipelines")?;
    for name in pipelines.values().flat_map(|one| one["exporters"].as_array().into_iter().flatten()) {
        ensure!(collector["exporters"].get(text(name)?).is_some(), "no exporter {name}");
    }

    let sources = files::read("compose/grafana/datasources.yaml")?;
    for (source, url) in [("prometheus", "http://prometheus:9090"), ("jaeger", "http://jaeger:16686")] {
        let found = sources["datasources"].as_array().into_iter().flatten().find(|one| one["type"] == source);
        let found = found.with_context(|| format!("no source {source}"))?;
        assert_eq!((&found["url"], &found["uid"]), (&url.into(), &source.into()));
        ensure!(services.contains_key(source), "{source} does not run");
    }
    let provider = files::read("compose/grafana/dashboards.yaml")?;
    let path = text(&provider["providers"][0]["options"]["path"])?;
    let mounted = format!("../grafana:{path}:ro");
    ensure!(services["grafana"]["volumes"].as_array().is_some_and(|all| all.contains(&mounted.into())));
    ensure!(Path::new(&folder).join("../grafana/inferspan.json").is_file());
    Ok(())
}

/// Where backends take OTLP, and by which header they know whose it is; of their documentation.
#[test]
fn backends() -> Result<()> {
    let collector = files::read("collector/fan-out.yaml")?;
    for (name, endpoint, header) in [
        ("honeycomb", "https://api.honeycomb.io", Some("x-honeycomb-team")),
        ("datadog", "https://otlp.datadoghq.com/v1/traces", Some("dd-api-key")),
        ("new_relic", "https://otlp.nr-data.net", Some("api-key")),
        ("grafana_cloud", "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp", None),
        ("langfuse", "https://cloud.langfuse.com/api/public/otel", Some("authorization")),
        ("jaeger", "http://127.0.0.1:4319", None),
    ] {
        let exporter = &collector["exporters"][format!("otlphttp/{name}")];
        let to = exporter["endpoint"].as_str().or_else(|| exporter["traces_endpoint"].as_str());
        assert_eq!(to, Some(endpoint), "{name}");
        let headers = exporter["headers"].as_object();
        let headers: Vec<&str> = headers.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        assert_eq!(headers, header.into_iter().collect::<Vec<_>>(), "{name}");
    }
    Ok(())
}

/// What the Collector's processors are asked to look at is what the filter tells.
#[test]
fn the_collectors_attributes_are_told() -> Result<()> {
    let told = include_str!("../../../docs/telemetry.md");
    let sampling = files::read("collector/tail-sampling.yaml")?;
    let sampling = sampling["processors"]["tail_sampling"].as_object().context("tail sampling")?;
    let keys: Vec<&str> = sampling.keys().map(String::as_str).collect();
    assert_eq!(keys, ["decision_wait", "num_traces", "policies"]);
    let mut attributes = Vec::new();
    for policy in sampling["policies"].as_array().context("policies")? {
        let kind = policy["type"].as_str().context("a type")?;
        let settings = policy.get(kind).with_context(|| format!("{kind} has no settings"))?;
        attributes.extend(settings["key"].as_str().map(str::to_owned));
        let conditions = settings["span"].as_array().into_iter().flatten().filter_map(Value::as_str);
        attributes.extend(conditions.filter_map(|text| text.split('"').nth(1).map(str::to_owned)));
    }
    let metrics = files::read("collector/span-metrics.yaml")?;
    let dimensions = metrics["connectors"]["spanmetrics"]["dimensions"].as_array().context("dimensions")?;
    attributes.extend(dimensions.iter().filter_map(|one| one["name"].as_str().map(str::to_owned)));
    assert_eq!(attributes.len(), 6, "{attributes:?}");
    for attribute in attributes {
        ensure!(told.contains(&format!("`{attribute}`")), "the filter does not tell {attribute}");
    }
    Ok(())
}

/// The Collector's own `validate` needs components that the tests' Collector does not have (CONTRIBUTING.md).
#[test]
fn collectors() -> Result<()> {
    let sections = ["receivers", "processors", "connectors", "exporters"];
    for file in ["collector/fan-out.yaml", "collector/tail-sampling.yaml", "collector/span-metrics.yaml"] {
        let collector = files::read(file)?;
        let defined = |sections: &[&str], name: &str| {
            sections.iter().any(|section| collector[*section].get(name).is_some())
        };
        let mut used = Vec::new();
        let pipelines = collector["service"]["pipelines"].as_object().context("pipelines")?;
        for (pipeline, parts) in pipelines {
            for (part, of) in [
                ("receivers", ["receivers", "connectors"].as_slice()),
                ("processors", &["processors"]),
                ("exporters", &["exporters", "connectors"]),
            ] {
                for name in parts[part].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    ensure!(
                        defined(of, name),
                        "{file}: {pipeline} has the {part} {name}, which is not there"
                    );
                    used.push(name.to_owned());
                }
            }
        }
        let all = sections
            .iter()
            .filter_map(|section| collector[*section].as_object())
            .flat_map(|section| section.keys());
        for name in all {
            ensure!(used.contains(name), "{file}: {name} is in no pipeline");
        }
        for (name, exporter) in collector["exporters"].as_object().context("exporters")? {
            let endpoint = exporter["endpoint"].as_str().or_else(|| exporter["traces_endpoint"].as_str());
            ensure!(endpoint.is_some(), "{file}: {name} leads nowhere");
        }
    }
    Ok(())
}

fn collectors_cluster(configuration: &Value) -> Result<String> {
    configuration["otlp"]["cluster"].as_str().map(str::to_owned).context("no cluster of the collector")
}

/// 64 hex digits, as a text: without quotes one of digits alone is a number.
fn is_digest(value: &Value) -> Result<()> {
    let text = value.as_str().with_context(|| format!("{value} is no text"))?;
    ensure!(text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()), "{text} is no SHA-256");
    Ok(())
}
