//! Where attributes go: a convention says them one by one, and what becomes of them is the sink's business.

/// Takes attributes, one by one.
pub trait AttributeSink {
    /// A string.
    fn text(&mut self, key: &str, value: &str);
    /// An integer.
    fn int(&mut self, key: &str, value: i64);
    /// A floating point number.
    fn double(&mut self, key: &str, value: f64);
    /// A boolean.
    fn flag(&mut self, key: &str, value: bool);
    /// An array of strings.
    fn texts(&mut self, key: &str, values: &mut dyn Iterator<Item = &str>);
    /// A string that has a bound of its own: no other cuts it.
    fn content(&mut self, key: &str, value: &str) {
        self.text(key, value);
    }
}

impl dyn AttributeSink + '_ {
    /// A string, where there is one.
    pub fn text_if(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// An integer, where there is one. Counts beyond `i64` are as good as its greatest.
    pub fn int_if(&mut self, key: &str, value: Option<impl TryInto<i64>>) {
        if let Some(value) = value {
            self.int(key, value.try_into().unwrap_or(i64::MAX));
        }
    }

    /// A number, where there is one.
    pub fn double_if(&mut self, key: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.double(key, value);
        }
    }

    /// Nanoseconds as seconds, where there are some.
    pub fn seconds_if(&mut self, key: &str, nanos: Option<u64>) {
        if let Some(nanos) = nanos {
            self.double(key, nanos as f64 / NANOS_PER_SECOND);
        }
    }

    /// An array of strings, unless it is empty.
    pub fn texts_unless_empty(&mut self, key: &str, values: &[String]) {
        if !values.is_empty() {
            self.texts(key, &mut values.iter().map(String::as_str));
        }
    }
}

const NANOS_PER_SECOND: f64 = 1e9;
