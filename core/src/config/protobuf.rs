//! A configuration as the bytes of a `google.protobuf.Struct`: what Envoy makes of an object in YAML.

use super::value::{MAX_DEPTH, MAX_VALUES, Value};
use crate::otlp::proto::{self, read_field};

/// The object; `None` where the bytes are no `Struct`, and where they are an empty one.
pub(super) fn read(bytes: &[u8]) -> Option<Value<'_>> {
    if bytes.is_empty() {
        return None;
    }
    object(bytes, MAX_DEPTH, &mut { MAX_VALUES })
}

fn object<'a>(mut message: &'a [u8], depth: usize, values: &mut usize) -> Option<Value<'a>> {
    let depth = depth.checked_sub(1)?;
    let mut members = Vec::new();
    while !message.is_empty() {
        let (FIELDS, proto::Value::Bytes(mut entry), rest) = read_field(message)? else { return None };
        message = rest;
        let (mut key, mut content) = (None, None);
        while !entry.is_empty() {
            let (number, proto::Value::Bytes(bytes), rest) = read_field(entry)? else { return None };
            entry = rest;
            match number {
                ENTRY_KEY => key = Some(std::str::from_utf8(bytes).ok()?),
                ENTRY_VALUE => content = Some(value(bytes, depth, values)?),
                _ => return None,
            }
        }
        // An entry without a key is that of the empty one. One without a value would not tell it from a text.
        members.push((key.unwrap_or_default().into(), content?));
    }
    Some(Value::Object(members))
}

fn list<'a>(mut message: &'a [u8], depth: usize, values: &mut usize) -> Option<Value<'a>> {
    let depth = depth.checked_sub(1)?;
    let mut items = Vec::new();
    while !message.is_empty() {
        let (FIELDS, proto::Value::Bytes(item), rest) = read_field(message)? else { return None };
        message = rest;
        items.push(value(item, depth, values)?);
    }
    Some(Value::List(items))
}

fn value<'a>(message: &'a [u8], depth: usize, values: &mut usize) -> Option<Value<'a>> {
    *values = values.checked_sub(1)?;
    if message.is_empty() {
        return Some(Value::Null);
    }
    let (number, content, rest) = read_field(message)?;
    if !rest.is_empty() {
        return None;
    }
    match (number, content) {
        (NULL, proto::Value::Varint(_)) => Some(Value::Null),
        (NUMBER, proto::Value::Fixed64(bits)) => {
            Some(f64::from_bits(bits)).filter(|number| number.is_finite()).map(Value::Number)
        }
        (TEXT, proto::Value::Bytes(bytes)) => Some(Value::Text(std::str::from_utf8(bytes).ok()?.into())),
        (BOOL, proto::Value::Varint(flag)) => Some(Value::Bool(flag != 0)),
        (STRUCT, proto::Value::Bytes(bytes)) => object(bytes, depth, values),
        (LIST, proto::Value::Bytes(bytes)) => list(bytes, depth, values),
        _ => None,
    }
}

/// `Struct.fields` and `ListValue.values`.
const FIELDS: u64 = 1;
/// Of an entry of a map.
const ENTRY_KEY: u64 = 1;
const ENTRY_VALUE: u64 = 2;
/// Of `Value`.
const NULL: u64 = 1;
const NUMBER: u64 = 2;
const TEXT: u64 = 3;
const BOOL: u64 = 4;
const STRUCT: u64 = 5;
const LIST: u64 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        // fields { key: "a" value { list_value { number 1.5, bool true, null, string "x", struct {}, list {} } } }
        let list = [
            &[0x0a, 9, 0x11, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f][..],
            &[0x0a, 2, 0x20, 1],
            &[0x0a, 2, 0x08, 0],
            &[0x0a, 3, 0x1a, 1, b'x'],
            &[0x0a, 2, 0x2a, 0],
            &[0x0a, 2, 0x32, 0],
        ]
        .concat();
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
        let value = [&[0x32, length(&list)], &*list].concat();
        let entry = [&[0x0a, 1, b'a', 0x12, length(&value)], &*value].concat();
        let message = [&[0x0a, length(&entry)], &*entry].concat();
        let expected = Value::List(vec![
            Value::Number(1.5),
            Value::Bool(true),
            Value::Null,
            Value::Text("x".into()),
            Value::Object(Vec::new()),
            Value::List(Vec::new()),
        ]);
        assert_eq!(read(&message), Some(Value::Object(vec![("a".into(), expected)])));
        for end in 0..message.len() {
            assert_eq!(read(&message[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn takes_nothing_else() {
        for bytes in [
            &b"\n\x03\n\x01a"[..],                                    // no value
            b"\n\n          ",                                        // a text of white space
            b"\x12\0",                                                // another field
            b"\n\x05\x12\x03\x1a\x01\xff",                            // no UTF-8
            &[0x0a, 11, 0x12, 9, 0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f], // infinity
        ] {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
        let mut deep = vec![0x12, 0];
        for _ in 0..40 {
            let wrap = |tag: u8, bytes: &[u8]| {
                let mut wrapped = vec![tag];
                let mut length = bytes.len();
                while length >= 0x80 {
                    wrapped.push((length & 0x7f) as u8 | 0x80);
                    length >>= 7;
                }
                wrapped.push(length as u8);
                wrapped.extend_from_slice(bytes);
                wrapped
            };
            deep = wrap(0x12, &wrap(0x2a, &wrap(0x0a, &deep)));
        }
        assert_eq!(read(&[&[0x0a, 0x7f], &*deep].concat()), None);
    }
}
