//! How the cost of a call grows: counted WebAssembly instructions of the compiled filter, which are the same on every
//! machine, against the size of a body, a stream's events, streams that are open, series of metrics, and rules.
//!
//! `cargo run -p inferspan-benches --example grow` writes `docs/plots/*.svg` and prints what stands in them.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use host_test::build;
use host_test::sim::{Headers, Module, Pieces, Proxy, Reply, Script};

fn main() -> Result<()> {
    let module = Module::from_file(build::filter(&mut |line| eprintln!("{line}"))?)?;
    let directory = build::workspace().join("docs/plots");
    fs::create_dir_all(&directory)?;
    for plot in [bodies(&module)?, events(&module)?, streams(&module)?, series(&module)?, rules(&module)?] {
        println!("{}: {:?}", plot.what, plot.points);
        fs::write(directory.join(format!("{}.svg", plot.file)), plot.svg()).context("write a plot")?;
    }
    Ok(())
}

/// A request that grows, by messages of a kilobyte.
fn bodies(module: &Module) -> Result<Plot> {
    let points = [0, 64, 128, 256, 512, 1024].into_iter().map(|messages| {
        let script = call(MODEL, messages, 0);
        let size = script.request.body.len() as u64 / 1024;
        Ok((size, cost(&mut proxy(module, "{}")?, &script)?))
    });
    Plot::new("bodies", "KiB of a request's body", points)
}

fn events(module: &Module) -> Result<Plot> {
    let points = [10, 250, 500, 1000, 2000]
        .into_iter()
        .map(|events| Ok((events as u64, cost(&mut proxy(module, "{}")?, &call(MODEL, 0, events))?)));
    Plot::new("events", "events of a stream", points)
}

/// A call of its own, while so many others are open.
fn streams(module: &Module) -> Result<Plot> {
    let points = [0, 250, 500, 1000, 2000].into_iter().map(|open| {
        let mut proxy = proxy(module, "{}")?;
        let script = call(MODEL, 0, 0);
        warm(&mut proxy, &script)?;
        for _ in 0..open {
            let stream = proxy.open();
            proxy.request_headers(stream, script.request.headers.clone(), false)?;
        }
        Ok((open, once(&mut proxy, &script)?))
    });
    Plot::new("streams", "streams that are open", points)
}

/// A call of a model that is known, beside so many others.
fn series(module: &Module) -> Result<Plot> {
    let points = [1, 50, 100, 200, 400].into_iter().map(|models| {
        let mut proxy = proxy(module, r#"{"otlp":{"signals":["traces","metrics"]}}"#)?;
        for model in 0..models {
            proxy.run(&call(&format!("gpt-{model}"), 0, 0))?;
        }
        Ok((models, cost(&mut proxy, &call("gpt-0", 0, 0))?))
    });
    Plot::new("series", "models that metrics tell apart", points)
}

/// Rules of sampling, none of which holds.
fn rules(module: &Module) -> Result<Plot> {
    let points = [0, 8, 16, 32, 64].into_iter().map(|rules| {
        let rules_of =
            (0..rules).map(|n| format!(r#"{{"model":"other-{n}*","ratio":1}}"#)).collect::<Vec<_>>();
        let configuration = format!(r#"{{"sampling":{{"rules":[{}]}}}}"#, rules_of.join(","));
        Ok((rules, cost(&mut proxy(module, &configuration)?, &call(MODEL, 0, 0))?))
    });
    Plot::new("rules", "rules of sampling", points)
}

fn proxy(module: &Module, configuration: &str) -> Result<Proxy> {
    let builder = Proxy::builder(module).configuration(configuration);
    Ok(builder.cluster("otel_collector", Reply::status(200)).start()?)
}

/// Instructions of one call, once what is made at first use is made.
fn cost(proxy: &mut Proxy, script: &Script) -> Result<u64> {
    warm(proxy, script)?;
    once(proxy, script)
}

fn warm(proxy: &mut Proxy, script: &Script) -> Result<()> {
    for _ in 0..2 {
        proxy.run(script)?;
        proxy.advance(FLUSHED)?;
    }
    Ok(())
}

fn once(proxy: &mut Proxy, script: &Script) -> Result<u64> {
    let before = proxy.fuel(0).0;
    proxy.run(script)?;
    Ok(proxy.fuel(0).0 - before)
}

/// A call with so many messages of a kilobyte, answered by so many events, or at once.
fn call(model: &str, messages: usize, events: usize) -> Script {
    let message = format!(r#"{{"role":"user","content":"{}"}}"#, "What was said before. ".repeat(45));
    let messages = vec![message; messages.max(1)].join(",");
    let stream = if events > 0 { r#","stream":true"# } else { "" };
    let request = format!(r#"{{"model":"{model}"{stream},"messages":[{messages}]}}"#);
    let usage = r#""usage":{"prompt_tokens":43,"completion_tokens":87,"total_tokens":130}"#;
    let head = format!(r#""id":"chatcmpl-9","created":1721075653,"model":"{model}""#);
    let mut answer = String::new();
    for _ in 0..events {
        let delta = r#""choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]"#;
        let _ = write!(answer, "data: {{{head},\"object\":\"chat.completion.chunk\",{delta}}}\n\n");
    }
    let (content_type, piece) = if let Some(piece) = answer.len().checked_div(events) {
        let _ = write!(answer, "data: {{{head},\"choices\":[],{usage}}}\n\ndata: [DONE]\n\n");
        ("text/event-stream", piece)
    } else {
        let message =
            r#"{"index":0,"message":{"role":"assistant","content":"Light."},"finish_reason":"stop"}"#;
        answer = format!(r#"{{{head},"object":"chat.completion","choices":[{message}],{usage}}}"#);
        ("application/json", CHUNK)
    };
    let request_headers = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "api.openai.com"),
        (":path", "/v1/chat/completions"),
        ("content-type", "application/json"),
    ];
    let response_headers = [(":status", "200"), ("content-type", content_type)];
    Script::new(
        request_headers.into_iter().collect::<Headers>(),
        request.as_bytes(),
        response_headers.into_iter().collect::<Headers>(),
        answer.as_bytes(),
    )
    .request_pieces(Pieces::of(CHUNK))
    .response_pieces(Pieces::of(piece))
}

/// One line over one axis.
struct Plot {
    file: &'static str,
    what: &'static str,
    points: Vec<(u64, u64)>,
}

impl Plot {
    fn new(
        file: &'static str,
        what: &'static str,
        points: impl Iterator<Item = Result<(u64, u64)>>,
    ) -> Result<Self> {
        Ok(Self { file, what, points: points.collect::<Result<_>>()? })
    }

    fn svg(&self) -> String {
        let most = |of: fn(&(u64, u64)) -> u64| self.points.iter().map(of).max().unwrap_or(1).max(1) as f64;
        let (widest, highest) = (most(|p| p.0), most(|p| p.1));
        let place =
            |(x, y): &(u64, u64)| (60.0 + *x as f64 / widest * 300.0, 190.0 - *y as f64 / highest * 150.0);
        let line: Vec<_> = self.points.iter().map(place).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dots: String = self
            .points
            .iter()
            .map(|point| {
                let (x, y) = place(point);
                format!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"><title>{}: {}</title></circle>",
                    point.0, point.1
                )
            })
            .collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 400 240\" font-family=\"sans-serif\" \
             font-size=\"11\" fill=\"#555\">\n\
             <rect width=\"400\" height=\"240\" fill=\"#fff\"/>\n\
             <path d=\"M60 30V190H370\" fill=\"none\" stroke=\"#999\"/>\n\
             <polyline points=\"{}\" fill=\"none\" stroke=\"#36c\" stroke-width=\"2\"/>\n<g fill=\"#36c\">{dots}</g>\n\
             <text x=\"10\" y=\"20\">thousand instructions a call</text>\n\
             <text x=\"55\" y=\"44\" text-anchor=\"end\">{:.0}</text><text x=\"55\" y=\"194\" text-anchor=\"end\">0</text>\n\
             <text x=\"360\" y=\"206\" text-anchor=\"middle\">{widest:.0}</text>\n\
             <text x=\"215\" y=\"226\" text-anchor=\"middle\">{}</text>\n</svg>\n",
            line.join(" "),
            highest / 1000.0,
            self.what
        )
    }
}

const MODEL: &str = "gpt-4o-mini";
/// Bytes that Envoy reads from a connection at a time.
const CHUNK: usize = 16 << 10;
/// Longer than a batch waits.
const FLUSHED: Duration = Duration::from_secs(10);
