//! A writer of protobuf's wire format, and a reader of a message's fields.
//!
//! Writes into a growing `Vec`, fields in the order of the calls. Lengths of nested messages are filled in
//! afterwards, always in their shortest form.

use crate::signal::AttributeSink;

/// Appends fields to a message.
#[derive(Debug)]
pub struct Writer<'b> {
    out: &'b mut Vec<u8>,
}

impl<'b> Writer<'b> {
    /// Appends to `out`.
    pub fn new(out: &'b mut Vec<u8>) -> Self {
        Self { out }
    }

    /// A `string` or `bytes` field.
    pub fn bytes(&mut self, field: u32, value: &[u8]) {
        self.length_delimited(field, value.len());
        self.out.extend_from_slice(value);
    }

    /// A `uint64`, `int64` (as two's complement), `bool` or enum field.
    pub fn varint(&mut self, field: u32, value: u64) {
        self.tag(field, VARINT);
        self.raw_varint(value);
    }

    /// A `fixed64` or `double` (as bits) field.
    pub fn fixed64(&mut self, field: u32, value: u64) {
        self.tag(field, FIXED64);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// A `fixed32` field.
    pub fn fixed32(&mut self, field: u32, value: u32) {
        self.tag(field, FIXED32);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// A nested message of unknown length: what `fill` writes.
    #[inline]
    pub fn message(&mut self, field: u32, fill: impl FnOnce(&mut Writer<'_>)) {
        let start = self.begin(field);
        fill(self);
        self.end(start);
    }

    /// Begins a nested message; gives where its content does. One byte is left for its length, which is
    /// enough for nearly all; longer ones make room afterwards.
    #[inline(never)]
    fn begin(&mut self, field: u32) -> usize {
        self.length_delimited(field, 0);
        self.out.len()
    }

    /// The nested message whose content begins at `start` is complete.
    #[inline(never)]
    fn end(&mut self, start: usize) {
        let end = self.out.len();
        let mut length = end.saturating_sub(start) as u64;
        let grow = varint_length(length).saturating_sub(1);
        if grow > 0 {
            self.out.resize(end.saturating_add(grow), 0);
            self.out.copy_within(start..end, start.saturating_add(grow));
        }
        let place = start.saturating_sub(1)..start.saturating_add(grow);
        for byte in self.out.get_mut(place).into_iter().flatten() {
            *byte = length as u8 | CONTINUED;
            length >>= 7;
        }
        if let Some(last) = start.saturating_add(grow).checked_sub(1).and_then(|at| self.out.get_mut(at)) {
            *last &= !CONTINUED;
        }
    }

    /// The head of a nested message (or of bytes) of known length; its content must follow.
    #[inline]
    pub fn length_delimited(&mut self, field: u32, length: usize) {
        match (u8::try_from(field << 3 | LENGTH_DELIMITED), u8::try_from(length)) {
            (Ok(tag @ ..CONTINUED), Ok(length @ ..CONTINUED)) => self.out.extend_from_slice(&[tag, length]),
            _ => {
                self.tag(field, LENGTH_DELIMITED);
                self.raw_varint(length as u64);
            }
        }
    }

    /// Content of a field whose head was written by [`Self::length_delimited`].
    pub fn raw(&mut self, content: &[u8]) {
        self.out.extend_from_slice(content);
    }

    fn tag(&mut self, field: u32, wire_type: u32) {
        self.raw_varint(u64::from(field << 3 | wire_type));
    }

    #[inline]
    fn raw_varint(&mut self, value: u64) {
        match u8::try_from(value) {
            Ok(byte @ ..CONTINUED) => self.out.push(byte),
            _ => self.long_varint(value),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self, mut value: u64) {
        while value >= u64::from(CONTINUED) {
            self.out.push(value as u8 | CONTINUED);
            value >>= 7;
        }
        self.out.push(value as u8);
    }
}

/// The tag of a field that has a length, in one byte.
const fn tag_byte(field: u32) -> u8 {
    (field << 3 | LENGTH_DELIMITED) as u8
}

/// Bytes that a varint takes: one for each seven bits, and one for 0.
#[must_use]
pub fn varint_length(value: u64) -> usize {
    (70_u32.saturating_sub((value | 1).leading_zeros()) / 7) as usize
}

/// Writes attributes as `KeyValue` messages in one field of a message.
#[derive(Debug)]
pub struct Attributes<'w, 'b> {
    writer: &'w mut Writer<'b>,
    field: u32,
    bounds: Bounds,
    cut: u32,
}

/// How much of its values an attribute shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a text.
    pub text: usize,
    /// Entries of a list.
    pub entries: usize,
}

impl Bounds {
    /// All of them.
    pub const NONE: Self = Self { text: usize::MAX, entries: usize::MAX };

    /// The text's beginning, in whole characters.
    #[must_use]
    pub fn clip(self, text: &str) -> &str {
        text.get(..text.floor_char_boundary(self.text)).unwrap_or(text)
    }
}

impl<'w, 'b> Attributes<'w, 'b> {
    /// Writes them as `field` of `writer`'s message.
    pub fn new(writer: &'w mut Writer<'b>, field: u32) -> Self {
        Self::bounded(writer, field, Bounds::NONE)
    }

    /// The same, with no more of the values than that.
    pub fn bounded(writer: &'w mut Writer<'b>, field: u32, bounds: Bounds) -> Self {
        Self { writer, field, bounds, cut: 0 }
    }

    /// How many values were cut, and how many entries of lists left out.
    #[must_use]
    pub fn cut(&self) -> u32 {
        self.cut
    }

    #[cold]
    #[inline(never)]
    fn clip<'v>(&mut self, value: &'v str) -> &'v str {
        self.cut = self.cut.saturating_add(1);
        self.bounds.clip(value)
    }

    /// All of a `KeyValue` but its `AnyValue`, which takes `length` bytes and begins with these; the rest of it is to follow.
    /// What nearly all attributes need is one look at their lengths and a few copies.
    #[inline]
    fn key_value<const N: usize>(&mut self, key: &str, length: usize, begin: [u8; N]) {
        let whole = key.len().saturating_add(length).saturating_add(4);
        if whole >= usize::from(CONTINUED) || self.field > MAX_SHORT_FIELD {
            self.long_key_value(key, length);
            return self.writer.raw(&begin);
        }
        let out = &mut *self.writer.out;
        out.reserve(whole.saturating_add(2));
        out.extend_from_slice(&[tag_byte(self.field), whole as u8, tag_byte(KEY), key.len() as u8]);
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(&[tag_byte(VALUE), length as u8]);
        out.extend_from_slice(&begin);
    }

    #[cold]
    #[inline(never)]
    fn long_key_value(&mut self, key: &str, length: usize) {
        let heads = [key.len(), length].map(|n| varint_length(n as u64).saturating_add(1));
        let whole = heads.into_iter().fold(key.len().saturating_add(length), usize::saturating_add);
        self.writer.out.reserve(whole.saturating_add(MAX_VARINT).saturating_add(MAX_VARINT));
        self.writer.length_delimited(self.field, whole);
        self.writer.bytes(KEY, key.as_bytes());
        self.writer.length_delimited(VALUE, length);
    }
}

// A convention is a long list of attributes: each is to be a call there, not a copy of these.
impl AttributeSink for Attributes<'_, '_> {
    #[inline(never)]
    fn text(&mut self, key: &str, value: &str) {
        let value = if value.len() > self.bounds.text { self.clip(value) } else { value };
        if value.len() < usize::from(CONTINUED) {
            self.key_value(key, value.len().saturating_add(2), [tag_byte(STRING), value.len() as u8]);
            return self.writer.raw(value.as_bytes());
        }
        let length = varint_length(value.len() as u64).saturating_add(1).saturating_add(value.len());
        self.key_value(key, length, []);
        self.writer.bytes(STRING, value.as_bytes());
    }

    #[inline(never)]
    fn content(&mut self, key: &str, value: &str) {
        let bounds = std::mem::replace(&mut self.bounds, Bounds::NONE);
        self.text(key, value);
        self.bounds = bounds;
    }

    #[inline(never)]
    fn int(&mut self, key: &str, value: i64) {
        let value = value as u64;
        self.key_value(key, varint_length(value).saturating_add(1), [(INT << 3 | VARINT) as u8]);
        self.writer.raw_varint(value);
    }

    #[inline(never)]
    fn double(&mut self, key: &str, value: f64) {
        self.key_value(key, 9, [(DOUBLE << 3 | FIXED64) as u8]);
        self.writer.raw(&value.to_bits().to_le_bytes());
    }

    fn flag(&mut self, key: &str, value: bool) {
        self.key_value(key, 2, [(BOOL << 3 | VARINT) as u8, u8::from(value)]);
    }

    fn texts(&mut self, key: &str, values: &mut dyn Iterator<Item = &str>) {
        let (Bounds { text, entries }, mut cut, mut written) = (self.bounds, 0_u32, 0_usize);
        self.writer.message(self.field, |w| {
            w.bytes(KEY, key.as_bytes());
            w.message(VALUE, |w| {
                w.message(ARRAY, |w| {
                    for value in values {
                        if written >= entries {
                            cut = cut.saturating_add(1);
                            continue;
                        }
                        written = written.saturating_add(1);
                        cut = cut.saturating_add(u32::from(value.len() > text));
                        let value = if value.len() > text { self.bounds.clip(value) } else { value };
                        w.message(1, |w| w.bytes(STRING, value.as_bytes()));
                    }
                });
            });
        });
        self.cut = self.cut.saturating_add(cut);
    }
}

/// A field of a message, as far as the wire tells what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A varint.
    Varint(u64),
    /// A string, bytes, a nested message or a packed field.
    Bytes(&'a [u8]),
    /// Eight bytes.
    Fixed64(u64),
    /// Four bytes.
    Fixed32(u32),
}

/// Reads the next field of a message: its number, its value and what follows. `None` at the end and where the
/// bytes are no protobuf.
#[must_use]
pub fn read_field(message: &[u8]) -> Option<(u64, Value<'_>, &[u8])> {
    let (tag, rest) = read_varint(message)?;
    let (value, rest) = match tag & 7 {
        0 => read_varint(rest).map(|(v, rest)| (Value::Varint(v), rest))?,
        1 => rest.split_first_chunk().map(|(v, rest)| (Value::Fixed64(u64::from_le_bytes(*v)), rest))?,
        2 => {
            let (length, rest) = read_varint(rest)?;
            let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (Value::Bytes(bytes), rest)
        }
        5 => rest.split_first_chunk().map(|(v, rest)| (Value::Fixed32(u32::from_le_bytes(*v)), rest))?,
        _ => return None,
    };
    Some((tag >> 3, value, rest))
}

/// The first field of that number, and what follows it.
#[must_use]
pub fn field(mut message: &[u8], wanted: u64) -> Option<(Value<'_>, &[u8])> {
    while let Some((number, value, rest)) = read_field(message) {
        if number == wanted {
            return Some((value, rest));
        }
        message = rest;
    }
    None
}

fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(MAX_VARINT) {
        let shift = u32::try_from(index).ok()?.checked_mul(7)?;
        value |= u64::from(byte & !CONTINUED).checked_shl(shift)?;
        if *byte < CONTINUED {
            return Some((value, bytes.get(index.checked_add(1)?..)?));
        }
    }
    None
}

/// The bit that says that a varint goes on.
const CONTINUED: u8 = 0x80;
/// A varint of 64 bits takes ten bytes at most.
const MAX_VARINT: usize = 10;
/// The greatest field whose tag is one byte.
const MAX_SHORT_FIELD: u32 = 15;
const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH_DELIMITED: u32 = 2;
const FIXED32: u32 = 5;
/// Fields of `KeyValue`.
const KEY: u32 = 1;
const VALUE: u32 = 2;
/// Fields of `AnyValue`.
const STRING: u32 = 1;
const BOOL: u32 = 2;
const INT: u32 = 3;
const DOUBLE: u32 = 4;
const ARRAY: u32 = 5;

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
    use opentelemetry_proto::tonic::common::v1::{KeyValue, KeyValueList};
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    /// What a decoder makes of the attributes that `fill` writes; `KeyValueList` holds them in field 1.
    fn decoded(fill: impl FnOnce(&mut Attributes<'_, '_>)) -> Vec<KeyValue> {
        let mut bytes = Vec::new();
        fill(&mut Attributes::new(&mut Writer::new(&mut bytes), 1));
        let list = KeyValueList::decode(bytes.as_slice()).unwrap();
        assert_eq!(list.encode_to_vec(), bytes, "not the shortest form");
        list.values
    }

    fn only_value(fill: impl FnOnce(&mut Attributes<'_, '_>)) -> Any {
        let mut values = decoded(fill);
        assert_eq!(values.len(), 1);
        let attribute = values.remove(0);
        assert_eq!(attribute.key, "k");
        attribute.value.unwrap().value.unwrap()
    }

    proptest! {
        #[test]
        fn attributes_are_read_back(text in ".{0,300}", int: i64, double: f64, flag: bool, list in prop::collection::vec(".{0,200}", 0..5)) {
            prop_assert_eq!(only_value(|a| a.text("k", &text)), Any::StringValue(text));
            prop_assert_eq!(only_value(|a| a.int("k", int)), Any::IntValue(int));
            prop_assert_eq!(only_value(|a| a.flag("k", flag)), Any::BoolValue(flag));
            match only_value(|a| a.double("k", double)) {
                Any::DoubleValue(read) => prop_assert_eq!(read.to_bits(), double.to_bits()),
                other => prop_assert!(false, "{:?}", other),
            }
            match only_value(|a| a.texts("k", &mut list.iter().map(String::as_str))) {
                Any::ArrayValue(read) => {
                    let read: Vec<_> = read.values.into_iter().map(|v| v.value.unwrap()).collect();
                    prop_assert_eq!(read, list.into_iter().map(Any::StringValue).collect::<Vec<_>>());
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }

        #[test]
        fn keys_of_any_length_are_read_back(key in "[a-z.]{1,200}", value in ".{0,20}") {
            let read = decoded(|a| { a.text(&key, &value); a.int(&key, 7) });
            prop_assert_eq!(read.iter().map(|a| &a.key).collect::<Vec<_>>(), [&key, &key]);
        }

        #[test]
        fn the_reader_takes_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut rest = bytes.as_slice();
            while let Some((_, _, left)) = read_field(rest) {
                prop_assert!(left.len() < rest.len());
                rest = left;
            }
        }
    }

    #[test]
    fn shows_no_more_of_values_than_its_bounds() {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        let mut attributes = Attributes::bounded(&mut writer, 1, Bounds { text: 4, entries: 2 });
        attributes.text("whole", "four");
        attributes.text("cut", "m\u{f6}\u{f6}del");
        attributes.texts("list", &mut ["a", "longer", "third", "fourth"].into_iter());
        assert_eq!(attributes.cut(), 4, "a text, an entry, and two entries left out");
        let list = KeyValueList::decode(bytes.as_slice()).unwrap();
        assert_eq!(list.encode_to_vec(), bytes);
        let shown: Vec<_> = list.values.into_iter().map(|a| a.value.unwrap().value.unwrap()).collect();
        let text = |text: &str| Any::StringValue(text.to_owned());
        assert_eq!(shown[..2], [text("four"), text("m\u{f6}")], "no character is parted");
        let Any::ArrayValue(list) = &shown[2] else { panic!("{shown:?}") };
        let list: Vec<_> = list.values.iter().map(|v| v.value.clone().unwrap()).collect();
        assert_eq!(list, [text("a"), text("long")]);
    }

    #[test]
    fn nested_messages_get_room_for_their_length() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
            let content = vec![b'x'; length];
            let mut bytes = Vec::new();
            let mut writer = Writer::new(&mut bytes);
            writer.message(2, |w| w.bytes(1, &content));
            writer.fixed32(3, 9);
            let (field, value, rest) = read_field(&bytes).unwrap();
            assert_eq!(field, 2);
            let Value::Bytes(inner) = value else { panic!("{value:?}") };
            assert_eq!(read_field(inner), Some((1, Value::Bytes(content.as_slice()), [].as_slice())));
            assert_eq!(read_field(rest), Some((3, Value::Fixed32(9), [].as_slice())));
        }
    }

    #[test]
    fn reads_varints_to_their_bound() {
        let mut bytes = Vec::new();
        Writer::new(&mut bytes).varint(1, u64::MAX);
        assert_eq!(read_field(&bytes), Some((1, Value::Varint(u64::MAX), [].as_slice())));
        assert_eq!(read_field(&[8, 0x80]), None, "cut");
        assert_eq!(read_field(&[8, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]), None);
        assert_eq!(read_field(&[10, 5, 1]), None, "longer than the message");
    }
}
