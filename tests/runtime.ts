/** The device of the tests. */
import { Runtime } from "../src/graph/mod.ts";

/**
 * The runtime of a test file: the CPU, with one thread, as files run in parallel. Every file has its
 * own copy of this module; its graphs are compiled once and live as long as the file.
 */
export const runtime: Runtime = await Runtime.open("cpu", { threads: 1 });
