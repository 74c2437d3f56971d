//! `inferspan up` in front of the simulated provider.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use host_test::rig::PATIENCE;
use host_test::rig::client::Request;
use host_test::rig::provider::{Event, Pace, Provider, Scenario};
use host_test::rig::receiver::Receiver;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

#[tokio::test(flavor = "multi_thread")]
async fn traces_show_as_they_come() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let mut up = Up::start(&provider, &[]).await?;
    let answer = call("127.0.0.1", Scenario::Answer).send(up.address).await?;
    assert_eq!(answer.status, 200);
    up.line_with("└─ chat gpt-5-mini").await?;
    up.line_with("└─ finish  stop").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_the_filters_and_a_summary_ends_it() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let directory = tempfile::tempdir()?;
    let config = directory.path().join("filter.json");
    let prices = r#"[{"model": "gpt-5-mini*", "usd_per_million": {"input": 100, "output": 1000}}]"#;
    fs::write(
        &config,
        format!(r#"{{"service_name": "shop", "otlp": {{"cluster": "theirs"}}, "prices": {prices}}}"#),
    )?;
    let config = config.to_str().context("a path of UTF-8")?;
    let mut up = Up::start(&provider, &["--config", config]).await?;
    call("api.openai.com", Scenario::Answer).send(up.address).await?;
    let title = up.line_with("trace ").await?;
    assert!(title.ends_with("  shop"), "{title}");
    up.line_with("├─ cost ").await?;
    up.line_with("└─ finish  stop").await?;
    up.signal_only("-TERM").await?;
    up.line_with("first token p50").await?;
    let row = up.line_with("gpt-5-mini").await?;
    let cells: Vec<_> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(cells[1..4], ["openai", "1", "0"], "{row}");
    assert!(cells[6].ends_with(" USD"), "{row}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_upstreams_are_told_apart_by_path_or_host() -> Result<()> {
    let (one, other) = (Provider::start(Pace::FAST).await?, Provider::start(Pace::FAST).await?);
    let mut command = up_to(&format!("one=http://{}", one.address()));
    command.args(["--upstream", &format!("other=http://{}", other.address()), "--summary"]);
    let mut up = Up::spawn(command).await?;
    let hint = up.line_with("/other/v1").await?;
    let expected =
        format!("OPENAI_BASE_URL=http://{}/other/v1    # other: http://{}", up.address, other.address());
    assert_eq!(hint, expected);

    let local = up.address.to_string();
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "Hi" }] }).to_string();
    let named = Request::post(&local, "/other/v1/chat/completions", body.clone());
    let by_path = named.header("x-simulate", Scenario::Answer.name()).send(up.address).await?;
    assert_eq!(by_path.status, 200);
    let arrived = |event: &Event| {
        let request = event.request();
        let host = request.headers.get("host").and_then(|host| host.to_str().ok().map(str::to_owned));
        Some((request.path.clone(), host))
    };
    let seen = other.events().find("the request arrives", arrived).await?;
    assert_eq!(seen, ("/v1/chat/completions".to_owned(), Some(other.address().to_string())));

    let host = format!("one.localhost:{}", up.address.port());
    call(&host, Scenario::Answer).send(up.address).await?;
    let seen = one.events().find("the request arrives", arrived).await?;
    assert_eq!(seen, ("/v1/chat/completions".to_owned(), Some(one.address().to_string())));

    let nowhere = call(&local, Scenario::Answer).send(up.address).await?;
    assert_eq!(nowhere.status, 404);
    assert!(nowhere.body.ends_with(b"paths begin with /one/ or /other/\n"), "{:?}", nowhere.body);
    up.signal_only("-TERM").await?;
    let head = up.line_with("first token p50").await?;
    assert!(head.starts_with("model"), "{head}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_explained_where_one_asks() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let mut up = Up::start(&provider, &["--explain"]).await?;
    call("api.openai.com", Scenario::Answer).send(up.address).await?;
    Request::post("api.openai.com", "/v1/files?key=sk-secret", "{}").send(up.address).await?;
    // What some other software has on a path like this.
    Request::post("shop.example.com", "/v1/chat/completions", "hello")
        .header("content-type", "text/plain")
        .send(up.address)
        .await?;
    up.terminate().await?;
    let said = up.stderr.await?;
    for line in [
        "POST /v1/chat/completions → 200: openai_chat, by openai\n",
        ": no call: no LLM API has this path, as far as known here, or a rule in `providers` ignores it; where one does, a rule with `api` says so\n",
        "  no call: the path is one of an LLM API and the host is no provider known here, but the request has another form; ",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!said.contains("sk-secret"), "{said}");
    assert!(!said.contains("envoy: debug"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_go_with_each_export_and_the_summary_is_there_all_the_same() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let collector = Receiver::start().await?;
    let url = format!("http://{}", collector.address());
    let arguments =
        ["--otlp", url.as_str(), "--otlp-header", "x-tenant=team-a", "--otlp-header", "x-key=a=b"];
    let mut up = Up::start(&provider, &arguments).await?;
    call("api.openai.com", Scenario::Answer).send(up.address).await?;
    let export = collector.exports().find("an export", |export| Some(export.clone())).await?;
    let header = |name: &str| export.headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!((header("x-tenant"), header("x-key")), (Some("team-a"), Some("a=b")));
    up.signal_only("-TERM").await?;
    up.line_with("gpt-5-mini").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_is_said_before_anything_starts() -> Result<()> {
    for (arguments, said) in [
        (&["--upstream", "http://x", "--otlp-header", "a=b"][..], "--otlp"),
        (&["--upstream", "http://x", "--otlp", "http://y", "--otlp-header", "secret"], "give NAME=VALUE"),
        (&["--upstream", "Open AI=http://x"], "is no name"),
        (&["--upstream", "x"], "should begin with https://"),
        (&[], "--upstream"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_inferspan")).arg("up").args(arguments).output().await?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_queued_is_delivered_before_the_end() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let collector = Receiver::start().await?;
    let mut up = Up::start(&provider, &["--otlp", &format!("http://{}", collector.address())]).await?;
    for _ in 0..5 {
        call("api.openai.com", Scenario::Answer).send(up.address).await?;
    }
    up.terminate().await?;
    assert_eq!(collector.spans().len(), 5);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_is_said() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let nobody = Receiver::start().await?.address();
    let mut up = Up::start(&provider, &["--otlp", &format!("http://{nobody}")]).await?;
    for _ in 0..2 {
        call("api.openai.com", Scenario::Answer).send(up.address).await?;
    }
    let status = up.signal("-TERM").await?;
    assert_eq!(status.code(), Some(1));
    let said = up.stderr.await?;
    assert!(said.contains("2 spans were not delivered"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_way_ends_before_the_end() -> Result<()> {
    let provider =
        Provider::start(Pace { first: Duration::from_millis(50), between: Duration::from_millis(20) })
            .await?;
    let collector = Receiver::start().await?;
    let mut up = Up::start(&provider, &["--otlp", &format!("http://{}", collector.address())]).await?;
    let mut answer = call("api.openai.com", Scenario::Answer).open(up.address).await?;
    let first = answer.chunk().await?.context("an empty answer")?;

    let (ended, rest) = tokio::join!(up.terminate(), answer.rest());
    ended?;
    let heard = [first, rest?.body].concat();
    let sent = provider.events().find("the answer is sent", |event| match event {
        Event::Answered(_, sent) => Some(sent.clone()),
        _ => None,
    });
    assert_eq!(heard, sent.await?);
    let spans = collector.spans();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans.first().and_then(|span| span.text("inferspan.outcome")), Some("completed"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_follows_the_client_or_the_upstream() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let up = Up::start(&provider, &[]).await?;
    let upstream = provider.address().to_string();
    for (sent, arrives) in [
        ("api.openai.com", "api.openai.com"),
        (up.address.to_string().as_str(), upstream.as_str()),
        (&format!("localhost:{}", up.address.port()), &upstream),
    ] {
        let id = format!("host-{sent}");
        call(sent, Scenario::Answer).header("x-case", id.as_str()).send(up.address).await?;
        let arrived = provider.events().find("the request arrives", |event| {
            let headers = &event.request().headers;
            headers
                .get("x-case")
                .is_some_and(|case| case == id.as_str())
                .then(|| headers.get("host").cloned())
        });
        assert_eq!(arrived.await?.context("no Host")?, arrives, "for {sent}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_to_the_upstream_is_validated() -> Result<()> {
    let certificates = certificates();
    let mut server = Command::new("python3")
        .arg(certificates.join("server.py"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("run python3")?;
    let stdout = server.stdout.take().context("no stdout")?;
    let port = BufReader::new(stdout).lines().next_line().await?.context("the server says no port")?;
    let upstream = format!("https://localhost:{port}");

    let mut trusting = up_to(&upstream);
    trusting.env("SSL_CERT_FILE", certificates.join("authority.pem"));
    let up = Up::spawn(trusting).await?;
    let answer = call(&up.address.to_string(), Scenario::Answer).send(up.address).await?;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, format!("localhost:{port}"), "the Host that the upstream needs");
    drop(up);

    // The system's own authorities do not know this one.
    let mut careful = up_to(&upstream);
    careful.env_remove("SSL_CERT_FILE");
    let up = Up::spawn(careful).await?;
    let answer = call("api.openai.com", Scenario::Answer).send(up.address).await?;
    assert_eq!(answer.status, 503);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_is_said_so() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let taken = provider.address().to_string();
    let said = command(&provider).args(["--listen", &taken]).output().await?;
    let stderr = String::from_utf8_lossy(&said.stderr);
    assert!(!said.status.success());
    assert!(stderr.contains(&taken) && stderr.contains("--listen"), "{stderr}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn envoy_ends_even_when_we_are_killed() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let mut up = Up::start(&provider, &[]).await?;
    let mut connection = TcpStream::connect(up.address).await?;
    up.process.kill().await?;
    // Envoy lets go of a connection this young only when it ends.
    let mut nothing = Vec::new();
    let gone = connection.read_to_end(&mut nothing);
    // Whether it is closed or reset is no matter.
    let _ = tokio::time::timeout(PATIENCE, gone).await.context("Envoy is still there")?;
    assert!(nothing.is_empty(), "nothing was asked");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_envoy_it_says_how_to_get_one() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let nothing = tempfile::tempdir()?;
    let said = command(&provider)
        .args(["--listen", "127.0.0.1:0", "--wasm"])
        // Any file will do: it comes to nothing before it is loaded.
        .arg(certificates().join("authority.pem"))
        .env_remove("ENVOY")
        .env("PATH", nothing.path())
        .env("CARGO_TARGET_DIR", nothing.path())
        .output()
        .await?;
    let stderr = String::from_utf8_lossy(&said.stderr);
    assert!(!said.status.success());
    for way in ["set ENVOY", "`envoy` on PATH", "--target", "python3 -m pip"] {
        assert!(stderr.contains(way), "{way:?} is missing in: {stderr}");
    }
    Ok(())
}

/// A running `inferspan up`.
struct Up {
    process: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    /// Gathers what it says on stderr, for when something fails.
    stderr: JoinHandle<String>,
    address: SocketAddr,
}

impl Up {
    async fn start(provider: &Provider, arguments: &[&str]) -> Result<Self> {
        let mut command = command(provider);
        command.args(arguments);
        Self::spawn(command).await
    }

    async fn spawn(mut command: Command) -> Result<Self> {
        let mut process = command.args(["--listen", "127.0.0.1:0"]).spawn()?;
        let stdout = process.stdout.take().context("no stdout")?;
        let mut stderr = process.stderr.take().context("no stderr")?;
        let stderr = tokio::spawn(async move {
            let mut said = String::new();
            let _ = stderr.read_to_string(&mut said).await;
            said
        });
        let address = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut up = Self { process, stdout: BufReader::new(stdout).lines(), stderr, address };
        let line = up.line_with("OPENAI_BASE_URL=http://").await?;
        let address =
            line.trim_start_matches("OPENAI_BASE_URL=http://").split('/').next().unwrap_or_default();
        up.address = address.parse().with_context(|| format!("no address in {line}"))?;
        Ok(up)
    }

    /// The next line of stdout that holds this.
    async fn line_with(&mut self, wanted: &str) -> Result<String> {
        let search = async {
            while let Some(line) = self.stdout.next_line().await? {
                if line.contains(wanted) {
                    return Ok(line);
                }
            }
            bail!("stdout ended")
        };
        // The filter may have to be built first.
        match tokio::time::timeout(PATIENCE * 20, search).await {
            Ok(Ok(line)) => Ok(line),
            other => {
                self.process.kill().await?;
                let said = (&mut self.stderr).await?;
                bail!("no line with {wanted:?} on stdout ({other:?}); stderr:\n{said}")
            }
        }
    }

    async fn terminate(&mut self) -> Result<()> {
        let status = self.signal("-TERM").await?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }

    /// Sends the signal.
    async fn signal_only(&mut self, signal: &str) -> Result<()> {
        let id = self.process.id().context("it has ended before")?.to_string();
        Command::new("kill").args([signal, &id]).status().await.context("run kill")?;
        Ok(())
    }

    /// Sends the signal and waits for the end.
    async fn signal(&mut self, signal: &str) -> Result<ExitStatus> {
        self.signal_only(signal).await?;
        Ok(tokio::time::timeout(PATIENCE, self.process.wait()).await.context("it does not end")??)
    }
}

fn certificates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls")
}

fn command(provider: &Provider) -> Command {
    up_to(&format!("http://{}", provider.address()))
}

fn up_to(upstream: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inferspan"));
    command
        .args(["up", "--upstream", upstream])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn call(host: &str, scenario: Scenario) -> Request {
    let body = json!({
        "model": "gpt-5-mini",
        "messages": [{ "role": "user", "content": "Hi" }],
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    Request::post(host, "/v1/chat/completions", body.to_string()).header("x-simulate", scenario.name())
}
