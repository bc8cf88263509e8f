import assert from "node:assert/strict";
import fc from "fast-check";
import { UsageError } from "../../../src/errors.ts";
import { parseMaskSpec } from "../../../src/mri/sampling/masks.ts";

Deno.test("parseMaskSpec() reads each kind", () => {
  const cases: Record<string, object> = {
    "full": { kind: "full" },
    "equispaced:R=4,acs=24": { kind: "equispaced", acceleration: 4, acs: 24 },
    "random:acs=24,R=4.5,seed=1": { kind: "random", acceleration: 4.5, acs: 24, seed: 1 },
    "random:R=4,acs=0": { kind: "random", acceleration: 4, acs: 0, seed: 0 },
    "poisson:R=6,acs=24": { kind: "poisson", acceleration: 6, acs: 24, seed: 0 },
    "partial:fraction=0.75": { kind: "partial", fraction: 0.75 },
    "partial:fraction=0.6,acs=30": { kind: "partial", fraction: 0.6, acs: 30 },
    "masks/R4.npy": { kind: "file", path: "masks/R4.npy" },
    "C:\\masks\\R=4.npy": { kind: "file", path: "C:\\masks\\R=4.npy" },
    "./full": { kind: "file", path: "./full" },
  };
  for (const [text, expected] of Object.entries(cases)) {
    assert.deepEqual(parseMaskSpec(text), { ...expected, text });
  }
});

Deno.test("parseMaskSpec() says which key is wrong, what is required and what was found", () => {
  const cases: Record<string, string> = {
    "": "equispaced, random, poisson, partial or the path of a file is required",
    "equidistant:R=4": "partial or the path of a file is required",
    "equispaced": "R is required, found none",
    "equispaced:R=4,acs=24,seed=1": "R, acs is required, found 'seed'",
    "equispaced:R=4,R=2,acs=24": "R, acs is required, found R twice",
    "equispaced:R=0,acs=24": "an integer at least 1 is required for R, found '0'",
    "equispaced:R=2.5,acs=24": "an integer at least 1 is required for R, found '2.5'",
    "equispaced:R=four,acs=24": "an integer at least 1 is required for R, found 'four'",
    "equispaced:R=,acs=24": "an integer at least 1 is required for R, found ''",
    "equispaced:R=4,acs=-1": "an integer at least 0 is required for acs, found '-1'",
    "random:R=0.5,acs=24": "a number at least 1 is required for R, found '0.5'",
    "random:R=Infinity,acs=24": "a number at least 1 is required for R, found 'Infinity'",
    "random:R=4,acs=2=4": "an integer at least 0 is required for acs, found '2=4'",
    "poisson:R=4,acs=24,seed=-1": "an integer at least 0 is required for seed, found '-1'",
    "partial:fraction=0.5":
      "a number above 0.5 and at most 1 is required for fraction, found '0.5'",
    "full:R=2": "no key is required, found 'R'",
    "partial:toString=1": "fraction, acs is required, found 'toString'",
  };
  for (const [text, message] of Object.entries(cases)) {
    assert.throws(() => parseMaskSpec(text), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.ok(error.message.startsWith(`Cannot read mask '${text}': `), error.message);
      assert.ok(error.message.endsWith(message), error.message);
      return true;
    });
  }
});

Deno.test("parseMaskSpec() reads any text or throws a UsageError", () => {
  const part = fc.constantFrom(
    "random",
    "full",
    ":",
    ",",
    "=",
    "R",
    "acs",
    "4",
    "-",
    ".",
    "e9",
    "x",
  );
  fc.assert(fc.property(fc.array(part), (parts) => {
    try {
      assert.equal(parseMaskSpec(parts.join("")).text, parts.join(""));
    } catch (error) {
      assert.ok(error instanceof UsageError);
    }
  }));
});
