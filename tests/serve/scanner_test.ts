/** What a stream makes of scanners as they are: their sign, and slices that hold nothing. */
import assert from "node:assert/strict";
import { ByteReader } from "../../src/io/mrd/byte_reader.ts";
import { MessageReader } from "../../src/io/mrd/message_reader.ts";
import { DEFAULT_MESSAGE_LIMITS } from "../../src/io/mrd/messages.ts";
import type { Acquisition, MrdImage } from "../../src/mrd/values.ts";
import { LocalWork } from "../../src/serve/slice_work.ts";
import { PLAIN_OUTPUT, type RecipeOptions, type WorkEvent } from "../../src/serve/types.ts";
import { headerXml, SCAN, sliceAcquisitions, someImages } from "./support.ts";

/** What a session sends for these lines. */
async function streamed(xml: string, lines: readonly Acquisition[], options: RecipeOptions = {}) {
  const events: WorkEvent[] = [];
  const limits = { memoryBytes: 1e9, queueBytes: 1e9, imageSeconds: 600 };
  const request = { ...limits, xml, output: PLAIN_OUTPUT, options: { method: "rss", ...options } };
  const ended = new Promise<void>((resolve) => {
    const work = new LocalWork(request, {
      device: "cpu",
      onEvent: (event) => {
        events.push(event);
        if (event.kind === "done" || event.kind === "failed") resolve();
      },
    });
    for (const line of lines) work.push(line);
    work.finish();
  });
  await ended;
  const images: MrdImage[] = [];
  for (const event of events) {
    if (event.kind !== "image") continue;
    let at = 0;
    const reader = new MessageReader(
      new ByteReader({
        read: (to) => {
          const part = event.bytes.subarray(at, at + to.length);
          to.set(part);
          at += part.length;
          return Promise.resolve(part.length || null);
        },
      }),
      DEFAULT_MESSAGE_LIMITS,
    );
    const message = await reader.next();
    if (message?.kind === "image") images.push(message.image);
  }
  const log = events.flatMap((event) =>
    event.kind === "log" ? [`${event.severity} ${event.text}`] : []
  );
  return { events, images, log: log.join("\n"), end: events.at(-1)! };
}

const ofVendor = (xml: string, vendor: string) =>
  xml.replace(
    "<experimentalConditions>",
    `<acquisitionSystemInformation><systemVendor>${vendor}</systemVendor>` +
      "</acquisitionSystemInformation><experimentalConditions>",
  );

Deno.test("a stream of Siemens is turned about its centre, and says so; the recipe overrides", async () => {
  const lines = sliceAcquisitions(someImages(1));
  const plain = await streamed(headerXml(), lines);
  assert.match(plain.log, /INF Fourier sign - \(no vendor\)/);
  const siemens = await streamed(ofVendor(headerXml(), "SIEMENS"), lines);
  assert.match(siemens.log, /INF Fourier sign \+ \(vendor SIEMENS\)/);
  const { rows, columns } = SCAN;
  const before = plain.images[0].data, turned = siemens.images[0].data;
  // Pixel floor(n / 2) + d goes to floor(n / 2) - d.
  for (let y = 1 - rows % 2; y < rows; y++) {
    for (let x = 1 - columns % 2; x < columns; x++) {
      const opposite = (2 * Math.floor(rows / 2) - y) * columns + 2 * Math.floor(columns / 2) - x;
      assert.ok(Math.abs(turned[y * columns + x] - before[opposite]) < 1e-4, `${y}, ${x}`);
    }
  }
  for (const name of ["readDir", "phaseDir", "sliceDir", "position"] as const) {
    assert.deepEqual(siemens.images[0].header[name], plain.images[0].header[name]);
  }
  const asked = await streamed(ofVendor(headerXml(), "SIEMENS"), lines, { fourierSign: "-" });
  assert.deepEqual(asked.images[0].data, before);
});

Deno.test("a slice of zeros gives an image of zeros, a warning, and a note in the image", async () => {
  const lines = [0, 1].flatMap((slice) =>
    sliceAcquisitions(someImages(slice), { slice, slices: 2 })
  );
  for (const { header, samples } of lines) if (header.idx.slice === 0) samples.fill(0);
  const { images, log, end } = await streamed(headerXml(SCAN, 2), lines);
  assert.match(log, /WRN slice 0: Slice 0 is left zero: .*found zeros/);
  assert.equal(images.length, 2);
  assert.ok(images[0].data.every((value) => value === 0));
  assert.ok(images[1].data.some((value) => value > 0));
  assert.match(images[0].attributes, /WARNING: Slice 0 is left zero/);
  assert.ok(!images[1].attributes.includes("WARNING"));
  assert.deepEqual(end, { kind: "done", images: 2, failures: 0 });
});

Deno.test("a wrong centre is told once a session, and noted in each image", async () => {
  const size = { coils: 2, rows: 24, columns: 16 };
  // Images with most of their energy at the centre of k-space.
  const smooth = (slice: number) =>
    someImages(slice, size).map((value) => 20 + 3 * slice + 0.1 * value);
  const partial = [0, 1].flatMap((slice) =>
    sliceAcquisitions(smooth(slice), { slice, slices: 2, size }).slice(6).map((line) => {
      const { header } = line, { idx } = header;
      const kspaceEncodeStep1 = idx.kspaceEncodeStep1 - 6;
      return { ...line, header: { ...header, idx: { ...idx, kspaceEncodeStep1 } } };
    })
  );
  const xml = headerXml(size, 2).replace("<maximum>23</maximum>", "<maximum>17</maximum>");
  const { images, log } = await streamed(xml, partial);
  assert.equal(log.match(/put it at line 6/g)?.length, 1);
  assert.match(log, /WRN slice 0: The header puts the centre of k-space at line 12/);
  for (const { attributes } of images) assert.match(attributes, /WARNING: The header puts/);
});

Deno.test("simultaneous slices end a session with the reason", async () => {
  const multiband = "<parallelImaging><accelerationFactor><kspace_encoding_step_1>1" +
    "</kspace_encoding_step_1></accelerationFactor><multiband><multiband_factor>2" +
    "</multiband_factor></multiband></parallelImaging></encoding>";
  const xml = headerXml().replace("</encoding>", multiband);
  const { end } = await streamed(xml, sliceAcquisitions(someImages(1)));
  assert.equal(end.kind, "failed");
  assert.match(JSON.stringify(end), /found 2 at once \(multiband\)/);
});

Deno.test("lines that are not Cartesian give no image, and a reason", async () => {
  const lines = sliceAcquisitions(someImages(1)).map((line, row) => {
    const at = (i: number) => [(i - 6) * Math.cos(row), (i - 6) * Math.sin(row)];
    const points = Array.from({ length: SCAN.columns }, (_, i) => at(i)).flat();
    const header = { ...line.header, trajectoryDimensions: 2 };
    return { ...line, header, trajectory: Float32Array.from(points) };
  });
  const { images, log, end } = await streamed(headerXml(), lines);
  assert.deepEqual(images, []);
  assert.match(log, /ERR slice 0: .*straight, parallel lines are required/);
  assert.deepEqual(end, { kind: "done", images: 0, failures: 1 });
});
