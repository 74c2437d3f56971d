//! `Call` → span, by the GenAI semantic conventions.
