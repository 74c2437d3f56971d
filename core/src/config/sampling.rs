//! `sampling`: which spans are exported, beside `trace.sample_ratio`.

use super::check::is_header_name;
use super::problems::Problems;
use super::table::{Rule as Must, section, within};
use crate::sampling::{MAX_RULES, Rule};

section! {
    /// Which spans are exported.
    pub struct Sampling {
        /// Asked in this order when a call is over; the first that holds decides, before `trace.sample_ratio`. At most
        /// 64.
        rules: Vec<SamplingRule> = Vec::new();
    }
    checked by check_rules
}

section! {
    /// A rule: it holds where all that it gives fits, for every call where it gives nothing.
    pub struct SamplingRule {
        /// Whether the call failed, as `error.type` says.
        error: Option<bool> = None;
        /// The call took more milliseconds.
        slower_than_ms: Option<u32> = None;
        /// It cost more USD.
        cost_above: Option<f64> = None;
        /// It had more input tokens.
        input_tokens_above: Option<u64> = None;
        /// Model that was asked for or that answered, one `*` standing for any text.
        model: Option<String> = None => Must::Text(pattern);
        /// `gen_ai.provider.name`, likewise.
        provider: Option<String> = None => Must::Text(pattern);
        /// Name of Envoy's route, likewise.
        route: Option<String> = None => Must::Text(pattern);
        /// Name of a header that the request has.
        header: Option<String> = None => Must::Text(header_name);
        /// The value that it has.
        header_value: Option<String> = None;
        /// Share of these traces that is exported.
        ratio: f64 = 1.0 => within(0, 1, "share of the traces");
        /// Whether the rule holds against the sampled flag of the client's context.
        override_parent: bool = false;
    }
    checked by check_rule
}

pub(super) fn pattern(pattern: &str) -> Option<String> {
    if pattern.is_empty() {
        return Some("is empty; give one, or leave it out".to_owned());
    }
    let stars = pattern.bytes().filter(|b| *b == b'*').count();
    (stars > 1).then(|| format!("is {pattern:?}; give one * at most"))
}

pub(super) fn header_name(name: &str) -> Option<String> {
    (!is_header_name(name))
        .then(|| format!("is {name:?}; give a header's name in lower-case letters, digits and dashes"))
}

/// A value is that of a header.
pub(super) fn check_header(header: Option<&String>, value: Option<&String>, problems: &mut Problems) {
    if header.is_none() && value.is_some() {
        problems.add_at("header_value", "goes with a header; give its name");
    }
}

fn check_rules(sampling: &Sampling, problems: &mut Problems) {
    if sampling.rules.len() > MAX_RULES {
        problems.add_at("rules", format!("has {} rules; give {MAX_RULES} at most", sampling.rules.len()));
    }
}

fn check_rule(rule: &SamplingRule, problems: &mut Problems) {
    if rule.cost_above.is_some_and(|cost| cost < 0.0) {
        problems.add_at("cost_above", "is less than nothing; give a sum in USD");
    }
    check_header(rule.header.as_ref(), rule.header_value.as_ref(), problems);
}

impl SamplingRule {
    /// The rule as it is asked.
    pub(super) fn rule(&self) -> Rule {
        Rule {
            error: self.error,
            slower_than_ms: self.slower_than_ms,
            cost_above: self.cost_above,
            input_tokens_above: self.input_tokens_above,
            model: self.model.clone(),
            provider: self.provider.clone(),
            route: self.route.clone(),
            header: self.header.clone(),
            header_value: self.header_value.clone(),
            ratio: self.ratio,
            override_parent: self.override_parent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    #[test]
    fn reads_every_key() {
        let text = r#"{"sampling":{"rules":[
            {"error":true,"slower_than_ms":30000,"cost_above":0.5,"input_tokens_above":100000,"model":"gpt-*",
             "provider":"openai","route":"chat","header":"x-debug","header_value":"1","ratio":0.5,
             "override_parent":true},
            {"error":false}
        ]}}"#;
        let config = Config::parse(text.as_bytes()).unwrap();
        let text = |text: &str| Some(text.to_owned());
        let first = Rule {
            error: Some(true),
            slower_than_ms: Some(30_000),
            cost_above: Some(0.5),
            input_tokens_above: Some(100_000),
            model: text("gpt-*"),
            provider: text("openai"),
            route: text("chat"),
            header: text("x-debug"),
            header_value: text("1"),
            ratio: 0.5,
            override_parent: true,
        };
        let second = Rule { error: Some(false), ratio: 1.0, ..Rule::default() };
        let rules: Vec<_> = config.sampling.rules.iter().map(SamplingRule::rule).collect();
        assert_eq!(rules, [first, second]);
    }

    #[test]
    fn tells_what_would_be_right() {
        for (rule, expected) in [
            (r#"{"ratio":2}"#, "ratio: is 2; give 0 to 1 (share of the traces)"),
            (r#"{"cost_above":-1}"#, "cost_above: is less than nothing; give a sum in USD"),
            (r#"{"model":""}"#, "model: is empty; give one, or leave it out"),
            (r#"{"provider":"*a*"}"#, r#"provider: is "*a*"; give one * at most"#),
            (r#"{"route":"**"}"#, r#"route: is "**"; give one * at most"#),
            (r#"{"header_value":"1"}"#, "header_value: goes with a header; give its name"),
            (
                r#"{"header":"X-Debug"}"#,
                r#"header: is "X-Debug"; give a header's name in lower-case letters, digits and dashes"#,
            ),
            (
                r#"{"header":""}"#,
                r#"header: is ""; give a header's name in lower-case letters, digits and dashes"#,
            ),
            (r#"{"slow":1}"#, "slow: is no key; give one of error, slower_than_ms,"),
        ] {
            let text = format!(r#"{{"sampling":{{"rules":[{{}},{rule}]}}}}"#);
            let problem = Config::parse(text.as_bytes()).expect_err(rule).to_string();
            assert!(problem.starts_with(&format!("sampling.rules[1].{expected}")), "{problem}");
        }
        let many = vec!["{}"; 65].join(",");
        let problem =
            Config::parse(format!(r#"{{"sampling":{{"rules":[{many}]}}}}"#).as_bytes()).unwrap_err();
        assert_eq!(problem.to_string(), "sampling.rules: has 65 rules; give 64 at most");
    }
}
