//! On which line of a JSON text a key stands.

/// The line, from 1, of the value at a path like `otlp[1].timeout_ms`; of the nearest thing around it where it is not
/// there, `None` where the text is no JSON as far as that.
pub(super) fn of(text: &[u8], path: &str) -> Option<usize> {
    if path.is_empty() {
        return None;
    }
    let mut walk = Walk { text, at: 0 };
    let found = walk.find(path)?;
    let before = text.get(..found)?;
    Some(1 + before.iter().filter(|byte| **byte == b'\n').count())
}

struct Walk<'t> {
    text: &'t [u8],
    at: usize,
}

impl Walk<'_> {
    /// Where the value begins that the path leads to, from here.
    fn find(&mut self, path: &str) -> Option<usize> {
        let here = self.skip_space();
        match (self.peek()?, path) {
            (_, "") => Some(here),
            (b'{', path) => self.find_member(path, here),
            (b'[', path) => {
                let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
                self.find_item(index.parse().ok()?, rest, here)
            }
            _ => Some(here),
        }
    }

    fn find_member(&mut self, path: &str, here: usize) -> Option<usize> {
        self.at += 1;
        loop {
            self.skip_space();
            if self.peek()? != b'"' {
                return Some(here);
            }
            let key_at = self.at;
            let key = self.string()?;
            self.skip_space();
            self.at += 1;
            let rest = path.strip_prefix('.').unwrap_or(path).strip_prefix(key.as_str());
            if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with(['.', '['])) {
                let inside = self.find(rest)?;
                // The key is what one looks for, where value and key stand apart.
                return Some(if rest.is_empty() { key_at } else { inside });
            }
            self.skip_value()?;
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                _ => return Some(here),
            }
        }
    }

    fn find_item(&mut self, index: usize, rest: &str, here: usize) -> Option<usize> {
        self.at += 1;
        for _ in 0..index {
            self.skip_value()?;
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                _ => return Some(here),
            }
        }
        self.find(rest)
    }

    fn skip_value(&mut self) -> Option<()> {
        self.skip_space();
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return Some(()),
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' if depth == 0 => return Some(()),
                _ => self.at += 1,
            }
            if depth == 0 && matches!(self.peek(), None | Some(b',' | b'}' | b']')) {
                return Some(());
            }
        }
    }

    /// A string, from its quote on.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek()? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        serde_json::from_slice(self.text.get(start..self.at)?).ok()
    }

    fn skip_space(&mut self) -> usize {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
        self.at
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    const TEXT: &str = r#"{
  "service_name": "a, \"b\"",
  "otlp": [
    { "cluster": "x", "headers": {
        "k": "v" } },
    { "timeout_ms":
        7 }
  ],
  "resource": { "attributes": {
    "service.name": 3
  } }
}"#;

    #[test]
    fn each_key_has_its_line() {
        for (path, line) in [
            ("service_name", Some(2)),
            ("otlp", Some(3)),
            ("otlp[0].headers.k", Some(5)),
            ("otlp[1]", Some(6)),
            ("otlp[1].timeout_ms", Some(6)),
            ("resource.attributes.service.name", Some(10)),
            ("", None),
        ] {
            assert_eq!(of(TEXT.as_bytes(), path), line, "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_where_it_would_be() {
        for (path, line) in
            [("otlp[1].cluster", 6), ("otlp[7].cluster", 3), ("prices[0]", 1), ("service_name.x", 2)]
        {
            assert_eq!(of(TEXT.as_bytes(), path), Some(line), "{path}");
        }
    }

    #[test]
    fn what_is_no_json_has_no_lines_and_ends() {
        for text in ["", "{", "{\"a\"", "{\"a\": [", "x: 1", "{\"a\\", "]", "{\"a\": {\"b\": \"c"] {
            for path in ["b", "a[3]", "a.b"] {
                let _ = of(text.as_bytes(), path);
            }
        }
    }
}
