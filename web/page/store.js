"use strict";
// What there is to show: spans, as OTLP/JSON has them, with the facts of each read once.

/** A list where there should be one. */
const list = (value) => (Array.isArray(value) ? value : []);

class Store {
  constructor() {
    this.clear();
  }

  clear() {
    this.calls = [];
    this.byId = new Map();
    this.traces = new Map();
    this.version = (this.version ?? 0) + 1;
  }

  /** Adds the spans of an export request. Gives how many were new. */
  addRequest(request, origin) {
    let added = 0;
    for (const ofResource of list(request?.resourceSpans)) {
      for (const ofScope of list(ofResource?.scopeSpans ?? ofResource?.instrumentationLibrarySpans)) {
        for (const span of list(ofScope?.spans)) {
          if (span !== null && typeof span === "object") added += this.#add(span, ofResource, ofScope, origin);
        }
      }
    }
    if (added > 0) this.#bound();
    this.version += 1;
    return added;
  }

  /** The calls that a filter lets through. */
  filtered(filter) {
    return filter.isOpen() ? this.calls : this.calls.filter((call) => filter.takes(call));
  }

  #add(span, ofResource, ofScope, origin) {
    const id = `${span.traceId ?? ""}:${span.spanId ?? ""}`;
    if (this.byId.has(id)) return 0;
    const call = readCall(id, span, ofResource, ofScope, origin?.get(span.spanId));
    this.byId.set(id, call);
    this.calls.push(call);
    const trace = this.traces.get(call.trace);
    if (trace === undefined) this.traces.set(call.trace, [call]);
    else trace.push(call);
    return 1;
  }

  /** The oldest go when there are too many: a page may be left open overnight. */
  #bound() {
    const many = this.calls.length - MOST_CALLS;
    if (many <= MOST_CALLS / 10) return;
    for (const call of this.calls.splice(0, many)) {
      this.byId.delete(call.id);
      const left = (this.traces.get(call.trace) ?? []).filter((other) => other !== call);
      if (left.length > 0) this.traces.set(call.trace, left);
      else this.traces.delete(call.trace);
    }
  }
}

/** A span as the page shows it. */
function readCall(id, span, ofResource, ofScope, origin) {
  const facts = readFacts(list(span.attributes));
  const start = nanos(span.startTimeUnixNano);
  const end = nanos(span.endTimeUnixNano);
  const isError = span.status?.code === 2 || span.status?.code === "STATUS_CODE_ERROR";
  const isCall = "operation" in facts || "request_model" in facts || "response_model" in facts;
  return {
    id,
    span,
    ofResource,
    ofScope,
    origin,
    facts,
    trace: String(span.traceId ?? ""),
    spanId: String(span.spanId ?? ""),
    parent: String(span.parentSpanId ?? ""),
    name: String(span.name ?? ""),
    start,
    /** Milliseconds since 1970. */
    at: Number(start / 1000n) / 1000,
    /** In seconds. */
    duration: end > start ? Number(end - start) / 1e9 : 0,
    isError,
    isCall,
    model: String(facts.response_model ?? facts.request_model ?? ""),
    provider: String(facts.provider ?? ""),
    outcome: String(facts.outcome ?? (isError ? "error" : "completed")),
    haystack: null,
  };
}

function nanos(text) {
  try {
    return BigInt(text ?? 0);
  } catch {
    return 0n;
  }
}

/** Which calls are shown. */
class Filter {
  constructor() {
    this.text = "";
    this.model = "";
    this.provider = "";
    this.outcome = "";
  }

  isOpen() {
    return this.text === "" && this.model === "" && this.provider === "" && this.outcome === "";
  }

  takes(call) {
    if (this.model !== "" && call.model !== this.model) return false;
    if (this.provider !== "" && call.provider !== this.provider) return false;
    if (this.outcome !== "" && call.outcome !== this.outcome) return false;
    return this.text === "" || haystack(call).includes(this.text);
  }
}

/** All texts of a call, as far as they are looked through. */
function haystack(call) {
  if (call.haystack === null) {
    const texts = [call.name, call.trace, call.spanId, call.outcome, call.origin?.id ?? ""];
    for (const attribute of list(call.span.attributes)) {
      const value = plainValue(attribute?.value);
      if (typeof value === "string" || Array.isArray(value)) texts.push(String(value).slice(0, 4096));
    }
    call.haystack = texts.join("\n").toLowerCase();
  }
  return call.haystack;
}

/** What calls add up to: of each figure the sum where any of them tells it. */
function sum(calls) {
  const sums = { calls: 0, failed: 0, input: null, cached: null, output: null, cost: null };
  const add = (name, value) => {
    if (typeof value === "number") sums[name] = (sums[name] ?? 0) + value;
  };
  for (const call of calls) {
    if (!call.isCall) continue;
    sums.calls += 1;
    if (call.isError) sums.failed += 1;
    add("input", call.facts.input_tokens);
    add("cached", call.facts.cache_read_tokens);
    add("output", call.facts.output_tokens);
    add("cost", call.facts.cost);
  }
  return sums;
}

/** Calls in runs, the newest run first; a run is the calls of a trace, in the order of its tree. */
function runs(calls) {
  const byTrace = new Map();
  for (const call of calls) {
    const key = call.trace === "" ? call.id : call.trace;
    const run = byTrace.get(key);
    if (run === undefined) byTrace.set(key, [call]);
    else run.push(call);
  }
  const all = [...byTrace.values()].map((members) => {
    if (members.length === 1) return { members: [[members[0], 0]], start: members[0].start, end: endOf(members[0]) };
    return tree(members);
  });
  return all.sort((one, other) => (one.start < other.start ? 1 : one.start > other.start ? -1 : 0));
}

const endOf = (call) => call.start + BigInt(Math.round(call.duration * 1e9));

/** The members of a run with their depths, parents before children, each in the order of time. */
function tree(members) {
  members.sort((one, other) => (one.start < other.start ? -1 : one.start > other.start ? 1 : 0));
  const ids = new Set(members.map((call) => call.spanId));
  const children = new Map();
  const roots = [];
  for (const call of members) {
    if (call.parent !== "" && call.parent !== call.spanId && ids.has(call.parent)) {
      const siblings = children.get(call.parent);
      if (siblings === undefined) children.set(call.parent, [call]);
      else siblings.push(call);
    } else {
      roots.push(call);
    }
  }
  const ordered = [];
  const seen = new Set();
  const waiting = roots.reverse().map((call) => [call, 0]);
  while (waiting.length > 0) {
    const [call, depth] = waiting.pop();
    if (seen.has(call)) continue;
    seen.add(call);
    ordered.push([call, depth]);
    for (const child of [...(children.get(call.spanId) ?? [])].reverse()) waiting.push([child, depth + 1]);
  }
  // Parents in a circle: nobody is a root.
  for (const call of members) if (!seen.has(call)) ordered.push([call, 0]);
  const end = members.map(endOf).reduce((latest, end) => (end > latest ? end : latest));
  return { members: ordered, start: members[0].start, end };
}

const MOST_CALLS = 10000;
