import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
// @ts-types="@types/pngjs"
import { PNG } from "pngjs";
import { comparisonFigure } from "../../../src/cli/render/compare_figure.ts";
import { svgPng } from "../../../src/cli/render/svg_png.ts";
import { scaleBar } from "../../../src/report/colour_scale.ts";
import { PRINT_PIXELS } from "../../../src/report/sheet.ts";
import { fakeComparison } from "../../report/support.ts";

const fake = fakeComparison({
  methods: [
    { name: "tv", noise: 0.05, nfe: 0 },
    { name: "dds", noise: 0.02, nfe: 9, samples: 4 },
    { name: "varnet", noise: 1, nfe: 1, error: "no model" },
  ],
  accelerations: [2, 4],
  paths: ["a.h5"],
  shape: [3, 31, 23],
  pixelSize: [2, 1],
});
const { comparison, images } = fake;
const MASK = comparison.runs[0].mask;

Deno.test("comparisonFigure() has pictures, colour bars with ticks and a scale bar", async () => {
  const svg = (await comparisonFigure(comparison, MASK, images))!;
  assert.equal(svg.match(/<image /g)!.length, 1 + 2 + 3);
  assert.match(svg, /width="170mm"/);
  const bars = svg.split("<linearGradient").slice(1).map((bar) => ({
    name: />([^<]+) \(%\)</.exec(bar)![1],
    ticks: [...bar.matchAll(/text-anchor="middle">([\d.]+)</g)].map(([, value]) => Number(value)),
  }));
  assert.deepEqual(bars.map(({ name }) => name), ["image", "absolute error", "standard deviation"]);
  for (const { ticks } of bars) assert.ok(ticks.length >= 3 && ticks[0] === 0, `${ticks}`);
  assert.match(svg, />5 mm<\/text>/); // 23 columns of 1 mm
});

Deno.test("without a reference there is no figure", async () => {
  const reference = () => Promise.resolve(undefined);
  assert.equal(await comparisonFigure(comparison, MASK, { ...images, reference }), undefined);
});

Deno.test("scaleBar() is a round length of at most two fifths", () => {
  for (
    const [width, label] of [[220, "50 mm"], [23, "5 mm"], [24, "5 mm"], [25.1, "10 mm"]] as const
  ) {
    const bar = scaleBar(width);
    assert.equal(bar.label, label);
    assert.ok(Math.abs(bar.part * width - parseFloat(label)) < 1e-9);
  }
});

Deno.test("svgPng() draws at print resolution, with type", async () => {
  const text = (words: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="170mm" height="20mm" viewBox="0 0 510 60">
      <rect width="100%" height="100%" fill="#fff"/><text x="9" y="30">${words}</text></svg>`;
  const drawn = PNG.sync.read(Buffer.from(await svgPng(text("χ² ≤ 5 %"), PRINT_PIXELS)));
  assert.deepEqual([drawn.width, drawn.height], [2008, 236]);
  const dark = ({ data }: PNG) => data.filter((value, i) => i % 4 === 0 && value < 100).length;
  const blank = PNG.sync.read(Buffer.from(await svgPng(text(""), PRINT_PIXELS)));
  assert.ok(dark(drawn) > 500 && dark(blank) === 0, `${dark(drawn)}`);
});
