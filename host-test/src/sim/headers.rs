//! Header maps as Envoy keeps them: ordered, repeatable, lower-case names, values of any bytes.

use std::fmt;

/// An ordered multimap of header names (lower case) and values (any bytes).
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same headers and one more at the end.
    #[must_use]
    pub fn with(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.add(name, value);
        self
    }

    /// Adds one more value under `name`.
    pub fn add(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.0.push((name.as_ref().to_ascii_lowercase(), value.as_ref().to_vec()));
    }

    /// Makes `value` the only one under `name`: in the place of the first there was, else at the end.
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let name = name.as_ref().to_ascii_lowercase();
        let mut value = Some(value.as_ref().to_vec());
        self.0.retain_mut(|(key, old)| {
            if *key != name {
                return true;
            }
            value.take().is_some_and(|value| {
                *old = value;
                true
            })
        });
        if let Some(value) = value {
            self.0.push((name, value));
        }
    }

    /// Takes every value under `name` away.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) {
        let name = name.as_ref().to_ascii_lowercase();
        self.0.retain(|(key, _)| *key != name);
    }

    /// The first value under `name`.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        let name = name.as_ref();
        self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The first value under `name`, if it is UTF-8.
    pub fn get_str(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| str::from_utf8(value).ok())
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes of all names and values.
    pub fn byte_size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

impl<const N: usize, K: AsRef<[u8]>, V: AsRef<[u8]>> From<[(K, V); N]> for Headers {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(K, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in pairs {
            headers.add(name, value);
        }
        headers
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readable = |bytes: &[u8]| format!("{}", bytes.escape_ascii());
        f.debug_list().entries(self.iter().map(|(name, value)| (readable(name), readable(value)))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_keeps_the_first_place_and_drops_the_others() {
        let mut headers = Headers::from([("a", "1"), ("b", "2"), ("A", "3")]);
        headers.set("a", "4");
        assert_eq!(headers, Headers::from([("a", "4"), ("b", "2")]));
        headers.set("c", "5");
        headers.remove("B");
        assert_eq!(headers, Headers::from([("a", "4"), ("c", "5")]));
        assert_eq!(headers.byte_size(), 4);
    }
}
