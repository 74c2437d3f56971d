use super::*;

fn refused(text: &str) -> String {
    Config::parse(text.as_bytes()).expect_err(text).to_string()
}

#[test]
fn nothing_and_an_empty_object_are_the_default() {
    for text in ["", " \n", "{}", r#"{"otlp":{},"trace":{}}"#, r#"{"otlp":null,"trace":{"parent":null}}"#] {
        let config = Config::parse(text.as_bytes()).unwrap();
        assert_eq!(config.otlp_is_given, text.contains(r#""otlp":{"#), "{text:?}");
        assert_eq!(Config { otlp_is_given: false, ..config }, Config::default(), "{text:?}");
    }
    let mut problems = Problems::default();
    check::check(&mut Config::default(), &mut problems);
    assert_eq!(problems.into_result(&Value::Null), Ok(()));
}

#[test]
fn reads_every_key() {
    let text = r#"{
            "service_name": "egress",
            "resource": { "attributes": { "deployment.environment.name": "prod" } },
            "otlp": {
                "cluster": "c", "authority": "collector.example.com", "signals": ["traces", "metrics", "logs"],
                "protocol": "http/json", "compression": "gzip", "traces_path": "/tenant/v1/traces",
                "metrics_path": "/m", "logs_path": "/l",
                "headers": { "x-api-key": "hidden" }, "timeout_ms": 1, "max_batch_records": 4096,
                "max_batch_bytes": 1024, "max_batch_age_ms": 10, "max_queue_bytes": 16384, "max_burst_bytes": 0,
                "max_in_flight": 64
            },
            "metrics": { "interval_ms": 1000, "temporality": "delta", "max_attribute_sets": 7 },
            "trace": {
                "sample_ratio": 0.5, "propagate": true, "parent": "client", "baggage": ["user.id"],
                "envoy_attributes": ["route", "attempt_count"]
            },
            "semconv": { "version": ["1.36.0", "next"], "vocabularies": ["gen_ai"] },
            "llm": { "display_names": { "vllm": "vLLM" } },
            "logs": { "events": ["inference_details", "exceptions", "cost_threshold"] },
            "limits": { "max_memory_bytes": 1048576, "max_live_exchanges": 1000000 },
            "providers": [
                {
                    "host": "llm.*", "path": "/v1/chat", "path_prefix": "/team/*", "path_glob": "/team/**/chat",
                    "cluster": "gpu-*", "route": "chat", "virtual_host": "llm",
                    "provider": "vllm", "api": "openai_chat", "operation": "chat", "models": { "d-1": "gpt-4o" }
                }
            ],
            "prices": [
                {
                    "model": "gpt-*", "provider": "openai", "valid_from": "2026-03-31",
                    "usd_per_million": {
                        "input": 1, "output": 2.5, "cache_read": 3, "cache_write": 4, "cache_write_1h": 5,
                        "reasoning": 6, "input_audio": 7, "output_audio": 8, "input_image": 9, "output_image": 10
                    },
                    "context_window": 128000,
                    "tiers": [
                        {
                            "above_input_tokens": 200000, "service_tier": "flex",
                            "usd_per_million": { "input": 11 }
                        }
                    ]
                }
            ],
            "cost": { "threshold_usd": 0.5 }
        }"#;
    let config = Config::parse(text.as_bytes()).unwrap();
    assert_eq!(config.service_name.as_deref(), Some("egress"));
    assert_eq!(config.resource.attributes["deployment.environment.name"], "prod");
    let [otlp] = &*config.otlp else { panic!("{:?}", config.otlp) };
    assert_eq!(
        *otlp,
        Otlp {
            cluster: "c".into(),
            authority: Some("collector.example.com".into()),
            signals: vec![Signal::Traces, Signal::Metrics, Signal::Logs],
            protocol: Protocol::HttpJson,
            compression: Compression::Gzip,
            traces_path: "/tenant/v1/traces".into(),
            metrics_path: "/m".into(),
            logs_path: "/l".into(),
            headers: BTreeMap::from([("x-api-key".into(), Secret("hidden".into()))]),
            timeout_ms: 1,
            max_batch_records: 4096,
            max_batch_bytes: 1024,
            max_batch_age_ms: 10,
            max_queue_bytes: 16384,
            max_burst_bytes: 0,
            max_in_flight: 64,
        }
    );
    let metrics = Metrics { interval_ms: 1_000, temporality: Temporality::Delta, max_attribute_sets: 7 };
    assert_eq!(config.metrics, metrics);
    let limits = Limits { max_memory_bytes: 1 << 20, max_live_exchanges: 1_000_000 };
    assert_eq!(config.limits, limits);
    assert_eq!(config.semconv.version, [Version::V1_36, Version::Next]);
    assert_eq!(config.semconv.vocabularies, [Vocabulary::GenAi]);
    assert_eq!(config.llm.display_names["vllm"], "vLLM");
    let events = [LogKind::InferenceDetails, LogKind::Exceptions, LogKind::CostThreshold];
    assert_eq!(config.logs.events, events);
    assert_eq!(
        config.trace,
        Trace {
            sample_ratio: 0.5,
            propagate: true,
            parent: Parent::Client,
            baggage: vec!["user.id".into()],
            envoy_attributes: vec![EnvoyAttribute::Route, EnvoyAttribute::AttemptCount],
        }
    );
    let rule = OverrideRule {
        host: Some("llm.*".into()),
        path: Some("/v1/chat".into()),
        path_prefix: Some("/team/*".into()),
        path_glob: Some("/team/**/chat".into()),
        cluster: Some("gpu-*".into()),
        route: Some("chat".into()),
        virtual_host: Some("llm".into()),
        provider: Some("vllm".into()),
        api: Some(Api::OpenAiChat),
        operation: Some(Operation::Chat),
        ignore: false,
        models: Some(Arc::new([("d-1".to_owned(), "gpt-4o".to_owned())].into())),
    };
    assert_eq!(config.overrides(), Overrides { rules: vec![rule] });
    let prices = PriceRule {
        model: "gpt-*".into(),
        provider: Some("openai".into()),
        valid_from: Some("2026-03-31".into()),
        usd_per_million: PriceRates {
            input: Some(1.0),
            output: Some(2.5),
            cache_read: Some(3.0),
            cache_write: Some(4.0),
            cache_write_1h: Some(5.0),
            reasoning: Some(6.0),
            input_audio: Some(7.0),
            output_audio: Some(8.0),
            input_image: Some(9.0),
            output_image: Some(10.0),
        },
        context_window: Some(128_000),
        tiers: vec![PriceTier {
            above_input_tokens: Some(200_000),
            service_tier: Some("flex".into()),
            usd_per_million: PriceRates { input: Some(11.0), ..PriceRates::default() },
        }],
    };
    assert_eq!(config.prices, [prices]);
    assert_eq!(config.cost, CostLimits { threshold_usd: Some(0.5) });
    assert!(!config.prices().is_empty());
}

#[test]
fn collectors_may_be_several() {
    let text =
        r#"{"otlp":[{"cluster":"a","path":"/x/v1/traces"},{"max_batch_spans":7,"signals":["metrics"]}]}"#;
    let config = Config::parse(text.as_bytes()).unwrap();
    let [a, b] = &*config.otlp else { panic!("{:?}", config.otlp) };
    assert_eq!((a.cluster.as_str(), a.traces_path.as_str()), ("a", "/x/v1/traces"));
    assert_eq!((b.cluster.as_str(), b.max_batch_records), ("otel_collector", 7));
    assert_eq!(b.signals, [Signal::Metrics]);
}

#[test]
fn names_the_collector_among_several() {
    for (text, expected) in [
        (r#"{"otlp":[{},{"cluster":""}]}"#, "otlp[1].cluster: is empty; give the name of an Envoy cluster"),
        (
            r#"{"otlp":[{},{"timeout_ms":"5s"}]}"#,
            "otlp[1].timeout_ms: is a text; give a whole number, 1 to 60000 (milliseconds)",
        ),
        (r#"{"otlp":7}"#, "otlp: is a number; give an object, or a list of them"),
        (r#"{"otlp":[7]}"#, "otlp[0]: is a number; give an object"),
        (
            r#"{"otlp":{"signals":[]}}"#,
            "otlp.signals: is empty; give one or several of traces, metrics, logs",
        ),
        (r#"{"otlp":{"signals":["logs","logs"]}}"#, "otlp.signals: names logs twice; give it once"),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn names_the_key_and_what_would_be_right() {
    for (text, expected) in [
        (
            r#"{"otlp":{"timeout":5}}"#,
            "otlp.timeout: is no key; give one of cluster, authority, signals, protocol, compression, traces_path, \
             metrics_path, logs_path, headers, timeout_ms, max_batch_records, max_batch_bytes, max_batch_age_ms, \
             max_queue_bytes, max_burst_bytes, max_in_flight; did you mean \"timeout_ms\"?",
        ),
        (
            r#"{"metrics":{"rhythm":5}}"#,
            "metrics.rhythm: is no key; give one of interval_ms, temporality, max_attribute_sets",
        ),
        (
            r#"{"resource":{"attribute":{}}}"#,
            "resource.attribute: is no key; give attributes; did you mean \"attributes\"?",
        ),
        (
            r#"{"limits":{"max_memory":5}}"#,
            "limits.max_memory: is no key; give max_memory_bytes or max_live_exchanges; did you mean \"max_memory_bytes\"?",
        ),
        (
            r#"{"otlp":{"timeout_ms":"5"}}"#,
            "otlp.timeout_ms: is a text; give a whole number, 1 to 60000 (milliseconds), without quotation marks",
        ),
        (
            r#"{"otlp":{"timeout_ms":1.5}}"#,
            "otlp.timeout_ms: is 1.5; give a whole number, 1 to 60000 (milliseconds)",
        ),
        (r#"{"otlp":{"timeout_ms":-5}}"#, "otlp.timeout_ms: is -5; give 1 to 60000 (milliseconds)"),
        (
            r#"{"otlp":{"timeout_ms":4294967297}}"#,
            "otlp.timeout_ms: is 4294967297; give 1 to 60000 (milliseconds)",
        ),
        (
            r#"{"sampling":{"rules":[{"input_tokens_above":9007199254740993}]}}"#,
            "sampling.rules[0].input_tokens_above: is 9007199254740992; give 0 to 9007199254740991",
        ),
        (
            r#"{"trace":{"sample_ratio":"0.5"}}"#,
            "trace.sample_ratio: is a text; give a number, 0 to 1 (share of the traces), without quotation marks",
        ),
        (
            r#"{"trace":{"propagate":"true"}}"#,
            "trace.propagate: is a text; give true or false, without quotation marks",
        ),
        (r#"{"trace":{"propagate":"yes"}}"#, "trace.propagate: is a text; give true or false"),
        (r#"{"trace":{"parent":"envoy"}}"#, "trace.parent: is \"envoy\"; give auto or client"),
        (r#"{"trace":{"baggage":"user.id"}}"#, "trace.baggage: is a text; give a list of texts"),
        (r#"{"trace":{"baggage":["a",1]}}"#, "trace.baggage[1]: is a number; give a text"),
        (
            r#"{"semconv":{"version":"2"}}"#,
            "semconv.version: is \"2\"; give one of 1.36.0, 1.41.0, 1.42.0-dev, next",
        ),
        (
            r#"{"semconv":{"version":["next","1.42.0"]}}"#,
            "semconv.version[1]: is \"1.42.0\"; give one of 1.36.0, 1.41.0, 1.42.0-dev, next; \
             did you mean \"1.42.0-dev\"?",
        ),
        (
            r#"{"logs":{"events":["exception"]}}"#,
            "logs.events[0]: is \"exception\"; give one of inference_details, exceptions, cost_threshold; \
             did you mean \"exceptions\"?",
        ),
        (
            r#"{"semconv":{"version":2}}"#,
            "semconv.version: is a number; give one of 1.36.0, 1.41.0, 1.42.0-dev, next, or a list of them",
        ),
        (
            r#"{"semconv":{"vocabularies":"gen_ai"}}"#,
            "semconv.vocabularies: is a text; give a list of gen_ai, openinference, llm",
        ),
        (
            r#"{"semconv":{"vocabularies":["genai"]}}"#,
            "semconv.vocabularies[0]: is \"genai\"; give one of gen_ai, openinference, llm; did you mean \"gen_ai\"?",
        ),
        (
            r#"{"providers":[{"host":"a","provider":"b"},{"hots":"a"}]}"#,
            "providers[1].hots: is no key; give one of host, path, path_prefix, path_glob, cluster, route, \
             virtual_host, provider, api, operation, ignore, models; did you mean \"host\"?",
        ),
        (r#"{"providers":[["a"]]}"#, "providers[0]: is a list; give an object"),
        (r#"{"providers":{}}"#, "providers: is an object; give a list of objects"),
        (r#"{"resource":{"attributes":[]}}"#, "resource.attributes: is a list; give an object of texts"),
        (r#"{"resource":{"attributes":{"a":1}}}"#, "resource.attributes.a: is a number; give a text"),
        (r#"{"trace":true}"#, "trace: is true or false; give an object"),
        (r#"{"service_name":"a","service_name":"a"}"#, "service_name: is given twice; give it once"),
        (
            r#"{"otlp":{"traces_path":"/a","path":"/a"}}"#,
            "otlp.path: is another name of traces_path, which is given, too; remove one",
        ),
        (r#"{"otlp":{"headers":{"a":"1","a":"2"}}}"#, "otlp.headers.a: is given twice; give it once"),
        ("[]", "is a list; give a JSON object, e.g. {\"otlp\": {\"cluster\": \"otel_collector\"}}"),
        ("{", "line 1, column 2: the text ends within an object; close it with }"),
        (r#"{"otlp":{"cluster":"a",}}"#, "line 1, column 24: a comma is followed by no member; remove it"),
        ("{} {}", "line 1, column 4: something follows the JSON object; remove it"),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn tells_all_that_is_wrong_in_the_order_of_the_document() {
    let text = r#"{
        "trace": { "parent": "envoy", "sample_ratio": 2 },
        "providers": [{ "provider": 5 }, { "host": "https://a", "path": "/", "provider": "x" }],
        "otlp": { "max_batch_bytes": "1k", "max_queue_bytes": 20000, "tiemout_ms": 1, "cluster": "" },
        "service_name": "a", "resource": { "attributes": { "service.name": "b" } }
    }"#;
    let errors = Config::parse(text.as_bytes()).unwrap_err();
    let paths: Vec<_> = errors.iter().map(|error| error.path.as_str()).collect();
    let expected = [
        "trace.parent",
        "trace.sample_ratio",
        "providers[0].provider",
        "providers[1].host",
        "providers[1].path",
        "otlp.max_batch_bytes",
        "otlp.tiemout_ms",
        "otlp.cluster",
        "resource.attributes.service.name",
    ];
    assert_eq!(paths, expected, "{errors}");
    assert_eq!(errors.to_string().lines().count(), 9);
}

#[test]
fn numbers_are_taken_in_every_notation_that_is_exact() {
    for (number, expected) in [("1e3", 1000), ("1000.0", 1000), ("10E+2", 1000)] {
        let config = Config::parse(format!(r#"{{"otlp":{{"timeout_ms":{number}}}}}"#).as_bytes()).unwrap();
        assert_eq!(config.otlp[0].timeout_ms, expected, "{number}");
    }
}

#[test]
fn a_struct_says_what_the_same_object_in_json_says() {
    /// A field of that number that holds bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }
    fn entry(key: &str, value: &[u8]) -> Vec<u8> {
        field(1, &[field(1, key.as_bytes()), field(2, value)].concat())
    }
    let number = [&[0x11][..], &250.0_f64.to_le_bytes()].concat();
    let otlp = field(5, &entry("timeout_ms", &number));
    let versions = field(6, &field(1, &field(3, b"next")));
    let semconv = field(5, &entry("version", &versions));
    let bytes = [entry("otlp", &otlp), entry("semconv", &semconv)].concat();
    let text = br#"{"otlp":{"timeout_ms":250},"semconv":{"version":["next"]}}"#;
    assert_eq!(Config::parse(&bytes), Config::parse(text));
    let wrong = entry("otlp", &field(5, &entry("timeout", &number)));
    let error = Config::parse(&wrong).unwrap_err().to_string();
    assert!(error.starts_with("otlp.timeout: is no key; "), "{error}");
}

#[test]
fn shows_no_secret() {
    let config = Config::parse(br#"{"otlp":{"headers":{"authorization":"Bearer hunter2"}}}"#).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(config.otlp[0].headers["authorization"].expose(), "Bearer hunter2");
    for text in [
        r#"{"otlp":{"headers":"authorization=Bearer hunter2"}}"#,
        r#"{"otlp":{"headers":["hunter2"]}}"#,
        r#"{"otlp":{"headers":{"authorization":"Bearer hunter2\n"}}}"#,
    ] {
        assert!(!refused(text).contains("hunter2"), "{}", refused(text));
    }
}
