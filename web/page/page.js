"use strict";
// What the page shows, of what, and what keys and buttons do.

const page = {
  store: new Store(),
  filter: new Filter(),
  shown: [],
  view: "calls",
  live: null,
  /** `live`, or what was opened. */
  source: "live",
  drawing: false,
};

const callList = new CallList((call, run) => {
  document.body.classList.toggle("with-detail", call !== null);
  showDetail($("detail"), call, run, () => closeDetail());
});

function closeDetail() {
  callList.select(null);
  $("list").focus({ preventScroll: true });
}

/** Draws, soon, and once for all that comes until then. */
function draw() {
  if (page.drawing) return;
  page.drawing = true;
  requestAnimationFrame(() => {
    page.drawing = false;
    drawNow();
  });
}

function drawNow() {
  const { store, filter } = page;
  page.shown = store.filtered(filter);
  options();
  sums();
  const nothing = page.shown.length === 0;
  $("list").hidden = nothing;
  $("columns").hidden = nothing;
  $("empty").hidden = !nothing;
  $("filters").hidden = page.view === "telemetry" || store.calls.length === 0;
  if (nothing) explainEmpty();
  if (page.view === "calls" && !nothing) callList.show(page.shown);
  if (page.view === "telemetry") telemetry.show(selectedOrFirst());
  if (page.view === "totals") showTotals($("panel-totals"), page.shown);
}

function sums() {
  const all = sum(page.shown);
  const parts = [format.plural(all.calls, "call", "calls")];
  if (page.shown.length > all.calls) parts.push(format.plural(page.shown.length - all.calls, "other span", "other spans"));
  if (all.failed > 0) parts.push(`${format.count(all.failed)} failed`);
  if (all.input !== null || all.output !== null) parts.push(`${tokens(all.input, all.output)} tokens`);
  if (all.cost !== null) parts.push(format.dollars(all.cost));
  const text = parts.join(" · ");
  if ($("sums").textContent !== text) $("sums").textContent = text;
}

/** What can be chosen in the filters: what there is. */
function options() {
  for (const [id, of, all] of [["filter-model", "model", "All models"], ["filter-provider", "provider", "All providers"], ["filter-outcome", "outcome", "All outcomes"]]) {
    const select = $(id);
    const there = new Set();
    for (const call of page.store.calls) if (call.isCall && call[of] !== "") there.add(call[of]);
    if (page.filter[of] !== "") there.add(page.filter[of]);
    const wanted = [...there].sort();
    const now = [...select.options].slice(1).map((option) => option.value);
    if (wanted.length === now.length && wanted.every((value, index) => value === now[index])) continue;
    select.replaceChildren(h("option", { value: "" }, all), ...wanted.map((value) => h("option", { value }, value)));
    select.value = page.filter[of];
  }
}

function explainEmpty() {
  const { store } = page;
  if (store.calls.length > 0) {
    $("empty-title").textContent = "No call fits the filter";
    $("empty-text").textContent = "Esc in the filter takes it away.";
  } else if (page.live !== null && page.source === "live") {
    $("empty-title").textContent = "No calls yet";
    $("empty-text").textContent = "They show here as they end. Point your application at the address that `inferspan up` printed, and make one.";
  } else {
    $("empty-title").textContent = "Nothing opened yet";
    $("empty-text").textContent = "Drop a HAR file, a recording (.jsonl), a Collector's file export or OTLP/JSON here. Nothing leaves this browser.";
  }
}

function say(text, kind = "") {
  $("source-text").textContent = text;
  $("source-mark").className = kind;
}

/** A message that stays until it is closed. */
function message(text) {
  const line = h("p", {}, foreign(text), h("button", { "aria-label": "Close the message", onclick: () => line.remove() }, "✕"));
  $("messages").append(line);
  while ($("messages").children.length > MOST_MESSAGES) $("messages").firstChild.remove();
}

function show(view) {
  page.view = view;
  for (const name of ["calls", "totals", "telemetry"]) {
    const tab = $(`tab-${name}`);
    tab.setAttribute("aria-selected", name === view);
    tab.tabIndex = name === view ? 0 : -1;
    $(`panel-${name}`).hidden = name !== view;
  }
  drawNow();
}

function selectedOrFirst() {
  return page.store.byId.get(callList.selected) ?? page.store.calls.find((call) => call.isCall) ?? null;
}

/** Shows another source: the calls that were there are gone. */
function restart(source) {
  page.source = source;
  page.store.clear();
  callList.select(null);
  $("live").hidden = source === "live" || page.live === null;
}

function followLive() {
  page.live?.close();
  page.live = follow(page.store, {
    calls: draw,
    all: () => {
      document.body.dataset.loaded = "";
      draw();
    },
    open: () => say("Live", "live"),
    gap: () => message("More calls came than are kept: the oldest are not shown."),
    lost: () => say("Not connected; trying again", "lost"),
  });
}

// The filter.

$("filter-text").addEventListener("input", (event) => {
  page.filter.text = event.target.value.trim().toLowerCase();
  draw();
});
for (const of of ["model", "provider", "outcome"]) {
  $(`filter-${of}`).addEventListener("change", (event) => {
    page.filter[of] = event.target.value;
    draw();
  });
}

// Tabs: arrows go from one to the next.

const tabs = [...$("tabs").children];
for (const tab of tabs) tab.addEventListener("click", () => show(tab.id.slice("tab-".length)));
$("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  const open = tabs.filter((tab) => !tab.hidden);
  const next = open[(open.indexOf(document.activeElement) + step + open.length) % open.length];
  next.focus();
  next.click();
  event.preventDefault();
});

// Keys.

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea") !== null;
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    $("filter-text").focus();
    $("filter-text").select();
    event.preventDefault();
  } else if (event.key === "Escape") {
    escape(event);
  } else if (event.target.id === "list" || (!typing && event.target === document.body && page.view === "calls")) {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: callList.page(), PageUp: -callList.page(), Home: -Infinity, End: Infinity }[event.key];
    if (step !== undefined) {
      callList.move(step);
      event.preventDefault();
    } else if (event.key === "Enter" && !$("detail").hidden) {
      $("detail").querySelector("h2").focus();
    }
  }
});

/** Back by one step: the menu, the filter's text, the call. */
function escape(event) {
  if ($("export").open) {
    $("export").open = false;
    $("export").querySelector("summary").focus();
  } else if (event.target.id === "filter-text") {
    event.target.value = "";
    page.filter.text = "";
    draw();
    $("list").focus({ preventScroll: true });
  } else if (!$("detail").hidden) {
    closeDetail();
  }
}

// Export: what the filter lets through.

$("export-otlp").addEventListener("click", () => save("inferspan.otlp.json", "application/json", toOtlp(page.shown)));
$("export-csv").addEventListener("click", () => save("inferspan.csv", "text/csv", toCsv(page.shown)));
$("export-svg").addEventListener("click", () => save("inferspan.svg", "image/svg+xml", toSvg(page.shown)));
for (const button of $("export").querySelectorAll("button")) {
  button.addEventListener("click", () => {
    $("export").open = false;
  });
}
document.addEventListener("click", (event) => {
  if (!$("export").contains(event.target)) $("export").open = false;
});

// Files.

const offline = new Offline({
  traces(request, origins) {
    page.store.addRequest(request, origins);
    draw();
  },
  metrics: (request) => telemetry.emitted.metrics.push(request),
  logs: (request) => telemetry.emitted.logs.push(request),
  problem: message,
  progress({ file, at, of }) {
    $("progress").hidden = false;
    $("progress-text").textContent = `${file}: ${format.bytes(at)} of ${format.bytes(of)}`;
    $("progress-bar").value = of > 0 ? at / of : 1;
  },
  done(totals) {
    $("progress").hidden = true;
    telemetry.emitted.totals = totals.exchanges > 0 ? totals : null;
    const names = offline.files.length === 1 ? offline.files[0].name : format.plural(offline.files.length, "file", "files");
    say(totals.exchanges > 0 ? `${names}: ${format.plural(totals.exchanges, "exchange", "exchanges")}` : names, "file");
    if (totals.exchanges > 0 && totals.calls === 0) message(`${names}: none of its exchanges is an LLM call that the filter knows. A rule in the configuration's \`providers\` may say otherwise.`);
    document.body.dataset.read = String(Number(document.body.dataset.read ?? 0) + 1);
    draw();
  },
});

const telemetry = new Telemetry($("panel-telemetry"), offline, (configuration) => {
  if (page.source === "files") read(offline.files, configuration);
});

function openFiles(files) {
  if (files.length === 0) return;
  $("messages").replaceChildren();
  $("tab-telemetry").hidden = false;
  page.live?.close();
  read(files, telemetry.configuration());
}

function read(files, configuration) {
  restart("files");
  telemetry.clear();
  say(`Reading ${files.map((file) => file.name).join(", ")}`, "file");
  draw();
  offline.open(files, configuration).catch((error) => message(error.message));
}

$("open-files").addEventListener("click", () => $("files").click());
$("files").addEventListener("change", (event) => {
  openFiles([...event.target.files]);
  event.target.value = "";
});
$("progress-stop").addEventListener("click", () => {
  offline.stop();
  $("progress").hidden = true;
  say("Stopped", "file");
});
takeDrops(openFiles);

$("live").addEventListener("click", () => {
  offline.stop();
  $("progress").hidden = true;
  $("tab-telemetry").hidden = true;
  if (page.view === "telemetry") show("calls");
  restart("live");
  followLive();
  draw();
});

followLive();
if (page.live === null) say("Nothing opened yet");
drawNow();

const MOST_MESSAGES = 5;
