//! What was meant by a name that is none.

/// The known name that is most like this one, where one is like it: a slip of the keys, another way to write it, or
/// the half of it.
pub(super) fn nearest<'a>(name: &str, known: &mut dyn Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_NAME {
        return None;
    }
    let name = plain(name);
    let rated = known.filter_map(|known| {
        if OTHERS.contains(&(name.as_str(), known)) {
            return Some((0, known));
        }
        let other = plain(known);
        if name.len() >= 4 && other.starts_with(&name) {
            return Some((0, known));
        }
        let half = name.len().min(other.len()) >= 4 && (other.contains(&name) || name.contains(&other));
        let slips = distance(name.as_bytes(), other.as_bytes());
        let allowed = name.len().min(other.len()) / 3;
        (slips <= allowed.clamp(1, 3) || half).then_some((slips, known))
    });
    rated.min_by_key(|(slips, _)| *slips).map(|(_, known)| known)
}

/// Without case, and without what joins words.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | '.' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

/// How many bytes must be put in, left out, replaced or swapped with the next to make one of the other.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, y) in b.iter().enumerate() {
            let next = j.saturating_add(1);
            let replaced = at(&last, j).saturating_add(usize::from(x != y));
            let mut least =
                replaced.min(at(&last, next).saturating_add(1)).min(at(&row, j).saturating_add(1));
            if let (Some(i), Some(j)) = (i.checked_sub(1), j.checked_sub(1))
                && (a.get(i), b.get(j)) == (Some(y), Some(x))
            {
                least = least.min(at(&before, j).saturating_add(1));
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    at(&last, b.len())
}

/// What others call a thing, and what it is called here.
const OTHERS: &[(&str, &str)] = &[
    ("completion", "output"),
    ("endpoint", "cluster"),
    ("key", "name"),
    ("prompt", "input"),
    ("url", "host"),
];

/// Longer ones are no slips.
const MAX_NAME: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_others_call_so() {
        let meant = |name: &str, known: &[&'static str]| nearest(name, &mut known.iter().copied());
        assert_eq!(meant("endpoint", &["cluster", "authority", "signals"]), Some("cluster"));
        assert_eq!(meant("key", &["name", "value", "header"]), Some("name"));
        assert_eq!(meant("prompt", &["input", "output"]), Some("input"));
        assert_eq!(meant("url", &["cluster", "authority"]), None, "only where there is such a thing");
    }

    #[test]
    fn finds_what_was_meant() {
        let known = ["service_name", "otlp", "timeout_ms", "max_batch_records", "api", "path", "path_glob"];
        for (name, meant) in [
            ("otpl", Some("otlp")),
            ("serviceName", Some("service_name")),
            ("service-name", Some("service_name")),
            ("servce_nam", Some("service_name")),
            ("timeout", Some("timeout_ms")),
            ("max_batch", Some("max_batch_records")),
            ("apis", Some("api")),
            ("paths", Some("path")),
            ("glob", Some("path_glob")),
            ("collector", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, &mut known.into_iter()), meant, "{name}");
        }
        assert_eq!(nearest(&"otlp".repeat(100), &mut known.into_iter()), None);
    }

    #[test]
    fn counts_slips() {
        for (a, b, slips) in [
            ("", "", 0),
            ("", "ab", 2),
            ("abc", "acb", 1),
            ("abc", "abd", 1),
            ("abcd", "bcd", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), slips, "{a} {b}");
            assert_eq!(distance(b.as_bytes(), a.as_bytes()), slips, "{b} {a}");
        }
    }
}
