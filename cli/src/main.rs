//! The `inferspan` command.
fn main() {}
