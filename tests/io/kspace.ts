/** K-space of one format by the names that its axes have by habit, for the tests of its reader. */
import { openCflKspace } from "../../src/io/cfl.ts";
import { openHdf5Array } from "../../src/io/hdf5/open_kspace.ts";
import { kspaceByNames } from "../../src/io/axis_names.ts";
import { openNiftiKspaceArray } from "../../src/io/nifti/read.ts";
import { openNpyKspaceArray } from "../../src/io/numpy/npy.ts";
import type { KspaceFile } from "../../src/io/types.ts";

export const openCfl = async (path: string): Promise<KspaceFile> =>
  await kspaceByNames(openCflKspace(path));

export const openHdf5Kspace = async (
  ...given: Parameters<typeof openHdf5Array>
): Promise<KspaceFile> => await kspaceByNames(await openHdf5Array(...given));

export const openNiftiKspace = async (path: string): Promise<KspaceFile> =>
  await kspaceByNames(openNiftiKspaceArray(path));

export const openNpyKspace = async (path: string): Promise<KspaceFile> =>
  await kspaceByNames(openNpyKspaceArray(path));
