//! The filter's configuration: one JSON object, or nothing at all.
