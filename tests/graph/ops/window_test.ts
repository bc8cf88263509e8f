import fc from "fast-check";
import { assertMatchesReference, inputsOf, randomArray, seed } from "../random.ts";
import { convs, convTransposes, pools, resizes } from "./window_cases.ts";
import { runtime } from "../../runtime.ts";

const cases = {
  "a convolution": convs,
  "a transposed convolution": convTransposes,
  "a mean over windows": pools("AveragePool"),
  "a maximum over windows": pools("MaxPool"),
  "a resized image": resizes,
};

for (const [name, arbitrary] of Object.entries(cases)) {
  Deno.test(`${name} agrees with the float64 reference`, async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, seed, async ({ shapes, f }, from) => {
        const inputs = inputsOf(shapes);
        const values = inputs.map((x, i) => randomArray(x.shape, from + i));
        await assertMatchesReference(runtime, inputs, values, f(...inputs));
      }),
      { numRuns: 20 },
    );
  });
}
