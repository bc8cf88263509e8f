/** onnxruntime under Deno and Node: the only file that imports it. @module */
import "./telemetry.ts"; // first: it must be off before the library is loaded
import ort from "onnxruntime-node";
import { outputPlaces, type Provider, sessionSettings } from "./provider.ts";

/** The log level of onnxruntime at which errors are thrown but not printed as well. */
const LOG_FATAL = 4;
ort.env.logLevel = "fatal";

/** onnxruntime-node. */
export const provider: Provider = {
  tensor: (data, shape) => new ort.Tensor("float32", data, shape),
  open: (model, device, { threads, ...options }) => {
    const places = outputPlaces(options);
    return ort.InferenceSession.create(model, {
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...(places === undefined ? {} : { preferredOutputLocation: places }),
      executionProviders: [device],
      graphOptimizationLevel: "all",
      // An arena would keep the largest run of each session until it is released. Memory that is asked for
      // and given back value by value was as fast (processor time of tv and pnp-admm) and half as much.
      enableCpuMemArena: false,
      enableMemPattern: false,
      logSeverityLevel: LOG_FATAL,
      extra: sessionSettings(device),
    }) as ReturnType<Provider["open"]>;
  },
};
