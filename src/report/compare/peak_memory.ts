/** How much memory a piece of work takes. @module */
import process from "node:process";

/** Milliseconds between two looks at the resident size, while no graph runs. */
const INTERVAL = 20;
/** Unit of `maxRSS`. */
const KIBI = 1024;

/** A result, and the memory that was resident meanwhile. */
export interface Watched<T> {
  readonly result: T;
  /** Bytes. */
  readonly peak: number;
}

/**
 * Runs, and tells the largest resident memory of the process. The operating system's highest mark
 * counts where the work raised it; below an earlier mark it cannot be told from that one, and the
 * largest size seen between the graphs (which keep their memory until they are released) counts.
 */
export async function withPeakMemory<T>(work: () => Promise<T>): Promise<Watched<T>> {
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
