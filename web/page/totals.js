"use strict";
// What calls add up to, by model and by hour.

function showTotals(box, calls) {
  const asked = calls.filter((call) => call.isCall);
  if (asked.length === 0) {
    box.replaceChildren(h("p.hint", {}, "No calls to add up."));
    return;
  }
  box.replaceChildren(
    h("h2", {}, "By model"), table("Totals by model", "Model", true, grouped(asked, (call) => `${call.model}\u0000${call.provider}`), (key) => key.split("\u0000")),
    h("h2", {}, "By hour"), table("Totals by hour", "Hour", false, [...grouped(asked, (call) => format.hour(call.at))].sort(([one], [other]) => (one < other ? 1 : -1)), (key) => [key]),
  );
}

/** Groups of calls, the largest first. */
function grouped(calls, keyOf) {
  const groups = new Map();
  for (const call of calls) {
    const key = keyOf(call);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [call]);
    else group.push(call);
  }
  return [...groups].sort(([, one], [, other]) => other.length - one.length);
}

function table(label, first, withProvider, groups, names) {
  const most = Math.max(...groups.map(([, calls]) => calls.length));
  const head = [first, withProvider ? "Provider" : null, "Calls", "Failed", "Tokens in", "Cached", "Tokens out", "Cost", "First token p50", "p95", "Took p50"];
  const rows = groups.map(([key, calls]) => cells(names(key), calls, calls.length / most));
  if (groups.length > 1) {
    const all = groups.flatMap(([, calls]) => calls);
    rows.push(cells(withProvider ? ["All", ""] : ["All"], all, 0, "tr.all"));
  }
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": label },
    h("table", {},
      h("thead", {}, h("tr", {}, head.filter((text) => text !== null).map((text) => h(text === "Provider" ? "th.text" : "th", { scope: "col" }, text)))),
      h("tbody", {}, rows)));
}

function cells(names, calls, share, row = "tr") {
  const sums = sum(calls);
  const firsts = calls.map((call) => call.facts.first_token).filter((first) => typeof first === "number");
  const times = calls.map((call) => call.duration);
  const count = (value) => (value === null ? "–" : format.count(value));
  const time = (value) => (value === undefined ? "–" : format.duration(value));
  const meter = h("i.share", { "aria-hidden": "true" });
  meter.style.inlineSize = `${Math.round(share * 100)}%`;
  const [name, ...rest] = names;
  return h(row, {},
    h("th", { scope: "row" }, foreign(name === "" ? "–" : name), meter),
    rest.map((text) => h("td.text", {}, foreign(text))),
    h("td", { "data-sum": "calls" }, format.count(sums.calls)),
    h("td", { "data-sum": "failed" }, format.count(sums.failed)),
    h("td", { "data-sum": "input" }, count(sums.input)),
    h("td", { "data-sum": "cached" }, count(sums.cached)),
    h("td", { "data-sum": "output" }, count(sums.output)),
    h("td", { "data-sum": "cost" }, sums.cost === null ? "–" : format.dollars(sums.cost)),
    h("td", {}, time(percentile(firsts, 50))),
    h("td", {}, time(percentile(firsts, 95))),
    h("td", {}, time(percentile(times, 50))),
  );
}

/** By nearest rank. */
function percentile(values, percent) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(Math.ceil((sorted.length * percent) / 100), 1) - 1];
}
