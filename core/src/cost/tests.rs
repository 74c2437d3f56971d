use super::*;
use crate::call::{Request, Response};
use crate::signal::testing::bare_call;
use crate::time::UnixNanos;

fn rates(told: &[(Part, f64)]) -> Rates {
    told.iter().map(|(part, usd)| (*part, Rate::new(*usd).unwrap())).collect()
}

fn entry(model: &str, told: &[(Part, f64)]) -> Entry {
    Entry {
        model: Pattern::new(model).unwrap(),
        provider: None,
        valid_from: None,
        rates: rates(told),
        tiers: Box::default(),
        context_window: None,
    }
}

fn input(model: &str, usd: f64) -> Entry {
    entry(model, &[(Part::Input, usd)])
}

fn table(entries: impl IntoIterator<Item = Entry>) -> Prices {
    Prices::new(entries, None).unwrap()
}

/// A call of 1,000,000 input tokens to a model of OpenAI, on 2023-11-14.
fn call(model: &str) -> Call {
    let mut call = bare_call();
    call.response = Response { model: Some(model.to_owned()), ..Response::default() };
    call.usage = Usage { input_tokens: Some(1_000_000), ..Usage::default() };
    call
}

#[test]
fn says_how_much_the_model_takes_whatever_the_cost() {
    let prices = table([Entry { context_window: Some(8192), ..input("m-*", 2.0) }, input("n", 1.0)]);
    for (model, window) in [("m-1", Some(8192)), ("n", None), ("o", None)] {
        let mut call = call(model);
        call.usage = Usage { cost: Some(Cost::reported(0.5)), ..Usage::default() };
        prices.apply(&mut call).unwrap();
        assert_eq!(call.request.context_window, window, "{model}");
    }
}

fn usd(prices: &Prices, call: &Call) -> Option<f64> {
    prices.price(call).map(|cost| cost.usd)
}

/// Input 10, output 20, and whatever else is told, for a usage.
fn of_usage(told: &[(Part, f64)], usage: Usage) -> Option<(Option<f64>, Option<f64>, f64)> {
    let own = told.iter().copied();
    let all: Vec<_> = own.chain([(Part::Input, 10.0), (Part::Output, 20.0)]).collect();
    let cost = table([entry("m", &all)]).price(&Call { usage, ..call("m") })?;
    assert_eq!(cost.source, CostSource::Configuration);
    Some((cost.input_usd, cost.output_usd, cost.usd))
}

#[test]
fn input_and_output_have_their_prices() {
    let usage = Usage { input_tokens: Some(1_500), output_tokens: Some(250), ..Usage::default() };
    assert_eq!(of_usage(&[], usage), Some((Some(0.015), Some(0.005), 0.02)));
    let half = Usage { output_tokens: None, ..usage };
    assert_eq!(of_usage(&[], half), Some((Some(0.015), None, 0.015)));
    assert_eq!(of_usage(&[], Usage::default()), None, "nothing was counted");
    let nothing = Usage { input_tokens: Some(0), ..Usage::default() };
    assert_eq!(of_usage(&[], nothing), Some((Some(0.0), None, 0.0)));
}

#[test]
fn a_part_is_charged_once_at_its_own_price_else_at_the_totals() {
    let usage = Usage {
        input_tokens: Some(10_000),
        cache_read_tokens: Some(4_000),
        cache_write_tokens: Some(3_000),
        cache_write_1h_tokens: Some(1_000),
        input_audio_tokens: Some(500),
        input_image_tokens: Some(250),
        output_tokens: Some(1_000),
        reasoning_tokens: Some(600),
        output_audio_tokens: Some(100),
        output_image_tokens: Some(50),
        ..Usage::default()
    };
    assert_eq!(of_usage(&[], usage), Some((Some(0.1), Some(0.02), 0.12)));
    // 4000 × 1 + 6000 × 10
    assert_eq!(of_usage(&[(Part::CacheRead, 1.0)], usage).unwrap().0, Some(0.064));
    // 3000 × 12 + 7000 × 10
    assert_eq!(of_usage(&[(Part::CacheWrite, 12.0)], usage).unwrap().0, Some(0.106));
    // 1000 × 20 + 2000 × 12 + 7000 × 10
    let lifetimes = [(Part::CacheWrite, 12.0), (Part::CacheWrite1h, 20.0)];
    assert_eq!(of_usage(&lifetimes, usage).unwrap().0, Some(0.114));
    // 1000 × 20 + 9000 × 10
    assert_eq!(of_usage(&[(Part::CacheWrite1h, 20.0)], usage).unwrap().0, Some(0.11));
    // 500 × 40 + 250 × 2 + 9250 × 10
    let media = [(Part::InputAudio, 40.0), (Part::InputImage, 2.0)];
    assert_eq!(of_usage(&media, usage).unwrap().0, Some(0.113));
    // 600 × 30 + 100 × 80 + 50 × 40 + 250 × 20
    let output = [(Part::Reasoning, 30.0), (Part::OutputAudio, 80.0), (Part::OutputImage, 40.0)];
    assert_eq!(of_usage(&output, usage).unwrap().1, Some(0.033));
    assert_eq!(of_usage(&[(Part::CacheRead, 0.0)], usage).unwrap().0, Some(0.06), "free of charge");
}

#[test]
fn parts_that_overlap_or_exceed_their_total_charge_no_token_twice() {
    let told = [(Part::CacheRead, 1.0), (Part::InputAudio, 40.0)];
    let overlap = Usage {
        input_tokens: Some(1_000),
        cache_read_tokens: Some(800),
        input_audio_tokens: Some(500),
        ..Usage::default()
    };
    // 800 × 1 + 200 × 40
    assert_eq!(of_usage(&told, overlap).unwrap().0, Some(0.0088));
    let beyond = Usage { cache_read_tokens: Some(u64::MAX), ..overlap };
    assert_eq!(of_usage(&told, beyond).unwrap().0, Some(0.001));
    let all = Usage { input_tokens: Some(u64::MAX), output_tokens: Some(u64::MAX), ..Usage::default() };
    assert!(of_usage(&[], all).unwrap().2.is_finite());
}

#[test]
fn what_has_no_price_makes_the_call_unpriced() {
    let prices = table([input("m", 10.0)]);
    let generated = |tokens| {
        let mut call = call("m");
        call.usage.output_tokens = Some(tokens);
        usd(&prices, &call)
    };
    assert_eq!(generated(1), None);
    assert_eq!(generated(0), Some(10.0), "an embedding's output");
    assert_eq!(usd(&prices, &call("n")), None);
}

#[test]
fn the_most_specific_entry_is_taken() {
    let prices = table([
        input("*", 1.0),
        input("gpt-*", 2.0),
        input("gpt-4o*", 3.0),
        input("gpt-4o", 4.0),
        input("*-mini", 5.0),
        input("gpt-4*-x", 6.0),
        input("gpt-4o-*", 7.0),
        input("*claude*v2:0", 8.0),
        input("GPT-5", 9.0),
    ]);
    for (model, expected) in [
        ("gpt-4o", 4.0),
        ("gpt-4o2", 3.0),
        ("gpt-4o-mini", 7.0),
        ("gpt-3-mini", 5.0),
        ("gpt-4-x", 6.0),
        ("gpt-4", 2.0),
        ("gpt-", 2.0),
        ("gpt", 1.0),
        ("us.anthropic.claude-3-v2:0", 8.0),
        ("gpt-5", 9.0),
        ("", 1.0),
    ] {
        assert_eq!(usd(&prices, &call(model)), Some(expected), "{model}");
    }
    let first = table([input("a*c", 1.0), input("ab*", 2.0)]);
    assert_eq!(usd(&first, &call("abc")), Some(1.0), "as specific, told first");
}

#[test]
fn a_providers_own_entry_is_taken_for_it_alone() {
    let of = |provider: &str, entry: Entry| Entry { provider: Some(provider.into()), ..entry };
    let prices = table([
        input("m", 1.0),
        of("openai", input("m", 2.0)),
        of("azure.ai.openai", input("m", 3.0)),
        of("azure.ai.openai", input("n", 4.0)),
        input("n*", 5.0),
    ]);
    assert_eq!(usd(&prices, &call("m")), Some(2.0));
    assert_eq!(usd(&prices, &call("n")), Some(5.0), "the exact entry is another provider's");
    let elsewhere = Call { provider: "openrouter".into(), ..call("m") };
    assert_eq!(usd(&prices, &elsewhere), Some(1.0));
}

#[test]
fn the_answers_model_is_looked_up_and_else_the_one_asked_for() {
    let prices = table([input("gpt-4o", 1.0), input("gpt-4o-2024-11-20", 2.0)]);
    let asked = Request { model: Some("gpt-4o".into()), ..Request::default() };
    let dated = |model: &str| Call { request: asked.clone(), ..call(model) };
    assert_eq!(usd(&prices, &dated("gpt-4o-2024-11-20")), Some(2.0));
    assert_eq!(usd(&prices, &dated("gpt-4o-2024-08-06")), Some(1.0));
    let mut silent = dated("");
    silent.response.model = None;
    assert_eq!(usd(&prices, &silent), Some(1.0));
}

#[test]
fn the_latest_entry_that_was_valid_when_the_call_began_is_taken() {
    let from = |date: &str, entry: Entry| Entry { valid_from: Date::parse(date), ..entry };
    let prices = table([
        from("2023-11-15", input("m", 3.0)),
        from("2023-11-14", input("m", 2.0)),
        input("m", 1.0),
        from("2023-11-15", input("n", 4.0)),
    ]);
    let at = |seconds: u64, model: &str| {
        let mut call = call(model);
        call.timing.start = UnixNanos(seconds * 1_000_000_000);
        usd(&prices, &call)
    };
    assert_eq!(at(1_699_919_999, "m"), Some(1.0), "23:59:59 on the 13th");
    assert_eq!(at(1_699_920_000, "m"), Some(2.0));
    assert_eq!(at(1_700_006_400, "m"), Some(3.0));
    assert_eq!((at(1_700_006_399, "n"), at(1_700_006_400, "n")), (None, Some(4.0)));
}

#[test]
fn tiers_go_by_the_inputs_length_and_the_service_tier() {
    let tier = |above, service: Option<&str>, told: &[(Part, f64)]| Tier {
        above_input_tokens: above,
        service_tier: service.map(Into::into),
        rates: rates(told),
    };
    let tiers = Box::new([
        tier(Some(200_000), None, &[(Part::Input, 6.0)]),
        tier(Some(400_000), None, &[(Part::Input, 8.0), (Part::CacheRead, 1.0)]),
        tier(None, Some("flex"), &[(Part::Input, 1.5), (Part::Output, 5.0)]),
        tier(Some(200_000), Some("priority"), &[(Part::Input, 12.0)]),
    ]);
    let base = [(Part::Input, 3.0), (Part::Output, 10.0), (Part::CacheRead, 0.5)];
    let prices = table([Entry { tiers, ..entry("m", &base) }]);
    let cost = |input: u64, service: Option<&str>| {
        let mut call = call("m");
        call.usage = Usage {
            input_tokens: Some(input),
            cache_read_tokens: Some(100_000),
            output_tokens: Some(100_000),
            ..Usage::default()
        };
        call.response.service_tier = service.map(str::to_owned);
        let cost = prices.price(&call).unwrap();
        (cost.input_usd.unwrap(), cost.output_usd.unwrap())
    };
    assert_eq!(cost(200_000, None), (0.35, 1.0), "100,000 × 0.5 + 100,000 × 3");
    assert_eq!(cost(300_000, None), (1.25, 1.0), "100,000 × 0.5 + 200,000 × 6");
    assert_eq!(cost(500_000, None), (3.3, 1.0), "100,000 × 1 + 400,000 × 8");
    assert_eq!(cost(200_000, Some("Flex")), (0.2, 0.5), "100,000 × 0.5 + 100,000 × 1.5");
    assert_eq!(cost(200_000, Some("priority")), (0.35, 1.0));
    assert_eq!(cost(300_000, Some("priority")), (2.45, 1.0), "100,000 × 0.5 + 200,000 × 12");
    assert_eq!(cost(200_000, Some("default")), (0.35, 1.0));
}

#[test]
fn the_tier_asked_for_counts_where_the_answer_tells_none() {
    let flex = Tier {
        above_input_tokens: None,
        service_tier: Some("flex".into()),
        rates: rates(&[(Part::Input, 1.0)]),
    };
    let prices = table([Entry { tiers: Box::new([flex]), ..input("m", 2.0) }]);
    let mut call = call("m");
    call.request.service_tier = Some("flex".into());
    assert_eq!(usd(&prices, &call), Some(1.0));
    call.response.service_tier = Some("default".into());
    assert_eq!(usd(&prices, &call), Some(2.0));
}

#[test]
fn an_entry_that_could_never_be_taken_is_none() {
    let again = Prices::new([input("a", 1.0), input("b", 2.0), input("A", 3.0)], None);
    assert_eq!(again, Err(Duplicate { first: 0, again: 2 }));
    let dated = Entry { valid_from: Date::parse("2025-01-01"), ..input("a", 3.0) };
    assert!(Prices::new([input("a", 1.0), input("a*", 2.0), dated], None).is_ok());
}

#[test]
fn what_is_reported_stays_and_what_has_no_price_is_told() {
    let prices = table([input("m", 10.0)]);
    let applied = |mut call: Call, prices: &Prices| (prices.apply(&mut call), call.usage.cost);
    let mut reported = call("m");
    reported.usage.cost = Some(Cost::reported(0.25));
    assert_eq!(applied(reported, &prices), (Ok(()), Some(Cost::reported(0.25))));
    let computed = Cost {
        usd: 10.0,
        input_usd: Some(10.0),
        output_usd: None,
        source: CostSource::Configuration,
        exceeded_usd: None,
    };
    assert_eq!(applied(call("m"), &prices), (Ok(()), Some(computed)));
    assert_eq!(applied(call("other"), &prices), (Err(Unpriced), None));
    assert_eq!(applied(call("other"), &Prices::default()), (Ok(()), None), "nobody asked for prices");
    assert_eq!(applied(bare_call(), &prices), (Ok(()), None), "no token was used");
}

#[test]
fn counting_and_a_gateways_cache_are_free() {
    let prices = table([input("m", 10.0)]);
    let mut counted = Call { operation: Operation::CountTokens, ..call("m") };
    let mut cached = call("m");
    cached.response.cache_status = Some("semantic hit".into());
    for call in [&mut counted, &mut cached] {
        assert_eq!((prices.apply(call), call.usage.cost), (Ok(()), None));
    }
    cached.response.cache_status = Some("miss".into());
    assert_eq!(usd(&prices, &cached), Some(10.0));
}

#[test]
fn a_cost_above_the_threshold_says_so_whoever_told_it() {
    let exceeded = |usd: f64, threshold: f64| {
        let mut call = call("m");
        call.usage.cost = Some(Cost::reported(usd));
        Prices::new([], Some(threshold)).unwrap().apply(&mut call).unwrap();
        call.usage.cost.unwrap().exceeded_usd
    };
    assert_eq!(exceeded(0.51, 0.5), Some(0.5));
    assert_eq!(exceeded(0.5, 0.5), None);
    let mut computed = call("m");
    Prices::new([input("m", 10.0)], Some(9.5)).unwrap().apply(&mut computed).unwrap();
    assert_eq!(computed.usage.cost.unwrap().exceeded_usd, Some(9.5));
    let mut unpriced = call("m");
    assert_eq!(Prices::new([], Some(0.0)).unwrap().apply(&mut unpriced), Ok(()), "there are no prices");
}

#[test]
fn each_of_thousands_is_found_and_nothing_between_them() {
    let names: Vec<String> =
        (0..3_000_u32).map(|n| format!("{}model-{n}", ["", "a/", "b/"][n as usize % 3])).collect();
    let prices = table(names.iter().enumerate().map(|(n, name)| input(name, n as f64)));
    for (n, name) in names.iter().enumerate() {
        assert_eq!(usd(&prices, &call(name)), Some(n as f64), "{name}");
        assert_eq!(usd(&prices, &call(&format!("{name}x"))), None, "{name}");
    }
}
