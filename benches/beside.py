#!/usr/bin/env python3
"""What the filter costs in Envoy, beside what one would pick instead. Needs Linux, Python 3.11, cargo and an Envoy.

    benches/beside.py                          the table; ten minutes on a quiet machine
    benches/beside.py --markdown               and where it was measured, as docs/performance.md has it
    benches/beside.py --rounds 1 --seconds 1   whether it works here
    benches/beside.py features                 what each cargo feature costs in code, start and memory
    benches/beside.py --streams 1,1000,10000   how much memory so many open streams take

One Envoy with one worker at a time, alone on the first processor; who calls and who answers are on the others. What is
measured is what Envoy's threads have run, as Linux counts it (/proc/PID/task/*/schedstat), for each call. Rounds go
through all variants in turn, and a difference is one to "no filter" of the same round; shown are the median and, in
brackets, the least and the greatest. Figures of one run can be compared with one another, and with no others.

"Floor" is a filter that reads both header maps, all bytes and the clock, exports 900 bytes a call, and understands
nothing (benches/floor); "empty" is one that does nothing. An ext_proc server is not among the variants: it would need a
gRPC server in a language of its own, and its cost is that server's as much as Envoy's.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# --- What passes ------------------------------------------------------------------------------------------------------

ANSWER = json.dumps({
    "id": "chatcmpl-B9", "object": "chat.completion", "created": 1741569952, "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "So it is said. " * 20, "refusal": None},
                 "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 60, "completion_tokens": 80, "total_tokens": 140,
              "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}},
    "service_tier": "default"}).encode()
EVENTS, GAP = 200, 0.003


def ask(messages, **more):
    body = {"model": "gpt-4o", "temperature": 0.5, "messages": messages, **more}
    return json.dumps(body).encode()


def event(at, **delta):
    """One event of a stream; `at` is when it was sent, which the caller compares with its own clock."""
    body = {"id": "chatcmpl-B9", "object": "chat.completion.chunk", "created": 1741569952, "model": "gpt-4o-2024-08-06",
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}], "at": at}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


QUESTION = [{"role": "user", "content": "hello " * 100}]
LONG = [{"role": "user" if n % 2 == 0 else "assistant", "content": "lorem ipsum " * 78} for n in range(200)]

# Name, path, body of the request, connections, and times as long as `--seconds` says. Streams are paced, so that every
# chunk crosses Envoy by itself; there are many of them, so that those which the end cuts are few.
WORKS = {
    "json": ("1 KB JSON", "/v1/chat/completions", ask(QUESTION), 4, 1),
    "big": ("198 KB request", "/v1/chat/completions", ask(LONG), 4, 1),
    "stream": ("200 events", "/v1/chat/completions?events", ask(QUESTION, stream=True), 32, 2),
    "other": ("off the LLM path", "/v1/orders", json.dumps({"lines": [{"sku": "hello " * 100}]}).encode(), 4, 1),
}

# --- Who answers, who calls -------------------------------------------------------------------------------------------


async def requests(reader):
    """Method, path and body of each request of a connection."""
    while True:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = re.search(r"(?im)^content-length: *(\d+)", head)
            if length:
                body = await reader.readexactly(int(length[1]))
            elif "chunked" in head.lower():
                body = b"".join([piece async for piece in chunks(reader)])
            else:
                body = b""
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        yield head.split(" ", 2)[0], head.split(" ", 2)[1], body


async def chunks(reader):
    while size := int(await reader.readline(), 16):
        yield (await reader.readexactly(size + 2))[:-2]
    await reader.readline()


async def serve(port):
    """Provider and collector: answers chat completions, and counts what is exported."""
    exported = {"bytes": 0, "requests": 0}
    whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    answer = whole % len(ANSWER) + ANSWER

    def piece(data):
        return b"%x\r\n%s\r\n" % (len(data), data)

    async def handle(reader, writer):
        async for method, path, body in requests(reader):
            if path == "/exported":
                told = json.dumps(exported).encode()
                writer.write(whole % len(told) + told)
            elif path in ("/v1/traces", "/v1/metrics", "/v1/logs"):
                exported["bytes"] += len(body)
                exported["requests"] += 1
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")
            elif path.endswith("?events") or path.endswith("?hold"):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
                hold = path.endswith("?hold")
                for _ in range(20 if hold else EVENTS):
                    writer.write(piece(event(time.monotonic_ns(), content=" word")))
                    await asyncio.sleep(0 if hold else GAP)
                if hold:
                    await reader.read()
                    break
                usage = {"choices": [], "usage": {"prompt_tokens": 60, "completion_tokens": EVENTS}}
                writer.write(piece(b"data: " + json.dumps(usage).encode() + b"\n\ndata: [DONE]\n\n") + b"0\r\n\r\n")
            else:
                writer.write(answer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", port, limit=1 << 20, backlog=4096)
    async with server:
        await server.serve_forever()


async def call(port, path, body, connections, seconds):
    """Calls as fast as answers come. Calls that ended, microseconds to the first byte, and for each chunk on its way."""
    head = f"POST {path} HTTP/1.1\r\nhost: api.openai.com\r\ncontent-type: application/json\r\n"
    request = f"{head}authorization: Bearer x\r\nuser-agent: beside/1\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    until, done, first, late = time.monotonic() + seconds, 0, [], []

    async def one():
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        while time.monotonic() < until:
            sent = time.monotonic_ns()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            first.append((time.monotonic_ns() - sent) / 1000)
            if not head.startswith(b"HTTP/1.1 200"):
                sys.exit(f"an answer is not what it should be: {head[:200]}")
            if length := re.search(rb"(?im)^content-length: *(\d+)", head):
                await reader.readexactly(int(length[1]))
            else:
                async for data in chunks(reader):
                    now = time.monotonic_ns()
                    late.extend((now - int(at)) / 1000 for at in re.findall(rb'"at": (\d+)', data))
            done += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return {"done": done, "first": quantiles(first), "late": quantiles(late)}


async def hold(port, streams):
    """Opens so many streams, says so, and keeps them until its input ends."""
    body = ask(QUESTION, stream=True)
    head = f"POST /v1/chat/completions?hold HTTP/1.1\r\nhost: api.openai.com\r\ncontent-length: {len(body)}\r\n\r\n"
    kept = []
    for _ in range(streams):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + body)
        await reader.readuntil(b"\r\n\r\n")
        kept.append((reader, writer))
    print("open", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def quantiles(values):
    values = sorted(values)
    return [values[int(len(values) * q)] for q in (0.5, 0.99)] if values else None


# --- Envoy and what is in it ------------------------------------------------------------------------------------------

ROUTER = {"name": "envoy.filters.http.router",
          "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}


def filter_of(name, kind, **config):
    kind = f"type.googleapis.com/envoy.extensions.filters.http.{kind}"
    return {"name": f"envoy.filters.http.{name}", "typed_config": {"@type": kind, **config}}


def wasm(file, configuration):
    value = {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": json.dumps(configuration)}
    vm = {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": str(file)}}}
    return [filter_of("wasm", "wasm.v3.Wasm", config={"name": "f", "root_id": "f", "vm_config": vm, "configuration": value})]


def to_metadata(*path):
    return {"selectors": [{"key": key} for key in path],
            "on_present": {"metadata_namespace": "llm", "key": path[-1]}}


METADATA = [
    filter_of("json_to_metadata", "json_to_metadata.v3.JsonToMetadata",
              request_rules={"rules": [to_metadata("model")]},
              response_rules={"rules": [to_metadata("usage", "prompt_tokens"), to_metadata("usage", "completion_tokens")]}),
    filter_of("sse_to_metadata", "sse_to_metadata.v3.SseToMetadata", response_rules={"content_parser": {
        "name": "envoy.content_parsers.json", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.content_parsers.json.v3.JsonContentParser",
            "rules": [{"rule": to_metadata("usage", "completion_tokens")}]}}}),
]
MANAGER = [filter_of("ai_protocol_manager", "ai_protocol_manager.v3.AiProtocolManager",
                     request_handling={"parse_unconfigured_routes": True},
                     response_handling={"token_usage": {"include_unconfigured_routes": True}})]


def configuration(filters, listen, admin, upstream):
    def at(port):
        return {"socket_address": {"address": "127.0.0.1", "port_value": port}}

    def cluster(name):
        endpoint = {"lb_endpoints": [{"endpoint": {"address": at(upstream)}}]}
        limits = {"thresholds": [{"max_connections": 65536, "max_pending_requests": 65536, "max_requests": 65536}]}
        return {"name": name, "type": "STATIC", "per_connection_buffer_limit_bytes": 1 << 26, "circuit_breakers": limits,
                "load_assignment": {"cluster_name": name, "endpoints": [endpoint]}}

    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "up", "timeout": "0s"}}]
    manager = filter_of("", "", stat_prefix="in", http_filters=[*filters, ROUTER],
                        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]})
    manager["name"] = "envoy.filters.network.http_connection_manager"
    manager["typed_config"]["@type"] = (
        "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager")
    listener = {"name": "in", "address": at(listen), "per_connection_buffer_limit_bytes": 1 << 26,
                "filter_chains": [{"filters": [manager]}]}
    clusters = [cluster("up"), cluster("otel_collector")]
    return {"admin": {"address": at(admin)}, "static_resources": {"listeners": [listener], "clusters": clusters}}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Envoy:
    """An Envoy that is ready; `took` is how long that took."""

    def __init__(self, program, filters, upstream, scratch):
        self.port, admin = free_port(), free_port()
        file, log = scratch / "envoy.json", scratch / "envoy.log"
        file.write_text(json.dumps(configuration(filters, self.port, admin, upstream)))
        command = [program, "-c", file, "--concurrency", "1", "-l", "error", "--disable-hot-restart"]
        began = time.monotonic()
        with open(log, "w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, preexec_fn=lambda: pin(ENVOYS))
        while True:
            try:
                if urllib.request.urlopen(f"http://127.0.0.1:{admin}/ready", timeout=1).status == 200:
                    break
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() - began > 60:
                self.stop()
                raise RuntimeError(f"Envoy does not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.002)
        self.took = time.monotonic() - began

    def cpu(self):
        """Seconds that its threads have run."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def rss(self):
        """MiB."""
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


def pin(processors):
    if processors:
        os.sched_setaffinity(0, processors)


def own(*arguments, **more):
    """This script again, as a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.Popen(command, preexec_fn=lambda: pin(OTHERS), text=True, **more)


def cargo(package, *more, profile="filter"):
    """Builds a wasm, and gives a copy that the next build leaves alone."""
    command = ["cargo", "build", "--quiet", "--profile", profile, "--target", "wasm32-wasip1", "-p", package,
               "--target-dir", "target/wasm", *more]
    print(" ".join(command), file=sys.stderr)
    subprocess.run(command, cwd=ROOT, check=True)
    name = {"inferspan-plugin": "inferspan", "inferspan-floor": "floor"}[package]
    built = ROOT / "target/wasm/wasm32-wasip1" / profile / f"{name}.wasm"
    kept = ROOT / "target/wasm/beside" / f"{name}{''.join(more)}.wasm".replace(",", "_")
    kept.parent.mkdir(exist_ok=True)
    shutil.copyfile(built, kept)
    return kept


def code_size(file):
    """KB of code in a wasm: its section 10."""
    data, at = Path(file).read_bytes(), 8
    while at < len(data):
        kind, at = data[at], at + 1
        size = shift = 0
        while True:
            byte, at = data[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if kind == 10:
            return size / 1000
        at += size
    return 0


# --- What is measured -------------------------------------------------------------------------------------------------


def variants(arguments):
    """Name, filters, wasm of each."""
    ours = Path(arguments.wasm).resolve() if arguments.wasm else cargo("inferspan-plugin")
    floor, empty = cargo("inferspan-floor"), cargo("inferspan-floor", "--features", "empty")
    signals = {"otlp": {"signals": ["traces", "metrics", "logs"]}, "logs": {"events": ["inference_details"]}}
    capture = {"content": {"capture": ["system_instructions", "input_messages", "output_messages", "tool_definitions"]}}
    capture = json.loads(arguments.capture) if arguments.capture else capture
    return {
        "no filter": ([], None),
        "empty wasm": (wasm(empty, {}), empty),
        "floor": (wasm(floor, {}), floor),
        "json_to_metadata + sse_to_metadata": (METADATA, None),
        "ai_protocol_manager": (MANAGER, None),
        "Inferspan": (wasm(ours, {}), ours),
        "Inferspan, metrics and logs": (wasm(ours, signals), ours),
        "Inferspan, capture": (wasm(ours, capture), ours),
    }


def measure(arguments, upstream, scratch):
    chosen = variants(arguments)
    only = arguments.only.split(",") if arguments.only else list(chosen)
    chosen = {name: what for name, what in chosen.items() if name in {"no filter", *only}}
    works = arguments.work.split(",")
    rounds = {name: [] for name in chosen}
    for round in range(arguments.rounds):
        for name, (filters, _) in list(chosen.items()):
            try:
                envoy = Envoy(arguments.envoy, filters, upstream, scratch)
            except RuntimeError as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
                del chosen[name], rounds[name]
                continue
            result = {"ready": envoy.took}
            try:
                for work in works:
                    result[work] = load(envoy, upstream, work, arguments.seconds)
                    print(f"round {round + 1}, {name}, {work}: {result[work]}", file=sys.stderr)
                result["rss"] = envoy.rss()
            finally:
                envoy.stop()
            rounds[name].append(result)
    return chosen, works, rounds


def load(envoy, upstream, work, seconds):
    _, path, _, connections, times = WORKS[work]

    def drive(seconds, connections=connections):
        process = own("call", envoy.port, work, seconds, connections, stdout=subprocess.PIPE)
        out, _ = process.communicate()
        if process.returncode:
            raise SystemExit("the caller failed")
        return json.loads(out)

    drive(min(1, seconds))
    before, sent = envoy.cpu(), exported(upstream)
    driven = drive(seconds * times)
    cpu = envoy.cpu() - before
    calls, otlp = max(driven["done"], 1), exported(upstream) - sent
    # How long a call takes is asked where none waits for another.
    alone = driven if "events" in path else drive(min(2, seconds), connections=1)
    return {"cpu": cpu / calls * 1e6, "otlp": otlp / calls, "first": alone["first"], "late": alone["late"], "calls": calls}


def exported(upstream):
    return json.load(urllib.request.urlopen(f"http://127.0.0.1:{upstream}/exported"))["bytes"]


def table(chosen, works, rounds):
    """The lines of one Markdown table."""
    base = rounds["no filter"]

    def added(name, of, digits):
        try:
            values = [of(a) - of(b) for a, b in zip(rounds[name], base, strict=True)]
        except TypeError:
            return "–"
        if name == "no filter":
            return f"{statistics.median(map(of, base)):.{digits}f}"
        least, greatest = min(values), max(values)
        return f"{statistics.median(values):+.{digits}f} ({least:+.{digits}f}…{greatest:+.{digits}f})"

    columns = [(f"{WORKS[work][0]}, µs", lambda r, w=work: r[w]["cpu"], 0) for work in works]
    for work, what, key in (("json", "first byte", "first"), ("stream", "chunk", "late")):
        if work in works:
            for index, quantile in enumerate(("p50", "p99")):
                columns.append((f"{what} {quantile}, µs", lambda r, w=work, k=key, i=index: r[w][k][i], 0))
    columns += [("RSS, MiB", lambda r: r["rss"], 0), ("ready, s", lambda r: r["ready"], 2)]
    heads = ["", *(head for head, _, _ in columns), "wasm, KB", "of it code", "OTLP a call, B"]
    yield "| " + " | ".join(heads) + " |"
    yield "|---|" + "---:|" * (len(heads) - 1)
    for name, (_, file) in chosen.items():
        sizes = [f"{file.stat().st_size / 1000:.0f}", f"{code_size(file):.0f}"] if file else ["", ""]
        otlp = statistics.median(r[works[0]]["otlp"] for r in rounds[name])
        cells = [added(name, of, digits) for _, of, digits in columns]
        yield "| " + " | ".join([name, *cells, *sizes, f"{otlp:.0f}" if otlp else ""]) + " |"


def streams(arguments, upstream, scratch):
    """Memory by open streams: MiB of Envoy, without the filter and with it."""
    ours = Path(arguments.wasm).resolve() if arguments.wasm else cargo("inferspan-plugin")
    yield "| open streams | no filter, MiB | Inferspan, MiB | difference, KiB a stream |"
    yield "|---:|---:|---:|---:|"
    idle = {}
    for count in [0, *map(int, arguments.streams.split(","))]:
        took = []
        for at, filters in enumerate(([], wasm(ours, {}))):
            envoy = Envoy(arguments.envoy, filters, upstream, scratch)
            holder = own("hold", envoy.port, count, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            try:
                if holder.stdout.readline() != "open\n":
                    raise SystemExit(f"{count} streams cannot be opened here; is `ulimit -n` large enough?")
                took.append(envoy.rss())
            finally:
                holder.stdin.close()
                holder.kill()
                holder.wait()
                envoy.stop()
            idle.setdefault(at, took[at])
        if count:
            more = (took[1] - idle[1] - took[0] + idle[0]) * 1024 / count
            yield f"| {count:,} | {took[0]:.1f} | {took[1]:.1f} | {more:+.1f} |"


def features(arguments, upstream, scratch):
    """What each cargo feature costs: everything, everything but one, nothing."""
    manifest = (ROOT / "plugin/Cargo.toml").read_text()
    default = re.findall(r'"([^"]+)"', re.search(r"(?m)^default = \[(.*)\]", manifest)[1])
    builds = {"everything": cargo("inferspan-plugin")}
    for feature in default:
        rest = ",".join(other for other in default if other != feature)
        builds[f"without `{feature}`"] = cargo("inferspan-plugin", "--no-default-features", "--features", rest)
    builds["slim: none of them"] = cargo("inferspan-plugin", "--no-default-features")
    results = {name: [] for name in builds}
    none = []
    for _ in range(arguments.rounds):
        none.append(start(arguments, [], upstream, scratch))
        for name, file in builds.items():
            results[name].append(start(arguments, wasm(file, {}), upstream, scratch))
    yield "| build | code, KB | wasm, KB | ready, s | RSS over no filter, MiB |"
    yield "|---|---:|---:|---:|---:|"
    yield f"| no filter | | | {statistics.median(r for r, _ in none):.2f} | |"
    for name, file in builds.items():
        ready = sorted(ready for ready, _ in results[name])
        rss = statistics.median(rss - base for (_, rss), (_, base) in zip(results[name], none))
        spread = f"{statistics.median(ready):.2f} ({ready[0]:.2f}…{ready[-1]:.2f})"
        yield f"| {name} | {code_size(file):.0f} | {file.stat().st_size / 1000:.0f} | {spread} | {rss:+.0f} |"


def start(arguments, filters, upstream, scratch):
    envoy = Envoy(arguments.envoy, filters, upstream, scratch)
    try:
        return envoy.took, envoy.rss()
    finally:
        envoy.stop()


def machine(arguments):
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    version = subprocess.run([arguments.envoy, "--version"], capture_output=True, text=True).stdout
    version = re.search(r"/(\d+\.\d+\.\d+)", version)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return (f"Measured at commit {commit or '?'}, in Envoy {version[1] if version else '?'}, on {os.cpu_count()} processors "
            f"of {model[1] if model else platform.machine()}, {arguments.rounds} rounds of {arguments.seconds:g} s; load "
            f"average {os.getloadavg()[0]:.1f} when it began.")


def find_envoy():
    places = [os.environ.get("ENVOY"), shutil.which("envoy"), *map(str, (ROOT / "target/envoy").glob("**/envoy"))]
    return next((place for place in places if place and os.access(place, os.X_OK) and Path(place).is_file()), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="beside", choices=["beside", "features"])
    parser.add_argument("--envoy", default=find_envoy(), help="$ENVOY, one on PATH, or the one that tests have fetched")
    parser.add_argument("--wasm", help="measure this filter; else the one of this checkout is built")
    parser.add_argument("--capture", help="the configuration of the variant with capture")
    parser.add_argument("--only", help="variants by name, with commas between them")
    parser.add_argument("--work", default="json,big,stream,other", help="of json, big, stream, other")
    parser.add_argument("--streams", help="numbers of open streams, with commas between them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of load, for each round, variant and work")
    parser.add_argument("--markdown", action="store_true", help="say also where it was measured")
    arguments = parser.parse_args()
    if not arguments.envoy:
        raise SystemExit("no Envoy: set ENVOY, or run `cargo demo` once, which fetches one")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    about = machine(arguments)
    upstream = free_port()
    server = own("serve", upstream)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            scratch = Path(scratch)
            if arguments.what == "features":
                lines = features(arguments, upstream, scratch)
            elif arguments.streams:
                lines = streams(arguments, upstream, scratch)
            else:
                lines = table(*measure(arguments, upstream, scratch))
            if arguments.markdown:
                print(about + "\n")
            for line in lines:
                print(line, flush=True)
    finally:
        server.terminate()
        server.wait()


PROCESSORS = sorted(os.sched_getaffinity(0))
# With one processor, all share it.
ENVOYS, OTHERS = (PROCESSORS[:1], PROCESSORS[1:]) if len(PROCESSORS) > 1 else ([], [])

if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", port]:
            asyncio.run(serve(int(port)))
        case ["call", port, work, seconds, connections]:
            _, path, body, _, _ = WORKS[work]
            print(json.dumps(asyncio.run(call(int(port), path, body, int(connections), float(seconds)))))
        case ["hold", port, count]:
            asyncio.run(hold(int(port), int(count)))
        case _:
            main()
