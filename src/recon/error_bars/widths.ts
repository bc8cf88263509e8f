/** From features to half-widths in the units and the orientation of the file, in one graph. @module */
import {
  add,
  clip,
  constantOf,
  div,
  exp,
  log,
  max,
  mul,
  reduceSum,
  reshape,
  type Runtime,
  slice,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import { orientedMagnitude, type OutputGeometry } from "../finish.ts";
import type { ErrorCalibration } from "./calibration.ts";
import type { WidthFactors } from "./conformal.ts";

/** Half-widths `[rows, columns]`, from features `[F, H, W]` and the head, 1 within it, `[H, W]`. */
export type Widths = (
  features: NdArray,
  head: Uint8Array,
  factor: NdArray,
  widened: number,
) => Promise<NdArray>;

const KEEP = { keepDims: true } as const;

/** Compiles the half-widths of a calibration. @param sets of coil maps, whose images have a factor each */
export async function compileWidths(
  runtime: Runtime,
  geometry: OutputGeometry,
  { size, width }: Pick<ErrorCalibration, "size" | "width">,
  sets = 1,
): Promise<Widths> {
  const powers = Object.values(size.powers), means = Object.values(size.means);
  const [rows, columns] = geometry.from;
  const program = await runtime.build<string, "widths">(
    {
      features: [powers.length, rows, columns],
      head: [1, rows, columns],
      factor: [2 * sets, rows, columns],
      widened: [1, 1, 1],
    },
    ({ features, head, factor, widened }) => {
      const logs = log(features), sum = (x: Tensor, axes: number[]) => reduceSum(x, axes, KEEP);
      const inHead = div(sum(mul(logs, head), [1, 2]), max(sum(head, [1, 2]), 1));
      const times = (x: Tensor, values: readonly number[]) =>
        sum(mul(x, constantOf(Float32Array.from(values), [values.length, 1, 1])), [0]);
      const logSize = add(
        add(times(sub(logs, inHead), powers), times(inHead, means)),
        size.constant,
      );
      const inFile = mul(mul(exp(logWidthOf(logSize, width)), widened), slice(factor, 0, 0, 1));
      return { widths: orientedMagnitude(reshape(inFile, [rows, columns]), geometry) };
    },
  );
  return async (features, head, factor, times) => {
    const widened = ndarray(Float32Array.of(times), [1, 1, 1]);
    const inside = ndarray(Float32Array.from(head), [1, rows, columns]);
    return (await program.run({ features, head: inside, factor, widened })).widths;
  };
}

/** `logWidth` of conformal.ts as a graph: straight between the sizes, constant factors beyond. */
function logWidthOf(size: Tensor, { sizes, factors }: WidthFactors): Tensor {
  let result = add(size, factors[0]);
  for (let i = 0; i + 1 < sizes.length; i++) {
    const length = sizes[i + 1] - sizes[i];
    const along = clip(sub(size, sizes[i]), 0, length);
    result = add(result, mul(along, (factors[i + 1] - factors[i]) / length));
  }
  return result;
}
