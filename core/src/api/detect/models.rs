//! The models that paths name.

use super::PathModel;
use crate::api::{Api, path};

/// `models/{m}`, `publishers/{p}/models/{m}` → `m`; other collections (`tunedModels/{m}`, `endpoints/{e}`) stay.
pub(super) fn google_model(path: &[u8], resource: &[u8]) -> Option<String> {
    let resource = path::decode(resource);
    let collection = path.rsplit(|&b| b == b'/').nth(1).unwrap_or_default();
    let name = match collection {
        b"tunedModels" | b"endpoints" => format!("{}/{resource}", String::from_utf8_lossy(collection)),
        // A client that encodes `models/{m}` as one segment.
        _ => resource.strip_prefix("models/").unwrap_or(&resource).to_owned(),
    };
    Some(name).filter(|name| !name.is_empty())
}

/// The model of Bedrock's paths, the deployment of Azure's.
pub(super) fn path_model(api: Api, path: &[u8]) -> Option<PathModel> {
    let name = |segment: &[u8]| Some(path::decode(segment)).filter(|name| !name.is_empty());
    if matches!(api, Api::BedrockConverse | Api::BedrockInvoke) {
        let rest = path::after_segment(path, b"model")?;
        // An ARN may come with its slashes as they are.
        let end = rest.iter().rposition(|&b| b == b'/')?;
        return name(rest.get(..end)?).map(PathModel::Decides);
    }
    let first = |rest: &[u8]| name(rest.split(|&b| b == b'/').next()?);
    match api {
        Api::Triton => return first(path::after_segment(path, b"models")?).map(PathModel::Decides),
        Api::Invocations => {
            if let Some(rest) = path::after_segment(path, b"models") {
                let end = memchr::memmem::find(rest, b"/pipeline/").unwrap_or(rest.len());
                return name(rest.get(..end)?).map(PathModel::Decides);
            }
            let endpoint = path::after_segment(path, b"serving-endpoints")
                .or_else(|| path::after_segment(path, b"endpoints"))?;
            return first(endpoint).map(PathModel::Fallback);
        }
        _ => {}
    }
    // Two of Baidu's models have no name of their own.
    if matches!(api, Api::BaiduChat | Api::OpenAiEmbeddings)
        && let Some(rest) = path::after_segment(path, b"wenxinworkshop")
    {
        let (_, model) = path::split_once(rest, b'/')?;
        return name(model).filter(|model| !model.starts_with("completions")).map(PathModel::Fallback);
    }
    let deployment = path::after_segment(path, b"deployments")
        .filter(|_| path::has_segment(path, b"openai"))
        // Cloudflare's AI Gateway: `azure-openai/{resource}/{deployment}/…`
        .or_else(|| Some(path::split_once(path::after_segment(path, b"azure-openai")?, b'/')?.1))?;
    name(deployment.split(|&b| b == b'/').next()?).map(PathModel::Fallback)
}

/// `@cf/{vendor}/{model}`, `@hf/…` to the end of the path.
pub(super) fn workers_ai_model(path: &[u8]) -> Option<String> {
    memchr::memchr2(b'@', b'%', path)?;
    let start = ["/@cf/", "/@hf/", "/%40cf/", "/%40hf/"]
        .iter()
        .find_map(|prefix| memchr::memmem::find(path, prefix.as_bytes()))?;
    Some(path::decode(path.get(start.checked_add(1)?..)?))
}
