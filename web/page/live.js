"use strict";
// The calls that a running `inferspan` hands out as they come.

/** Follows them where this page was served by one; `on` is told what happens. */
function follow(store, on) {
  if (!/^https?:$/.test(location.protocol) || !/^\/[0-9a-f]{32}\/$/.test(location.pathname)) return null;
  const events = new EventSource("calls");
  events.addEventListener("spans", (event) => {
    let request;
    try {
      request = JSON.parse(event.data);
    } catch {
      return;
    }
    if (store.addRequest(request) > 0) on.calls();
  });
  events.addEventListener("all", () => on.all());
  events.addEventListener("gap", () => on.gap());
  events.addEventListener("open", () => on.open());
  // The browser tries again by itself, from where it was.
  events.addEventListener("error", () => on.lost());
  return events;
}
