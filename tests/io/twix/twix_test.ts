/** Siemens raw data, of both lines of software, whose every sample is known. */
import { frameCount } from "../../../src/io/axes.ts";
import assert from "node:assert/strict";
import { UsageError } from "../../../src/errors.ts";
import { detectFormat } from "../../../src/io/detect.ts";
import { openTwix } from "../../../src/io/twix/open.ts";
import { hasFlag } from "../../../src/mrd/values.ts";
import type { NdArray } from "../../../src/ndarray.ts";
import type { readKspace } from "../../../src/recon/open.ts";
import { inFolder, refuses, same } from "../support.ts";
import { COILS, COLUMNS, KSPACE, noiseScan, opened, row, ROWS, rows, WRITERS } from "./support.ts";
import { type MeasurementSpec, type ScanSpec, vdFile } from "./writer.ts";

for (const [software, write] of Object.entries(WRITERS)) {
  Deno.test(`${software}: lines become k-space, sample by sample`, () =>
    opened(write({ scans: rows(), sync: 64 }), async (file) => {
      assert.deepEqual([file.format, file.warnings], ["twix", undefined]);
      assert.deepEqual([file.coils, file.height, file.width], [COILS, ROWS, COLUMNS]);
      // Twofold oversampling of 6 columns; 120 mm of 6 columns and 100 mm of 5 rows.
      assert.deepEqual([file.imageSize, file.outputSize], [[ROWS, 6], undefined]);
      same(await file.readSlice(0), KSPACE);
    }));

  Deno.test(`${software}: navigators, phase correction and dummy scans are left out`, () => {
    const flags = ["realTimeFeedback", "highPriorityFeedback", "phaseStabilization", "dummyScan"];
    const others = flags.map((flag) =>
      row(KSPACE, 1, { flags: [flag as "dummyScan"], coils: [Float32Array.of(7, 7)] })
    );
    return opened(write({ scans: [...others, ...rows()] }), async (file) => {
      same(await file.readSlice(0), KSPACE);
    });
  });

  Deno.test(`${software}: a reversed line is mirrored`, () => {
    const reversed = (scan: ScanSpec): ScanSpec => ({
      ...scan,
      flags: ["reflect"],
      coils: scan.coils.map((samples) =>
        Float32Array.from(samples, (_, i) => samples[2 * (COLUMNS - 1 - (i >> 1)) + i % 2])
      ),
    });
    const scans = rows().map((scan, i) => i % 2 === 0 ? scan : reversed(scan));
    return opened(write({ scans }), async (file) => same(await file.readSlice(0), KSPACE));
  });
}

Deno.test("VD: as all data of Siemens they are conjugated, for a forward transform", () =>
  opened(
    vdFile({ scans: rows() }),
    async (file) => {
      const { data } = await file.readSlice(0);
      const plane = ROWS * COLUMNS;
      assert.deepEqual([data[0], data[plane]], [KSPACE.data[0], -KSPACE.data[plane]]);
    },
    { fourierSign: "auto" },
  ));

Deno.test("VD: slices lie where the quaternion and the position say", async () => {
  // A quarter turn about the readout: the normal points to the front.
  const half = Math.SQRT1_2;
  const quaternion = [half, half, 0, 0] as const;
  const scans = [1, 0].flatMap((slice) =>
    rows(KSPACE, { slice, quaternion, position: [3, 10 - 6 * slice, -20] })
  );
  await opened(vdFile({ scans }), (file) => {
    assert.equal(file.slices, 2);
    const { affine, known } = file.geometry!;
    assert.ok(known);
    // Columns of P R S for that turn in LPS: phase (1,0,0), readout (0,0,1), slice (0,-1,0).
    const column = (i: number) => [affine[i], affine[4 + i], affine[8 + i]];
    const near = (actual: number[], expected: number[]) =>
      actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-4, `${actual}`));
    near(column(0).map(Math.abs), [0, 0, 20]);
    near(column(1).map(Math.abs), [20, 0, 0]);
    near(column(2), [0, 6, 0]); // LPS y falls from 10 to 4, RAS y rises from -10 to -4
    // The centre of the first slice, pixel (3, 2), is at its position.
    near([0, 1, 2].map((i) => affine[4 * i] * 3 + affine[4 * i + 1] * 2 + affine[4 * i + 3]), [
      -3,
      -10,
      -20,
    ]);
  });
});

Deno.test("VD: the three planes of a localizer have no common affine, and it says so", async () => {
  const turns = [[1, 0, 0, 0], [Math.SQRT1_2, Math.SQRT1_2, 0, 0], [0.5, 0.5, 0.5, 0.5]] as const;
  const scans = turns.flatMap((quaternion, slice) =>
    rows(KSPACE, { slice, quaternion, position: [0, 0, 3 * slice] })
  );
  await opened(vdFile({ scans }), (file) => {
    assert.equal(file.geometry!.known, false);
    assert.deepEqual(file.warnings?.map(({ code }) => code), ["slices-not-stacked"]);
  });
});

Deno.test("VD: echoes and repetitions are volumes, averages are combined", async () => {
  const scaled = (factor: number): NdArray => ({
    ...KSPACE,
    data: KSPACE.data.map((value) => factor * value),
  });
  const scans = [
    ...rows(scaled(1), { acquisition: 0 }),
    ...rows(scaled(3), { acquisition: 1 }),
    ...rows(scaled(5), { echo: 1 }),
    ...rows(scaled(7), { repetition: 1 }),
    ...rows(scaled(9), { repetition: 1, echo: 1 }),
  ];
  await opened(vdFile({ scans, protocol: { lContrasts: 2 } }), async (file) => {
    assert.deepEqual([file.slices, frameCount(file.frames)], [4, 4]);
    const first = await Promise.all([0, 1, 2, 3].map(async (i) => {
      return (await file.readSlice(i)).data[0] / KSPACE.data[0];
    }));
    assert.deepEqual(first.map(Math.round), [2, 5, 7, 9]);
  });
});

Deno.test("VD: an asymmetric centre is partial Fourier, with its lines about the centre", async () => {
  const scans = rows().map((scan) => ({ ...scan, centerLine: 1 }));
  const protocol = { "sKSpace.lPhaseEncodingLines": 8 };
  await opened(vdFile({ scans, protocol }), async (file) => {
    assert.equal(file.height, 8);
    const { data } = await file.readSlice(0);
    assert.equal(data[3 * COLUMNS], KSPACE.data[0]); // line 0 stands one before row 4
    assert.equal(data[2 * COLUMNS], 0);
  });
});

Deno.test("VD: an asymmetric echo is placed by its centre", async () => {
  const short = rows().map((scan) => ({
    ...scan,
    coils: scan.coils.map((samples) => Float32Array.from(samples).subarray(8)), // the first four samples are lacking
    centerColumn: COLUMNS / 2 - 4,
  }));
  await opened(vdFile({ scans: short }), async (file) => {
    assert.equal(file.width, COLUMNS);
    const { data } = await file.readSlice(0);
    for (let column = 0; column < COLUMNS; column++) {
      assert.equal(data[column], column < 4 ? 0 : KSPACE.data[column]);
    }
  });
});

Deno.test("VD: three dimensions, oversampled along the slab", async () => {
  const scans = [0, 1, 2, 3].flatMap((partition) =>
    rows(KSPACE, { partition, centerPartition: 2 })
  );
  const protocol = {
    "sKSpace.ucDimension": "0x4",
    "sKSpace.lPartitions": 4,
    "sKSpace.lImagesPerSlab": 2,
    "sKSpace.dSliceOversamplingForDialog": 1,
    "sSliceArray.asSlice[0].dThickness": 10,
  };
  await opened(vdFile({ scans, protocol }), (file) => {
    // A slice for each pixel of the readout, [first phase, second phase].
    assert.deepEqual([file.slices, file.height, file.width], [6, ROWS, 4]);
    assert.deepEqual(file.imageSize, [ROWS, 2]);
    const { affine } = file.geometry!;
    assert.ok(Math.abs(Math.hypot(affine[0], affine[4], affine[8]) - 5) < 1e-4);
  });
});

Deno.test("VD: lines for calibration alone are none of the image", async () => {
  const reference = [1, 2, 3].map((line) =>
    row({ ...KSPACE, data: KSPACE.data.map((value) => -value) }, line, { flags: ["patReference"] })
  );
  const protocol = { "sPat.lAccelFactPE": 2, "sPat.ucRefScanMode": "0x4" };
  const scans = [...reference, ...rows().filter(({ line }) => line! % 2 === 0)];
  await opened(vdFile({ scans, protocol }), async (file) => {
    const { data } = await file.readSlice(0);
    assert.deepEqual([data[0], data[COLUMNS]], [KSPACE.data[0], 0]);
    const calibration = await file.readCalibration!(0);
    assert.equal(calibration!.shape[2], 3);
    assert.ok(calibration!.data[0] < 0);
  });
  await inFolder(async (at) => {
    const embedded = { ...protocol, "sPat.ucRefScanMode": "0x2" };
    await Deno.writeFile(at("x.dat"), vdFile({ scans: scans.slice(0, 3), protocol: embedded }));
    await refuses(
      () => openTwix(at("x.dat")),
      /lines of an image is required, found 0 \(plain, no/,
    );
  });
});

Deno.test("VD: the noise measured before whitens, receiver by receiver", async () => {
  const adjust = (...ids: number[]): MeasurementSpec => ({
    name: "AdjCoilSens",
    scans: [noiseScan(ids, 11)],
  });
  const image: MeasurementSpec = { scans: rows(KSPACE, { channelIds: [11, 10] }) };
  const ratio = async (file: Awaited<ReturnType<typeof readKspace>>) => {
    const { data } = await file.readSlice(0);
    const half = data.length / 2;
    return data[0] / KSPACE.data[0] / (data[half] / KSPACE.data[half]);
  };
  for (const ids of [[10, 11], [9, 11, 10]]) {
    await opened(vdFile(adjust(...ids), image), async (file) => {
      assert.equal(file.warnings, undefined);
      const found = await ratio(file);
      assert.ok(Math.abs(found - 0.1) < 0.03, `${ids}: ${found}`);
    });
  }
  // Named elements: the channels were numbered the other way round when the noise was measured.
  const named = (...elements: string[]) =>
    Object.fromEntries(elements.flatMap((name, i) => {
      const element = `sCoilSelectMeas.aRxCoilSelectData[0].asList[${i}]`;
      return [
        [`${element}.lElementSelected`, 1],
        [`${element}.lADCChannelConnected`, i + 1],
        [`${element}.sCoilElementID.tElement`, `"${name}"`],
      ];
    }));
  const first = { ...adjust(10, 11), protocol: named("H2", "H1") };
  const second = { scans: rows(KSPACE, { channelIds: [0, 1] }), protocol: named("H1", "H2") };
  await opened(vdFile(first, second), async (file) => {
    assert.equal(file.warnings, undefined);
    assert.ok(Math.abs(await ratio(file) - 0.1) < 0.03);
  });
  await opened(vdFile(adjust(9, 10), image), async (file) => {
    assert.deepEqual(file.warnings?.map(({ code }) => code), ["noise-scan-unused"]);
    assert.equal(await ratio(file), 1);
  });
});

Deno.test("VD: the last measurement with an image is read, another one on request", async () => {
  const twice = { ...KSPACE, data: KSPACE.data.map((value) => 2 * value) };
  const bytes = vdFile(
    { name: "localizer", scans: rows(twice) },
    { name: "tse", scans: rows() },
    { name: "AdjShim", scans: rows(twice) },
  );
  await opened(bytes, async (file) => {
    same(await file.readSlice(0), KSPACE);
    const [{ code, message, hint }, ...more] = file.warnings!;
    assert.deepEqual([code, more], ["measurement-left-out", []]);
    assert.match(`${message}; ${hint}`, /0 \(localizer\) .* 1 \(tse\) .* --measurement 0/);
  });
  await opened(bytes, async (file) => same(await file.readSlice(0), twice), { measurement: 0 });
  await refuses(
    () => opened(bytes, () => {}, { measurement: 3 }),
    /found measurement 3 of 0 \(loc/,
  );
  await assert.rejects(() => opened(bytes, () => {}, { group: "dataset" }), UsageError);
});

Deno.test("headers carry what siemens_to_ismrmrd gives them", () =>
  inFolder(async (at) => {
    const scan = row(KSPACE, 3, {
      flags: ["patReference", "patReferenceAndImage", "firstInSlice"],
      segment: 4,
      cutOff: [1, 2],
      centerLine: 2,
    });
    await Deno.writeFile(at("x"), vdFile({ scans: [...rows().slice(0, 3), scan] }));
    assert.equal(detectFormat(at("x")), "twix");
    using file = await openTwix(at("x"));
    const [{ header }] = await file.read([3]);
    assert.deepEqual(header.idx.user, [0, 0, 0, 0, 0, 2, 0, 0]);
    assert.deepEqual([header.idx.segment, header.discardPre, header.discardPost], [4, 1, 2]);
    assert.deepEqual([header.sampleTimeUs, header.acquisitionTimeStamp], [5, 4004]);
    assert.ok(hasFlag(header, "calibrationAndImaging") && hasFlag(header, "firstInSlice"));
    assert.ok(!hasFlag(header, "calibration", "noise", "reverse"));
    const { system, sequence, measurement } = file.header;
    assert.deepEqual([system.vendor, system.model], ["SIEMENS", "Test"]);
    assert.deepEqual([sequence.repetitionTime, sequence.echoTime], [[10], [3]]);
    assert.deepEqual([measurement.patientPosition, measurement.protocolName], ["HFS", "plain"]);
  }));
