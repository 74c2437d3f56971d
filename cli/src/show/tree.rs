//! A trace as a tree.
//!
//! ```text
//! trace 4bf92f3577b34da6a3ce929d0e0e4736
//! └─ chat gpt-5-mini                                                    ✓ completed    1.02 s
//!    ├─ parent  00f067aa0ba902b7
//!    ├─ model   gpt-5-mini-2026-08-07 by openai
//!    ├─ time    first token after 243 ms  ────────━━━━━━━━━━━━━━━━━━━━━━━━
//!    ├─ tokens  148 in (128 cached), 97 out (64 reasoning)
//!    └─ finish  stop
//! ```
//!
//! Green is a call that went well, yellow one that the client gave up, red a failure. What is faint is there to be
//! looked up, not read.

use std::fmt::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use host_test::rig::span::{Span, Value};

use super::fact;
use super::summary::dollars;

/// The tree of the spans of one trace, which share a trace id. `label` says what the trace is about, where someone
/// knows. Lines are cut to `width` columns; colours are escape codes, for `anstream` to keep or drop.
pub(crate) fn trace(spans: &[Span], label: Option<&str>, width: usize) -> String {
    let Some(first) = spans.first() else { return String::new() };
    let label = [label, service(spans)].into_iter().flatten().map(|part| format!("  {part}"));
    let label = label.collect::<String>();
    let label = cut(&label, width.saturating_sub("trace ".len() + first.trace_id.len()));
    format!("{FAINT}trace {}{FAINT:#}{label}\n{}", first.trace_id, branches(spans, width))
}

/// The same under a title of its own, where the trace is nothing to be looked up. The title is not cut.
pub(crate) fn titled(title: &str, spans: &[Span], width: usize) -> String {
    let service = service(spans).map(|service| format!("  {}", cut(service, width))).unwrap_or_default();
    format!("{FAINT}{}{service}{FAINT:#}\n{}", cut(title, usize::MAX), branches(spans, width))
}

/// Who tells of the spans, where somebody gave it a name.
fn service(spans: &[Span]) -> Option<&str> {
    match spans.first()?.resource.get("service.name")? {
        Value::Text(service) if service != UNNAMED => Some(service),
        _ => None,
    }
}

fn branches(spans: &[Span], width: usize) -> String {
    let mut out = String::new();
    for (at, span) in spans.iter().enumerate() {
        let is_last = at + 1 == spans.len();
        // Writing to a String cannot fail.
        let _ = branch(&mut out, span, is_last, width);
    }
    out
}

fn branch(out: &mut String, span: &Span, is_last: bool, width: usize) -> std::fmt::Result {
    let outcome = fact::text(span, "outcome").unwrap_or("-");
    let (mark, colour) = mood(outcome, span.is_error);
    let right = format!("{mark} {outcome}  {:>8}", duration(span.duration()));
    let (fork, stem) = if is_last { ("└─", "  ") } else { ("├─", "│ ") };
    let room = width.saturating_sub(4 + right.chars().count());
    let name = cut(&span.name, room);
    let gap = " ".repeat(room.saturating_sub(name.chars().count()));
    writeln!(out, "{FAINT}{fork}{FAINT:#} {NAME}{name}{NAME:#}{gap} {colour}{right}{colour:#}")?;

    let leaves = leaves(span);
    let room = width.saturating_sub(14);
    for (at, (label, text)) in leaves.iter().enumerate() {
        let fork = if at + 1 == leaves.len() { "└─" } else { "├─" };
        let style = match *label {
            "error" => colour,
            "parent" => FAINT,
            _ => Style::new(),
        };
        let bar =
            if *label == "time" { bar(span, room.saturating_sub(text.chars().count() + 2)) } else { None };
        let text = cut(text, room);
        write!(out, "{FAINT}{stem} {fork} {label:<7}{FAINT:#} {style}{text}{style:#}")?;
        match bar {
            Some((waiting, answering)) => {
                let (waiting, answering) = ("─".repeat(waiting), "━".repeat(answering));
                writeln!(out, "  {FAINT}{waiting}{FAINT:#}{colour}{answering}{colour:#}")?;
            }
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// What is known of the call, one line each.
fn leaves(span: &Span) -> Vec<(&'static str, String)> {
    let mut leaves = Vec::new();
    if !span.parent_id.is_empty() {
        leaves.push(("parent", span.parent_id.clone()));
    }
    let provider = fact::text(span, "provider").map(|provider| format!("by {provider}"));
    let model = fact::model(span).map(str::to_owned);
    let model = [model, provider].into_iter().flatten().collect::<Vec<_>>().join(" ");
    if !model.is_empty() {
        leaves.push(("model", model));
    }
    if let Some(first) = fact::first_token(span) {
        leaves.push(("time", format!("first token after {}", duration(first))));
    }
    if let Some(tokens) = tokens(span) {
        leaves.push(("tokens", tokens));
    }
    if let Some(cost) = fact::double(span, "cost") {
        leaves.push(("cost", dollars(cost)));
    }
    let finish = fact::texts(span, "finish_reasons").join(", ");
    if !finish.is_empty() {
        leaves.push(("finish", finish));
    }
    let error = error(span);
    if !error.is_empty() {
        leaves.push(("error", error));
    }
    let losses = fact::losses(span).join(", ").replace('_', " ");
    if !losses.is_empty() {
        leaves.push(("losses", losses));
    }
    leaves
}

/// `148 in (128 cached), 97 out (64 reasoning)`.
fn tokens(span: &Span) -> Option<String> {
    let count = |name: &str, of: &str| match fact::int(span, name) {
        Some(count) if count > 0 => Some(format!("{} {of}", grouped(count))),
        _ => None,
    };
    let side = |count: &str, name: &str, parts: Vec<Option<String>>| {
        let count = fact::int(span, count)?;
        let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let parts = if parts.is_empty() { parts } else { format!(" ({parts})") };
        Some(format!("{} {name}{parts}", grouped(count)))
    };
    let input = side(
        "input_tokens",
        "in",
        vec![count("cache_read_tokens", "cached"), count("cache_write_tokens", "written to cache")],
    );
    let reasoning = count("reasoning_tokens", "reasoning");
    let output = side("output_tokens", "out", vec![reasoning]);
    let both = [input, output].into_iter().flatten().collect::<Vec<_>>().join(", ");
    (!both.is_empty()).then_some(both)
}

fn error(span: &Span) -> String {
    let kind = fact::text(span, "error_type");
    let status = match span.get("http.response.status_code") {
        Some(Value::Int(status)) if Some(status.to_string().as_str()) != kind => {
            Some(format!("HTTP {status}"))
        }
        _ => None,
    };
    match kind {
        Some(kind) => [Some(kind.to_owned()), status].into_iter().flatten().collect::<Vec<_>>().join(", "),
        None => String::new(),
    }
}

/// How much of the call was waiting for the first token and how much was answering, in columns.
fn bar(span: &Span, room: usize) -> Option<(usize, usize)> {
    let columns = room.min(BAR);
    let whole = span.duration().as_secs_f64();
    if columns < 8 || whole <= 0.0 {
        return None;
    }
    let share = (fact::first_token(span)?.as_secs_f64() / whole).clamp(0.0, 1.0);
    let mut waiting = 0;
    while waiting < columns && (waiting as f64) < share * columns as f64 {
        waiting += 1;
    }
    Some((waiting, columns - waiting))
}

fn mood(outcome: &str, is_error: bool) -> (&'static str, Style) {
    match outcome {
        "client_cancelled" => ("◌", AnsiColor::Yellow.on_default()),
        "completed" if !is_error => ("✓", AnsiColor::Green.on_default()),
        _ => ("✗", AnsiColor::Red.on_default()),
    }
}

pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        // Nobody measured it.
        0.0 => String::new(),
        _ if seconds < 0.001 => format!("{} µs", duration.as_micros()),
        _ if seconds < 1.0 => format!("{} ms", duration.as_millis()),
        _ if seconds < 100.0 => format!("{seconds:.2} s"),
        _ => format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60),
    }
}

/// `1234567` as `1 234 567`.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !out.ends_with('-') {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

pub(super) fn cut(text: &str, columns: usize) -> String {
    // Model names come from the wire: nothing of them may steer the terminal.
    let mut plain = text.chars().map(|c| if c.is_control() { '�' } else { c });
    if text.chars().count() <= columns {
        return plain.collect();
    }
    let kept: String = plain.by_ref().take(columns.saturating_sub(1)).collect();
    kept + "…"
}

/// The service where nobody named it.
const UNNAMED: &str = "inferspan";

const BAR: usize = 32;
const FAINT: Style = Style::new().dimmed();
const NAME: Style = Style::new().bold();

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn span(attributes: &[(&str, Value)]) -> Span {
        Span {
            name: "chat gpt-5-mini".to_owned(),
            trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".to_owned(),
            span_id: "53995c3f42cd8ad8".to_owned(),
            parent_id: "00f067aa0ba902b7".to_owned(),
            trace_state: String::new(),
            flags: 0x101,
            kind: 3,
            start: 1_000_000_000,
            end: 2_020_000_000,
            is_error: false,
            message: String::new(),
            attributes: attributes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
            resource: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    fn plain(tree: &str) -> String {
        anstream::adapter::strip_str(tree).to_string()
    }

    #[test]
    fn a_streamed_call() {
        let span = span(&[
            ("gen_ai.provider.name", "openai".into()),
            ("gen_ai.request.model", "gpt-5-mini".into()),
            ("gen_ai.response.model", "gpt-5-mini-2026-08-07".into()),
            ("gen_ai.response.finish_reasons", Value::List(vec!["stop".into()])),
            ("gen_ai.usage.input_tokens", 12_148.into()),
            ("gen_ai.usage.cache_read.input_tokens", 128.into()),
            ("gen_ai.usage.output_tokens", 97.into()),
            ("gen_ai.usage.reasoning.output_tokens", 64.into()),
            ("gen_ai.response.time_to_first_chunk", Value::Double(0.255)),
            ("inferspan.outcome", "completed".into()),
        ]);
        let expected = "\
trace 4bf92f3577b34da6a3ce929d0e0e4736  a label
└─ chat gpt-5-mini                               ✓ completed    1.02 s
   ├─ parent  00f067aa0ba902b7
   ├─ model   gpt-5-mini-2026-08-07 by openai
   ├─ time    first token after 255 ms  ────────━━━━━━━━━━━━━━━━━━━━━━
   ├─ tokens  12\u{202f}148 in (128 cached), 97 out (64 reasoning)
   └─ finish  stop
";
        assert_eq!(plain(&trace(&[span], Some("a label"), 70)), expected);
    }

    #[test]
    fn an_error_with_nothing_but_a_status() {
        let mut span = span(&[("error.type", "429".into()), ("inferspan.outcome", "error".into())]);
        span.is_error = true;
        span.parent_id.clear();
        let expected = "\
trace 4bf92f3577b34da6a3ce929d0e0e4736
└─ chat gpt-5-mini             ✗ error    1.02 s
   └─ error   429
";
        assert_eq!(plain(&trace(&[span], None, 48)), expected);
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let mut span = span(&[]);
        span.name = format!("chat \x1b[2J{}", "x".repeat(100));
        let tree = trace(&[span], None, 60);
        assert!(!tree.contains("\x1b[2J"), "{tree:?}");
        assert!(plain(&tree).lines().all(|line| line.chars().count() <= 60), "{tree}");
    }

    #[test]
    fn durations_for_people() {
        let shown =
            [0.000_5, 0.5, 1.0, 99.99, 754.0].map(|seconds| duration(Duration::from_secs_f64(seconds)));
        assert_eq!(shown, ["500 µs", "500 ms", "1.00 s", "99.99 s", "12 min 34 s"]);
    }
}
