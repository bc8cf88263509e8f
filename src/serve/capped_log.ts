/** Logs that no client can fill. @module */
import type { Log } from "./types.ts";

/** Lines of a session in the server's log: a bad stream makes one for each acquisition. */
const MAX_LINES = 200;

/** A log that writes so many lines, then one that says so, then nothing. */
export function cappedLog(log: Log, most: number = MAX_LINES): Log {
  let lines = 0;
  return (severity, text) => {
    if (lines > most) return;
    if (lines++ < most) return log(severity, text);
    log("WRN", `More than ${most} messages: no further ones of this session are logged`);
  };
}

/** A log for what may happen often: one line in so many milliseconds, with how many were left out. */
export function sparseLog(log: Log, interval: number): Log {
  let last = -Infinity;
  let left = 0;
  return (severity, text) => {
    const now = performance.now();
    if (now - last < interval) return void left++;
    log(severity, left === 0 ? text : `${text} (and ${left} times before)`);
    last = now;
    left = 0;
  };
}
