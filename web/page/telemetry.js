"use strict";
// What the filter would emit of what was opened: by a convention, by a configuration. The configuration is one text; a
// choice of a convention changes it.

class Telemetry {
  /** `changed(configuration)` is called with each text that the filter takes. */
  constructor(box, offline, changed) {
    this.offline = offline;
    this.changed = changed;
    this.schema = null;
    this.emitted = { metrics: [], logs: [], totals: null };
    this.text = h("textarea", { id: "configuration", rows: 14, spellcheck: "false", autocomplete: "off", "aria-describedby": "configuration-errors" });
    this.text.value = "{}\n";
    this.errors = h("ul.errors", { id: "configuration-errors", "aria-live": "polite" });
    this.offers = h("div.offers", { role: "group", "aria-label": "What can stand here" });
    this.result = h("div.emitted", { tabindex: "0", role: "region", "aria-label": "What is emitted" });
    this.text.addEventListener("input", () => this.#typed());
    for (const event of ["click", "keyup"]) this.text.addEventListener(event, () => this.#offer());
    this.text.addEventListener("keydown", (event) => {
      if (event.key === " " && event.ctrlKey) {
        this.offers.querySelector("button")?.focus();
        event.preventDefault();
      }
    });
    this.offers.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.text.focus();
    });
    box.append(
      h("div.editor", {},
        h("fieldset", {}, h("legend", {}, "Convention"), CONVENTIONS.map(([label, semconv]) => h("label", {}, h("input", { type: "radio", name: "convention", checked: semconv === null, onchange: () => this.#choose(semconv) }), ` ${label}`))),
        h("label.title", { for: "configuration" }, "Configuration of the filter, JSON"),
        this.text, this.errors,
        h("p.faint", {}, "Ctrl+Space goes to what can stand at the caret."),
        this.offers),
      this.result);
  }

  configuration() {
    return this.text.value;
  }

  /** What comes of a run that begins. */
  clear() {
    this.emitted = { metrics: [], logs: [], totals: null };
  }

  show(call) {
    const { metrics, logs, totals } = this.emitted;
    const rows = (list) => h("table", {}, h("tbody", {}, list.map(([key, value]) => h("tr", {}, h("th", { scope: "row" }, foreign(key, "code")), h("td.text", {}, foreign(value))))));
    const points = metrics.flatMap((request) => list(request.resourceMetrics)).flatMap((of) => list(of.scopeMetrics)).flatMap((of) => list(of.metrics));
    const records = logs.flatMap((request) => list(request.resourceLogs)).flatMap((of) => list(of.scopeLogs)).flatMap((of) => list(of.logRecords));
    const told = (attributes) => list(attributes).map((attribute) => [String(attribute.key), [plainValue(attribute.value)].flat().join(", ")]);
    this.result.replaceChildren(
      h("p", { id: "emits" }, totals === null ? "Open a HAR file or a recording: what the filter would emit of it stands here." : `${format.count(totals.exported)} of ${format.plural(totals.calls, "call is", "calls are")} exported as spans · ${format.plural(points.length, "metric", "metrics")} · ${format.plural(records.length, "log record", "log records")}`),
      ...(call === null ? [] : [h("h2", {}, "The span of ", foreign(call.name)), rows(told(call.span.attributes))]),
      ...(points.length === 0 ? [] : [h("h2", {}, "Metrics"), rows(points.map((metric) => {
        const [kind, data] = Object.entries(metric).find(([, value]) => Array.isArray(value?.dataPoints)) ?? ["", { dataPoints: [] }];
        return [String(metric.name), `${kind}, ${metric.unit ?? ""}, ${format.plural(data.dataPoints.length, "series", "series")}`];
      }))]),
      ...records.slice(0, 20).flatMap((record) => [h("h2", {}, "Log record ", foreign(String(record.eventName ?? ""))), rows(told(record.attributes))]),
    );
  }

  #choose(semconv) {
    let configuration;
    try {
      configuration = JSON.parse(this.text.value);
    } catch {
      configuration = {};
    }
    delete configuration.semconv;
    if (semconv !== null) configuration.semconv = semconv;
    this.text.value = `${JSON.stringify(configuration, null, 2)}\n`;
    this.#typed();
  }

  /** Has the filter's own reader say what is wrong; what it takes is applied, when nobody types any more. */
  #typed() {
    this.#offer();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(async () => {
      const configuration = this.configuration();
      let errors;
      try {
        ({ errors } = await this.offline.ask("check", { configuration }));
      } catch (error) {
        errors = [{ path: "", problem: error.message }];
      }
      if (configuration !== this.configuration()) return;
      this.errors.replaceChildren(...errors.map(({ path, problem }) => h("li", {}, path === "" ? null : foreign(`${path}: `, "code"), foreign(problem))));
      this.text.setAttribute("aria-invalid", errors.length > 0);
      if (errors.length === 0) this.changed(configuration);
    }, PATIENCE);
  }

  async #offer() {
    try {
      this.schema ??= (await this.offline.ask("schema")).schema;
    } catch {
      return;
    }
    const place = placeOf(this.text.value.slice(0, this.text.selectionStart));
    const found = offersAt(this.schema, place).slice(0, 24);
    this.offers.replaceChildren(...found.map(({ text, about }) => h("button", { title: about, onclick: () => this.#insert(place, text) }, text)));
  }

  #insert(place, text) {
    const { value, selectionStart: caret } = this.text;
    const begin = caret - place.typed.length;
    const after = value.slice(caret).replace(/^[\w.-]*"?/, (rest) => (place.typed.startsWith('"') ? "" : rest));
    const more = place.isKey && !/^\s*:/.test(after) ? ": " : "";
    this.text.value = value.slice(0, begin) + text + more + after;
    this.text.focus();
    this.text.selectionStart = begin + text.length + more.length;
    this.text.selectionEnd = this.text.selectionStart;
    this.#typed();
  }
}

/** Where a text of JSON ends: in which members, whether a key is to come, and what has been typed of what comes. */
function placeOf(text) {
  const stack = [];
  let key = null;
  let isKey = false;
  let typed = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      let end = at + 1;
      while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
      if (end >= text.length) {
        typed = text.slice(at);
        break;
      }
      const string = text.slice(at + 1, end);
      if (isKey) key = string;
      at = end;
      typed = "";
    } else if (character === "{") {
      stack.push(key === null ? "[]" : key);
      [key, isKey, typed] = [null, true, ""];
    } else if (character === "[") {
      stack.push(key === null ? "[]" : key);
      [key, isKey, typed] = [null, false, ""];
    } else if (character === "}" || character === "]") {
      stack.pop();
      [key, isKey, typed] = [null, false, ""];
    } else if (character === ":") {
      [isKey, typed] = [false, ""];
    } else if (character === ",") {
      // Within an object a key comes next; a list has none, and its place says so.
      isKey = key !== null;
      [key, typed] = [null, ""];
    } else if (/\s/.test(character)) {
      typed = "";
    } else {
      typed += character;
    }
  }
  return { path: stack.slice(1), key, isKey, typed };
}

/** What the schema lets stand there. */
function offersAt(schema, { path, key, isKey, typed }) {
  const open = (one) => [one, ...list(one?.anyOf), ...list(one?.oneOf)].flatMap((inner) => [inner, ...(inner?.items ? [inner.items] : [])]).filter(Boolean);
  let here = open(schema);
  for (const step of isKey ? path : [...path, ...(key === null ? [] : [key])]) {
    if (step !== "[]") here = here.flatMap((one) => open(one.properties?.[step]));
  }
  const offers = [];
  for (const one of here) {
    if (isKey) {
      for (const [name, { description, deprecated }] of Object.entries(one.properties ?? {})) {
        if (!deprecated) offers.push({ text: JSON.stringify(name), about: description ?? "" });
      }
    } else {
      const values = one.enum ?? (one.type === "boolean" ? [true, false] : one.default === undefined ? [] : [one.default]);
      for (const value of values) offers.push({ text: JSON.stringify(value), about: one.description ?? "" });
    }
  }
  const begun = typed.replace(/^"/, "").toLowerCase();
  return offers.filter(({ text }, index) => text.toLowerCase().replace(/^"/, "").startsWith(begun) && offers.findIndex((other) => other.text === text) === index);
}

const CONVENTIONS = [
  ["as configured", null],
  ["gen_ai 1.36.0", { version: "1.36.0", vocabularies: ["gen_ai"] }],
  ["gen_ai 1.41.0", { version: "1.41.0", vocabularies: ["gen_ai"] }],
  ["gen_ai 1.42.0-dev", { version: "1.42.0-dev", vocabularies: ["gen_ai"] }],
  ["gen_ai next", { version: "next", vocabularies: ["gen_ai"] }],
  ["openinference", { vocabularies: ["openinference"] }],
  ["llm", { vocabularies: ["llm"] }],
];
const PATIENCE = 250;
