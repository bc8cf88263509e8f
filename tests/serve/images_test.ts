/** Images as hosts expect them, and images that come in. */
import assert from "node:assert/strict";
import { withMeta } from "../../src/io/mrd/xml.ts";
import type { MrdMessage } from "../../src/io/mrd/messages.ts";
import { fixedRecipe } from "../../src/cli/options/serve_recipes.ts";
import { type Acquisition, MAGNITUDE_IMAGE, type MrdImage } from "../../src/mrd/values.ts";
import { type OutputOptions, PLAIN_OUTPUT } from "../../src/serve/types.ts";
import { talk, withServer } from "./client.ts";
import { encode, rssOf, SCAN, scanMessages, someImages } from "./support.ts";

const USER_INT = [1, -2, 3, 4, 5, 6, 7, 8], USER_FLOAT = [0.5, -1, 2, 3, 4, 5, 6, 7];

const withUser = (acquisitions: Acquisition[]): Acquisition[] =>
  acquisitions.map((each, i) => ({
    ...each,
    header: {
      ...each.header,
      flags: each.header.flags | BigInt(i === 0 ? 1 << 6 : 0),
      userInt: USER_INT.map((value) => value + 100 * i),
      userFloat: USER_FLOAT,
    },
  }));

async function answerOf(output: Partial<OutputOptions>, messages: readonly MrdMessage[]) {
  const recipes = fixedRecipe({ method: "rss" }, { ...PLAIN_OUTPUT, ...output });
  let answer: Awaited<ReturnType<typeof talk>> | undefined;
  await withServer(async ({ port }) => {
    answer = await talk(port, encode(messages));
  }, { recipes });
  return answer!;
}

const metaOf = (image: MrdImage, name: string) =>
  new RegExp(`<name>${name}</name><value>([^<]*)<`).exec(image.attributes)?.[1];

Deno.test("int16: pixels from 0 to 4095 by one factor a series, with whole numbers for the window", async () => {
  const messages = scanMessages({ seed: 2, slices: 3 });
  const { images } = await answerOf({ pixels: "int16" }, messages);
  const factors = images.map((image) => Number(metaOf(image, "LarmorPixelsPerUnit")));
  assert.ok(factors.every((factor) => factor === factors[0]));
  assert.equal(Math.max(...images[0].data), 2047);
  images.forEach((image, slice) => {
    assert.equal(image.header.dataType, 2);
    assert.ok(image.data instanceof Int16Array);
    const truth = rssOf(someImages(200 + slice));
    truth.forEach((value, i) => assert.ok(Math.abs(value * factors[0] - image.data[i]) < 0.51));
    const [center, width] = ["WindowCenter", "WindowWidth"].map((name) => metaOf(image, name)!);
    assert.match(center, /^\d+$/);
    assert.match(width, /^\d+$/);
    assert.equal(Number(width), 2 * Number(center));
    assert.ok(Number(width) > 100 && Number(width) <= 4096);
  });
});

Deno.test("int16: an image much brighter than the first is cut, and the client is told", async () => {
  const brighter = (all: Acquisition[]) =>
    all.map((each, i) =>
      i < SCAN.rows ? each : { ...each, samples: each.samples.map((value) => 10 * value) }
    );
  const messages = scanMessages({ seed: 2, slices: 2, change: brighter });
  const { images, texts } = await answerOf({ pixels: "int16" }, messages);
  assert.equal(Math.max(...images[1].data), 4095);
  assert.match(texts.join(""), /WRN \d+ pixels are more than twice as bright/);
});

Deno.test("the header is that of the first line of the image where it is to be copied", async () => {
  const messages = scanMessages({ change: withUser });
  const [plain] = (await answerOf({}, messages)).images;
  assert.deepEqual(plain.header.userInt, Array(8).fill(0));
  assert.equal(plain.header.flags, 0n);
  const [{ header }] = (await answerOf({ header: "copied" }, messages)).images;
  assert.deepEqual([header.userInt, header.userFloat], [USER_INT, USER_FLOAT]);
  assert.equal(header.flags, 64n);
});

const ATTRIBUTES = '<?xml version="1.0"?>\n<ismrmrdMeta><meta><name>IceMiniHead</name>' +
  "<value>abc=</value></meta></ismrmrdMeta>";

/** An image as OpenRecon's image mode sends it. */
const incoming = (slice: number): MrdImage => ({
  header: {
    version: 1,
    dataType: 2,
    flags: 5n,
    measurementUid: 9,
    matrixSize: [3, 2, 1],
    fieldOfView: [30, 20, 5],
    channels: 1,
    position: [1, 2, 3],
    readDir: [1, 0, 0],
    phaseDir: [0, 1, 0],
    sliceDir: [0, 0, 1],
    patientTablePosition: [0, 0, 7],
    average: 0,
    slice,
    contrast: 1,
    phase: 0,
    repetition: 0,
    set: 0,
    acquisitionTimeStamp: 4,
    physiologyTimeStamp: [1, 2, 3],
    imageType: MAGNITUDE_IMAGE,
    imageIndex: slice + 1,
    imageSeriesIndex: 3,
    userInt: USER_INT,
    userFloat: USER_FLOAT,
    attributeStringLength: 0,
  },
  attributes: ATTRIBUTES,
  data: Int16Array.of(1, 2, 3, 4, 5, 4095),
});

Deno.test("images that come in go back as they came, or are left out; the client is told", async () => {
  const dummy: MrdMessage = { kind: "header", text: "Dummy XML header", terminated: true };
  const images = [0, 1].map((slice): MrdMessage => ({ kind: "image", image: incoming(slice) }));
  const messages = [scanMessages()[0], dummy, ...images, { kind: "close" } as const];
  const back = await answerOf({ images: "returned" }, messages);
  assert.ok(back.closed);
  assert.match(back.texts.join(""), /WRN Images go back as they came/);
  back.images.forEach((image, slice) => {
    const sent = incoming(slice);
    assert.deepEqual(image.data, sent.data);
    const { attributeStringLength: _length, ...header } = image.header;
    const { attributeStringLength: _other, ...expected } = sent.header;
    assert.deepEqual(header, expected);
    assert.equal(metaOf(image, "IceMiniHead"), "abc=");
    assert.equal(metaOf(image, "Keep_image_geometry"), "1");
  });
  assert.equal(back.images.length, 2);
  const dropped = await answerOf({}, messages);
  assert.deepEqual([dropped.images, dropped.closed], [[], true]);
  assert.match(dropped.texts.join(""), /WRN Images are not taken/);
});

Deno.test("withMeta() adds attributes at the end, once", () => {
  const once = withMeta(ATTRIBUTES, { a: 1 });
  assert.match(once, /<name>a<\/name><value>1<\/value><\/meta><\/ismrmrdMeta>$/);
  assert.equal(withMeta(once, { a: 2 }), once);
  assert.equal(withMeta("no XML", { a: 2 }), "no XML");
  assert.match(withMeta("", { a: 2 }), /<ismrmrdMeta><meta><name>a</);
});

Deno.test("every text ends its line, and queries are answered by their numbers", async () => {
  const query = (id: bigint, text: string): MrdMessage => ({ kind: "query", id, text });
  const messages = [query(7n, "gadgetron::info"), query(8n, "x"), ...scanMessages()];
  const answer = await answerOf({}, messages);
  assert.ok(answer.texts.length > 0 && answer.texts.every((text) => text.endsWith("\n")));
  const answers = answer.messages.flatMap((m) => m.kind === "response" ? [[m.id, m.text]] : []);
  assert.match(`${answers[0]}`, /^7,Larmor \d/);
  assert.deepEqual(answers[1], [8n, "Unknown query"]);
  assert.equal(answer.images.length, 1);
});
