/**
 * onnxruntime in a browser: its WebAssembly build for the CPU, and the larger one with WebGPU, each
 * loaded from the page's own folder when it is first needed.
 * @module
 */
import type * as Ort from "onnxruntime-web";
import {
  type OrtSession,
  outputPlaces,
  type Provider,
  sessionSettings,
} from "../../graph/runtime/provider.ts";

/** Where the page keeps onnxruntime-web; relative to the worker's script. */
const FOLDER = "onnxruntime/";
const LOG_FATAL = 4;
const BUILDS = { cpu: "ort.wasm.min.mjs", webgpu: "ort.webgpu.min.mjs" } as const;

type Build = keyof typeof BUILDS;
const loading = new Map<Build, Promise<typeof Ort>>();
/** The build that is in use: a page runs one device at a time. */
let current: typeof Ort | undefined;

async function load(build: Build, threads: number): Promise<typeof Ort> {
  const folder = new URL(FOLDER, location.href).href;
  const ort: typeof Ort = await import(`${folder}${BUILDS[build]}`);
  ort.env.wasm.wasmPaths = folder;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "fatal";
  return ort;
}

/** Threads share memory, which a browser gives only to pages that are isolated from others. */
export const webThreads = (): number =>
  (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated
    ? navigator.hardwareConcurrency
    : 1;

/** The end of the last run on WebGPU: onnxruntime-web runs one graph at a time there. */
let turn: Promise<unknown> = Promise.resolve();

function inTurn(session: OrtSession): OrtSession {
  return {
    run: (feeds) => {
      const result = turn.then(() => session.run(feeds));
      turn = result.catch(() => {});
      return result;
    },
    release: () => turn.then(() => session.release()),
  };
}

/** onnxruntime-web. */
export const provider: Provider = {
  tensor: (data, shape) => new current!.Tensor("float32", data, shape),
  async open(model, device, { threads = webThreads(), ...options }) {
    if (device === "cuda") throw new Error("a browser has no CUDA");
    const build = loading.get(device) ?? load(device, threads);
    loading.set(device, build);
    const ort = current = await build;
    const places = outputPlaces(options);
    const session = await ort.InferenceSession.create(model, {
      ...(places === undefined ? {} : { preferredOutputLocation: places }),
      executionProviders: [device === "cpu" ? "wasm" : "webgpu"],
      graphOptimizationLevel: "all",
      logSeverityLevel: LOG_FATAL,
      extra: sessionSettings(device),
    }) as unknown as OrtSession;
    return device === "cpu" ? session : inTurn(session);
  },
};
