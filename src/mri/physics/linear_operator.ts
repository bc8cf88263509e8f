/** Linear operators of one's own: the adjoint by differentiation, and the test of both. @module */
import { expand, type Runtime, scalar, type Shape, type Tensor, vjp } from "../../graph/mod.ts";
import { ndarray, sizeOf } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import { innerProduct, type LinearOperator } from "./operator.ts";

/** A linear operator by what it does; {@link linearOperator} adds the rest. */
export interface LinearDefinition {
  /** Shape it takes; complex images are `[N, 2, H, W]`. */
  readonly domain: Shape;
  /** A x, complex-linear in x. */
  forward(x: Tensor): Tensor;
  /** A^H y. Default: the vector-Jacobian product of `forward`. */
  adjoint?(y: Tensor): Tensor;
  /** A^H A x. Default: adjoint after forward. */
  normal?(x: Tensor): Tensor;
}

/**
 * A linear operator from its forward direction alone.
 * @example
 * ```ts
 * import { mul } from "@larmor/larmor/graph";
 * import { linearOperator } from "@larmor/larmor/mri";
 *
 * const half = linearOperator({ domain: [1, 2, 8, 8], forward: (x) => mul(x, 0.5) });
 * console.assert(`${half.range}` === "1,2,8,8");
 * ```
 */
export function linearOperator({ domain, ...given }: LinearDefinition): LinearOperator {
  const origin = expand(scalar(0), domain);
  const image = given.forward(origin);
  const adjoint = given.adjoint ?? ((y: Tensor) => vjp([image], [origin], [y])[0]);
  return {
    domain,
    range: image.shape,
    forward: given.forward,
    adjoint,
    normal: given.normal ?? ((x) => adjoint(given.forward(x))),
  };
}

/**
 * The dot test: how far <A x, y> is from <x, A^H y> for random complex x and y, relative to
 * |A x| |y|. Rounding leaves about 1e-6; an adjoint that is wrong leaves about 1.
 */
export async function dotTest(
  runtime: Runtime,
  { domain, range, forward, adjoint }: LinearOperator,
  rng: Rng = new Rng(0),
): Promise<number> {
  const program = await runtime.build({ x: domain, y: range }, ({ x, y }) => {
    const image = forward(x);
    return {
      left: innerProduct(image, y),
      right: innerProduct(x, adjoint(y)),
      image: innerProduct(image, image),
      data: innerProduct(y, y),
    };
  });
  const random = (shape: Shape, stream: number) =>
    ndarray(rng.split(stream).normals(sizeOf(shape)), shape);
  const found = await program.run({ x: random(domain, 0), y: random(range, 1) });
  const total = (name: keyof typeof found) =>
    found[name].data.reduce((sum, value) => sum + value, 0);
  const size = Math.sqrt(total("image") * total("data"));
  return Math.abs(total("left") - total("right")) / size;
}
