/** Time by stage. @module */
import type { Runtime } from "../graph/mod.ts";
import type { Seconds } from "./types.ts";

/** What adds up the times of a slice. */
export type Clock = ReturnType<typeof clockOf>;

/** Adds up what each stage takes, and what was spent on compiling since it was made. */
export function clockOf(runtime: Runtime) {
  const compiledBefore = runtime.compileSeconds;
  const spent = {
    read: 0,
    calibrate: 0,
    compile: 0,
    reconstruct: 0,
    audit: 0,
    errorBars: 0,
    added: 0,
    eigenbasis: 0,
  };
  const add = (stage: keyof typeof spent, seconds: number) => {
    spent[stage] += seconds;
  };
  return {
    add,
    time: async <T>(stage: keyof typeof spent, work: () => Promise<T>): Promise<T> => {
      const start = performance.now();
      const result = await work();
      add(stage, (performance.now() - start) / 1000);
      return result;
    },
    seconds: (): Seconds => ({
      ...spent,
      errorBars: spent.errorBars || undefined,
      added: spent.added || undefined,
      eigenbasis: spent.eigenbasis || undefined,
      compile: runtime.compileSeconds - compiledBefore,
    }),
  };
}
