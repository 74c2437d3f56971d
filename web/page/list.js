"use strict";
// The list of runs and calls. Only the rows that are seen exist, whatever their number.

class CallList {
  /** `onSelect(call, run)` is told what is selected; null where nothing is. */
  constructor(onSelect) {
    this.onSelect = onSelect;
    this.box = $("list");
    this.sizer = $("rows");
    this.items = [];
    this.index = new Map();
    this.selected = null;
    this.drawn = new Map();
    this.asked = false;
    this.box.addEventListener("scroll", () => this.#ask(), { passive: true });
    this.box.addEventListener("click", (event) => this.#clicked(event));
    new ResizeObserver(() => this.#redraw()).observe(this.box);
  }

  /** Shows these calls. What is looked at stays where it is. */
  show(calls) {
    const all = runs(calls);
    const single = singleScale(all);
    const top = this.box.scrollTop;
    const first = this.items[Math.floor(top / this.#height())];
    this.items = [];
    this.index = new Map();
    for (const run of all) {
      const several = run.members.length > 1;
      const scale = several ? Number(run.end - run.start) / 1e9 : single;
      if (several) this.items.push({ key: `run ${run.members[0][0].trace}`, run, scale });
      for (const [call, depth] of run.members) {
        this.index.set(call.id, this.items.length);
        this.items.push({ key: call.id, call, run, scale, depth: several ? depth + 1 : 0 });
      }
    }
    this.drawn.forEach((row) => row.remove());
    this.drawn.clear();
    this.sizer.style.height = `${this.items.length * this.#height()}px`;
    if (top > 0 && first !== undefined) {
      const now = this.items.findIndex((item) => item.key === first.key);
      if (now >= 0) this.box.scrollTop = now * this.#height() + (top % this.#height());
    }
    this.#draw();
  }

  select(id) {
    const item = this.items[this.index.get(id) ?? -1];
    this.selected = item?.key ?? null;
    this.#redraw();
    this.onSelect(item?.call ?? null, item?.run ?? null);
  }

  /** To the next call, or by a page, or to an end. */
  move(step) {
    const calls = this.items;
    if (calls.length === 0) return;
    const now = calls.findIndex((item) => item.key === this.selected);
    const begin = step === Infinity || (step < 0 && step !== -Infinity) ? calls.length - 1 : 0;
    let next = now < 0 ? begin : now + step;
    next = Math.min(Math.max(next, 0), calls.length - 1);
    const way = step < 0 ? -1 : 1;
    while (calls[next] !== undefined && calls[next].call === undefined) next += way;
    if (calls[next] === undefined) return;
    this.#reveal(next);
    this.select(calls[next].key);
  }

  page() {
    return Math.max(Math.floor(this.box.clientHeight / this.#height()) - 1, 1);
  }

  #reveal(index) {
    const height = this.#height();
    const top = index * height;
    if (top < this.box.scrollTop) this.box.scrollTop = index <= 1 ? 0 : top;
    else if (top + height > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = top + height - this.box.clientHeight;
  }

  #clicked(event) {
    const row = event.target.closest("[data-key]");
    if (row === null || row.dataset.call === undefined) return;
    this.select(row.dataset.key);
  }

  #height() {
    return matchMedia("(max-width: 760px)").matches ? 58 : 34;
  }

  #redraw() {
    this.drawn.forEach((row) => row.remove());
    this.drawn.clear();
    this.sizer.style.height = `${this.items.length * this.#height()}px`;
    this.#draw();
  }

  #ask() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.#draw();
    });
  }

  #draw() {
    const height = this.#height();
    const from = Math.max(Math.floor(this.box.scrollTop / height) - 6, 0);
    const to = Math.min(Math.ceil((this.box.scrollTop + this.box.clientHeight) / height) + 6, this.items.length);
    for (const [index, row] of this.drawn) {
      if (index < from || index >= to) {
        row.remove();
        this.drawn.delete(index);
      }
    }
    const fresh = document.createDocumentFragment();
    for (let index = from; index < to; index += 1) {
      if (this.drawn.has(index)) continue;
      const row = this.#row(this.items[index], index);
      row.style.transform = `translateY(${index * height}px)`;
      row.style.height = `${height}px`;
      this.drawn.set(index, row);
      fresh.append(row);
    }
    this.sizer.append(fresh);
    const active = this.items.findIndex((item) => item.key === this.selected);
    if (this.drawn.has(active)) this.box.setAttribute("aria-activedescendant", `row-${active}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  #row(item, index) {
    const row = item.call === undefined ? runRow(item) : callRow(item);
    row.id = `row-${index}`;
    row.dataset.key = item.key;
    row.setAttribute("role", "option");
    row.setAttribute("aria-posinset", index + 1);
    row.setAttribute("aria-setsize", this.items.length);
    row.setAttribute("aria-selected", item.key === this.selected);
    if (item.call === undefined) row.setAttribute("aria-disabled", "true");
    else row.dataset.call = "";
    return row;
  }
}

/** Where single calls share a scale, one that took very long does not make the others dots. */
function singleScale(all) {
  const times = all.filter((run) => run.members.length === 1).map((run) => run.members[0][0].duration);
  times.sort((one, other) => one - other);
  return times[Math.ceil(times.length * 0.98) - 1] ?? 0;
}

function runRow({ run, scale }) {
  const calls = run.members.map(([call]) => call);
  const sums = sum(calls);
  const service = serviceOf(calls[0]);
  return h(
    "div.row.run", {},
    h("span.c-name", {}, h("span.mark", { "aria-hidden": "true" }, "▾ "), h("strong", {}, `Run of ${format.plural(calls.length, "span", "spans")}`), h("span.faint", {}, foreign(service === "" ? "" : ` ${service}`))),
    h("span.c-provider", {}),
    h("span.c-bar.faint", {}, foreign(calls[0].trace.slice(0, 8), "code")),
    h("span.c-first", {}),
    h("span.c-duration", {}, format.duration(scale)),
    h("span.c-tokens", {}, tokens(sums.input, sums.output)),
    h("span.c-cached", {}, cached(sums.input, sums.cached)),
    h("span.c-cost", {}, sums.cost === null ? "" : format.dollars(sums.cost)),
    h("span.c-time", {}, format.clock(calls[0].at)),
  );
}

function callRow({ call, run, scale, depth }) {
  const { facts } = call;
  const offset = run.members.length > 1 ? Number(call.start - run.start) / 1e9 : 0;
  const how = mood(call);
  const tools = list(facts.tool_calls).length;
  const name = h("span.c-name", {}, h(`span.mark.${how}`, { "aria-hidden": "true" }, MARKS[how]), foreign(titleOf(call)));
  name.style.paddingInlineStart = `${Math.min(depth, 12) * 14}px`;
  if (how !== "good") name.append(h(`span.word.${how}`, {}, foreign(String(facts.error_type ?? call.outcome))));
  if (isStalled(call)) name.append(h("span.word.given-up", {}, `stalled ${format.duration(facts.max_gap)}`));
  if (tools > 0) name.append(h("span.word", {}, format.plural(tools, "tool", "tools")));
  return h(
    `div.row${call.isCall ? "" : ".other"}`, {},
    name,
    h("span.c-provider", {}, foreign(call.provider)),
    h("span.c-bar", {}, bar(call, offset, scale)),
    h("span.c-first", {}, typeof facts.first_token === "number" ? format.duration(facts.first_token) : ""),
    h("span.c-duration", {}, call.duration > 0 ? format.duration(call.duration) : ""),
    h("span.c-tokens", {}, tokens(facts.input_tokens, facts.output_tokens)),
    h("span.c-cached", {}, cached(facts.input_tokens, facts.cache_read_tokens)),
    h("span.c-cost", {}, typeof facts.cost === "number" ? format.dollars(facts.cost) : ""),
    h("span.c-time", {}, format.clock(call.at)),
  );
}

/** What a call is called: its model where it is one, with the operation where that is none of the usual. */
function titleOf(call) {
  if (!call.isCall || call.model === "") return call.name === "" ? "(no name)" : call.name;
  const operation = String(call.facts.operation ?? "");
  return ["chat", "LLM", ""].includes(operation) ? call.model : `${call.model} · ${operation}`;
}

function serviceOf(call) {
  const name = list(call.ofResource?.resource?.attributes).find((attribute) => attribute?.key === "service.name");
  const text = String(plainValue(name?.value ?? null) ?? "");
  return text === "inferspan" ? "" : text;
}

function tokens(input, output) {
  const side = (count) => (typeof count === "number" ? format.count(count) : "–");
  return typeof input !== "number" && typeof output !== "number" ? "" : `${side(input)} → ${side(output)}`;
}

function cached(input, read) {
  return typeof input === "number" && typeof read === "number" && input > 0 && read > 0 ? `${Math.round((read / input) * 100)} %` : "";
}

const MARKS = { good: "✓", failed: "✗", "given-up": "◌" };
