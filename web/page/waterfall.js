"use strict";
// Where the time went: bars of calls on a common scale. A call waits for its first token, then answers.

/** The parts of a call's bar, in seconds from the start of the scale: `{kind, from, to}`. */
function phases(call, offset) {
  const { first_token: token, first_reasoning: reasoning, first_visible: visible } = call.facts;
  const within = (seconds) => Math.min(Math.max(seconds, 0), call.duration);
  if (typeof token !== "number") return [{ kind: "whole", from: offset, to: offset + call.duration }];
  const begin = within(token);
  const parts = [{ kind: "wait", from: offset, to: offset + begin }];
  if (typeof reasoning === "number" && typeof visible === "number" && visible > reasoning) {
    const seen = within(visible);
    parts.push({ kind: "reason", from: offset + begin, to: offset + Math.max(seen, begin) });
    parts.push({ kind: "answer", from: offset + Math.max(seen, begin), to: offset + call.duration });
  } else {
    parts.push({ kind: "answer", from: offset + begin, to: offset + call.duration });
  }
  return parts.filter((part) => part.to > part.from);
}

/** Whether a stream stood still for long. */
const isStalled = (call) => typeof call.facts.max_gap === "number" && call.facts.max_gap >= STALL;

/** How a call went, as a word that styles know. */
function mood(call) {
  if (call.outcome === "client_cancelled") return "given-up";
  return call.isError || call.outcome !== "completed" ? "failed" : "good";
}

/** A bar for a row of the list, `width` wide in units of its own. */
function bar(call, offset, scale) {
  const svg = s(`svg.bar.${mood(call)}`, { viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  const x = (seconds) => (scale > 0 ? Math.min(seconds / scale, 1) * 1000 : 0);
  for (const { kind, from, to } of phases(call, offset)) {
    svg.append(s(`rect.${kind}`, { x: x(from), width: Math.max(x(to) - x(from), 3), y: kind === "wait" ? 3.5 : 1, height: kind === "wait" ? 3 : 8 }));
  }
  return svg;
}

/**
 * A waterfall of members of runs, with names and an axis, as an SVG that stands for itself: `rows` are
 * `{call, depth, offset}`, `scale` is in seconds.
 */
function waterfall(rows, scale, { width = 720, selected = null, label = "Waterfall" } = {}) {
  const names = rows.length > 1 ? Math.min(220, width * 0.34) : 0;
  const height = AXIS + rows.length * LINE + 4;
  const room = width - names - 64;
  const x = (seconds) => names + (scale > 0 ? (Math.min(seconds, scale) / scale) * room : 0);
  const svg = s("svg.waterfall", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  for (const tick of ticks(scale)) {
    svg.append(
      s("line.grid", { x1: x(tick), x2: x(tick), y1: AXIS - 6, y2: height }),
      s("text.tick", { x: x(tick) + 3, y: AXIS - 8 }, tick === 0 ? "0" : format.duration(tick)),
    );
  }
  rows.forEach(({ call, depth, offset }, index) => {
    const top = AXIS + index * LINE;
    const group = s(`g.${mood(call)}${call === selected ? ".selected" : ""}`, {});
    if (names > 0) {
      const room = Math.max(Math.floor((names - 12 - depth * 10) / 6.6), 4);
      group.append(s("text.name", { x: 4 + depth * 10, y: top + 15 }, shortened(call.name, room)));
    }
    for (const { kind, from, to } of phases(call, offset)) {
      const thin = kind === "wait";
      group.append(s(`rect.${kind}`, { x: x(from), width: Math.max(x(to) - x(from), 2), y: top + (thin ? 8 : 5), height: thin ? 5 : 11, rx: 2 }));
    }
    for (const event of list(call.span.events)) {
      const at = offset + Number(nanos(event?.timeUnixNano) - call.start) / 1e9;
      if (at < offset || at > offset + call.duration + 0.001) continue;
      group.append(s("circle.event", { cx: x(at), cy: top + 10.5, r: 3.5 }, s("title", {}, String(event?.name ?? ""))));
    }
    const end = x(offset + call.duration);
    group.append(s("text.took", { x: end + 6, y: top + 15 }, format.duration(call.duration)));
    svg.append(group);
  });
  return svg;
}

/** Seconds that are worth a mark. */
function ticks(scale) {
  if (!(scale > 0)) return [0];
  const raw = scale / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw) ?? raw;
  const marks = [];
  for (let at = 0; at <= scale && marks.length < 12; at += step) marks.push(at);
  return marks;
}

function shortened(text, most) {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}

/** Rows of a run for `waterfall`, and its scale. */
function rowsOf(run) {
  const rows = run.members.map(([call, depth]) => ({ call, depth, offset: Number(call.start - run.start) / 1e9 }));
  return { rows, scale: Number(run.end - run.start) / 1e9 };
}

const STALL = 2;
const AXIS = 26;
const LINE = 22;
