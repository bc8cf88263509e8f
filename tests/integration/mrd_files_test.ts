/** PyPI's `ismrmrd` as the judge of MRD files: streams that were saved, and what `simulate` writes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { simulate } from "../../src/cli/commands/simulate.ts";
import { readKspace } from "../../src/recon/open.ts";
import { runHere } from "../cli/support.ts";
import { inFolder, same } from "../io/support.ts";
import { runtime } from "../runtime.ts";
import { needsCommand, ROOT, run, testWith } from "../tools.ts";
import { needsPypi, VENV_PYTHON } from "./python.ts";

const GENERATOR = "ismrmrd_generate_cartesian_shepp_logan";
const missing = needsPypi("ismrmrd");

testWith(
  missing ?? needsCommand(GENERATOR),
  "a stream that PyPI's serializer saved is the HDF5 file it was made of",
  () =>
    inFolder(async (at) => {
      await run(GENERATOR, [
        "-m",
        "32",
        "-c",
        "3",
        "-r",
        "2",
        "-C",
        "-O",
        "2",
        "-o",
        at("scan.h5"),
      ]);
      const client = join(ROOT, "tests/integration/mrd_client.py");
      await run(VENV_PYTHON, [client, "--write", at("scan.mrd"), at("scan.h5")]);
      using stream = await readKspace(at("scan.mrd"), { runtime });
      using file = await readKspace(at("scan.h5"), { runtime });
      assert.deepEqual([stream.format, stream.warnings], ["mrd-stream", undefined]);
      assert.deepEqual([stream.slices, stream.axes], [2, file.axes]);
      same(await stream.readSlice(1), await file.readSlice(1));
    }),
);

/** Prints what PyPI's package reads of the header and the acquisitions of both kinds of file. */
const READ = `
import json, sys, numpy as np, ismrmrd
from ismrmrd.serialization import ProtocolDeserializer
d = ismrmrd.Dataset(sys.argv[1], create_if_needed=False)
header = ismrmrd.xsd.CreateFromDocument(d.read_xml_header())
acqs = [d.read_acquisition(i) for i in range(d.number_of_acquisitions())]
items = list(ProtocolDeserializer(sys.argv[2]).deserialize())
stream = [item for item in items if isinstance(item, ismrmrd.Acquisition)]
encoding = header.encoding[0]
print(json.dumps({
    "same": len(acqs) == len(stream) and all((a.data == b.data).all() for a, b in zip(acqs, stream)),
    "lines": [a.idx.kspace_encode_step_1 for a in acqs],
    "calibration": sum(a.is_flag_set(ismrmrd.ACQ_IS_PARALLEL_CALIBRATION_AND_IMAGING) for a in acqs),
    "matrix": [encoding.encodedSpace.matrixSize.x, encoding.encodedSpace.matrixSize.y],
    "center": encoding.encodingLimits.kspace_encoding_step_1.center,
    "acceleration": encoding.parallelImaging.accelerationFactor.kspace_encoding_step_1,
    "trajectory": encoding.trajectory.value,
    "data": np.abs(np.stack([a.data for a in acqs])).ravel().tolist()[:200],
}))`;

testWith(
  missing,
  "PyPI's ismrmrd reads the acquisitions that simulate writes",
  () =>
    inFolder(async (at) => {
      const options = ["--size", "32", "--coils", "3", "--mask", "equispaced:R=3,acs=6", "--quiet"];
      for (const name of ["k.mrd.h5", "k.mrd", "k.h5"]) {
        const { code, err } = await runHere([...options, "--output", at(name)], {
          command: simulate,
        });
        assert.equal(code, 0, err);
      }
      const found = JSON.parse(await run(VENV_PYTHON, ["-c", READ, at("k.mrd.h5"), at("k.mrd")]));
      const { data, lines, ...rest } = found;
      assert.deepEqual(rest, {
        same: true,
        calibration: 6,
        matrix: [32, 32],
        center: 16,
        acceleration: 3,
        trajectory: "cartesian",
      });
      using file = await readKspace(at("k.h5"));
      const { data: kspace } = await file.readSlice(0);
      assert.deepEqual(lines.slice(0, 3), [0, 3, 6]);
      // [line, coil, sample] of the first lines, against [coil, 2, line, sample].
      data.forEach((value: number, i: number) => {
        const line = 3 * Math.floor(i / 96), coil = Math.floor(i / 32) % 3;
        const re = (2 * coil * 32 + line) * 32 + i % 32;
        assert.ok(Math.abs(Math.hypot(kspace[re], kspace[re + 1024]) - value) < 1e-5);
      });
    }),
);
