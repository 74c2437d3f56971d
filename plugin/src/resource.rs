//! What the host knows of who speaks: its node's name, and the environment of the VM.

use std::collections::BTreeMap;

use inferspan_core::config::Config;
use inferspan_core::otlp::envelope::Envelope;
use inferspan_core::resource::{self, Node};

use crate::host;

/// The envelope of all telemetry of a configuration. `instance` is this VM's.
pub(crate) fn envelope(config: &Config, instance: u32) -> Envelope {
    let text = |property| host::property(property).ok().and_then(|value| String::from_utf8(value).ok());
    let node = Node {
        id: text("xds\0node\0id").unwrap_or_default(),
        cluster: text("xds\0node\0cluster").unwrap_or_default(),
    };
    let attributes = resource::attributes(config, &node, instance);
    let attributes = attributes.iter().map(|(key, value)| (*key, value.as_str()));
    Envelope::new(attributes, config.conventions().schema_url())
}

/// OpenTelemetry's variables, as Envoy's `vm_config.environment_variables` has them. What is no UTF-8 is none.
pub(crate) fn variables() -> BTreeMap<String, String> {
    let variables = std::env::vars_os();
    let texts =
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    texts.filter(|(name, _)| name.starts_with("OTEL_")).collect()
}
