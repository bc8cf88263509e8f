/** From features to half-widths in the units and the orientation of the file, in one graph. @module */
import {
  add,
  clip,
  constantOf,
  exp,
  log,
  mul,
  reduceSum,
  reshape,
  type Runtime,
  slice,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import type { NdArray } from "../../ndarray.ts";
import { orientedMagnitude, type OutputGeometry } from "../finish.ts";
import type { ErrorCalibration } from "./calibration.ts";
import type { WidthFactors } from "./conformal.ts";

/** Half-widths `[rows, columns]`, from features `[F, H, W]`. */
export type Widths = (features: NdArray, factor: NdArray, widened: number) => Promise<NdArray>;

/** Compiles the half-widths of a calibration. @param sets of coil maps, whose images have a factor each */
export async function compileWidths(
  runtime: Runtime,
  geometry: OutputGeometry,
  { size, width }: Pick<ErrorCalibration, "size" | "width">,
  sets = 1,
): Promise<Widths> {
  const powers = Object.values(size.powers);
  const [rows, columns] = geometry.from;
  const program = await runtime.build<string, "widths">(
    {
      features: [powers.length, rows, columns],
      factor: [2 * sets, rows, columns],
      widened: [1, 1, 1],
    },
    ({ features, factor, widened }) => {
      const exponents = constantOf(Float32Array.from(powers), [powers.length, 1, 1]);
      const logSize = add(
        reduceSum(mul(log(features), exponents), [0], { keepDims: true }),
        size.constant,
      );
      const inFile = mul(mul(exp(logWidthOf(logSize, width)), widened), slice(factor, 0, 0, 1));
      return { widths: orientedMagnitude(reshape(inFile, [rows, columns]), geometry) };
    },
  );
  return async (features, factor, widened) => {
    const times = { data: Float32Array.of(widened), shape: [1, 1, 1] };
    return (await program.run({ features, factor, widened: times })).widths;
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
