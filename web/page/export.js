"use strict";
// What is shown, to be kept: OTLP/JSON as it came, a table, a picture.

/** One export request with the spans of these calls, each in its own resource and scope, as it came. */
function toOtlp(calls) {
  const resources = new Map();
  for (const { span, ofResource, ofScope } of calls) {
    if (!resources.has(ofResource)) resources.set(ofResource, new Map());
    const scopes = resources.get(ofResource);
    if (!scopes.has(ofScope)) scopes.set(ofScope, []);
    scopes.get(ofScope).push(span);
  }
  const resourceSpans = [...resources].map(([ofResource, scopes]) => {
    const { instrumentationLibrarySpans: _, ...rest } = ofResource;
    return { ...rest, scopeSpans: [...scopes].map(([ofScope, spans]) => ({ ...ofScope, spans })) };
  });
  return JSON.stringify({ resourceSpans });
}

/** A line for each call, a column for each fact that one of them tells. */
function toCsv(calls) {
  const used = FACTS.filter(([name]) => calls.some((call) => name in call.facts));
  const head = ["trace_id", "span_id", "parent_span_id", "name", "start", "duration_seconds", "error", ...used.map(([name]) => name)];
  const lines = [head.map(cell).join(",")];
  for (const call of calls) {
    const own = [call.trace, call.spanId, call.parent, call.name, new Date(call.at).toISOString(), call.duration, call.isError];
    lines.push([...own, ...used.map(([name]) => call.facts[name])].map(cell).join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
}

/** A cell that no spreadsheet takes for a formula. */
function cell(value) {
  if (value === undefined || value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = [value].flat().join(", ");
  const plain = /^[\s\u0000-\u001f]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]/.test(text) || /^[\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) || plain !== text ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** The waterfall of these calls as a file of its own. */
function toSvg(calls) {
  const shown = runs(calls).slice(0, MOST_RUNS);
  const rows = [];
  let scale = 0;
  for (const run of shown) {
    const ofRun = rowsOf(run);
    rows.push(...ofRun.rows);
    scale = Math.max(scale, ofRun.scale);
  }
  const svg = waterfall(rows, scale, { width: 960, label: `${rows.length} calls` });
  svg.prepend(s("style", {}, SVG_STYLE), s("rect.paper", { width: "100%", height: "100%" }));
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return new XMLSerializer().serializeToString(svg);
}

/** Hands a file to the browser. */
function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  // The download has begun when the click is over; the URL is not needed for long.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const MOST_RUNS = 500;
const SVG_STYLE = `
.paper { fill: #fff } text { font: 12px system-ui, sans-serif; fill: #1c2030 } .tick, .took { font-size: 11px; fill: #586074 }
.grid { stroke: #e3e6ee } .wait { fill: #b9c0d4 } .reason { fill: #8f7ad1 } .answer, .whole { fill: #3d8f66 }
.failed .answer, .failed .whole { fill: #c8434a } .given-up .answer, .given-up .whole { fill: #b98020 } .event { fill: #fff; stroke: #1c2030 }
`;
