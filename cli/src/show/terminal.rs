//! The terminal we write to.

/// Columns to fill: the terminal's, within what can be read at a glance; 80 where there is no terminal.
pub(crate) fn width() -> usize {
    let columns = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    columns.clamp(40, 100)
}
