//! The bounds of `tracestate` (W3C Trace Context, §3.3): what is one byte or one member too long is discarded, and what is
//! just not is kept. That costs the `traceparent` beside it nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use inferspan_core::headers::Headers;
use inferspan_core::trace_context::extract;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The state that is kept of these headers.
fn kept(states: &[String]) -> String {
    let mut pairs: Vec<(&[u8], &[u8])> = vec![(b"traceparent", PARENT.as_bytes())];
    pairs.extend(states.iter().map(|state| (b"tracestate".as_slice(), state.as_bytes())));
    extract(&Headers::new(&pairs)).unwrap().trace_state().header().to_owned()
}

#[test]
fn a_value_has_256_characters_at_most() {
    let state = |size: usize| format!("a={}", "x".repeat(size));
    assert_eq!(kept(&[state(256)]), state(256));
    assert_eq!(kept(&[state(257)]), "");
}

#[test]
fn a_key_has_256_characters_at_most() {
    let state = |size: usize| format!("{}=1", "k".repeat(size));
    assert_eq!(kept(&[state(256)]), state(256));
    assert_eq!(kept(&[state(257)]), "");
}

#[test]
fn a_list_has_32_members_at_most() {
    let list = |members: usize| (0..members).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
    assert_eq!(kept(&[list(32)]), list(32));
    assert_eq!(kept(&[list(33)]), "");
    assert_eq!(kept(&[list(32), "one=more".to_owned()]), "", "several headers are one list");
}

#[test]
fn a_list_has_4096_bytes_at_most() {
    // Fifteen members of 255 bytes, and what is left of 4096 bytes.
    let full: Vec<_> = (0..15).map(|n| format!("{n:x}aa={}", "x".repeat(251))).collect();
    let full = full.join(",");
    assert_eq!(full.len(), 15 * 255 + 14);
    let fill = |bytes: usize| format!("k={}", "x".repeat(bytes - 2));
    let room = 4096 - full.len() - 1;
    assert_eq!(kept(&[full.clone(), fill(room)]), format!("{full},{}", fill(room)));
    assert_eq!(kept(&[full, fill(room + 1)]), "");
}
