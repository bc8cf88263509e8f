/** DICOM without a judge from outside: identifiers, attributes, places, whole or not at all. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { dicomTags } from "../../../src/io/dicom/tags.ts";
import { type DicomSeries, dicomUid, writeDicomSeries } from "../../../src/io/dicom/write.ts";
import { decimalString, imagePlane } from "../../../src/io/dicom/dataset.ts";
import { namesIn } from "../../cli/support.ts";
import { inFolder, refuses, tabulate } from "../support.ts";

const SERIES: DicomSeries = {
  image: tabulate([3, 5, 7], (slice, row, column) => slice + row / 10 + column / 100),
  window: [0, 3],
  number: 1,
  description: "test",
  derivation: "made for a test",
  software: "larmor test",
  source: "nothing",
};

Deno.test("dicomUid() is a UUID under 2.25 that depends on each part and their division", () => {
  const uid = dicomUid("series", "a");
  assert.match(uid, /^2\.25\.[1-9]\d{0,38}$/);
  assert.equal(dicomUid("series", "a"), uid);
  const others = [
    dicomUid("seriesa"),
    dicomUid("series", "b"),
    dicomUid("series", "a", ""),
    dicomUid("serie", "sa"),
  ];
  assert.equal(new Set([uid, ...others]).size, 5);
  const hex = BigInt(uid.slice("2.25.".length)).toString(16).padStart(32, "0");
  assert.match(hex, /^.{12}8.{3}[89ab]/, "version 8, variant of RFC 9562");
});

Deno.test("decimalString() is short enough and as precise as 16 characters allow", () => {
  fc.assert(fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
    const text = decimalString(value);
    assert.ok(text.length <= 16, text);
    assert.ok(Math.abs(Number(text) - value) <= 1e-8 * Math.abs(value), `${text} for ${value}`);
  }));
  assert.equal(decimalString(0), "0");
  assert.equal(decimalString(-0.0000012650291126502912), "-1.2650291127e-6");
  assert.equal(decimalString(-0.8281250000000001), "-0.828125");
});

Deno.test("dicomTags() takes what DICOM allows and nothing that the images decide", async () => {
  assert.deepEqual(dicomTags({ PatientID: "007", EchoTime: 3.5 }, "t"), {
    PatientID: "007",
    EchoTime: "3.5",
  });
  for (
    const [keyword, value] of [
      ["PatientBirthDate", "1970-01-01"],
      ["PatientBirthDate", "19701301"],
      ["PatientName", "a\\b"],
      ["PatientName", "a\nb"],
      ["PatientName", "a\u202eb"],
      ["PatientName", "a\u2028b"],
      ["PatientSex", "male"],
      ["PatientAge", "42"],
      ["StudyInstanceUID", "1.02"],
      ["StudyTime", "2500"],
      ["AccessionNumber", "x".repeat(17)],
      ["RepetitionTime", "fast"],
      ["SeriesNumber", { a: 1 }],
    ] as const
  ) {
    await refuses(() => dicomTags({ [keyword]: value }, "t"), new RegExp(`${keyword} must be`));
  }
  await refuses(() => dicomTags({ PixelData: "x" }, "t"), /found 'PixelData'/);
  await refuses(() => dicomTags({ SeriesInstanceUID: "1.2" }, "t"), /found 'SeriesInstanceUID'/);
});

Deno.test("imagePlane() refuses voxels without size and rows that are not square to columns", async () => {
  const plane = (affine: number[]) => () => imagePlane({ affine, known: true }, 0);
  await refuses(plane([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]), /voxels with a size/);
  await refuses(plane([1, 0.5, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]), /right angle/);
});

Deno.test("the same images give the same files, others another series", async () => {
  await inFolder(async (at) => {
    await writeDicomSeries(at("a"), SERIES);
    await writeDicomSeries(at("b"), SERIES);
    const changed = { ...SERIES.image, data: SERIES.image.data.map((v, i) => i === 50 ? 0 : v) };
    await writeDicomSeries(at("c"), { ...SERIES, image: changed });
    assert.deepEqual(namesIn(at("a")), ["0001.dcm", "0002.dcm", "0003.dcm"]);
    const first = Deno.readFileSync(at("a/0001.dcm"));
    assert.deepEqual(Deno.readFileSync(at("b/0001.dcm")), first);
    // The first slice has the same pixels, but belongs to another series.
    assert.notDeepEqual(Deno.readFileSync(at("c/0001.dcm")), first);
  });
});

Deno.test("what cannot be DICOM leaves nothing behind", async () => {
  await inFolder(async (at) => {
    const spoilt = (value: number) => ({
      ...SERIES.image,
      data: SERIES.image.data.map((v, i) => i === 50 ? value : v),
    });
    for (const value of [NaN, -1, Infinity]) {
      const write = () => writeDicomSeries(at("out"), { ...SERIES, image: spoilt(value) });
      await refuses(write, /finite values from 0/);
    }
    const sheared = [1, 0.5, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const geometry = { affine: sheared, known: true };
    await refuses(() => writeDicomSeries(at("out"), { ...SERIES, geometry }), /right angle/);
    await refuses(() => writeDicomSeries("/proc/none/out", SERIES), /Cannot write/);
    assert.deepEqual(namesIn(at(".")), []);
  });
});

Deno.test("an image of zeros can be written", async () => {
  await inFolder(async (at) => {
    const image = { ...SERIES.image, data: new Float32Array(SERIES.image.data.length) };
    await writeDicomSeries(at("a"), { ...SERIES, image, window: [0, 0] });
    assert.equal(namesIn(at("a")).length, 3);
  });
});
