/** The build of libhdf5 for Node and Deno: the only importer of h5wasm. @module */
import h5wasm from "h5wasm/node";
import type { Hdf5Library } from "./h5wasm.ts";

/** Settles when it is loaded. */
export const ready: Promise<Hdf5Library> = h5wasm.ready as unknown as Promise<Hdf5Library>;
