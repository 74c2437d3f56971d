"""Writes the CycloneDX SBOM of a build of the filter to standard output.

    python3 packaging/sbom.py FILTER.wasm

Its components are the crates that are linked into inferspan-plugin as `cargo tree` has them, which leaves out what only
builds, tests or other members of the workspace need, and Rust's standard library. Their licences are those of
`cargo metadata`.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = "wasm32-wasip1"


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked():
    """Names and versions of the crates that are linked into the filter."""
    tree = ("cargo", "tree", "--locked", "--package", "inferspan-plugin", "--edges", "normal,no-proc-macro")
    lines = run(*tree, "--target", TARGET, "--prefix", "none", "--format", "{p}").splitlines()
    pairs = {tuple(line.split()[:2]) for line in lines if line}
    return {(name, version.removeprefix("v")) for name, version in pairs}


def component(package):
    entry = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if package.get("license"):
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    return entry


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def standard_library():
    version = run("rustc", "--version").split()[1]
    licences = [{"expression": "MIT OR Apache-2.0"}]
    return {"type": "library", "bom-ref": f"rust-std@{version}", "name": "rust-std", "version": version, "licenses": licences}


def sbom(wasm):
    metadata = json.loads(run("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET))
    parts = linked()
    packages = [package for package in metadata["packages"] if (package["name"], package["version"]) in parts]
    own = next(package for package in packages if package["name"] == "inferspan-plugin")
    libraries = sorted((component(package) for package in packages if package["source"]), key=lambda part: part["bom-ref"])
    libraries.append(standard_library())
    filter_ref = f"inferspan@{own['version']}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": filter_ref,
                "name": "inferspan",
                "version": own["version"],
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(wasm).hexdigest()}],
                "licenses": [{"expression": own["license"]}],
            },
        },
        "components": libraries,
        "dependencies": [{"ref": filter_ref, "dependsOn": [library["bom-ref"] for library in libraries]}],
    }


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        wasm = file.read()
    json.dump(sbom(wasm), sys.stdout, indent=1)
    print()
