"use strict";
// Files that are opened: read by a worker, so that the page never waits.

class Offline {
  /** `on` is told what comes: `traces(request, origins)`, `metrics`, `logs`, `progress`, `problem`, `done`. */
  constructor(on) {
    this.on = on;
    this.worker = null;
    this.id = 0;
    this.waiting = new Map();
  }

  /** Whether this page can read recordings by itself, and not OTLP alone. */
  async open(files, configuration) {
    this.files = files;
    const worker = await this.#start();
    this.id += 1;
    this.opening = this.id;
    worker.postMessage({ id: this.id, task: "open", files, configuration });
  }

  stop() {
    this.opening = 0;
    this.worker?.then((worker) => worker.postMessage({ id: 0, task: "stop" }));
  }

  /** Asks for something that is answered once. */
  async ask(task, more) {
    const worker = await this.#start();
    this.id += 1;
    const { id } = this;
    return new Promise((done, failed) => {
      this.waiting.set(id, [done, failed]);
      worker.postMessage({ id, task, ...more });
    });
  }

  #start() {
    this.worker ??= (async () => {
      const [engine, own] = await Promise.all([script("engine.js"), script("worker.js")]);
      const url = URL.createObjectURL(new Blob([engine, "\n", own], { type: "text/javascript" }));
      const worker = new Worker(url);
      worker.addEventListener("message", ({ data }) => this.#told(data));
      worker.addEventListener("error", (event) => this.on.problem(`The engine failed: ${event.message}`));
      return worker;
    })();
    return this.worker;
  }

  #told({ id, what, ...more }) {
    const waiting = this.waiting.get(id);
    if (waiting !== undefined) {
      this.waiting.delete(id);
      if (what === "failed") waiting[1](new Error(more.text));
      else waiting[0](more);
      return;
    }
    if (id !== this.opening) return;
    if (what === "traces") this.on.traces(more.request, new Map(Object.entries(more.origins ?? {})));
    else if (what === "failed") this.on.problem(more.text);
    else this.on[what]?.(more.request ?? more.text ?? more);
  }
}

/** A script's text: part of this file, or of what serves it. Empty where it is not there. */
async function script(name) {
  const here = $(name);
  if (here !== null) return here.textContent;
  const answer = await fetch(name);
  return answer.ok ? answer.text() : "";
}

/** Takes files that are dropped anywhere on the page. */
function takeDrops(take) {
  let inside = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    inside += 1;
    $("drop").hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    inside -= 1;
    if (inside <= 0) $("drop").hidden = true;
  });
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    inside = 0;
    $("drop").hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}
