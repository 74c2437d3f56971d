"use strict";
// Numbers and times as people read them.

const format = {
  /** `1234567` with thin spaces between thousands. */
  count(number) {
    return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  },

  /** Two digits that tell something, at least two decimals. */
  dollars(usd) {
    const decimals = usd >= 0.1 || usd === 0 ? 2 : usd >= 0.001 ? 4 : 6;
    return `${usd.toFixed(decimals)} USD`;
  },

  duration(seconds) {
    if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
    if (seconds < 1) return `${Math.floor(seconds * 1e3)} ms`;
    if (seconds < 100) return `${seconds.toFixed(2)} s`;
    return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  },

  bytes(count) {
    if (count < 1000) return `${count} B`;
    if (count < 1e6) return `${(count / 1e3).toFixed(1)} KB`;
    return `${(count / 1e6).toFixed(1)} MB`;
  },

  /** The time of day here. */
  clock(millis) {
    return clockFormat.format(millis);
  },

  date(millis) {
    return dateFormat.format(millis);
  },

  /** The hour that a time is in, here: `2026-11-22 14:00`. */
  hour(millis) {
    const time = new Date(millis);
    const two = (number) => String(number).padStart(2, "0");
    return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:00`;
  },

  plural(count, one, many) {
    return `${format.count(count)} ${count === 1 ? one : many}`;
  },
};

const clockFormat = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const dateFormat = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "2-digit", day: "2-digit",
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23",
});
