//! What is wrong with a configuration, and where.

use std::fmt;

use super::value::Value;

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The key, as a path from the top, e.g. `otlp.timeout_ms`; empty for the whole.
    pub path: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.problem),
            path => write!(f, "{path}: {}", self.problem),
        }
    }
}

impl std::error::Error for ConfigError {}

/// All that is wrong with a configuration, in the order of the document; at least one thing. Shown, each stands on a
/// line of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// What is wrong, one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Gathers what is wrong on the way through a configuration.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// Where the way has come to.
    path: String,
    found: Vec<ConfigError>,
    /// Keys that were given by a wrong name: that they are missing is no news.
    misspelt: Vec<String>,
    /// Those that are told by their number alone.
    more: usize,
}

/// Where the way was before a step.
#[derive(Debug)]
pub(super) struct Mark(usize);

impl Problems {
    /// Where the way has come to.
    pub(super) fn path(&self) -> String {
        self.path.clone()
    }

    /// Goes on to a key. To be followed by [`Problems::leave`].
    pub(super) fn enter(&mut self, key: &str) -> Mark {
        let mark = Mark(self.path.len());
        if !self.path.is_empty() {
            self.path.push('.');
        }
        // A key may be anything, and a line of the log must stay one.
        self.path.extend(key.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
        mark
    }

    /// Goes on to an item of a list.
    pub(super) fn enter_item(&mut self, index: usize) -> Mark {
        let mark = Mark(self.path.len());
        self.path.push_str(&format!("[{index}]"));
        mark
    }

    /// Goes back.
    pub(super) fn leave(&mut self, mark: Mark) {
        self.path.truncate(mark.0);
    }

    /// Something is wrong here. What follows from what was found here, or below, is not told.
    pub(super) fn add(&mut self, problem: impl Into<String>) {
        let here = self.path.as_str();
        let known = self.found.iter().map(|error| &error.path).chain(&self.misspelt);
        if known.into_iter().any(|path| is_at_or_below(path, here)) {
            return;
        }
        if self.found.len() < MAX_PROBLEMS {
            self.found.push(ConfigError { path: here.to_owned(), problem: problem.into() });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Something is wrong with a key of the object here.
    pub(super) fn add_at(&mut self, key: &str, problem: impl Into<String>) {
        let mark = self.enter(key);
        self.add(problem);
        self.leave(mark);
    }

    /// A key of the object here was given by a wrong name.
    pub(super) fn misspelt(&mut self, key: &str) {
        let mark = self.enter(key);
        self.misspelt.push(self.path.clone());
        self.leave(mark);
    }

    /// Whether something is wrong here, or below.
    pub(super) fn any_here(&self) -> bool {
        self.found.iter().any(|error| is_at_or_below(&error.path, &self.path))
    }

    /// Whether something is wrong with a key of the object here.
    pub(super) fn any_at(&mut self, key: &str) -> bool {
        let mark = self.enter(key);
        let any = self.any_here();
        self.leave(mark);
        any
    }

    /// What was found, in the order of the document.
    pub(super) fn into_result(mut self, document: &Value<'_>) -> Result<(), ConfigErrors> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by_cached_key(|error| document.place(&error.path));
        if self.more > 0 {
            let problem = format!("{} more problems are not shown", self.more);
            self.found.push(ConfigError { path: String::new(), problem });
        }
        Err(ConfigErrors(self.found))
    }
}

pub(super) fn is_at_or_below(path: &str, place: &str) -> bool {
    path.strip_prefix(place)
        .is_some_and(|rest| place.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

/// No operator reads more at a time, and no log should hold more.
const MAX_PROBLEMS: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_in_the_order_of_the_document_and_nothing_twice() {
        let document = super::super::value::read(br#"{"b":{"y":1,"x":2},"a":[1,2]}"#).unwrap();
        let mut problems = Problems::default();
        let a = problems.enter("a");
        let item = problems.enter_item(1);
        problems.add("third");
        problems.leave(item);
        problems.add("follows from the third");
        problems.leave(a);
        let b = problems.enter("b");
        problems.add_at("x", "second");
        problems.add_at("y", "first");
        assert!(problems.any_here());
        assert!(problems.any_at("x"));
        assert!(!problems.any_at("xx"));
        problems.leave(b);
        let errors = problems.into_result(&document).unwrap_err();
        assert_eq!(errors.to_string(), "b.y: first\nb.x: second\na[1]: third");
    }

    #[test]
    fn shows_fifty_and_counts_the_others() {
        let mut problems = Problems::default();
        for index in 0..53 {
            problems.add_at(&format!("k{index}"), "wrong");
        }
        let errors = problems.into_result(&Value::Null).unwrap_err();
        assert_eq!(errors.iter().count(), 51);
        assert!(errors.to_string().ends_with("\nk49: wrong\n3 more problems are not shown"));
    }

    #[test]
    fn keeps_a_line_a_line() {
        let mut problems = Problems::default();
        problems.add_at("a\nb", "wrong");
        assert_eq!(problems.into_result(&Value::Null).unwrap_err().to_string(), "a\u{fffd}b: wrong");
    }
}
