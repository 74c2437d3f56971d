use inferspan_core::api::Overrides;
use inferspan_core::budget::Budget;
use inferspan_core::call::{Call, End};
use inferspan_core::config::Config;
use inferspan_core::exchange::Observer;
use inferspan_core::headers::Headers;
use inferspan_core::time::UnixNanos;

use super::*;

const LITELLM: &str = include_str!("../../tests/prices/litellm.json");
const GENAI: &str = include_str!("../../tests/prices/genai.json");
const YAML: &str = include_str!("../../tests/prices/acme.yml");

fn lines(text: &str) -> Vec<String> {
    let json = section_of(text).unwrap().to_json().unwrap();
    json.lines()
        .filter(|line| line.starts_with("  "))
        .map(|line| line.trim().trim_end_matches(',').to_owned())
        .collect()
}

fn left_out(text: &str) -> Vec<(&'static str, u64)> {
    section_of(text).unwrap().left_out.into_iter().collect()
}

#[test]
fn litellms_table_becomes_the_section() {
    assert_eq!(
        lines(LITELLM),
        [
            r#"{"model":"acme.base-v1:0","provider":"aws.bedrock","usd_per_million":{"input":0.8,"output":1.0}}"#,
            r#"{"model":"acme-large","provider":"azure.ai.openai","usd_per_million":{"input":2.5,"output":10.0}}"#,
            r#"{"model":"acme-range","provider":"dashscope","usd_per_million":{"input":1.0,"output":5.0},"tiers":[{"above_input_tokens":32000,"usd_per_million":{"input":1.8,"output":9.0}}]}"#,
            r#"{"model":"acme-chat","provider":"deepseek","usd_per_million":{"input":0.27,"output":1.1}}"#,
            r#"{"model":"acme-pro","provider":"gcp.gemini","usd_per_million":{"input":1.25,"output":10.0}}"#,
            r#"{"model":"acme-pro@001","provider":"gcp.vertex_ai","usd_per_million":{"input":1.25,"output":10.0}}"#,
            r#"{"model":"acme-large","provider":"openai","usd_per_million":{"input":3.0,"output":15.0,"cache_read":0.3,"cache_write":3.75,"cache_write_1h":6.0},"context_window":1000000,"tiers":[{"above_input_tokens":200000,"usd_per_million":{"input":6.0,"output":22.5,"cache_write_1h":12.0}}]}"#,
            r#"{"model":"acme-voice","provider":"openai","usd_per_million":{"input":4.0,"output":16.0,"reasoning":24.0,"input_audio":40.0,"output_audio":80.0,"input_image":5.0,"output_image":30.0},"tiers":[{"service_tier":"flex","usd_per_million":{"input":2.0}},{"service_tier":"priority","usd_per_million":{"input":8.0}},{"above_input_tokens":200000,"service_tier":"priority","usd_per_million":{"input":16.0}}]}"#,
            r#"{"model":"ft:acme-large:*","provider":"openai","usd_per_million":{"input":5.0,"output":20.0}}"#,
        ]
    );
    assert_eq!(
        left_out(LITELLM),
        [
            ("are charged by something else than tokens", 1),
            ("are named twice", 1),
            ("have a price that is beyond what can be", 1),
            ("have no price per token", 1),
            ("hold in one region or for one size of pictures only", 3),
            ("name no provider", 1),
        ]
    );
    assert_eq!(section_of(LITELLM).unwrap().charged_otherwise, 1);
}

#[test]
fn genai_prices_becomes_the_section() {
    let tiered = r#""usd_per_million":{"input":3.0,"output":15.0,"cache_read":0.3,"cache_write":3.75,"cache_write_1h":6.0},"context_window":200000,"tiers":[{"above_input_tokens":200000,"usd_per_million":{"input":6.0,"output":22.5}}]}"#;
    let dated =
        r#""valid_from":"2026-03-13","usd_per_million":{"input":2.0,"output":10.0},"context_window":200000}"#;
    let pro = r#""usd_per_million":{"input":1.25,"output":10.0,"input_audio":7.0}}"#;
    assert_eq!(
        lines(GENAI),
        [
            r#"{"model":"acme*tiny*-it","provider":"acme","usd_per_million":{"input":0.1}}"#.to_owned(),
            format!(r#"{{"model":"acme-l","provider":"acme",{tiered}"#),
            format!(r#"{{"model":"acme-l","provider":"acme",{dated}"#),
            format!(r#"{{"model":"acme-large*","provider":"acme",{tiered}"#),
            format!(r#"{{"model":"acme-large*","provider":"acme",{dated}"#),
            format!(r#"{{"model":"*acme-pro*","provider":"gcp.gemini",{pro}"#),
            format!(r#"{{"model":"*acme-pro*","provider":"gcp.vertex_ai",{pro}"#),
        ]
    );
    assert_eq!(
        left_out(GENAI),
        [
            ("are charged by the request, too", 1),
            ("cost otherwise at some time of the day", 1),
            ("cost what the provider behind Hugging Face asks", 1),
            ("go by names that no pattern can say", 1),
            ("have no price per token", 1),
        ]
    );
    assert_eq!(section_of(GENAI).unwrap().charged_otherwise, 1);
}

#[test]
fn a_file_of_one_provider_may_be_yaml() {
    assert_eq!(
        lines(YAML),
        [
            r#"{"model":"acme-s","provider":"acme","usd_per_million":{"input":0.1,"output":0.4}}"#,
            r#"{"model":"acme-s","provider":"acme","valid_from":"2026-03-13","usd_per_million":{"input":0.05,"output":0.2}}"#,
            r#"{"model":"acme-small*","provider":"acme","usd_per_million":{"input":0.1,"output":0.4}}"#,
            r#"{"model":"acme-small*","provider":"acme","valid_from":"2026-03-13","usd_per_million":{"input":0.05,"output":0.2}}"#,
        ]
    );
}

#[test]
fn what_was_asked_for_is_kept() {
    let kept = |providers: &[&str], models: &[&str]| {
        let mut section = section_of(LITELLM).unwrap();
        let providers: Vec<String> = providers.iter().map(|name| (*name).to_owned()).collect();
        let models: Vec<Pattern> = models.iter().map(|model| Pattern::new(model).unwrap()).collect();
        section.keep(&providers, &models);
        section.rules.into_iter().map(|rule| rule.model).collect::<Vec<_>>()
    };
    assert_eq!(kept(&["gcp.gemini", "azure.ai.openai"], &[]), ["acme-large", "acme-pro"]);
    assert_eq!(kept(&[], &["*-large"]), ["acme-large", "acme-large"]);
    assert_eq!(kept(&["openai"], &["acme-v*", "ft:*"]), ["acme-voice", "ft:acme-large:*"]);
    assert!(kept(&["nobody"], &[]).is_empty());
}

#[test]
fn nonsense_is_refused_with_its_path() {
    for (table, expected) in [
        (
            r#"{"m":{"litellm_provider":"openai","input_cost_per_token":-1e-06}}"#,
            "m.input_cost_per_token: is -1e-6; a price is a number, 0 or more",
        ),
        (
            r#"{"m":{"litellm_provider":"openai","output_cost_per_token":"cheap"}}"#,
            r#"m.output_cost_per_token: is "cheap"; a price is a number, 0 or more"#,
        ),
        (
            r#"{"m":{"litellm_provider":"openai","tiered_pricing":[{"input_cost_per_token":1e-06}]}}"#,
            "m.tiered_pricing[0].range: is no range of input tokens; give where it begins and where it ends",
        ),
        (r#"{"m":{"litellm_provider":"openai"},"n":7}"#, "n: is 7; a model is an object"),
        (
            r#"[{"id":"a","models":[{"id":"m","match":{"equals":"m"},"prices":{"input_mtok":true}}]}]"#,
            "a.m.prices.input_mtok: is true; a price is a number, 0 or more",
        ),
        (
            r#"[{"id":"a","models":[{"id":"m","match":{"equals":"m"},"prices":{"input_mtok":{"base":1,"tiers":[{"price":2}]}}}]}]"#,
            "a.m.prices.input_mtok.tiers[0]: has no start or no price",
        ),
        (
            r#"[{"id":"a","models":[{"id":"m","match":{"like":"m"},"prices":{"input_mtok":1}}]}]"#,
            "a.m.match.like: is no clause that is known here",
        ),
        (
            r#"[{"id":"a","models":[{"id":"m","match":{"equals":"m"},"prices":[{"constraint":{"start_date":"2026-02-30"},"prices":{"input_mtok":1}}]}]}]"#,
            r#"the section is none that the filter takes: prices[0].valid_from: is "2026-02-30"; give a day from 1970 to 2500, e.g. 2026-03-31"#,
        ),
        (r#"[{"id":"a"}]"#, "a: has no list of models"),
        (r#"{"a":{"b":1}}"#, UNKNOWN),
        ("7", UNKNOWN),
    ] {
        let error = section_of(table).expect_err(table);
        assert_eq!(format!("{error:#}"), expected, "{table}");
    }
    assert!(format!("{:#}", section_of("{").unwrap_err()).starts_with("is no JSON: EOF"));
}

/// A call of OpenAI's with 300,000 tokens in, of which 100,000 were cached, and 10,000 out.
fn call(model: &str) -> Call {
    let answer = format!(
        r#"{{"id":"c","model":"{model}","choices":[{{"index":0,"message":{{"content":"a"}},"finish_reason":"stop"}}],
        "usage":{{"prompt_tokens":300000,"completion_tokens":10000,"prompt_tokens_details":{{"cached_tokens":100000}}}}}}"#
    );
    let request: [(&[u8], &[u8]); 3] =
        [(b":method", b"POST"), (b":authority", b"api.openai.com"), (b":path", b"/v1/chat/completions")];
    let observer = Observer::new(Overrides::default(), Budget::default());
    let now = UnixNanos(1_700_000_000_000_000_000);
    let mut exchange = observer.begin(&Headers::new(&request), now).unwrap();
    exchange.request_body(format!(r#"{{"model":"{model}","messages":[]}}"#).as_bytes(), now);
    exchange.request_end(now);
    let head: [(&[u8], &[u8]); 2] = [(b":status", b"200"), (b"content-type", b"application/json")];
    exchange.response_headers(&Headers::new(&head), now);
    exchange.response_body(answer.as_bytes(), now);
    exchange.finish(End::Complete, now).unwrap()
}

#[test]
fn the_filter_takes_the_section_and_reckons_by_it() {
    let section = section_of(LITELLM).unwrap().to_json().unwrap();
    let prices = Config::parse(section.as_bytes()).unwrap().prices();
    // 100,000 × 0.3 + 200,000 × 6 + 10,000 × 22.5 millionths.
    assert_eq!(prices.price(&call("acme-large")).unwrap().usd, 1.455);
    // 300,000 × 4 + 10,000 × 16
    assert_eq!(prices.price(&call("acme-voice")).unwrap().usd, 1.36);
    // 300,000 × 5 + 10,000 × 20
    assert_eq!(prices.price(&call("ft:acme-large:team::7")).unwrap().usd, 1.7);
    assert_eq!(prices.price(&call("acme-pro")), None, "that is Google's");
}
