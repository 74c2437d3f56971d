//! Where in Envoy's and Kubernetes' resources the filter is configured.
//!
//! Looked for, at any depth: Envoy's Wasm filter (`typed_config`, or the same as a TypedStruct), Istio's WasmPlugin, Envoy
//! Gateway's EnvoyExtensionPolicy, and whole configurations in the data of a ConfigMap. Other people's Wasm filters are
//! passed over where one is called inferspan.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::document;
use super::lines::Step;

/// A filter.
#[derive(Debug)]
pub(super) struct Place {
    /// The way to it, by names: `listener ingress / http filter inferspan`.
    pub(super) name: String,
    /// The way to its configuration in the file.
    pub(super) steps: Vec<Step>,
    /// Whether it is called inferspan.
    is_ours: bool,
    /// Its configuration as Envoy hands it over, or why Envoy would not.
    pub(super) configuration: Result<Vec<u8>, String>,
    /// OpenTelemetry's variables that it is given.
    pub(super) variables: BTreeMap<String, String>,
    /// What cannot be known here.
    pub(super) notes: Vec<String>,
}

impl Place {
    /// A configuration that stands by itself.
    pub(super) fn bare(bytes: &[u8]) -> Self {
        Self { configuration: Ok(bytes.to_vec()), ..Self::new(String::new(), true) }
    }

    fn new(name: String, is_ours: bool) -> Self {
        let variables = BTreeMap::new();
        let steps = Vec::new();
        Self { name, steps, is_ours, configuration: Ok(Vec::new()), variables, notes: Vec::new() }
    }
}

/// All of them, in the order of the documents.
pub(super) fn find(documents: &[Value]) -> Vec<Place> {
    let mut search = Search { places: Vec::new(), steps: Vec::new() };
    for (number, document) in documents.iter().enumerate() {
        search.step(Step::Document(number), |search| search.look(document, &mut Vec::new()));
    }
    let mut places = search.places;
    if places.iter().any(|place| place.is_ours) {
        places.retain(|place| place.is_ours);
    }
    places
}

struct Search {
    places: Vec<Place>,
    /// The way to what is looked at.
    steps: Vec<Step>,
}

impl Search {
    fn look(&mut self, value: &Value, way: &mut Vec<String>) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.step(Step::Item(index), |search| search.look(item, way));
                }
            }
            Value::Object(object) => {
                let length = way.len();
                way.extend(name(object));
                match text(object, "kind") {
                    Some("WasmPlugin") => self.wasm_plugin(object, way),
                    Some("EnvoyExtensionPolicy") => self.extension_policy(object, way),
                    Some("ConfigMap") => self.config_map(object, way),
                    _ => match wasm(object) {
                        Some(wasm) if wasm.contains_key("@type") => self.envoy(wasm, way),
                        Some(wasm) => self.step("value".into(), |search| search.envoy(wasm, way)),
                        None => {
                            for (key, member) in object {
                                self.step(key.as_str().into(), |search| search.look(member, way));
                            }
                        }
                    },
                }
                way.truncate(length);
            }
            _ => {}
        }
    }

    /// Goes a step further for a look.
    fn step(&mut self, step: Step, look: impl FnOnce(&mut Self)) {
        self.steps.push(step);
        look(self);
        self.steps.pop();
    }

    /// Keeps a place whose configuration these steps lead to from here.
    fn keep(&mut self, mut place: Place, steps: impl IntoIterator<Item = Step>) {
        place.steps = self.steps.iter().cloned().chain(steps).collect();
        self.places.push(place);
    }

    /// `config` of Envoy's filter.
    fn envoy(&mut self, wasm: &Map<String, Value>, way: &[String]) {
        let empty = Map::new();
        let config = object(wasm, "config").unwrap_or(&empty);
        let vm = object(config, "vm_config").or(object(config, "vmConfig")).unwrap_or(&empty);
        let names =
            [text(config, "name"), text(config, "root_id"), text(config, "rootId"), text(vm, "vm_id")];
        let code = vm.get("code").map(Value::to_string).unwrap_or_default();
        let mut place = place(way, names.into_iter().flatten().chain([code.as_str()]));
        place.configuration = config.get("configuration").map_or(Ok(Vec::new()), any);
        let environment = object(vm, "environment_variables").or(object(vm, "environmentVariables"));
        let environment = environment.unwrap_or(&empty);
        let pairs = object(environment, "key_values").or(object(environment, "keyValues"));
        for (key, value) in pairs.into_iter().flatten() {
            place.variable(key, value.as_str());
        }
        let keys = environment.get("host_env_keys").or(environment.get("hostEnvKeys"));
        place.host_variables(keys);
        self.keep(place, ["config", "configuration", "value"].map(Step::from));
    }

    /// Istio's.
    fn wasm_plugin(&mut self, resource: &Map<String, Value>, way: &[String]) {
        let empty = Map::new();
        let spec = object(resource, "spec").unwrap_or(&empty);
        let names = [text(spec, "pluginName"), text(spec, "url")];
        let mut place = place(way, names.into_iter().flatten());
        place.configuration =
            Ok(spec.get("pluginConfig").map(Value::to_string).unwrap_or_default().into_bytes());
        let env = object(spec, "vmConfig").and_then(|vm| vm.get("env")).and_then(Value::as_array);
        for variable in env.into_iter().flatten().filter_map(Value::as_object) {
            let Some(name) = text(variable, "name") else { continue };
            let of_host = text(variable, "valueFrom") == Some("HOST");
            place.variable(name, text(variable, "value").filter(|_| !of_host));
        }
        self.keep(place, ["spec", "pluginConfig"].map(Step::from));
    }

    /// Envoy Gateway's, which may have several.
    fn extension_policy(&mut self, resource: &Map<String, Value>, way: &[String]) {
        let wasm = object(resource, "spec").and_then(|spec| spec.get("wasm")).and_then(Value::as_array);
        for (index, extension) in wasm.into_iter().flatten().enumerate() {
            let Some(extension) = extension.as_object() else { continue };
            let mut way = way.to_vec();
            way.push(text(extension, "name").map_or_else(|| format!("wasm[{index}]"), str::to_owned));
            let code = extension.get("code").map(Value::to_string).unwrap_or_default();
            let names = [text(extension, "rootID"), Some(code.as_str())];
            let mut place = place(&way, names.into_iter().flatten());
            let config = extension.get("config").map(Value::to_string).unwrap_or_default();
            place.configuration = Ok(config.into_bytes());
            place.host_variables(object(extension, "env").and_then(|env| env.get("hostKeys")));
            self.keep(place, ["spec".into(), "wasm".into(), Step::Item(index), "config".into()]);
        }
    }

    /// Whole files in it.
    fn config_map(&mut self, resource: &Map<String, Value>, way: &mut Vec<String>) {
        for (key, value) in object(resource, "data").into_iter().flatten() {
            let documents = value.as_str().map(document::documents);
            for (number, document) in documents.and_then(Result::ok).into_iter().flatten().enumerate() {
                way.push(key.clone());
                let steps = ["data".into(), key.as_str().into(), Step::Document(number)];
                let length = self.steps.len();
                self.steps.extend(steps);
                self.look(&document, way);
                self.steps.truncate(length);
                way.pop();
            }
        }
    }
}

fn place<'a>(way: &[String], mut names: impl Iterator<Item = &'a str>) -> Place {
    let is_ours = way.iter().any(|name| is_our_name(name)) || names.any(is_our_name);
    let name = if way.is_empty() { "the filter".to_owned() } else { way.join(" / ") };
    Place::new(name, is_ours)
}

fn is_our_name(name: &str) -> bool {
    name.to_ascii_lowercase().contains("inferspan")
}

impl Place {
    /// A variable of the VM, with its value where it is written there.
    fn variable(&mut self, name: &str, value: Option<&str>) {
        match value {
            _ if !name.starts_with("OTEL_") => {}
            Some(value) => {
                self.variables.insert(name.to_owned(), value.to_owned());
            }
            None => self.notes.push(format!(
                "{name} comes from Envoy's own environment, which is not known here; what it says is left out"
            )),
        }
    }

    fn host_variables(&mut self, names: Option<&Value>) {
        for name in names.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            self.variable(name, None);
        }
    }
}

/// The Wasm filter that an object configures: as Envoy's own type, or as a TypedStruct.
fn wasm(object: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let is_wasm = |key| text(object, key).is_some_and(|name| name.ends_with(WASM));
    if is_wasm("@type") {
        return Some(object);
    }
    let value = if is_wasm("type_url") || is_wasm("typeUrl") { self::object(object, "value") } else { None };
    value.filter(|value| value.contains_key("config"))
}

/// What Envoy hands over of a `google.protobuf.Any`.
fn any(any: &Value) -> Result<Vec<u8>, String> {
    let kind = any.get("@type").and_then(Value::as_str).unwrap_or_default();
    let value = any.get("value");
    match (kind.rsplit('/').next().unwrap_or_default(), value) {
        ("google.protobuf.StringValue", None) => Ok(Vec::new()),
        ("google.protobuf.StringValue", Some(Value::String(text))) => Ok(text.clone().into_bytes()),
        ("google.protobuf.StringValue", Some(_)) => {
            Err("`value` of a StringValue is text: write the JSON in quotes, or in YAML after `value: |`"
                .to_owned())
        }
        ("google.protobuf.Struct", None) => Ok(Vec::new()),
        ("google.protobuf.Struct", Some(value @ Value::Object(_))) => Ok(value.to_string().into_bytes()),
        ("google.protobuf.Struct", Some(_)) => Err("`value` of a Struct is an object".to_owned()),
        ("google.protobuf.BytesValue", Some(Value::String(text))) => {
            BASE64_STANDARD.decode(text).map_err(|_| "`value` of a BytesValue is base64".to_owned())
        }
        _ => Err(format!(
            "`configuration` is of type `{kind}`; give \"@type\": type.googleapis.com/google.protobuf.StringValue with the \
             JSON as text in `value`, or google.protobuf.Struct with it as an object"
        )),
    }
}

/// By what name a person knows an object on the way.
fn name(object: &Map<String, Value>) -> Option<String> {
    if let (Some(kind), Some(metadata)) = (text(object, "kind"), self::object(object, "metadata")) {
        let name = text(metadata, "name").unwrap_or("-");
        return Some(match text(metadata, "namespace") {
            Some(namespace) => format!("{kind} {namespace}/{name}"),
            None => format!("{kind} {name}"),
        });
    }
    let name = text(object, "name")?;
    let kind = NAMED.iter().find(|(member, _)| object.contains_key(*member));
    kind.map(|(_, kind)| if kind.is_empty() { name.to_owned() } else { format!("{kind} {name}") })
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

fn object<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Map<String, Value>> {
    object.get(key)?.as_object()
}

const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";

/// Objects with a name, by a member that only they have, and what they are.
const NAMED: &[(&str, &str)] = &[
    ("filter_chains", "listener"),
    ("filterChains", "listener"),
    ("load_assignment", "cluster"),
    ("typed_extension_protocol_options", "cluster"),
    ("filters", "filter chain"),
    ("typed_config", ""),
    ("typedConfig", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn names(yaml: &str) -> Vec<String> {
        find(&document::documents(yaml).unwrap()).into_iter().map(|place| place.name).collect()
    }

    #[test]
    fn other_peoples_filters_are_passed_over_where_ours_is_known() {
        let filter = |name: &str| {
            format!(
                "- {{name: {name}, typed_config: {{\"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, config: {{}}}}}}\n"
            )
        };
        assert_eq!(names(&format!("{}{}", filter("auth"), filter("llm"))), ["auth", "llm"]);
        assert_eq!(names(&format!("{}{}", filter("auth"), filter("inferspan-2"))), ["inferspan-2"]);
    }

    #[test]
    fn what_envoy_would_not_hand_over_is_said() {
        let problem = |configuration: &str| any(&serde_json::from_str(configuration).unwrap()).unwrap_err();
        let string = r#""@type": "type.googleapis.com/google.protobuf.StringValue""#;
        assert!(problem(&format!("{{{string}, \"value\": {{}}}}")).contains("after `value: |`"));
        assert!(problem(r#"{"service_name": "x"}"#).contains("google.protobuf.StringValue"));
        assert!(problem(r#"{"@type": "google.protobuf.Struct", "value": []}"#).contains("is an object"));
        assert_eq!(
            any(&serde_json::json!({"@type": "x/google.protobuf.BytesValue", "value": "e30="})),
            Ok(b"{}".to_vec())
        );
    }
}
