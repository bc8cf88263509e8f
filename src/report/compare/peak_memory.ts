/** Peak memory of the process while some work runs. @module */
import process from "node:process";

/** Milliseconds between two readings of the resident size, while no graph runs. */
const INTERVAL = 20;
/** Unit of `maxRSS`. */
const KIBI = 1024;

/**
 * Runs some work and measures the largest resident size of the process, in bytes. Where the work
 * raised the operating system's high-water mark, that mark counts. Where an earlier peak was
 * higher, the largest size between two graphs counts, as graphs keep their memory until they are
 * released.
 */
export async function withPeakMemory<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly peak: number }> {
  const highest = () => process.resourceUsage().maxRSS * KIBI;
  const before = highest();
  let seen = 0;
  const look = () => seen = Math.max(seen, Deno.memoryUsage().rss);
  look();
  const timer = setInterval(look, INTERVAL);
  try {
    const result = await work();
    look();
    const after = highest();
    return { result, peak: after > before ? after : seen };
  } finally {
    clearInterval(timer);
  }
}
