/** The clients of the soak test: good ones, whose images are checked, and hostile ones. @module */
import { encodeMessage, type MrdMessage } from "../src/io/mrd/messages.ts";
import type { Acquisition, MrdImage } from "../src/mrd/values.ts";
import type { Rng } from "../src/rng.ts";
import {
  type Answer,
  concat,
  encode,
  headerXml,
  rssOf,
  SCAN,
  scanMessages,
  sliceAcquisitions,
  someImages,
} from "../tests/serve/support.ts";

/** How a client ends: it waits for the answer, ends its side first, or goes. */
export type Ending = "wait" | "half" | "vanish";

/** A client. */
export interface Client {
  readonly name: string;
  /** What it sends, in pieces with a pause between them. */
  readonly pieces: readonly Uint8Array[];
  readonly ending: Ending;
  /** What is wrong with the answer; undefined: nothing. */
  readonly check?: (answer: Answer) => string | undefined;
  /** Acquisitions that must be saved; undefined: what arrived of them. */
  readonly kept?: readonly Acquisition[];
}

/** Scans that are sent again and again. */
const SEEDS = 8;
/** A scan whose reconstruction takes a while. */
const LARGE = { coils: 2, rows: 32, columns: 32 };
const TOLERANCE = 1e-4;

const scans = Array.from(
  { length: SEEDS },
  (_, seed) => [1, 3].map((slices) => scanMessages({ seed, slices })),
);
const large = sliceAcquisitions(someImages(1, LARGE), { size: LARGE });

const configFile = (text: string): MrdMessage => ({ kind: "configFile", text });
const header = (text: string): MrdMessage => ({ kind: "header", text, terminated: true });
const text = (text: string): MrdMessage => ({ kind: "text", text, terminated: true });
const lines = (acquisitions: readonly Acquisition[]) =>
  acquisitions.map((acquisition) => ({ kind: "acquisition", acquisition }) as const);
const CLOSE: MrdMessage = { kind: "close" };

/** The acquisitions of a scan, marked with the number of the client. */
const marked = (acquisitions: readonly Acquisition[], measurementUid: number) =>
  acquisitions.map((each) => ({ ...each, header: { ...each.header, measurementUid } }));

function scanOf(number: number, rng: Rng) {
  const seed = Math.floor(rng.uniform() * SEEDS);
  const slices = rng.uniform() < 0.5 ? 1 : 3;
  const messages = scans[seed][slices === 1 ? 0 : 1];
  const acquisitions = marked(
    messages.flatMap((m) => m.kind === "acquisition" ? [m.acquisition] : []),
    number,
  );
  const xml = headerXml(SCAN, slices);
  return { seed, slices, acquisitions, xml, check: imagesOf(seed, slices) };
}

/** Every image must be there and right, in the units that its pixels have. */
const imagesOf = (seed: number, slices: number) => (answer: Answer): string | undefined => {
  const { images, closed, texts } = answer;
  if (!closed) return `no CLOSE: ${texts.join("")}`;
  if (images.length !== slices) return `${images.length} of ${slices} images: ${texts.join("")}`;
  const errors = images.map((image) =>
    differs(image, rssOf(someImages(100 * seed + image.header.slice)))
  );
  return errors.find((error) => error !== undefined);
};

function differs({ header, data, attributes }: MrdImage, truth: Float32Array): string | undefined {
  const scale = /<name>LarmorPixelsPerUnit<\/name><value>([^<]+)</.exec(attributes)?.[1];
  const factor = Number(scale ?? 1);
  const worst = truth.reduce((w, value, i) => Math.max(w, Math.abs(value * factor - data[i])), 0);
  const most = scale === undefined ? TOLERANCE : 0.5 + TOLERANCE * factor;
  return worst <= most ? undefined : `slice ${header.slice}: an error of ${worst}`;
}

/** The first image of the slow method; all later ones must have its very pixels. */
let expected: string | undefined;
function sameAsFirst({ images, texts }: Answer): string | undefined {
  if (images.length !== 1) return `${images.length} of 1 images: ${texts.join("")}`;
  const found = images[0].data.join();
  expected ??= found;
  return found === expected ? undefined : "other pixels than before";
}

type Make = (number: number, rng: Rng) => Omit<Client, "name">;

const whole = (messages: readonly MrdMessage[]) => [encode(messages)];

/** Bytes in pieces of a size. */
const cut = (bytes: Uint8Array, size: number) =>
  Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, i) => bytes.subarray(i * size, (i + 1) * size),
  );

/** A scan with a configuration and what comes between header and data. */
const plain = (
  config: MrdMessage,
  between: readonly MrdMessage[] = [],
  ending: Ending = "wait",
): Make =>
(number, rng) => {
  const { xml, acquisitions, check } = scanOf(number, rng);
  const messages = [config, header(xml), ...between, ...lines(acquisitions), CLOSE];
  return { pieces: whole(messages), ending, check, kept: acquisitions };
};

export const GOOD: Readonly<Record<string, Make>> = {
  plain: plain(configFile("rss")),
  "half-closed": plain(configFile("rss.xml"), [], "half"),
  json: plain(configFile("other"), [text('{"parameters":{"config":"rss","steps":0}}')]),
  int16: plain(configFile("int16")),
  slow: (number, rng) => {
    const { xml, acquisitions, check } = scanOf(number, rng);
    const bytes = encode([configFile("rss"), header(xml), ...lines(acquisitions), CLOSE]);
    return { pieces: cut(bytes, 1500), ending: "wait", check, kept: acquisitions };
  },
  "without CLOSE": (number, rng) => {
    const { xml, acquisitions, check } = scanOf(number, rng);
    const messages = [configFile("rss"), header(xml), ...lines(acquisitions)];
    return { pieces: whole(messages), ending: "half", check, kept: acquisitions };
  },
  tv: (number) => {
    const kept = marked(large, number);
    const messages = [configFile("tv"), header(headerXml(LARGE)), ...lines(kept), CLOSE];
    return { pieces: whole(messages), ending: "wait", check: sameAsFirst, kept };
  },
};

/** A client that must be refused, with its data saved. */
const refused =
  (change: (xml: string) => { config?: MrdMessage; xml?: string; json?: string }): Make =>
  (number, rng) => {
    const scan = scanOf(number, rng);
    const { config = configFile("rss"), xml = scan.xml, json } = change(scan.xml);
    const between = json === undefined ? [] : [text(json)];
    const messages = [config, header(xml), ...between, ...lines(scan.acquisitions), CLOSE];
    const check = ({ images, texts }: Answer) =>
      images.length === 0 && /ERR /.test(texts.join("")) ? undefined : "not refused";
    return { pieces: whole(messages), ending: "wait", check, kept: scan.acquisitions };
  };

const part = (ending: Ending): Make => (number, rng) => {
  const { xml, acquisitions } = scanOf(number, rng);
  const bytes = encode([configFile("rss"), header(xml), ...lines(acquisitions), CLOSE]);
  return { pieces: [bytes.subarray(0, Math.floor(rng.uniform() * bytes.length))], ending };
};

const bytesOnly = (make: (rng: Rng) => Uint8Array): Make => (_number, rng) => ({
  pieces: [make(rng)],
  ending: "wait",
});

const noise = (rng: Rng, length: number) =>
  Uint8Array.from({ length }, () => Math.floor(256 * rng.uniform()));

/** A scan with lines that are changed; its images are what they are. */
const damaged = (change: (acquisitions: Acquisition[]) => Acquisition[]): Make => (number, rng) => {
  const { xml, acquisitions } = scanOf(number, rng);
  const messages = [configFile("rss"), header(xml), ...lines(change([...acquisitions])), CLOSE];
  return { pieces: whole(messages), ending: "wait" };
};

export const HOSTILE: Readonly<Record<string, Make>> = {
  garbage: bytesOnly((rng) => noise(rng, 5000)),
  "garbage after the header": (_number, rng) => ({
    pieces: [concat([encode([configFile("rss"), header(headerXml())]), noise(rng, 3000)])],
    ending: "wait",
  }),
  "a length of 4 GB": bytesOnly(() => Uint8Array.of(3, 0, 255, 255, 255, 255, 60)),
  "a huge acquisition": bytesOnly(() => {
    const [config, xml, first] = scanMessages();
    const line = encodeMessage(first);
    line.fill(255, 2 + 34, 2 + 40);
    return concat([encode([config, xml]), line]);
  }),
  "cut off": part("half"),
  vanishes: part("vanish"),
  "opens and goes": () => ({ pieces: [], ending: "vanish" }),
  "a byte at a time, then goes": (_number, rng) => {
    const { pieces: [bytes] } = part("vanish")(0, rng);
    return { pieces: cut(bytes.subarray(0, 40), 1), ending: "vanish" };
  },
  "unknown recipe": refused(() => ({ config: configFile("default.nothing") })),
  "a path": refused(() => ({ config: configFile("../recipes/rss") })),
  "its own XML": refused(() => ({
    config: { kind: "configText", text: "<gadgetron/>", terminated: true },
  })),
  "50 million steps": refused(() => ({
    json: '{"parameters":{"method":"sense","steps":50000000}}',
  })),
  radial: refused((xml) => ({ xml: xml.replace("cartesian", "radial") })),
  "a huge matrix": refused((xml) => ({
    xml: xml.replaceAll("<x>12</x>", "<x>60000</x>")
      .replaceAll("<y>9</y>", "<y>60000</y>"),
  })),
  "long work, then goes": (number) => ({
    pieces: whole([
      configFile("long"),
      header(headerXml(LARGE)),
      ...lines(marked(large, number)),
      CLOSE,
    ]),
    ending: "vanish",
  }),
  "lines twice": damaged((all) => [...all, ...all]),
  "lines that are not finite": damaged((all) =>
    all.map((each, i) => i % 3 > 0 ? each : { ...each, samples: each.samples.map(() => NaN) })
  ),
  "lines out of the matrix": damaged((all) =>
    all.map((each) => ({
      ...each,
      header: { ...each.header, idx: { ...each.header.idx, kspaceEncodeStep1: 60000 } },
    }))
  ),
  "1000 texts": plain(configFile("rss"), Array.from({ length: 1000 }, () => text("hello"))),
  "configuration after data": (number, rng) => {
    const { xml, acquisitions } = scanOf(number, rng);
    const all = lines(acquisitions);
    const late = [...all.slice(0, 4), configFile("rss"), ...all.slice(4)];
    const messages = [configFile("rss"), header(xml), ...late, CLOSE];
    return { pieces: whole(messages), ending: "wait", kept: acquisitions };
  },
  query: () => ({
    pieces: whole([{ kind: "query", id: 5n, text: "gadgetron::info" }, CLOSE]),
    ending: "wait",
    check: ({ messages }) =>
      messages.some((m) => m.kind === "response" && m.id === 5n) ? undefined : "no answer",
  }),
};
