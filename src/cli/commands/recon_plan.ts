/** `deno task recon --dry-run`: the plan, with the time of all that the command does. @module */
import { dataFile } from "../../io/checksum.ts";
import type { KspaceFile } from "../../io/types.ts";
import { gzip, openFile, sha256 } from "../../host.ts";
import { type NdArray, ndarray, sizeOf } from "../../ndarray.ts";
import { type Plan, planReconstruction } from "../../recon/plan.ts";
import type { ReconstructOptions } from "../../recon/types.ts";
import { Rng } from "../../rng.ts";
import { previewPng } from "../render/preview.ts";

/** Bytes of a file whose checksum is timed. */
const HASHED = 16 * 2 ** 20;
/** Pictures of slices that a preview shows at most. */
const PICTURES = 16;

/**
 * The plan, whose seconds are those of the command: with what was spent before the plan (starting Deno,
 * loading onnxruntime, opening the file), the checksum of the file, and compressing what is written.
 * @param around `spent`: seconds before; `outputs`: paths by kind; `shown`: options of the image that the preview
 *   shows beside the result
 */
export async function planCommand(
  file: KspaceFile,
  options: ReconstructOptions,
  { spent, hashed, outputs, shown }: {
    readonly spent: number;
    readonly hashed: boolean;
    readonly outputs: (plan: Plan) => Readonly<Record<string, string>>;
    readonly shown?: ReconstructOptions;
  },
): Promise<Plan & { readonly outputs: Readonly<Record<string, string>> }> {
  const plan = await planReconstruction(file, options);
  const paths = outputs(plan);
  if (plan.seconds === null) return { ...plan, outputs: paths };
  const beside = shown && (await planReconstruction(file, shown)).seconds || 0;
  const checked = hashed ? checksumSeconds(dataFile(file.path, file.format)) : 0;
  const around = spent + beside + checked + writingSeconds(plan, paths);
  return { ...plan, seconds: plan.seconds + around, outputs: paths };
}

/** Seconds of the checksum of a file, from its first part. */
function checksumSeconds(path: string): number {
  using file = openFile(path);
  const bytes = new Uint8Array(Math.min(HASHED, file.size));
  const seconds = secondsOf(() => {
    file.read(bytes, 0);
    sha256().update(bytes).digest();
  });
  return seconds * Math.max(1, file.size / Math.max(1, bytes.length));
}

/** Seconds of compressing the outputs: noise of the size of a slice is compressed as they are. */
function writingSeconds(plan: Plan, paths: Readonly<Record<string, string>>): number {
  const { image, samples, full } = plan;
  const slices = image.slice(0, -2).reduce((product, size) => product * size, 1);
  const shape = image.slice(-2);
  const compressed = secondsOf(() => gzip(new Uint8Array(noise(shape).data.buffer)));
  const volumes = Object.keys(paths).reduce((sum, kind) => sum + volumesOf(kind, samples), 0);
  const shown = noise([Math.min(PICTURES, slices), ...shape]);
  const preview = secondsOf(() =>
    previewPng({ magnitude: shown, reference: full ? shown : undefined, method: plan.method })
  );
  return slices * volumes * compressed + preview;
}

/** How many volumes of real numbers an output counts for. */
function volumesOf(kind: string, samples: number): number {
  if (kind === "preview" || kind === "report") return 0;
  return kind === "samples" ? samples : kind === "complex" ? 2 : 1;
}

const noise = (shape: readonly number[]): NdArray =>
  ndarray(new Rng(0).normals(sizeOf(shape)).map(Math.abs), shape);

function secondsOf(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}
