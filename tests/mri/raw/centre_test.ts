/** The counter at the centre of k-space: by the header, by the acquisitions, by the data. */
import assert from "node:assert/strict";
import { type CentreEvidence, chooseCentre } from "../../../src/mri/raw/centre.ts";

/** Energies of lines `first` to `last` (step `step`) of an object whose centre is at `centre`. */
function lines(first: number, last: number, centre: number, step = 1): Map<number, number> {
  const energies = new Map<number, number>();
  for (let i = first; i <= last; i += step) energies.set(i, 1 + 1e4 / (1 + (i - centre) ** 2));
  return energies;
}

/** Lines of noise alone. */
const noise = (count: number) =>
  new Map(Array.from({ length: count }, (_, i) => [i, 1 + 0.3 * Math.sin(5 * i)]));

const limit = (maximum: number, center: number) => ({ minimum: 0, maximum, center });

const choose = (change: Partial<CentreEvidence>) =>
  chooseCentre({ name: "line", encoded: 96, energies: lines(0, 71, 24), ...change });

Deno.test("a header that the data support is followed without a word", () => {
  for (const energies of [lines(0, 71, 24), lines(0, 71, 26), lines(0, 70, 23, 2), noise(72)]) {
    const { centre, warning, fault } = choose({ limit: limit(71, 24), energies });
    assert.deepEqual([centre, warning, fault], [24, undefined, undefined]);
  }
  for (const encoded of [96, 95]) {
    const energies = lines(0, encoded - 1, Math.floor(encoded / 2));
    const { centre, warning } = choose({ encoded, energies });
    assert.deepEqual([centre, warning], [Math.floor(encoded / 2), undefined]);
  }
});

const wrong = {
  "6/8, not stated": [96, 71, 0, undefined, 24],
  "6/8, the middle of the matrix stated": [96, 71, 48, undefined, 24],
  "6/8, the acquisitions say the centre": [96, 71, 48, 24, 24],
  "7/8, not stated": [96, 83, 0, undefined, 36],
  "7/8 of 256, the middle of the counters stated": [256, 223, 112, undefined, 96],
  "5/8 of an odd matrix": [97, 60, 48, undefined, 12],
  "a header beyond the lines": [96, 71, 200, undefined, 24],
} as const;
for (const [name, [encoded, last, stated, user, expected]] of Object.entries(wrong)) {
  Deno.test(`a wrong centre is corrected, and told: ${name}`, () => {
    for (const drift of [-1, 0, 1, 2]) {
      const energies = lines(0, last, expected + drift);
      const found = choose({ encoded, limit: limit(last, stated), user, energies });
      assert.equal(found.centre, expected, `drift ${drift}`);
      assert.ok(found.certain);
      assert.equal(found.warning?.code, "kspace-centre");
      assert.match(found.warning!.message, new RegExp(`put it at line ${expected}`));
      assert.equal(found.warning!.message.includes("idx.user[5]"), user !== undefined);
    }
  });
}

for (const [step, offset] of [[4, 2], [8, 4], [8, 1], [12, 7]]) {
  Deno.test(`every ${step}th line from ${offset} on contradicts no centre between two of them`, () => {
    const energies = lines(offset, 127, 64, step);
    const { centre, warning } = choose({ encoded: 128, limit: limit(127, 64), energies });
    assert.deepEqual([centre, warning], [64, undefined]);
  });
}

Deno.test("acquisitions that contradict the data do not count", () => {
  const { centre, warning } = choose({ limit: limit(71, 24), user: 60 });
  assert.deepEqual([centre, warning], [24, undefined]);
});

Deno.test("acquisitions and data together fill in what the header leaves out, without a warning", () => {
  const { centre, warning } = choose({ limit: limit(71, 0), user: 24 });
  assert.deepEqual([centre, warning], [24, undefined]);
});

Deno.test("where lines fill the matrix only one centre is possible, whatever the echo", () => {
  const energies = lines(0, 95, 60);
  const { centre, warning, certain } = choose({ limit: limit(95, 48), energies });
  assert.deepEqual([centre, warning, certain], [48, undefined, true]);
  const other = choose({ limit: limit(95, 30), energies: noise(96) });
  assert.deepEqual([other.centre, other.warning?.code], [48, "kspace-centre"]);
});

Deno.test("a centre that cannot be gives way to one that can", () => {
  const { centre, warning } = choose({ limit: limit(71, 10), user: 24, energies: noise(72) });
  assert.deepEqual([centre, warning?.code], [24, "kspace-centre"]);
});

Deno.test("where nothing is certain no image is made, with the reason", () => {
  const disputed = choose({ limit: limit(71, 30), user: 24, energies: noise(72) });
  assert.match(disputed.fault!.message, /found 30 in the header, 24 in idx\.user\[5\]/);
  const unknown = choose({ limit: limit(71, 0), energies: noise(72) });
  assert.match(unknown.fault!.message, /found none in the header/);
  const outside = choose({ limit: limit(119, 60), energies: lines(0, 119, 60) });
  assert.match(outside.fault!.message, /96 lines about the centre 60 are required.*0 to 119/);
  const partition = chooseCentre({
    name: "partition",
    encoded: 32,
    limit: limit(27, 13),
    user: 15,
    energies: noise(28),
  });
  assert.match(partition.fault!.message, /partition .*idx\.user\[6\]/);
});
