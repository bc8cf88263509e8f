/** Eigenbases of the operators of restoration. */
import { mul, type Shape } from "../../../src/graph/mod.ts";
import { convolution, motionKernel } from "../../../src/mri/physics/convolution.ts";
import type { LinearOperator } from "../../../src/mri/physics/operator.ts";
import {
  averagePooling,
  bicubicDownsampling,
  gaussianBlur,
  inpainting,
} from "../../../src/mri/physics/restoration_operators.ts";
import {
  convolutionSpectrum,
  pixelSpectrum,
  separableSpectrum,
} from "../../../src/mri/physics/restoration_spectrum.ts";
import type { SpectralForm } from "../../../src/mri/physics/spectrum.ts";
import { ndarray, sizeOf } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { assertClose } from "../../classical/support.ts";
import { runtime } from "../../runtime.ts";

const SHAPE = [2, 2, 12, 8];
const KEPT = Float32Array.from(new Rng(3).normals(96), (value) => value > 0 ? 1 : 0);

type Case = readonly [LinearOperator, SpectralForm];

const separable = (operator: ReturnType<typeof gaussianBlur>): Case => [
  operator,
  separableSpectrum(operator),
];

function motion(shape: Shape): Case {
  const operator = convolution(shape, motionKernel(3, 30));
  return [operator, convolutionSpectrum(shape, operator)];
}

const CASES: Readonly<Record<string, () => Case>> = {
  "means of blocks": () => separable(averagePooling(SHAPE, 2)),
  "bicubic downsampling": () => separable(bicubicDownsampling(SHAPE, 4)),
  "gaussian blur": () => separable(gaussianBlur(SHAPE, 1.2)),
  "motion blur": () => motion(SHAPE),
  "missing pixels": () => [
    inpainting(SHAPE, KEPT),
    pixelSpectrum(ndarray(KEPT, SHAPE.slice(2))),
  ],
};

for (const [name, make] of Object.entries(CASES)) {
  Deno.test(`the eigenbasis of ${name} is a basis, in which A^H A is diagonal`, async () => {
    const [operator, form] = make();
    const program = await runtime.build({ x: SHAPE }, ({ x }) => {
      const { squares, analyse, synthesise, data } = form.spectrum({ adjoint: x });
      return {
        same: synthesise(analyse(x)),
        data: synthesise(data),
        normal: operator.normal(x),
        found: synthesise(mul(squares, analyse(x))),
      };
    });
    const x = ndarray(new Rng(1).normals(sizeOf(SHAPE)), SHAPE);
    const { same, data, normal, found } = await program.run({ x });
    assertClose(same.data, x.data, 1e-5);
    assertClose(data.data, x.data, 1e-5);
    assertClose(found.data, normal.data, 1e-5);
  });
}
