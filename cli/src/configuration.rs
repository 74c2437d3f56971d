//! The filter's configuration, as a file that a command is given.

use std::path::Path;

use anyhow::{Context, Result};
use inferspan_core::config::Config;
use serde_json::{Map, Value};

/// A configuration, read and as it was written.
pub(crate) struct Configuration {
    /// What the filter makes of it.
    pub(crate) config: Config,
    /// The JSON object, with which another configuration can be made.
    pub(crate) object: Map<String, Value>,
}

/// The configuration in that file, or the default where there is none.
pub(crate) fn read(file: Option<&Path>) -> Result<Configuration> {
    let text = match file {
        Some(path) => std::fs::read(path).with_context(|| path.display().to_string())?,
        None => Vec::new(),
    };
    let config = Config::parse(&text).context("the filter's configuration")?;
    let object = match text.trim_ascii() {
        b"" => Map::new(),
        text => serde_json::from_slice(text).context("the filter's configuration")?,
    };
    Ok(Configuration { config, object })
}
