import assert from "node:assert/strict";
import { axesText } from "../../../src/io/axes.ts";
import { fixtureSlice } from "./hdf5_support.ts";
import { fixture, inFolder, same } from "../support.ts";
import { openHdf5Kspace } from "../kspace.ts";

for (const name of ["double", "single"]) {
  Deno.test(`openHdf5Kspace() recognises ${name}.mat and keeps its axes`, async () => {
    using file = await openHdf5Kspace(fixture(`hdf5/${name}.mat`));
    assert.equal(file.format, "matlab-hdf5");
    assert.equal(axesText(file.axes), "time 2, slice 3, coil 2, phase1 4, readout 5");
    assert.deepEqual([file.slices, file.coils, file.height, file.width], [6, 2, 4, 5]);
    assert.equal(file.transposed, false);
    for (let slice = 0; slice < file.slices; slice++) {
      same(await file.readSlice(slice), fixtureSlice(slice, [2, 4, 5], false));
    }
  });
}

Deno.test("openHdf5Kspace() recognises a MATLAB variable without the user block's text", () =>
  inFolder(async (at) => {
    const bytes = Deno.readFileSync(fixture("hdf5/double.mat"));
    await Deno.writeFile(at("a.mat"), bytes.fill(0, 0, 128));
    using file = await openHdf5Kspace(at("a.mat"));
    assert.equal(file.format, "matlab-hdf5");
  }));

Deno.test("the layout of MATLAB takes missing leading axes as size 1", async () => {
  using file = await openHdf5Kspace(fixture("hdf5/singlecoil.h5"), { layout: "matlab" });
  assert.deepEqual([file.slices, file.coils, file.height, file.width], [1, 2, 6, 5]);
  same(await file.readSlice(0), fixtureSlice(0, [2, 6, 5], false));
});
