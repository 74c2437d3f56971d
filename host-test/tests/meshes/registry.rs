//! A container registry that serves the images of a layout, as far as one that is only pulled from needs to.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use host_test::build;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::Value;
use tokio::net::TcpListener;

/// The images that `packaging/image.py` makes of a filter, each with the digest of its manifest.
pub(crate) struct Registry {
    pub(crate) address: SocketAddr,
    /// Tags and digests, as the program prints them.
    pub(crate) images: Vec<(String, String)>,
}

impl Registry {
    /// Serves them on a loopback port, under any name, for as long as the runtime lives.
    pub(crate) async fn start(wasm: &Path, version: &str) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let layout = directory.path().join("layout");
        let archive = directory.path().join("layout.tar");
        let mut make = Command::new("python3");
        make.arg(build::workspace().join("packaging/image.py")).arg(wasm).arg(version).arg(&archive);
        let images = said(&mut make)?;
        let images = images.lines().filter_map(|line| line.split_once(" sha256:"));
        let images = images.map(|(tag, digest)| (tag.to_owned(), digest.to_owned())).collect();
        std::fs::create_dir(&layout)?;
        said(Command::new("tar").arg("xf").arg(&archive).arg("-C").arg(&layout))?;

        let served = Arc::new(Served::of(&layout)?);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = Arc::clone(&served);
                let answer = service_fn(move |request| {
                    let answer = served.answer(&request);
                    async { Ok::<_, Infallible>(answer) }
                });
                tokio::spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    // A client that goes away is its own affair.
                    let _ = server.serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
        Ok(Self { address, images })
    }
}

/// Blobs and manifests by digest, manifests by tag, too; each with its media type.
struct Served(HashMap<String, (String, Bytes)>);

impl Served {
    fn of(layout: &Path) -> Result<Self> {
        let mut served = HashMap::new();
        let blobs = layout.join("blobs/sha256");
        for blob in std::fs::read_dir(&blobs)? {
            let blob = blob?;
            let name = format!("sha256:{}", blob.file_name().to_string_lossy());
            let data = Bytes::from(std::fs::read(blob.path())?);
            served.insert(name, ("application/octet-stream".to_owned(), data));
        }
        let mut index = String::new();
        std::fs::File::open(layout.join("index.json"))?.read_to_string(&mut index)?;
        let index: Value = serde_json::from_str(&index)?;
        for image in index["manifests"].as_array().context("manifests")? {
            let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
            let (digest, media_type) = (text(&image["digest"])?, text(&image["mediaType"])?);
            let data = served.get(&digest).context("a manifest")?.1.clone();
            served.insert(
                text(&image["annotations"]["org.opencontainers.image.ref.name"])?,
                (media_type.clone(), data.clone()),
            );
            served.insert(digest, (media_type, data));
        }
        Ok(Self(served))
    }

    /// `/v2/`, `/v2/NAME/manifests/REFERENCE`, `/v2/NAME/blobs/DIGEST`.
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        if path == "/v2/" {
            return Response::new(Full::default());
        }
        let mut answer = match path.rsplit('/').next().and_then(|reference| self.0.get(reference)) {
            Some((media_type, data)) => {
                let data = if request.method() == Method::HEAD { Bytes::new() } else { data.clone() };
                let mut answer = Response::new(Full::new(data));
                if let Ok(value) = media_type.parse() {
                    answer.headers_mut().insert("content-type", value);
                }
                answer
            }
            None => Response::new(Full::default()),
        };
        if !answer.headers().contains_key("content-type") {
            *answer.status_mut() = hyper::StatusCode::NOT_FOUND;
        }
        answer
    }
}

/// What a command says on its standard output.
pub(crate) fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("run {:?}", command.get_program()))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
