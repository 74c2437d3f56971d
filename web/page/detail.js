"use strict";
// All that is known of one call.

function showDetail(box, call, run, onClose) {
  box.replaceChildren();
  box.hidden = call === null;
  if (call === null) return;
  const how = mood(call);
  const { rows, scale } = rowsOf(run);
  const near = rows.length > 60 ? rows.filter((row) => row.call === call) : rows;
  const room = Math.max(Math.min(box.clientWidth - 32, 760), 300);
  const picture = waterfall(near, near === rows ? scale : call.duration, { width: room, selected: call, label: described(call) });
  box.append(
    h("div.head", {},
      h("h2", { tabindex: "-1" }, foreign(titleOf(call))),
      h(`span.badge.${how}`, {}, h("span", { "aria-hidden": "true" }, `${MARKS[how]} `), foreign(call.outcome)),
      h("button.close", { onclick: onClose, "aria-label": "Close" }, "✕"),
    ),
    h("p.faint", {}, [
      format.date(call.at), format.duration(call.duration), call.origin?.id ?? "", call.origin?.note ?? "",
    ].filter((text) => text !== "").flatMap((text, index) => [index > 0 ? " · " : "", foreign(text)])),
    h("div.picture", {}, picture),
    legend(call),
  );
  const groups = new Map();
  const told = (group, label, value, key, name) => {
    const row = h("div", { title: key }, h("dt", {}, label), h("dd", name === undefined ? {} : { "data-fact": name }, value));
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(row);
  };
  for (const [name, label, kind, group, keys] of FACTS) {
    if (name in call.facts) told(group, label, shown(kind, call.facts[name]), keys[0], name);
  }
  derived(call, told);
  for (const [key, value] of others(call)) told(isKnownSpace(key) ? "Also told" : "Attributes of your own", foreign(key, "code"), foreign(value), key);
  const order = ["Outcome", "Tokens", "Cost", "Timing", "Model", "Tools", "Attributes of your own", "Request", "Client", "Limits", "Envoy", "Also told"];
  const sections = h("div.groups", {});
  for (const group of order) {
    if (groups.has(group)) sections.append(h("section", {}, h("h3", {}, group), h("dl", {}, groups.get(group))));
  }
  box.append(sections, ...content(call), ...events(call), ids(call));
}

/** A fact's value for people. */
function shown(kind, value) {
  switch (kind) {
    case "count": return typeof value === "number" ? format.count(value) : foreign(String(value));
    case "seconds": return typeof value === "number" ? format.duration(value) : foreign(String(value));
    case "dollars": return typeof value === "number" ? format.dollars(value) : foreign(String(value));
    case "bytes": return typeof value === "number" ? format.bytes(value) : foreign(String(value));
    case "flag": return value ? "yes" : "no";
    case "texts": return [value].flat().flatMap((text, index) => [index > 0 ? ", " : "", foreign(String(text ?? "") || "–")]);
    default: return foreign([value].flat().join(", "));
  }
}

/** What follows from what was told. */
function derived(call, told) {
  told("Timing", "Took", format.duration(call.duration), "the span's start and end", "duration");
  const { first_token: first, output_tokens: output, input_tokens: input, cache_read_tokens: read } = call.facts;
  if (typeof first === "number" && typeof output === "number" && call.duration > first) {
    told("Timing", "Tokens a second, after the first", (output / (call.duration - first)).toFixed(1), "computed here");
  }
  if (isStalled(call)) told("Timing", "Stalled", `nothing came for ${format.duration(call.facts.max_gap)}; when, is not told`, "inferspan.stream.max_gap");
  const share = cached(input, read);
  if (share !== "") told("Tokens", "Share from the cache", share, "computed here");
}

/** Attributes that are no fact of the list. */
function others(call) {
  const content = new Set(CONTENT.map(([key]) => key));
  const found = [];
  for (const attribute of list(call.span.attributes)) {
    const key = String(attribute?.key ?? "");
    if (BY_KEY.has(key) || content.has(key)) continue;
    const value = plainValue(attribute?.value ?? null);
    found.push([key, Array.isArray(value) ? value.join(", ") : String(value)]);
  }
  return found;
}

const isKnownSpace = (key) => /^(gen_ai|openai|azure|aws|llm|inferspan|server|http|error|openinference|input|output|embedding|reranker|provider|providers|total|endpoint|cache|request|otel|telemetry)\./.test(key);

/** What was said, where an operator has it captured. */
function content(call) {
  const told = [];
  for (const attribute of list(call.span.attributes)) {
    const known = CONTENT.find(([key]) => key === attribute?.key);
    const value = known === undefined ? null : plainValue(attribute.value);
    if (typeof value === "string") told.push(h("details", {}, h("summary", {}, known[1]), ...messages(value)));
  }
  return told.length > 0 ? [h("section.content", {}, h("h3", {}, "Content"), told)] : [];
}

/** Messages of the GenAI conventions' schema; anything else as it stands. */
function messages(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return [h("pre", { dir: "auto" }, text)];
  }
  const all = Array.isArray(value) ? value : [value];
  return all.map((message) => {
    const parts = Array.isArray(message?.parts) ? message.parts : [message];
    return h("div.message", {},
      h("p.role", {}, foreign(String(message?.role ?? message?.type ?? "")), message?.finish_reason ? foreign(` · ${message.finish_reason}`) : null),
      parts.map((part) => {
        const said = part?.content ?? part?.text;
        return h("pre", { dir: "auto" }, typeof said === "string" ? said : JSON.stringify(part, null, 2));
      }),
    );
  });
}

function events(call) {
  const all = list(call.span.events);
  if (all.length === 0) return [];
  return [h("section", {}, h("h3", {}, "Events"), h("dl", {}, all.map((event) => {
    const after = Number(nanos(event?.timeUnixNano) - call.start) / 1e9;
    const attributes = list(event?.attributes).map((attribute) => `${attribute?.key} = ${[plainValue(attribute?.value ?? null)].flat().join(", ")}`);
    return h("div", {}, h("dt", {}, `after ${format.duration(Math.max(after, 0))}`), h("dd", {}, foreign(String(event?.name ?? "")), attributes.map((text) => h("span.faint", {}, " ", foreign(text)))));
  })))];
}

function ids(call) {
  const rows = [["Trace", call.trace], ["Span", call.spanId], ["Parent", call.parent], ["Span's name", call.name], ["State", String(call.span.traceState ?? "")]];
  for (const attribute of list(call.ofResource?.resource?.attributes)) {
    rows.push([String(attribute?.key), String(plainValue(attribute?.value ?? null))]);
  }
  const told = rows.filter(([, value]) => value !== "").map(([label, value]) => h("div", {}, h("dt", {}, foreign(label)), h("dd", {}, foreign(value, "code"))));
  return h("section", {}, h("h3", {}, "Who and where"), h("dl", {}, told));
}

function legend(call) {
  const kinds = new Set(phases(call, 0).map((part) => part.kind));
  const words = { wait: "waiting", reason: "reasoning", answer: "answering", whole: "the whole call, which was no stream" };
  const told = Object.entries(words).filter(([kind]) => kinds.has(kind));
  return h("p.legend", { "aria-hidden": "true" }, told.map(([kind, word]) => h("span", {}, h(`i.${kind}.${mood(call)}`, {}), word)));
}

/** The waterfall in words. */
function described(call) {
  const { first_token: first, max_gap: gap } = call.facts;
  return [
    `Took ${format.duration(call.duration)}`,
    typeof first === "number" ? `first token after ${format.duration(first)}` : null,
    typeof gap === "number" ? `longest pause ${format.duration(gap)}` : null,
    call.outcome,
  ].filter((text) => text !== null).join(", ");
}
