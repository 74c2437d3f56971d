"use strict";
// The page's worker: reads files, and has the engine say what the filter would tell of them. The engine's script stands
// before this one.
//
// In: `{task: "open", files, configuration}`, `{task: "check", configuration}`, `{task: "schema"}`. Out: messages named
// by `what`; all of one task carry its `id`. A new "open" ends the one before it.

let current = 0;
let ready = null;

/** The engine, once for all tasks. */
function engine() {
  ready ??= (async () => {
    if (typeof ENGINE === "undefined") throw new Error("this page has no engine: `cargo page` builds one");
    const packed = Uint8Array.from(atob(ENGINE), (character) => character.charCodeAt(0));
    const wasm = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    await wasm_bindgen({ module_or_path: await new Response(wasm).arrayBuffer() });
    return wasm_bindgen;
  })();
  return ready;
}

addEventListener("message", async ({ data }) => {
  const { id, task } = data;
  const say = (what, more) => postMessage({ id, what, ...more });
  try {
    if (task === "open") {
      current = id;
      await open(data, say);
    } else if (task === "stop") {
      current = 0;
    } else if (task === "check") {
      say("checked", { errors: JSON.parse((await engine()).check(data.configuration)) });
    } else if (task === "schema") {
      say("schema", { schema: JSON.parse((await engine()).schema()) });
    }
  } catch (error) {
    say("failed", { text: `${error?.message ?? error}` });
    if (task === "open") say("done", { exported: 0, calls: 0, exchanges: 0 });
    // After a trap the engine's memory is not to be trusted.
    if (error instanceof WebAssembly.RuntimeError) ready = null;
  }
});

async function open({ id, files, configuration }, say) {
  const totals = { exchanges: 0, calls: 0, exported: 0, spans: 0 };
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  let before = 0;
  for (const file of files) {
    const progress = (at) => say("progress", { file: file.name, at: before + at, of: bytes });
    progress(0);
    try {
      const kind = await kindOf(file);
      if (kind.otlp) await readOtlp(file, kind.packed, id, totals, progress, say);
      else await readRecordings(file, configuration, id, totals, progress, say);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      say("failed", { text: `${file.name}: ${error?.message ?? error}` });
    }
    if (current !== id) return;
    before += file.size;
  }
  say("done", totals);
}

/** Whether it is OTLP, by its first bytes, and whether it is packed. */
async function kindOf(file) {
  const begin = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const packed = begin[0] === 0x1f && begin[1] === 0x8b;
  const reader = textOf(packed ? file : file.slice(0, SNIFF), packed).getReader();
  let text = "";
  try {
    while (text.length < SNIFF) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
  if (text.trim() === "") throw new Error("the file is empty");
  if (text.startsWith("\u0000") || text.includes("\ufffd\ufffd")) {
    throw new Error("this is no text. HAR and recordings are read (.har, .jsonl, packed by gzip or not), and OTLP as JSON: a Collector's file exporter writes it with `format: json` and no `compression`");
  }
  return { packed, otlp: /^[\ufeff\s[]*\{\s*"(resourceSpans|resourceMetrics|resourceLogs|resource_spans)"/.test(text) };
}

function textOf(file, packed) {
  const bytes = packed ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream();
  return bytes.pipeThrough(new TextDecoderStream());
}

/** OTLP/JSON: requests a line each, as a Collector writes them, or one document, or a list of them. */
async function readOtlp(file, packed, id, totals, progress, say) {
  let rest = "";
  let at = 0;
  let read = 0;
  let others = 0;
  const take = (request) => {
    for (const one of [request].flat()) {
      if (Array.isArray(one?.resourceSpans)) {
        say("traces", { request: one });
        totals.spans += 1;
      } else {
        others += 1;
      }
    }
  };
  const whole = () => {
    try {
      take(JSON.parse(rest.replace(/^\ufeff/, "")));
      return true;
    } catch {
      return false;
    }
  };
  let isLines = null;
  const reader = textOf(file, packed).getReader();
  while (current === id) {
    const { value, done } = await reader.read();
    if (done) break;
    read += value.length;
    rest += value;
    if (isLines === null && rest.includes("\n")) isLines = isDocument(rest.slice(0, rest.indexOf("\n")));
    if (isLines) {
      let end = rest.indexOf("\n", at);
      let begin = 0;
      while (end >= 0) {
        line(rest.slice(begin, end), file.name, take, say);
        begin = end + 1;
        end = rest.indexOf("\n", begin);
      }
      rest = rest.slice(begin);
      at = rest.length;
    } else if (rest.length > LONGEST) {
      throw new Error(`one document of more than ${LONGEST / 1e6} MB is too long; a Collector's file exporter writes one request a line, of any number`);
    }
    progress(Math.min(read, file.size));
  }
  if (current !== id) return;
  if (isLines) {
    if (rest.trim() !== "") line(rest, file.name, take, say);
  } else if (!whole()) {
    throw new Error("this is not whole JSON: it is cut off, or something stands in it that is no JSON");
  }
  if (others > 0 && totals.spans === 0) {
    throw new Error("there are no traces in it, only metrics or logs: calls are shown from spans");
  }
}

function isDocument(text) {
  try {
    JSON.parse(text.replace(/^\ufeff/, ""));
    return true;
  } catch {
    return false;
  }
}

function line(text, name, take, say) {
  if (text.trim() === "") return;
  try {
    take(JSON.parse(text.replace(/^\ufeff/, "")));
  } catch {
    say("problem", { text: `${name}: a line that is no JSON, or is cut off: ${text.slice(0, 60)}…` });
  }
}

/** HAR files and recordings, through the filter's core. */
async function readRecordings(file, configuration, id, totals, progress, say) {
  const { Run } = await engine();
  const reader = new FileReaderSync();
  let at = 0;
  const source = {
    read(from, most) {
      // The engine reads little at a time; the browser is asked for much.
      at = from;
      return piece.get(from, most);
    },
  };
  const piece = {
    start: 0,
    bytes: new Uint8Array(0),
    get(from, most) {
      if (from < this.start || from >= this.start + this.bytes.length) {
        this.start = from;
        this.bytes = new Uint8Array(reader.readAsArrayBuffer(file.slice(from, from + WINDOW)));
      }
      return this.bytes.subarray(from - this.start, from - this.start + most);
    },
  };
  const run = new Run(source, file.name, configuration);
  try {
    let told;
    do {
      told = JSON.parse(run.step(STEP));
      if (told.traces !== null) say("traces", { request: told.traces, origins: told.origins });
      if (told.logs !== null) say("logs", { request: told.logs });
      for (const text of told.problems) say("problem", { text });
      progress(at);
      // What else was sent to this worker has its turn: that it is to stop, for one.
      await new Promise((done) => setTimeout(done, 0));
      if (current !== id) return;
    } while (!told.done);
    totals.exchanges += told.exchanges;
    totals.calls += told.calls;
    totals.exported += told.exported;
    const metrics = JSON.parse(run.metrics());
    if (metrics !== null) say("metrics", { request: metrics });
  } finally {
    run.free();
  }
}

const SNIFF = 4096;
const WINDOW = 4 << 20;
const STEP = 2 << 20;
const LONGEST = 300e6;
