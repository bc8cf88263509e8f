/**
 * What the server and its workers tell each other.
 * @module
 */
import type { Device, DeviceRequest } from "../graph/mod.ts";
import type { Acquisition } from "../mrd/values.ts";
import type { WorkEvent, WorkRequest } from "./work.ts";

/** To a worker. */
export type WorkerRequest =
  | { readonly kind: "start"; readonly device: DeviceRequest }
  | { readonly kind: "open"; readonly session: number; readonly request: WorkRequest }
  | { readonly kind: "acquisition"; readonly session: number; readonly acquisition: Acquisition }
  | { readonly kind: "finish"; readonly session: number }
  | { readonly kind: "abort"; readonly session: number };

/** From a worker. */
export type WorkerAnswer =
  | { readonly kind: "ready"; readonly device: Device }
  | { readonly kind: "absent"; readonly message: string; readonly hint?: string }
  | { readonly kind: "event"; readonly session: number; readonly event: WorkEvent };
