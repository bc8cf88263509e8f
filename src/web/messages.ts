/** What the page and its worker say to each other, and what the build tells both. @module */
import type { Device } from "../graph/mod.ts";
import type { ReconReport } from "../recon/report.ts";
import type { Plan } from "../recon/plan.ts";
import type { SimulationRequest } from "../recon/simulated.ts";

/** A method, as the page lists it. */
export interface MethodEntry {
  readonly name: string;
  readonly summary: string;
  readonly room: "classical" | "samplers" | "unrolled";
  /** Whether it draws posterior samples. */
  readonly samples: boolean;
  /** Whether its number of steps is fixed. */
  readonly fixedSteps: boolean;
  /** Name of its network, of methods that have one. */
  readonly model?: string;
}

/** A model in the page's folder `models/`. */
export interface ModelEntry {
  readonly name: string;
  readonly kind: string;
  /** The network's file in its folder. */
  readonly file: string;
  readonly bytes: number;
}

/** What the build puts into `catalog.json`. */
export interface Catalog {
  readonly version: string;
  readonly commit: string | null;
  readonly defaultMethod: string;
  readonly exampleMask: string;
  readonly methods: readonly MethodEntry[];
  readonly models: readonly ModelEntry[];
}

/** Where k-space comes from: files, or none for the built-in example. */
export interface Source {
  /** One file, or a BART pair. */
  readonly files: readonly File[];
  /** How to make k-space where the file is an image. */
  readonly simulate: SimulationRequest;
  /** Names of the axes of a plain array. */
  readonly axes?: readonly string[];
  /** What the numbers of a NIfTI are. */
  readonly domain?: "image" | "kspace";
}

/** What is to be done with k-space. */
export interface Task {
  readonly method: string;
  readonly device: "auto" | Device;
  readonly mask?: string;
  readonly model?: string;
  readonly steps?: number;
  readonly samples?: number;
  readonly seed: number;
  /** First slice and the one after the last. */
  readonly slices?: readonly [number, number];
}

/** What the page asks of its worker. */
export type Request =
  | { readonly kind: "look"; readonly source: Source }
  | { readonly kind: "reconstruct"; readonly source: Source; readonly task: Task };

/** What was found in a file. */
export interface Found extends Pick<Plan, "input" | "mask" | "full" | "warnings" | "image"> {
  readonly slices: number;
  /** Whether the file is an image, from which k-space is simulated. */
  readonly simulated: boolean;
}

/** Images as NIfTI, not compressed. */
export interface Volumes {
  readonly image: Uint8Array<ArrayBuffer>;
  readonly std?: Uint8Array<ArrayBuffer>;
  readonly reference?: Uint8Array<ArrayBuffer>;
  /** Magnitude of the difference from the reference. */
  readonly error?: Uint8Array<ArrayBuffer>;
}

/** A finished reconstruction. */
export interface Done {
  readonly report: ReconReport;
  readonly volumes: Volumes;
  /** Value that is shown white. */
  readonly white: number;
  readonly threads: number;
}

/** What the worker answers; `progress` comes before the others. */
export type Reply =
  | { readonly kind: "progress"; readonly what: string; readonly fraction: number }
  | { readonly kind: "found"; readonly found: Found }
  | { readonly kind: "done"; readonly done: Done }
  | { readonly kind: "failed"; readonly message: string; readonly hint?: string };
