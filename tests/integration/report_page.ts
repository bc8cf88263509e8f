/** A report of made-up runs in a browser, and what its canvases should hold. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
// @ts-types="@types/pngjs"
import { PNG } from "pngjs";
import { percentile } from "../../src/mri/metrics/percentile.ts";
import { renderReport } from "../../src/report/page/report_html.ts";
import { type FakeComparison, fakeComparison, type FakeOptions } from "../report/support.ts";
import { Browser, type Point } from "./chromium.ts";

/** Slices, rows, columns: odd and prime, so that no axis can pass for another. */
export const SHAPE = [3, 61, 47] as const;

/** What most tests show. */
export const OPTIONS: FakeOptions = {
  methods: [
    { name: "sense", noise: 0.08, nfe: 0 },
    { name: "dds", noise: 0.03, nfe: 20, samples: 4 },
    { name: "varnet", noise: 0.05, nfe: 1, error: "Cannot run varnet: no model" },
  ],
  accelerations: [2, 6],
  paths: ["brain.h5"],
  shape: SHAPE,
};

/** Black and white of a window, in parts of the reference's maximum. */
export interface Window {
  readonly low: number;
  readonly high: number;
}

/** Which slice of what: a run's key, or the reference. */
export type Shown = readonly [what: string, slice: number];

/** A rendered report in a browser. */
export class ReportPage implements AsyncDisposable {
  readonly browser: Browser;
  readonly #fake: FakeComparison;
  readonly #folder: string;

  private constructor(browser: Browser, fake: FakeComparison, folder: string) {
    this.browser = browser;
    this.#fake = fake;
    this.#folder = folder;
  }

  /** Renders a comparison to a file and opens it. */
  static async open(options: FakeOptions = OPTIONS): Promise<ReportPage> {
    const folder = await Deno.makeTempDir();
    const fake = fakeComparison(options);
    const path = join(folder, "report.html");
    await Deno.writeTextFile(path, await renderReport(fake.comparison, fake.images));
    const browser = await Browser.open();
    await browser.resize(1200, 900);
    await browser.goto(path);
    const page = new ReportPage(browser, fake, folder);
    await page.settled();
    return page;
  }

  /** Ends the browser and removes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Waits until all pictures are painted. */
  async settled(): Promise<void> {
    await this.browser.frames();
    await this.browser.until(`document.querySelector("#figures").ariaBusy === "false"`);
    await this.browser.frames();
  }

  /** Selector of a panel's canvas in the figures that are shown. */
  canvas(run: number | "reference", kind: "image" | "zoom" | "error" | "std"): string {
    return `.grid:not([hidden]) [data-run="${run}"] [data-kind=${kind}] canvas`;
  }

  /** Text, value or attribute of an element. */
  async read(selector: string, what: string): Promise<string> {
    return await this.browser.evaluate(
      `String(document.querySelector(${JSON.stringify(selector)}).${what})`,
    );
  }

  /** Red, green and blue of a canvas's pixels, each as an array. */
  async pixels(selector: string): Promise<{ width: number; height: number; rgb: number[][] }> {
    const { width, height, data } = await this.browser.evaluate<
      { width: number; height: number; data: number[] }
    >(`(() => {
      const canvas = document.querySelector(${JSON.stringify(selector)});
      const { width, height } = canvas;
      const data = [...canvas.getContext("2d").getImageData(0, 0, width, height).data];
      return { width, height, data };
    })()`);
    return { width, height, rgb: [0, 1, 2].map((c) => data.filter((_, i) => i % 4 === c)) };
  }

  /** A slice in parts of the reference's maximum, row by row. */
  values([what, slice]: Shown): Float64Array {
    const reference = this.#fake.references[0];
    const volume = what === "reference" ? reference : this.#fake.recons.get(what)!;
    const most = reference.data.reduce((a, b) => Math.max(a, b));
    const size = SHAPE[1] * SHAPE[2];
    return Float64Array.from(
      volume.data.subarray(slice * size, (slice + 1) * size),
      (v) => v / most,
    );
  }

  /** The first window: to the 99.5th percentile of the reference. */
  firstWindow(): Window {
    const { data } = this.#fake.references[0];
    return { low: 0, high: percentile(data, 99.5) / data.reduce((a, b) => Math.max(a, b)) };
  }

  /** Grey levels that a slice should have in a window. */
  greys(shown: Shown, { low, high }: Window): number[] {
    return [...this.values(shown)].map((value) => grey(value, { low, high }));
  }

  /** Asserts that a canvas holds a whole slice in a window. */
  async assertShows(selector: string, shown: Shown, window: Window): Promise<void> {
    const { width, height, rgb } = await this.pixels(selector);
    assert.deepEqual([height, width], SHAPE.slice(1));
    assertNear(rgb[0], this.greys(shown, window), 1, `${selector}, ${shown}`);
    assert.deepEqual(rgb[1], rgb[0]);
    assert.deepEqual(rgb[2], rgb[0]);
  }

  /** A screenshot of an element as grey levels: a function of parts of its width and height. */
  async seen(selector: string): Promise<(right: number, down: number) => number> {
    const start: Point = await this.browser.pointOf(selector, 0, 0);
    const end: Point = await this.browser.pointOf(selector, 1, 1);
    const scroll = await this.browser.evaluate<number>("scrollY");
    const [width, height] = [end[0] - start[0], end[1] - start[1]];
    const clip = { x: start[0], y: start[1] + scroll, width, height };
    const picture = PNG.sync.read(Buffer.from(await this.browser.screenshot(clip)));
    return (right, down) => {
      const column = Math.floor(right * width), row = Math.floor(down * height);
      return picture.data[4 * (row * picture.width + column)];
    };
  }
}

/** The grey level of a value in a window. */
export function grey(value: number, { low, high }: Window): number {
  return Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low))));
}

/** Asserts that all numbers are within a tolerance. */
export function assertNear(
  found: readonly number[],
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  assert.equal(found.length, expected.length, what);
  const worst = found.reduce((most, v, i) => Math.max(most, Math.abs(v - expected[i])), 0);
  assert.ok(worst <= tolerance, `${what}: off by ${worst}, at most ${tolerance} is required`);
}
