"use strict";
// Elements of the page. What strangers wrote becomes text nodes and attribute values, never markup.

/** `h("dt.key", {title: "…"}, "text", child, …)`. Children that are null or false are left out. */
function h(what, attributes, ...children) {
  const [tag, ...classes] = what.split(".");
  return fill(document.createElement(tag), classes, attributes, children);
}

/** The same in SVG. */
function s(what, attributes, ...children) {
  const [tag, ...classes] = what.split(".");
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), classes, attributes, children);
}

function fill(element, classes, attributes, children) {
  if (classes.length > 0) element.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

const $ = (id) => document.getElementById(id);

/** Text of strangers, which may run from right to left: isolated from what stands around it. */
function foreign(text, what = "bdi") {
  return h(what, {}, text);
}
