//! The wanted paths, compiled into a trie.
//!
//! In: tables of paths and fields. Out: [`Paths`], in which the scanner goes from node to node, a key or an
//! array at a time. Built once and shared; never larger than the tables ask for.
//!
//! A path is written as in `choices[].delta.tool_calls[].id`: keys separated by dots, `[]` for each element of
//! an array, `*` for any key, nothing for the document itself. `[].x` begins in an array; arrays may nest
//! (`input[][]`).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use super::{Container, Field};

/// The deepest path: so many keys and `[]`.
pub(super) const MAX_PATH: usize = 16;

/// A set of wanted paths.
#[derive(Clone, Debug)]
pub struct Paths<F> {
    /// `nodes[0]` is [`NodeId::NOWHERE`], `nodes[1]` is [`NodeId::DOCUMENT`].
    nodes: Box<[Node<F>]>,
    /// The keys below all nodes, each node's in one run and there the shorter ones first.
    keys: Box<[Key]>,
    /// What of each key goes beyond its head.
    tails: Box<[u8]>,
    /// Length of the longest key, in bytes.
    longest_key: usize,
}

/// A place in a document.
#[derive(Clone, Debug)]
pub(super) struct Node<F> {
    /// What stands here means this.
    pub(super) field: Option<F>,
    /// The elements, where this is an array.
    pub(super) elements: NodeId,
    /// Members of a key that has no node of its own, where this is an object.
    any_key: NodeId,
    /// Whether anything is wanted of an object here, and of an array.
    wants: [bool; 2],
    /// Bit `n`: there are keys of `n` bytes; of [`LENGTHS`] and more, the last one.
    lengths: u32,
    /// Where in `Paths::keys` those of 0, 1, 2 … bytes begin; the last but one begins all longer ones, and
    /// the last is their end.
    keys: [u16; LENGTHS + 1],
}

/// Keys of different lengths are looked up apart up to this length.
const LENGTHS: usize = 24;

/// Index of a [`Node`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(u16);

/// One key below a node. Up to 16 bytes compare as two words, without a call of `memcmp`.
#[derive(Clone, Copy, Debug)]
struct Key {
    /// The first eight bytes, or as many as there are.
    head: u64,
    /// The last eight bytes; 0 where there are no more than that.
    last: u64,
    length: u32,
    /// The start of the bytes after the eighth in `Paths::tails`.
    tail: u32,
    node: NodeId,
}

impl<F: Field> Paths<F> {
    /// Merges tables of paths and their fields; a later entry for the same path replaces an earlier one. Of
    /// several paths that lead to one place, the one that names a key where the other has `*` is meant, from
    /// the document inwards.
    ///
    /// # Errors
    ///
    /// Where a path is not written as described at [`Paths`], is too deep, or the tables are too large.
    pub fn compile(tables: &[&[(&str, F)]]) -> Result<Self, PathError> {
        let mut document = Draft::default();
        for (path, field) in tables.iter().copied().flatten() {
            let error = |kind| PathError { path: (*path).to_owned(), kind };
            document.insert(path, *field).map_err(error)?;
        }
        document.spread_any_key();
        let mut compiler =
            Compiler { nodes: vec![Node::default()], keys: Vec::new(), tails: Vec::new(), longest: 0 };
        compiler
            .add(&document)
            .ok_or_else(|| PathError { path: String::new(), kind: PathErrorKind::TooMany })?;
        Ok(Self {
            nodes: compiler.nodes.into(),
            keys: compiler.keys.into(),
            tails: compiler.tails.into(),
            longest_key: compiler.longest,
        })
    }

    /// No node where `id` is from other paths.
    #[inline]
    pub(super) fn node(&self, id: NodeId) -> Option<&Node<F>> {
        self.nodes.get(usize::from(id.0))
    }

    /// The member of a key, in an object at `id`; `input` begins with the key, which has `length` bytes.
    #[inline(always)]
    pub(super) fn member(&self, id: NodeId, input: &[u8], length: usize) -> NodeId {
        let Some(node) = self.node(id) else { return NodeId::NOWHERE };
        if !node.has_keys_of(length) {
            return node.any_key;
        }
        let head = head(input, length);
        for key in self.keys.get(node.keys_of(length)).unwrap_or_default() {
            if key.head == head && (length <= 8 || self.is_long(key, input, length)) {
                return key.node;
            }
        }
        node.any_key
    }

    /// Whether the key is what `input` begins with, as far as its head says nothing of it.
    #[inline(never)]
    fn is_long(&self, key: &Key, input: &[u8], length: usize) -> bool {
        key.length as usize == length
            && key.last == last(input, length)
            && (length <= 16 || self.tail_is(key, input))
    }

    pub(super) fn longest_key(&self) -> usize {
        self.longest_key
    }

    fn tail_is(&self, key: &Key, input: &[u8]) -> bool {
        let (start, length) = (key.tail as usize, key.length as usize);
        let tail = self.tails.get(start..start.wrapping_add(length.wrapping_sub(8)));
        tail.is_some() && tail == input.get(8..length)
    }
}

impl<F> Node<F> {
    /// Whether anything is wanted of such a container here.
    #[inline]
    pub(super) fn wants(&self, container: Container) -> bool {
        let [object, array] = self.wants;
        if container == Container::Object { object } else { array }
    }

    /// Whether there are keys of this length.
    #[inline]
    fn has_keys_of(&self, length: usize) -> bool {
        let at = length.min(LENGTHS.wrapping_sub(1)) as u32;
        self.lengths.unbounded_shr(at) & 1 != 0
    }

    /// Where in `Paths::keys` those of this length stand.
    #[inline]
    fn keys_of(&self, length: usize) -> Range<usize> {
        let at = length.min(LENGTHS.wrapping_sub(1));
        match self.keys.get(at..).and_then(|keys| keys.first_chunk()) {
            Some([from, to]) => usize::from(*from)..usize::from(*to),
            None => 0..0,
        }
    }
}

impl<F> Default for Node<F> {
    fn default() -> Self {
        let nowhere = NodeId::NOWHERE;
        let (wants, lengths, keys) = ([false; 2], 0, [0; LENGTHS + 1]);
        Self { field: None, elements: nowhere, any_key: nowhere, wants, lengths, keys }
    }
}

impl NodeId {
    /// Nothing is wanted here or below.
    pub(super) const NOWHERE: Self = Self(0);
    /// The document itself.
    pub(super) const DOCUMENT: Self = Self(1);
}

/// The first `length` bytes of `input`, at most eight, as a word.
#[inline(always)]
fn head(input: &[u8], length: usize) -> u64 {
    let word = match input.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => short_word(input),
    };
    if length >= 8 { word } else { word.unbounded_shl(64_u32.wrapping_sub((length as u32).wrapping_mul(8))) }
}

/// Fewer than eight bytes, as a word.
#[cold]
fn short_word(input: &[u8]) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(input) {
        *to = *from;
    }
    u64::from_le_bytes(word)
}

/// The last eight of the first `length` bytes of `input`, as a word; 0 where there are no more than that.
#[inline]
fn last(input: &[u8], length: usize) -> u64 {
    let word = input.get(..length).and_then(|key| key.last_chunk::<8>());
    word.filter(|_| length > 8).map_or(0, |word| u64::from_le_bytes(*word))
}

/// A path that cannot be wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError {
    /// The path as it was written; empty for [`PathErrorKind::TooMany`].
    pub path: String,
    /// What is wrong with it.
    pub kind: PathErrorKind,
}

/// What can be wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathErrorKind {
    /// A dot without a key on each side.
    EmptyKey,
    /// A bracket that is not part of `[]` at the end of a segment.
    Bracket,
    /// More than 16 keys and `[]`.
    TooDeep,
    /// More than 65535 different places in all.
    TooMany,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match self.kind {
            PathErrorKind::EmptyKey => {
                write!(f, "path `{path}`: a key is empty; write it as in `usage.prompt_tokens`")
            }
            PathErrorKind::Bracket => {
                write!(f, "path `{path}`: `[]` belongs behind a key, as in `choices[].delta`")
            }
            PathErrorKind::TooDeep => write!(f, "path `{path}`: more than {MAX_PATH} keys and `[]`"),
            PathErrorKind::TooMany => write!(f, "the paths name more than {} places", u16::MAX),
        }
    }
}

impl std::error::Error for PathError {}

/// The trie while it is built.
#[derive(Clone)]
struct Draft<F> {
    field: Option<F>,
    keys: BTreeMap<String, Draft<F>>,
    any_key: Option<Box<Draft<F>>>,
    elements: Option<Box<Draft<F>>>,
}

impl<F> Default for Draft<F> {
    fn default() -> Self {
        Self { field: None, keys: BTreeMap::new(), any_key: None, elements: None }
    }
}

impl<F: Field> Draft<F> {
    fn insert(&mut self, path: &str, field: F) -> Result<(), PathErrorKind> {
        let mut node = self;
        let mut depth = 0_usize;
        let mut deeper = || {
            depth = depth.saturating_add(1);
            if depth > MAX_PATH { Err(PathErrorKind::TooDeep) } else { Ok(()) }
        };
        let segments = path.split('.').take(if path.is_empty() { 0 } else { usize::MAX });
        for (position, segment) in segments.enumerate() {
            let key = segment.trim_end_matches("[]");
            if key.contains(['[', ']']) {
                return Err(PathErrorKind::Bracket);
            }
            match key {
                // Only the document itself has no key: `[].x`.
                "" if position > 0 || segment.is_empty() => return Err(PathErrorKind::EmptyKey),
                "" => {}
                "*" => {
                    deeper()?;
                    node = node.any_key.get_or_insert_default();
                }
                key => {
                    deeper()?;
                    node = node.keys.entry(key.to_owned()).or_default();
                }
            }
            for _ in 0..segment.len().saturating_sub(key.len()) / 2 {
                deeper()?;
                node = node.elements.get_or_insert_default();
            }
        }
        node.field = Some(field);
        Ok(())
    }

    /// Lets each key beside a `*` have what the `*` has, so that the scanner need follow one node only.
    fn spread_any_key(&mut self) {
        let Self { keys, any_key, elements, .. } = self;
        for below in keys.values_mut() {
            below.spread_any_key();
        }
        for below in [&mut *any_key, elements].into_iter().flatten() {
            below.spread_any_key();
        }
        if let Some(any_key) = any_key {
            for below in keys.values_mut() {
                below.absorb(any_key);
            }
        }
    }

    /// Takes what `other` has and this has not. Both are spread, and so is what comes out.
    fn absorb(&mut self, other: &Self) {
        self.field = self.field.or(other.field);
        for (key, below) in &mut self.keys {
            if let Some(other) = other.keys.get(key).or(other.any_key.as_deref()) {
                below.absorb(other);
            }
        }
        for (key, other) in &other.keys {
            let any_key = self.any_key.as_deref();
            let below = || any_key.cloned().unwrap_or_default();
            if !self.keys.contains_key(key) {
                self.keys.entry(key.clone()).or_insert_with(below).absorb(other);
            }
        }
        let pairs = [(&mut self.any_key, &other.any_key), (&mut self.elements, &other.elements)];
        for (own, other) in pairs {
            if let Some(other) = other {
                own.get_or_insert_default().absorb(other);
            }
        }
    }
}

struct Compiler<F> {
    nodes: Vec<Node<F>>,
    keys: Vec<Key>,
    tails: Vec<u8>,
    longest: usize,
}

impl<F: Field> Compiler<F> {
    /// Adds a node and all below it; `None` where there are too many.
    fn add(&mut self, draft: &Draft<F>) -> Option<NodeId> {
        let id = NodeId(u16::try_from(self.nodes.len()).ok()?);
        self.nodes.push(Node { field: draft.field, ..Node::default() });

        // The shorter keys first. There are few: a sort would be more code than it is worth.
        let mut members: Vec<(&String, &Draft<F>)> = Vec::with_capacity(draft.keys.len());
        for member in &draft.keys {
            let at = members.partition_point(|(key, _)| key.len() <= member.0.len());
            members.insert(at, member);
        }
        let first = self.keys.len();
        let begin = |bytes: usize| {
            let shorter = members.iter().take_while(|(key, _)| key.len() < bytes).count();
            u16::try_from(first.saturating_add(shorter)).ok()
        };
        let mut keys = [0; LENGTHS + 1];
        for (bytes, at) in keys.iter_mut().enumerate() {
            *at = begin(if bytes == LENGTHS { usize::MAX } else { bytes })?;
        }
        for (key, _) in &members {
            self.longest = self.longest.max(key.len());
            self.keys.push(Key {
                head: head(key.as_bytes(), key.len()),
                last: last(key.as_bytes(), key.len()),
                length: u32::try_from(key.len()).ok()?,
                tail: u32::try_from(self.tails.len()).ok()?,
                node: NodeId::NOWHERE,
            });
            self.tails.extend(key.bytes().skip(8));
        }
        for (at, (_, member)) in (first..).zip(members) {
            let below = self.add(member)?;
            if let Some(key) = self.keys.get_mut(at) {
                key.node = below;
            }
        }
        let any_key = self.add_if(draft.any_key.as_deref())?;
        let elements = self.add_if(draft.elements.as_deref())?;

        let node = self.nodes.get_mut(usize::from(id.0))?;
        (node.any_key, node.elements, node.keys) = (any_key, elements, keys);
        for (length, ends) in keys.windows(2).enumerate() {
            node.lengths |= u32::from(ends.first() != ends.last()).unbounded_shl(length as u32);
        }
        let wanted = node.field.is_some();
        let members = node.lengths != 0 || any_key != NodeId::NOWHERE;
        node.wants = [wanted || members, wanted || elements != NodeId::NOWHERE];
        Some(id)
    }

    fn add_if(&mut self, draft: Option<&Draft<F>>) -> Option<NodeId> {
        draft.map_or(Some(NodeId::NOWHERE), |draft| self.add(draft))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Want;
    use super::*;

    impl Field for u8 {
        fn want(self) -> Want {
            Want::Value { text: 0 }
        }
    }

    /// The field at a place, given as keys and `[]`.
    fn field(paths: &Paths<u8>, place: &[&str]) -> Option<u8> {
        let mut id = NodeId::DOCUMENT;
        for step in place {
            let node = paths.node(id).unwrap();
            id = match *step {
                "[]" => node.elements,
                // The key may be followed by more input, or by nothing.
                key => {
                    let input = format!("{key}\":12345678");
                    let member = paths.member(id, input.as_bytes(), key.len());
                    assert_eq!(paths.member(id, key.as_bytes(), key.len()), member);
                    member
                }
            };
        }
        paths.node(id).unwrap().field
    }

    #[test]
    fn every_form_of_a_path() {
        let table: &[(&str, u8)] = &[
            ("", 1),
            ("stop", 2),
            ("stop[]", 3),
            ("usage.prompt_tokens", 4),
            ("choices[].delta.tool_calls[].id", 5),
            ("[].x", 6),
            ("input[][]", 7),
            ("parameters.*.kind", 8),
        ];
        let paths = Paths::compile(&[table]).unwrap();
        assert_eq!(field(&paths, &[]), Some(1));
        assert_eq!(field(&paths, &["stop"]), Some(2));
        assert_eq!(field(&paths, &["stop", "[]"]), Some(3));
        assert_eq!(field(&paths, &["usage", "prompt_tokens"]), Some(4));
        assert_eq!(field(&paths, &["choices", "[]", "delta", "tool_calls", "[]", "id"]), Some(5));
        assert_eq!(field(&paths, &["[]", "x"]), Some(6));
        assert_eq!(field(&paths, &["input", "[]", "[]"]), Some(7));
        assert_eq!(field(&paths, &["parameters", "anything at all", "kind"]), Some(8));
        assert_eq!(field(&paths, &["usage"]), None);
        assert_eq!(field(&paths, &["input", "[]"]), None);
    }

    #[test]
    fn keys_that_resemble_each_other() {
        let long = "k".repeat(100);
        let table: &[(&str, u8)] = &[
            ("prompt_tokens", 1),
            ("prompt_tokenz", 2),
            ("prompt_t", 3),
            ("prompt", 4),
            (&long, 5),
            ("käse", 6),
        ];
        let paths = Paths::compile(&[table]).unwrap();
        assert_eq!(field(&paths, &["prompt_tokens"]), Some(1));
        assert_eq!(field(&paths, &["prompt_tokenz"]), Some(2));
        assert_eq!(field(&paths, &["prompt_t"]), Some(3));
        assert_eq!(field(&paths, &["prompt"]), Some(4));
        assert_eq!(field(&paths, &[&long]), Some(5));
        assert_eq!(field(&paths, &["käse"]), Some(6));
        for other in ["", "prompt_token", "prompt_tokens_", "Prompt", "p", &"k".repeat(99), &"k".repeat(101)]
        {
            assert_eq!(field(&paths, &[other]), None, "{other}");
        }
    }

    #[test]
    fn a_later_entry_replaces_an_earlier() {
        let paths = Paths::compile(&[&[("id", 1), ("model", 2)], &[("id", 3)]]).unwrap();
        assert_eq!(field(&paths, &["id"]), Some(3));
        assert_eq!(field(&paths, &["model"]), Some(2));
    }

    #[test]
    fn a_named_key_goes_before_any_key() {
        let table: &[(&str, u8)] = &[("*", 1), ("a", 2), ("*.b", 3), ("a.*", 4), ("*.c[]", 5), ("a.c.d", 6)];
        let paths = Paths::compile(&[table]).unwrap();
        assert_eq!(field(&paths, &["a"]), Some(2));
        assert_eq!(field(&paths, &["x"]), Some(1));
        assert_eq!(field(&paths, &["x", "b"]), Some(3));
        assert_eq!(field(&paths, &["x", "y"]), None);
        assert_eq!(field(&paths, &["a", "b"]), Some(4));
        assert_eq!(field(&paths, &["a", "x"]), Some(4));
        assert_eq!(field(&paths, &["a", "c"]), Some(4));
        assert_eq!(field(&paths, &["a", "c", "[]"]), Some(5));
        assert_eq!(field(&paths, &["a", "c", "d"]), Some(6));
    }

    #[test]
    fn what_is_no_path() {
        let kind = |path: &str| Paths::compile(&[&[(path, 1)]]).map(|_| ()).map_err(|error| error.kind);
        for path in [".", "a.", ".a", "a..b", "[].[]"] {
            assert_eq!(kind(path), Err(PathErrorKind::EmptyKey), "{path}");
        }
        for path in ["a[0]", "a[", "a]", "a[]b", "[]a", "a[][", "a[]]"] {
            assert_eq!(kind(path), Err(PathErrorKind::Bracket), "{path}");
        }
        assert_eq!(kind(&"[]".repeat(16)), Ok(()));
        assert_eq!(kind(&"[]".repeat(17)), Err(PathErrorKind::TooDeep));
    }

    #[test]
    fn errors_name_the_path() {
        let error = Paths::compile(&[&[("usage..x", 1)]]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "path `usage..x`: a key is empty; write it as in `usage.prompt_tokens`"
        );
    }
}
