"""Makes container images of the filter, without a container engine.

    python3 packaging/image.py FILTER.wasm VERSION LAYOUT.tar

LAYOUT.tar is an OCI image layout with three images of the same filter, as a registry may serve them:

    VERSION            an OCI image, one layer with plugin.wasm in it: what Istio and Envoy Gateway pull, and what
                       Kubernetes can mount as a volume
    VERSION-artifact   the filter as a layer of its own, as the Wasm image specification has it

Standard output has a line for each: its tag and the digest of its manifest, which is what `sha256` of a WasmPlugin and of
an EnvoyExtensionPolicy means for an image. The same filter, version and zlib give the same bytes.
"""

import gzip
import hashlib
import io
import json
import sys
import tarfile

OCI = "application/vnd.oci.image."
MANIFEST = OCI + "manifest.v1+json"


class Layout:
    """Blobs by their digests, and the images made of them."""

    def __init__(self):
        self.blobs = {}
        self.images = []

    def blob(self, media_type, data):
        """Adds a blob, and returns its descriptor."""
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def image(self, tag, config, layers, annotations):
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config,
            "layers": layers,
            "annotations": annotations,
        }
        descriptor = self.blob(MANIFEST, written(manifest))
        self.images.append({**descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}})

    def files(self):
        """The layout's files, in the order in which they are written."""
        yield "oci-layout", written({"imageLayoutVersion": "1.0.0"})
        yield "index.json", written({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": self.images})
        for digest in sorted(self.blobs):
            yield f"blobs/sha256/{digest}", self.blobs[digest]


def written(document):
    return json.dumps(document, separators=(",", ":")).encode()


def archive(files):
    """A tar of files that belong to nobody and have no time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def layout(wasm, version):
    made = Layout()
    annotations = {
        "org.opencontainers.image.title": "inferspan",
        "org.opencontainers.image.description": "OpenTelemetry for LLM calls that pass Envoy: a proxy-wasm filter",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.source": "https://github.com/inferspan/inferspan",
        "org.opencontainers.image.licenses": "Apache-2.0",
    }
    plain = archive([("plugin.wasm", wasm)])
    packed = gzip.compress(plain, compresslevel=9, mtime=0)
    # It runs in a VM and has no platform; engines that unpack images want to be told one.
    config = written({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": annotations},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(plain).hexdigest()]},
        "history": [{"created_by": "packaging/image.py"}],
    })
    made.image(
        version,
        made.blob(OCI + "config.v1+json", config),
        [made.blob(OCI + "layer.v1.tar+gzip", packed)],
        annotations,
    )
    runtime = written({"type": "envoy_proxy", "abiVersions": ["v0-2-1"], "config": {"rootIds": ["inferspan"]}})
    made.image(
        f"{version}-artifact",
        made.blob("application/vnd.module.wasm.config.v1+json", written({})),
        [
            made.blob("application/vnd.module.wasm.config.v1+json", runtime),
            made.blob("application/vnd.module.wasm.content.layer.v1+wasm", wasm),
        ],
        annotations,
    )
    return made


if __name__ == "__main__":
    source, version, target = sys.argv[1:]
    with open(source, "rb") as file:
        made = layout(file.read(), version)
    with open(target, "wb") as file:
        file.write(archive(made.files()))
    for image in made.images:
        print(image["annotations"]["org.opencontainers.image.ref.name"], image["digest"])
