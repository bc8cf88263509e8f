import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { reconstruct, reconstructFrom } from "../../src/recon/reconstruct.ts";
import { FileSlices, KeptSlices } from "../../src/recon/slice_supply.ts";
import { runtime } from "../runtime.ts";

const MASK = "equispaced:R=2,acs=10";

/** A small file that counts how often it is read. */
async function countedBrain() {
  const file = await simulatedBrain({ size: 37, coils: 3, seed: 1 });
  const counted = { reads: 0 };
  const readSlice = (index: number) => {
    counted.reads++;
    return file.readSlice(index);
  };
  return { file: { ...file, readSlice }, counted };
}

Deno.test("kept slices are read and calibrated once, and give what reconstruct() gives", async () => {
  const { file, counted } = await countedBrain();
  const kept = new KeptSlices(new FileSlices(runtime, file, { mask: MASK }));
  for (const method of ["rss", "sense", "tv"]) {
    const options = { method, device: runtime, ...(method === "rss" ? {} : { steps: 3 }) };
    const before = counted.reads;
    const shared = await reconstructFrom(kept, options);
    assert.equal(counted.reads, method === "rss" ? before + 1 : before, method);
    const alone = await reconstruct(file, { ...options, mask: MASK });
    assert.deepEqual(shared.magnitude, alone.magnitude, method);
    assert.deepEqual(shared.metrics, alone.metrics, method);
    assert.deepEqual(shared.sigma, alone.sigma);
  }
  const [first, second] = [await kept.read(0, true), await kept.read(0, false)];
  assert.equal(await first.prepare(), await second.prepare());
});

Deno.test("kept slices without a calibration region serve methods that need no maps", async () => {
  const { file } = await countedBrain();
  const kept = new KeptSlices(new FileSlices(runtime, file, { mask: "equispaced:R=2,acs=0" }));
  await assert.rejects(
    reconstructFrom(kept, { method: "sense", device: runtime }),
    (error) => error instanceof InputError && /calibrat/.test(error.message),
  );
  const { magnitude } = await reconstructFrom(kept, { method: "rss", device: runtime });
  const alone = await reconstruct(file, { method: "rss", mask: "equispaced:R=2,acs=0" });
  assert.deepEqual(magnitude, alone.magnitude);
});
