//! What must hold of the scanner for any bytes, for the fuzz target and for unit tests.

use std::fmt;
use std::sync::OnceLock;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess};

use super::{Container, Field, Finish, Number, Paths, Position, Progress, Scanner, Value, Visitor, Want};

/// Asserts, for any bytes: every split of them gives the same visits and the same end; where `serde_json`
/// accepts them the scanner does, and visits what `serde_json` sees; where `serde_json` refuses them so does
/// the scanner, but for what it is documented to let pass. The first two bytes choose a text bound and a
/// split; the rest is the document.
///
/// # Panics
///
/// Where one of these does not hold.
pub fn fuzz_scanner(data: &[u8]) {
    let [bound, seed, document @ ..] = data else { return };
    check(document, u16::from(*bound) % BOUNDS, u64::from(*seed));
}

/// The same with the document, the bound of its texts, and the seed of a split apart.
pub(super) fn check(document: &[u8], text: u16, seed: u64) {
    let oracle = serde_json::from_slice::<Tree>(document);
    for want in [Want::Value { text }, Want::Pieces] {
        let whole = scan(want, document, std::iter::once(document));
        assert_eq!(whole, scan(want, document, document.chunks(1)), "one byte at a time");
        assert_eq!(whole, scan(want, document, split(document, seed).into_iter()), "split by seed {seed}");
        match &oracle {
            Ok(tree) if !has_long_number(document) => {
                let mut expected = Vec::new();
                tree.visit(want, &mut Vec::new(), &mut expected);
                assert_eq!(whole.finish, Finish::Complete);
                assert_eq!(whole.visits, expected);
            }
            Err(error) if want == Want::Pieces && whole.finish == Finish::Complete => {
                assert!(may_pass(error, document, whole.consumed), "serde_json: {error}");
            }
            _ => {}
        }
    }
}

/// What came of a document.
#[derive(Debug, PartialEq)]
pub(super) struct Scan {
    pub(super) visits: Vec<Visit>,
    pub(super) finish: Finish,
    pub(super) consumed: usize,
}

/// One call of the visitor; pieces of one text are joined.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Visit {
    /// Where, as the path says it: `*` for a key.
    pub(super) path: String,
    pub(super) indices: Vec<u32>,
    pub(super) seen: Seen,
}

#[derive(Clone, Debug)]
pub(super) enum Seen {
    Null,
    Bool(bool),
    /// As it was written, or as `serde_json` writes it.
    Number(String),
    Text(Vec<u8>, bool),
    /// The joined pieces of a text, and whether its end came.
    Pieces(Vec<u8>, bool),
    Begin(Container),
    End(Container, u32),
}

/// Numbers are equal by value: `serde_json` does not tell how they were written.
impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b || same_number(a, b),
            (Self::Text(a, whole_a), Self::Text(b, whole_b)) => a == b && whole_a == whole_b,
            (Self::Pieces(a, ended_a), Self::Pieces(b, ended_b)) => a == b && ended_a == ended_b,
            (Self::Begin(a), Self::Begin(b)) => a == b,
            (Self::End(a, count_a), Self::End(b, count_b)) => a == b && count_a == count_b,
            _ => false,
        }
    }
}

/// Scans with every path of `*` and `[]` wanted, to the depth of [`DEPTH`].
pub(super) fn scan<'a>(want: Want, document: &[u8], chunks: impl Iterator<Item = &'a [u8]>) -> Scan {
    let paths = every_path(want);
    let mut recorder = Recorder(Vec::new());
    let mut scanner = Scanner::new();
    let mut consumed = 0_usize;
    for chunk in chunks {
        let (taken, ended) = match scanner.push(paths, chunk, &mut recorder) {
            Progress::More => (chunk.len(), false),
            Progress::Done { consumed } | Progress::Failed { consumed, .. } => (consumed, true),
        };
        consumed = consumed.saturating_add(taken);
        if ended {
            break;
        }
    }
    assert!(consumed <= document.len());
    let finish = scanner.finish(paths, &mut recorder);
    Scan { visits: recorder.0, finish, consumed }
}

/// The deepest paths of [`every_path`].
const DEPTH: usize = 5;

/// Of [`every_path`], in bytes.
const LONGEST_KEY: usize = 200;

/// So many different bounds of texts are tried.
const BOUNDS: u16 = 16;

/// Compiled once for each bound, and for texts in pieces.
fn every_path(want: Want) -> &'static Paths<Place> {
    static PATHS: [OnceLock<Paths<Place>>; BOUNDS as usize + 1] =
        [const { OnceLock::new() }; BOUNDS as usize + 1];
    let index = match want {
        Want::Value { text } => text,
        Want::Pieces => BOUNDS,
    };
    let Some(paths) = PATHS.get(usize::from(index)) else { unreachable!("no such bound: {index}") };
    paths.get_or_init(|| {
        let places =
            (0..=DEPTH).flat_map(|depth| (0..1_u8 << depth).map(move |steps| Place { steps, depth, want }));
        let mut table: Vec<_> = places.map(|place| (place.path(), place)).collect();
        // Of longer keys the escapes are not looked at.
        table.push(("x".repeat(LONGEST_KEY), Place { steps: 0, depth: 1, want }));
        let table: Vec<_> = table.iter().map(|(path, place)| (path.as_str(), *place)).collect();
        let Ok(paths) = Paths::compile(&[&table]) else { unreachable!("all of them are paths") };
        paths
    })
}

/// A path as bits: an element of an array where one is set, any key where not; the outermost is the lowest.
#[derive(Clone, Copy)]
struct Place {
    steps: u8,
    depth: usize,
    want: Want,
}

impl Place {
    fn path(self) -> String {
        let elements = (0..self.depth).map(|step| (self.steps >> step) & 1 == 1);
        path(elements)
    }
}

impl Field for Place {
    fn want(self) -> Want {
        self.want
    }
}

/// A path from its steps: `true` for an element, `false` for any key.
fn path(elements: impl Iterator<Item = bool>) -> String {
    elements.fold(String::new(), |path, element| match (element, path.is_empty()) {
        (true, _) => path + "[]",
        (false, true) => path + "*",
        (false, false) => path + ".*",
    })
}

struct Recorder(Vec<Visit>);

impl Visitor<Place> for Recorder {
    fn visit(&mut self, place: Place, at: &Position<'_>, value: Value<'_>) {
        let arrays = place.steps.count_ones() as usize;
        let indices = (0..arrays).map(|n| at.index(n)).collect();
        let open = self.0.last_mut().and_then(|visit| match &mut visit.seen {
            Seen::Pieces(bytes, ended @ false) => Some((bytes, ended)),
            _ => None,
        });
        let seen = match (value, open) {
            (Value::Piece(piece), Some((bytes, _))) => {
                assert!(!piece.is_empty());
                return bytes.extend_from_slice(piece);
            }
            (Value::TextEnd, Some((_, ended))) => {
                *ended = true;
                return;
            }
            (value, Some(_)) => unreachable!("{value:?} comes within a text"),
            (Value::Piece(piece), None) => Seen::Pieces(piece.to_vec(), false),
            (Value::TextEnd, None) => Seen::Pieces(Vec::new(), true),
            (Value::Null, None) => Seen::Null,
            (Value::Bool(value), None) => Seen::Bool(value),
            (Value::Number(number), None) => Seen::Number(number.as_str().to_owned()),
            (Value::Text(text), None) => Seen::Text(text.bytes.to_vec(), text.whole),
            (Value::Begin(container), None) => Seen::Begin(container),
            (Value::End(container, members), None) => Seen::End(container, members),
        };
        self.0.push(Visit { path: place.path(), indices, seen });
    }
}

/// Cuts a document into pieces of 0 to 40 bytes, by a linear congruential sequence.
fn split(document: &[u8], mut seed: u64) -> Vec<&[u8]> {
    let (mut pieces, mut rest) = (Vec::new(), document);
    while !rest.is_empty() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = ((seed >> 33) % 41) as usize;
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// A document as `serde_json` reads it, with duplicate keys and in its order.
enum Tree {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<Tree>),
}

impl Tree {
    /// Writes down what a scanner with [`every_path`] must visit.
    fn visit(&self, want: Want, place: &mut Vec<Option<u32>>, visits: &mut Vec<Visit>) {
        if place.len() > DEPTH {
            return;
        }
        let visit = |seen, place: &[Option<u32>]| Visit {
            path: path(place.iter().map(Option::is_some)),
            indices: place.iter().flatten().copied().collect(),
            seen,
        };
        let (container, members) = match self {
            Self::Null => return visits.push(visit(Seen::Null, place)),
            Self::Bool(value) => return visits.push(visit(Seen::Bool(*value), place)),
            Self::Number(number) => return visits.push(visit(Seen::Number(number.clone()), place)),
            Self::Text(text) => {
                let bytes = text.as_bytes();
                let seen = match want {
                    Want::Pieces => Seen::Pieces(bytes.to_vec(), true),
                    Want::Value { text } => match bytes.get(..usize::from(text)) {
                        Some(kept) => Seen::Text(kept.to_vec(), kept.len() == bytes.len()),
                        None => Seen::Text(bytes.to_vec(), true),
                    },
                };
                return visits.push(visit(seen, place));
            }
            Self::Array(members) => (Container::Array, members),
            Self::Object(members) => (Container::Object, members),
        };
        visits.push(visit(Seen::Begin(container), place));
        for (index, member) in (0_u32..).zip(members) {
            place.push((container == Container::Array).then_some(index));
            member.visit(want, place, visits);
            place.pop();
        }
        let members = u32::try_from(members.len()).unwrap_or(u32::MAX);
        visits.push(visit(Seen::End(container, members), place));
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> serde::de::Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Number(format!("{value:e}")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Tree, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element()? {
            array.push(element);
        }
        Ok(Tree::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut object = Vec::new();
        while let Some((_, member)) = members.next_entry::<String, _>()? {
            object.push(member);
        }
        Ok(Tree::Object(object))
    }
}

/// `serde_json` reads a number with a fraction or exponent to within the last bits of an `f64`.
fn same_number(a: &str, b: &str) -> bool {
    let (Some(a), Some(b)) = (Number::parse(a.as_bytes()), Number::parse(b.as_bytes())) else { return false };
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a == b || close(a as f64, b as f64);
    }
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => close(a, b),
        _ => false,
    }
}

fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= a.abs().max(b.abs()) * 1e-14 || (a - b).abs() < 1e-300
}

/// Numbers too long to be kept are not visited.
fn has_long_number(document: &[u8]) -> bool {
    document
        .split(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
        .any(|run| run.len() > 64)
}

/// Whether the scanner may take a document that `serde_json` refuses.
fn may_pass(error: &serde_json::Error, document: &[u8], consumed: usize) -> bool {
    let taken = document.get(..consumed).unwrap_or_default();
    let depth = taken.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    let message = error.to_string();
    // Below every path only strings and the number of brackets are looked at.
    depth > DEPTH
        // What follows the value is its owner's business.
        || message.starts_with("trailing characters")
        || taken.trim_ascii_start().starts_with(b"\xEF\xBB\xBF")
        || has_long_number(taken)
        || ["NaN", "Infinity"].iter().any(|word| memchr::memmem::find(taken, word.as_bytes()).is_some())
        // Texts pass as they come.
        || message.starts_with("control character")
        || (message.starts_with("invalid escape") && taken.len() > LONGEST_KEY)
        || message.starts_with("lone leading surrogate")
        || message.starts_with("unexpected end of hex escape")
        || message.starts_with("invalid unicode code point")
        || std::str::from_utf8(taken).is_err()
        // A number is kept as written, whether or not some type can hold it.
        || message.starts_with("number out of range")
}
