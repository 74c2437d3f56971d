//! What calls add up to, as a table.
//!
//! ```text
//! model       provider  calls  errors  tokens in  tokens out        cost  first token p50     p95
//! gpt-5-mini  openai        2       0      2 962         194  0.0011 USD           243 ms  1.41 s
//! ```

use std::time::Duration;

use anstyle::Style;
use inferspan_replay::summary::{Row, Summary};

use super::tree::{cut, duration, grouped};

/// The table, with a line for all calls where there is more than one kind; empty where there was no call.
pub(crate) fn table(summary: &Summary) -> String {
    let rows = summary.rows();
    if rows.is_empty() {
        return String::new();
    }
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(rows.iter().map(|(model, provider, row)| cells(model, provider, row)));
    if rows.len() > 1 {
        lines.push(cells("all", "", summary.all()));
    }
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        })
        .collect();
    let mut table = String::new();
    for (at, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 | 1 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        let cells: Vec<String> = cells.collect();
        let style = if at == 0 { FAINT } else { Style::new() };
        table.push_str(&format!("{style}{}{style:#}\n", cells.join("  ").trim_end()));
    }
    table
}

fn cells(model: &str, provider: &str, row: &Row) -> [String; HEAD.len()] {
    let count = |count: Option<u64>| count.map_or(NONE.to_owned(), number);
    let time = |time: Option<Duration>| time.map_or(NONE.to_owned(), duration);
    let named = |name: &str| if name.is_empty() { String::new() } else { cut(name, LONGEST_NAME) };
    [
        if model.is_empty() { NONE.to_owned() } else { named(model) },
        named(provider),
        number(row.calls),
        number(row.failed),
        count(row.input_tokens),
        count(row.output_tokens),
        row.cost.map_or(NONE.to_owned(), dollars),
        time(row.first_token(50)),
        time(row.first_token(95)),
    ]
}

fn number(count: u64) -> String {
    grouped(i64::try_from(count).unwrap_or(i64::MAX))
}

/// `0.0031 USD`: two digits that tell something, at least two decimals.
pub(crate) fn dollars(usd: f64) -> String {
    let decimals = match usd {
        _ if usd >= 0.1 || usd == 0.0 => 2,
        _ if usd >= 0.001 => 4,
        _ => 6,
    };
    format!("{usd:.decimals$} USD")
}

const HEAD: [&str; 9] =
    ["model", "provider", "calls", "errors", "tokens in", "tokens out", "cost", "first token p50", "p95"];
const NONE: &str = "-";
const LONGEST_NAME: usize = 40;
const FAINT: Style = Style::new().dimmed();

#[cfg(test)]
mod tests {
    use inferspan_replay::summary::Sample;

    use super::*;

    fn plain(table: &str) -> String {
        anstream::adapter::strip_str(table).to_string()
    }

    #[test]
    fn a_line_for_each_model_and_one_for_all() {
        let mut summary = Summary::default();
        assert_eq!(table(&summary), "");
        let call = Sample {
            model: "gpt-5-mini".to_owned(),
            provider: "openai".to_owned(),
            input_tokens: Some(1481),
            output_tokens: Some(97),
            cost: Some(0.000_564),
            first_token: Some(Duration::from_millis(243)),
            ..Sample::default()
        };
        summary.add(call.clone());
        summary.add(Sample { first_token: Some(Duration::from_millis(1412)), ..call });
        assert_eq!(
            plain(&table(&summary)),
            "model       provider  calls  errors  tokens in  tokens out        cost  first token p50     p95\n\
             gpt-5-mini  openai        2       0      2\u{202f}962         194  0.0011 USD           243 ms  1.41 s\n"
        );
        summary.add(Sample { provider: "anthropic".to_owned(), failed: true, ..Sample::default() });
        let lines = plain(&table(&summary));
        let lines: Vec<_> = lines.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
        assert_eq!(lines[2], ["-", "anthropic", "1", "1", "-", "-", "-", "-", "-"]);
        assert_eq!(lines[3], ["all", "3", "1", "2", "962", "194", "0.0011", "USD", "243", "ms", "1.41", "s"]);
    }

    #[test]
    fn dollars_show_what_tells_something() {
        for (usd, shown) in [
            (0.0, "0.00 USD"),
            (0.000_012, "0.000012 USD"),
            (0.0031, "0.0031 USD"),
            (0.125, "0.12 USD"),
            (1234.5, "1234.50 USD"),
        ] {
            assert_eq!(dollars(usd), shown);
        }
    }
}
