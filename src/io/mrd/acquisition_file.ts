/** Raw acquisitions in a file of any format: what `recon` makes k-space of. @module */
import type { Acquisition, AcquisitionHeader } from "../../mrd/values.ts";
import type { MrdHeader } from "../../mrd/xml_header.ts";
import type { Warning } from "../../warning.ts";
import type { FileFormat } from "../types.ts";

export interface AcquisitionFile extends Disposable {
  readonly path: string;
  readonly format: FileFormat;
  readonly header: MrdHeader;
  readonly acquisitionCount: number;
  /** What a user should know of the file. */
  readonly warnings?: readonly Warning[];
  /** Headers of all acquisitions in order; samples are not kept. */
  headers(): AsyncIterable<AcquisitionHeader>;
  /** Some acquisitions, in the order of `indices`. */
  read(indices: readonly number[]): Promise<Acquisition[]>;
}
