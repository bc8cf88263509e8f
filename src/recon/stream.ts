/**
 * K-space in, images out, slice by slice: what `reconstruct` and all commands are made of. The graphs
 * are compiled once for all slices of one sampling.
 * @module
 */
import { Runtime } from "../graph/mod.ts";
import type { KspaceFile } from "../io/types.ts";
import type { SamplerSettings, Settings } from "../samplers/mod.ts";
import { checkOptions, chosenMethod, methodOfModel, methodOptions } from "./methods.ts";
import { SliceRun } from "./slice_run.ts";
import { FileSlices, type SliceSupply } from "./slice_supply.ts";
import type { ReconstructedSlice, ReconstructOptions } from "./types.ts";
import { sliceRange } from "./volume.ts";

/** A reconstruction that is open: slices come when they are asked for. */
export interface ReconstructionStream extends AsyncIterable<ReconstructedSlice>, AsyncDisposable {
  /**
   * Reconstructs one slice of the file. One that cannot be read, or holds nothing, is left zero and
   * says so (`failure`, and a warning). Call `close` when no more are wanted, or declare the stream
   * with `await using`.
   * @throws as `reconstruct`
   */
  slice(index: number): Promise<ReconstructedSlice>;
  /** Releases the compiled graphs. The end of a loop over the stream does so too. */
  close(): Promise<void>;
}

/**
 * Opens a reconstruction whose slices are read, reconstructed and given one after the other, so that
 * a volume need not be in memory.
 *
 * @param file from `readKspace` or `kspaceFromArray`; it stays open
 * @throws {UsageError} for an unknown option, method or setting, or slices that are not there
 * @example
 * ```ts
 * import { openReconstruction, simulatedBrain } from "@larmor/larmor";
 *
 * using kspace = await simulatedBrain({ size: 32, coils: 2 });
 * for await (const slice of openReconstruction(kspace, { method: "sense", device: "cpu" })) {
 *   console.assert(`${slice.magnitude.shape}` === "32,32");
 * }
 * ```
 */
export function openReconstruction<S extends Settings = SamplerSettings>(
  file: KspaceFile,
  options: ReconstructOptions<S> = {},
): ReconstructionStream {
  const plain = options as ReconstructOptions;
  return openStream(file, plain, (runtime) => new FileSlices(runtime, file, plain));
}

/**
 * {@link openReconstruction} of slices that are supplied, so that several methods can share what was
 * prepared once. The options that decide what is supplied (`mask`, `maps`, `calibration`, `compress`)
 * do not count.
 */
export function openSupplied(
  supply: SliceSupply,
  options: ReconstructOptions = {},
): ReconstructionStream {
  return openStream(supply.file, options, () => supply);
}

function openStream(
  file: KspaceFile,
  options: ReconstructOptions,
  supplyOf: (runtime: Runtime) => SliceSupply,
): ReconstructionStream {
  checkOptions(options);
  const settings = methodOptions(chosenMethod(options.method), options);
  const [first, end] = sliceRange(file, options.slices);
  const { device, signal } = options;
  let running: Promise<SliceRun> | undefined;
  const start = async () => {
    const method = await methodOfModel(options);
    const runtime = device instanceof Runtime ? device : await Runtime.open(device);
    return new SliceRun(runtime, { supply: supplyOf(runtime), method, settings, options });
  };
  const slice = async (index: number) => {
    sliceRange(file, [index, index + 1]);
    signal?.throwIfAborted();
    const run = await (running ??= start());
    return await run.slice(index, { done: index - first, slices: end - first });
  };
  const close = async () => {
    const opened = running;
    running = undefined;
    const run = await opened?.catch(() => undefined); // the caller of slice() was told
    if (run && !(device instanceof Runtime)) await run.runtime[Symbol.asyncDispose]();
  };
  return {
    slice,
    close,
    [Symbol.asyncDispose]: close,
    async *[Symbol.asyncIterator]() {
      try {
        for (let index = first; index < end; index++) yield await slice(index);
      } finally {
        await close();
      }
    },
  };
}
