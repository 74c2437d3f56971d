//! The scanner as its users see it.

mod differential;
mod malformed;
mod splits;
mod visits;

use super::{Container, Field, Finish, Paths, Position, Progress, Scanner, Value, Visitor, Want};

/// A wanted path of a test.
#[derive(Clone, Copy)]
struct Wanted {
    path: &'static str,
    want: Want,
}

impl Field for Wanted {
    fn want(self) -> Want {
        self.want
    }
}

/// At most so many bytes of a text.
const fn upto(text: u16) -> Want {
    Want::Value { text }
}

fn compile(paths: &[(&'static str, Want)]) -> Paths<Wanted> {
    let table: Vec<_> = paths.iter().map(|&(path, want)| (path, Wanted { path, want })).collect();
    Paths::compile(&[&table]).unwrap()
}

/// Writes each visit down as a line: the path, the indices where it has arrays, and what stands there. Pieces
/// of one text become one line.
#[derive(Default)]
struct Lines(Vec<String>);

impl Visitor<Wanted> for Lines {
    fn visit(&mut self, wanted: Wanted, at: &Position<'_>, value: Value<'_>) {
        let arrays = wanted.path.matches("[]").count();
        let indices: String = (0..arrays).map(|n| format!("[{}]", at.index(n))).collect();
        let what = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => number.as_str().to_owned(),
            Value::Text(text) => format!("{:?}{}", text.to_string_lossy(), if text.whole { "" } else { "…" }),
            Value::Piece(piece) => {
                let piece = String::from_utf8_lossy(piece);
                match self.0.last_mut() {
                    Some(line) if line.ends_with('+') => line.insert_str(line.len() - 1, &piece),
                    _ => self.0.push(format!("{} {indices} {piece}+", wanted.path)),
                }
                return;
            }
            Value::TextEnd => match self.0.last_mut() {
                Some(line) if line.ends_with('+') => {
                    line.truncate(line.len() - 1);
                    return;
                }
                _ => String::new(),
            },
            Value::Begin(Container::Object) => "{".to_owned(),
            Value::Begin(Container::Array) => "[".to_owned(),
            Value::End(Container::Object, members) => format!("}} of {members}"),
            Value::End(Container::Array, members) => format!("] of {members}"),
        };
        self.0.push(format!("{} {indices} {what}", wanted.path).replace("  ", " "));
    }
}

/// What a document gives, whole; the end must be [`Finish::Complete`].
fn visits(paths: &[(&'static str, Want)], document: &str) -> Vec<String> {
    let (lines, finish) = scan(paths, &[document.as_bytes()]);
    assert_eq!(finish, Finish::Complete, "{document}");
    lines
}

/// What the chunks of a document give, and its end.
fn scan(paths: &[(&'static str, Want)], chunks: &[&[u8]]) -> (Vec<String>, Finish) {
    let paths = compile(paths);
    let (mut scanner, mut lines) = (Scanner::new(), Lines::default());
    for chunk in chunks {
        if scanner.push(&paths, chunk, &mut lines) != Progress::More {
            break;
        }
    }
    let finish = scanner.finish(&paths, &mut lines);
    (lines.0, finish)
}
