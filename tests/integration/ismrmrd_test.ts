/** The ISMRMRD project's own tools (Debian's ismrmrd-tools) and h5py as judges of raw files. */
import assert from "node:assert/strict";
import { writeMrdImages } from "../../src/io/mrd/image_writer.ts";
import { openMrd } from "../../src/io/mrd/mrd_file.ts";
import { MrdWriter } from "../../src/io/mrd/mrd_writer.ts";
import { type MrdImage, PIXEL_TYPES } from "../../src/mrd/values.ts";
import { readKspace } from "../../src/recon/open.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { inFolder } from "../io/support.ts";
import { relativeError } from "../mri/support.ts";
import { needsCommand, run, testWith } from "../tools.ts";
import { needsModule, PYTHON } from "./python.ts";
import { runtime } from "../runtime.ts";

const GENERATE = "ismrmrd_generate_cartesian_shepp_logan";
const missing = needsCommand(GENERATE) ?? needsModule("h5py");
const SIZE = 48;

const generate = (path: string, ...options: string[]) =>
  run(GENERATE, ["-m", `${SIZE}`, "-o", path, ...options]);

/** Arrays that a Python script prints as JSON. */
async function python(script: string, ...args: string[]) {
  return JSON.parse(
    await run(PYTHON, ["-c", `import h5py, json, numpy as np, sys\n${script}`, ...args]),
  );
}

/** The phantom of a generated file as its coils see it, and where it is not zero. */
async function phantomOf(path: string): Promise<number[]> {
  return await python(
    `
f = h5py.File(sys.argv[1])["dataset"]
join = lambda name: f[name][0]["real"] + 1j * f[name][0]["imag"]
print(json.dumps((np.abs(join("phantom")) * np.sqrt((abs(join("csm")) ** 2).sum(0))).ravel().tolist()))`,
    path,
  );
}

/**
 * Number of volumes, and NRMSE of the first to the phantom after the one scale that fits best. The
 * generator's header always says twofold oversampling, so images may be wider or narrower than the
 * phantom: then the columns about the centre count.
 */
async function firstError(path: string, method: string): Promise<[number, number]> {
  const phantom = await phantomOf(path);
  using file = await readKspace(path, { runtime });
  const { magnitude } = await reconstruct(file, { method, device: runtime, slices: [0, 1] });
  const width = magnitude.shape[2];
  const columns = Math.min(width, SIZE);
  const central = (data: ArrayLike<number>, from: number) =>
    Array.from({ length: SIZE * columns }, (_, i) => {
      const left = Math.floor(from / 2) - Math.floor(columns / 2);
      return data[Math.floor(i / columns) * from + left + i % columns];
    });
  const image = central(magnitude.data, width), expected = central(phantom, SIZE);
  const product = image.reduce((sum, value, i) => sum + value * expected[i], 0);
  const square = image.reduce((sum, value) => sum + value * value, 0);
  return [file.slices, relativeError(image.map((value) => value * product / square), expected)];
}

/** Generated files, the method, how many volumes they make, and the NRMSE that is allowed. */
const CASES: readonly [string, string, number, number][] = [
  // Without noise what is left is the precision of float32, and with acceleration what 16 lines
  // tell of the maps of a phantom with edges this coarse (docs/scanner.md has larger ones).
  ["-c 1 -n 0", "rss", 1, 1e-6],
  ["-c 8 -n 0", "rss", 1, 1e-6],
  ["-c 32 -n 0", "rss", 1, 1e-6],
  ["-c 8 -n 0 -O 1", "rss", 1, 1e-6],
  ["-c 8 -n 0 -O 4 -r 2", "rss", 2, 1e-6],
  ["-c 8 -n 0 -k", "rss", 1, 1e-6],
  ["-c 8 -n 0 -a 2 -w 16", "sense", 2, 0.03],
  ["-c 8 -n 0 -a 4 -w 16", "sense", 4, 0.2],
  // With a noise scan of 96 samples the coils are mixed by what is known of their noise from them.
  ["-c 8 -n 0.01 -C", "rss", 1, 0.2],
  ["-c 8 -n 0.01 -C -a 2 -w 16", "sense", 2, 0.2],
];
for (const [options, method, volumes, limit] of CASES) {
  testWith(
    missing,
    `a file generated with ${options} becomes its phantom by ${method}`,
    () =>
      inFolder(async (at) => {
        await generate(at("raw.h5"), ...options.split(" "));
        const [found, error] = await firstError(at("raw.h5"), method);
        assert.equal(found, volumes);
        assert.ok(error < limit, `NRMSE ${error}`);
      }),
  );
}

testWith(
  missing ?? needsCommand("ismrmrd_recon_cartesian_2d"),
  "a fully sampled file agrees with ismrmrd_recon_cartesian_2d, noise and all",
  () =>
    inFolder(async (at) => {
      await generate(at("raw.h5"), "-c", "8", "-d", "scan");
      using file = await readKspace(at("raw.h5"), { runtime }); // the group is not "dataset"
      const { magnitude } = await reconstruct(file, { method: "rss", device: runtime });
      await generate(at("theirs.h5"), "-c", "8");
      // The generator draws the same noise each time.
      await run("ismrmrd_recon_cartesian_2d", [at("theirs.h5")]);
      const theirs: number[] = await python(
        `print(json.dumps(h5py.File(sys.argv[1])["dataset/cpp/data"][:].ravel().tolist()))`,
        at("theirs.h5"),
      );
      const dot = magnitude.data.reduce((sum, value, i) => sum + value * theirs[i], 0);
      const scale = dot / magnitude.data.reduce((sum, value) => sum + value * value, 0);
      const error = relativeError(magnitude.data.map((value) => scale * value), theirs);
      assert.ok(error < 1e-3, `NRMSE ${error}`);
    }),
);

testWith(
  missing ?? needsCommand("ismrmrd_recon_cartesian_2d"),
  "the ISMRMRD tools and h5py read a file that was copied record by record",
  () =>
    inFolder(async (at) => {
      await generate(at("raw.h5"), "-c", "4", "-C", "-k", "-r", "2");
      {
        using file = (await openMrd(at("raw.h5")))!;
        await using writer = await MrdWriter.create(at("copy.h5"), file.xml);
        for await (const acquisition of file.acquisitions()) writer.append(acquisition);
        await writer.finish();
      }
      const same = await python(
        `
a, b = (h5py.File(path)["dataset"] for path in sys.argv[1:])
rows = zip(a["data"][:], b["data"][:])
same = all(
    x["head"].tobytes() == y["head"].tobytes() and (x["traj"] == y["traj"]).all() and (x["data"] == y["data"]).all()
    for x, y in rows
)
print(json.dumps([same, len(a["data"]), len(b["data"]), a["xml"][0] == b["xml"][0]]))`,
        at("raw.h5"),
        at("copy.h5"),
      );
      assert.deepEqual(same, [true, 97, 97, true]);
      assert.match(await run("ismrmrd_recon_cartesian_2d", [at("copy.h5")]), /acquisitions *: 97/);
    }),
);

testWith(
  needsModule("h5py"),
  "h5py reads images of every type with their headers and attributes",
  () =>
    inFolder(async (at) => {
      const series = Object.entries(PIXEL_TYPES).map(([type, { array, complex }]): MrdImage[] =>
        [0, 1].map((index) => ({
          header: imageHeader(Number(type), index),
          attributes: `<ismrmrdMeta>${type}</ismrmrdMeta>`,
          data: Object.assign(new array(6 * (complex ? 2 : 1)), { 5: 40 + index }),
        }))
      );
      const read = `
f = h5py.File(sys.argv[1])["dataset"]
def plain(x):
    return [x["real"].ravel().tolist(), x["imag"].ravel().tolist()] if x.dtype.names else x.ravel().tolist()
print(json.dumps([
    [g["header"]["data_type"].tolist(), g["header"]["position"].tolist(), g["header"]["attribute_string_len"].tolist(),
     g["attributes"][0].decode(), str(g["data"].dtype.names or g["data"].dtype), g["data"].shape, plain(g["data"][1])]
    for g in (f[name] for name in sorted(f) if name.startswith("image_"))]))`;
      for (const start of [0, 4]) {
        const some = series.slice(start, start + 4);
        await writeMrdImages(at("images.h5"), { xml: "<ismrmrdHeader/>", series: some });
        const found = await python(read, at("images.h5"));
        found.forEach((entry: unknown[], i: number) => {
          const type = start + i + 1;
          const { complex } = PIXEL_TYPES[type as keyof typeof PIXEL_TYPES];
          const [types, positions, lengths, attributes, dtype, shape, pixels] = entry;
          assert.deepEqual([types, shape], [[type, type], [2, 1, 1, 2, 3]]);
          assert.deepEqual(positions, [[1, 2, 3], [1, 2, 4]]);
          assert.deepEqual([lengths, attributes], [[28, 28], `<ismrmrdMeta>${type}</ismrmrdMeta>`]);
          assert.deepEqual(
            [dtype, pixels],
            complex
              ? ["('real', 'imag')", [[0, 0, 0, 0, 0, 0], [0, 0, 41, 0, 0, 0]]]
              : [DTYPES[type - 1], [0, 0, 0, 0, 0, 41]],
          );
        });
      }
    }),
);

const DTYPES = ["uint16", "int16", "uint32", "int32", "float32", "float64"];

function imageHeader(dataType: number, index: number): MrdImage["header"] {
  return {
    version: 1,
    dataType,
    flags: 0n,
    measurementUid: 1,
    matrixSize: [3, 2, 1],
    fieldOfView: [30, 20, 5],
    channels: 1,
    position: [1, 2, 3 + index],
    readDir: [1, 0, 0],
    phaseDir: [0, 1, 0],
    sliceDir: [0, 0, 1],
    patientTablePosition: [0, 0, 0],
    average: 0,
    slice: index,
    contrast: 0,
    phase: 0,
    repetition: 0,
    set: 0,
    acquisitionTimeStamp: 0,
    physiologyTimeStamp: [0, 0, 0],
    imageType: 1,
    imageIndex: index + 1,
    imageSeriesIndex: 0,
    userInt: Array(8).fill(0),
    userFloat: Array(8).fill(0),
    attributeStringLength: 0,
  };
}
