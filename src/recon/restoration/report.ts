/** The content of restore.json: what was done to a picture, and how much of it came back. @module */
import type { ModelReference } from "../../nn/mod.ts";
import type { Warning } from "../../warning.ts";
import type { Provenance } from "../report.ts";

/** Name and version of the layout of restore.json. */
export const RESTORE_SCHEMA = "larmor.restore/1";

/** How a picture compares with the given one. */
export interface PictureMetrics {
  /** Peak signal-to-noise ratio in dB; null when the pictures are identical. */
  readonly psnr: number | null;
  /** Mean structural similarity, at most 1 (7 x 7 uniform window), over slices and channels. */
  readonly ssim: number;
  /** HaarPSI, at most 1: a perceptual similarity (Reisenhofer et al. 2018). */
  readonly haarpsi: number;
  /**
   * Distance of the spectra, dB: root mean square over rings of frequencies of the ratio of powers. How
   * natural a picture looks, not how right it is; noise of the given picture counts.
   */
  readonly spectrum: number;
}

/** The content of restore.json. */
export interface RestoreReport {
  /** Name and version of this layout. */
  readonly schema: typeof RESTORE_SCHEMA;
  /** What was read. */
  readonly input: {
    /** Path as it was given; `example` for the drawn brain. */
    readonly path: string;
    /** SHA-256 of the file; null for the drawn brain. */
    readonly sha256: string | null;
    /** Slices, channels, rows and columns that were restored. */
    readonly shape: readonly number[];
  };
  /** What was done to the pictures, as it was asked for. */
  readonly task: string;
  /** Standard deviation of the noise that was added, as a share of white. */
  readonly noise: number;
  /** The method. */
  readonly method: string;
  /** Its settings that were in force. */
  readonly settings: Readonly<Record<string, number>>;
  /** The network; null for one without a folder. */
  readonly model: ModelReference | null;
  /** Posterior samples of a picture, whose mean is the result. */
  readonly samples: number;
  /** Seed of all random numbers. */
  readonly seed: number;
  /** Evaluations of the network for one picture. */
  readonly nfe: number;
  /** What computed it. */
  readonly device: string;
  /** Noise that the method was told of, as a share of white. */
  readonly sigma: number;
  /** Brightness of bright tissue as a share of white, by which the network's input was divided. */
  readonly scale: number;
  /** Time, s. */
  readonly seconds: { readonly compile: number; readonly total: number };
  /** Against the given pictures; the data range is their maximum. */
  readonly metrics: {
    /** Of what one would look at without a restoration. */
    readonly input: PictureMetrics;
    /** Of the restored pictures. */
    readonly output: PictureMetrics;
  };
  /** Share of blocks that a JPEG of the result stores as they were given; null without JPEG or with noise. */
  readonly sameBlocks: number | null;
  /** Sides of the kernel in pixels, where it was estimated with the picture; null where it was known. */
  readonly blind: number | null;
  /** What a user should know of the result. */
  readonly warnings: readonly Warning[];
  /** Paths of what was written. */
  readonly outputs: Readonly<Record<string, string>>;
  /** What remakes it. */
  readonly provenance: Provenance;
}
