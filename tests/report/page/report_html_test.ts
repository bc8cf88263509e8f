/** The page of a comparison, without a browser. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { chart, type ChartContent, chartFile } from "../../../src/chart.ts";
import { curves } from "../../../src/report/page/curves.ts";
import { runLabels } from "../../../src/report/labels.ts";
import { escapeText, html, scriptJson } from "../../../src/markup.ts";
import { packLevels, type PageData, unpackLevels } from "../../../src/report/page/page_data.ts";
import { pageScript } from "../../../src/report/page/page_script.ts";
import { renderReport } from "../../../src/report/page/report_html.ts";
import { ndarray } from "../../../src/ndarray.ts";

import { fakeComparison, type FakeOptions } from "../support.ts";

const OPTIONS: FakeOptions = {
  methods: [{ name: "sense", noise: 0.05, nfe: 0 }, {
    name: "dds",
    noise: 0.02,
    nfe: 9,
    samples: 4,
  }],
  accelerations: [2, 4],
  paths: ["a.h5", "b.h5"],
  shape: [3, 11, 7],
};

const render = (options: Partial<FakeOptions> = {}) => {
  const { comparison, images } = fakeComparison({ ...OPTIONS, ...options });
  return renderReport(comparison, images);
};

/** The element of an id that holds data. */
const dataOf = (page: string, id: string) =>
  new RegExp(`<script type="[^"]+" id="${id}">([^<]*)</script>`).exec(page)![1];
const factsOf = (page: string): PageData => JSON.parse(dataOf(page, "data"));
const levelsOf = (page: string, id: string, columns: number) =>
  unpackLevels(inflateSync(Buffer.from(dataOf(page, id), "base64")), columns);

Deno.test("the script of the page holds every module of the client as plain JavaScript", () => {
  const script = pageScript();
  new Function(script); // a mistake in the syntax would throw
  const names = [...Deno.readDirSync("src/report/page/client")].map(({ name }) =>
    name.slice(0, -3)
  );
  for (const name of [...names, "page_data"]) assert.ok(script.includes(`const ${name}_module =`));
  assert.doesNotMatch(script, /^(import|export) /m);
});

Deno.test("the page asks for nothing from outside, and only its own script and style may run", async () => {
  const page = await render();
  const markup = page.replace(/<script>[^]*?<\/script>/, "");
  assert.doesNotMatch(markup, /\b(src|href|srcset|action|data)\s*=\s*["']/i);
  assert.doesNotMatch(markup, /@import|url\(|https?:\/\//i);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)![1]
    .replaceAll("&#39;", "'");
  const digest = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const style = /<style>([^]*?)<\/style>/.exec(page)![1];
  const scripts = [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(([, text]) => text);
  assert.equal(scripts.length, 1);
  assert.ok(policy.startsWith("default-src 'none';"));
  assert.ok(policy.includes(`style-src ${digest(style)};`));
  assert.ok(policy.includes(`script-src ${digest(scripts[0])};`));
  assert.doesNotMatch(page, /<[^>]*\sstyle=/); // the policy forbids it
});

Deno.test("text cannot leave its place in markup", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const element = html`<b title="${text}">${text}</b>`.text;
    assert.match(element, /^<b title="[^"<>]*">[^<>]*<\/b>$/);
  }));
  assert.equal(
    escapeText(`<a b="c" d='e'>&amp;`),
    "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;",
  );
  const value = { text: "</script><!--<script>" };
  assert.doesNotMatch(scriptJson(value), /</);
  assert.deepEqual(JSON.parse(scriptJson(value)), value);
});

Deno.test("hostile names, paths, masks and errors are text in the page", async () => {
  const hostile = `</script></style>"'><img src=x onerror=alert(1)>`;
  const { comparison, images } = fakeComparison({
    ...OPTIONS,
    methods: [...OPTIONS.methods, { name: hostile, noise: 0.1, nfe: 1, error: hostile }],
    paths: [hostile],
  });
  const page = await renderReport({
    ...comparison,
    command: hostile,
    version: hostile,
    runs: comparison.runs.map((run) => ({ ...run, mask: hostile + run.mask })),
  }, images);
  assert.doesNotMatch(page, /<img/);
  assert.equal(page.replace(/<script>[^]*/, "").match(/<\/style>/g)!.length, 1);
  assert.equal(factsOf(page).inputs[0].name, hostile);
});

Deno.test("levels are packed and unpacked without loss", () => {
  const picture = fc.integer({ min: 1, max: 13 }).chain((columns) =>
    fc.array(fc.array(fc.nat(65535), { minLength: columns, maxLength: columns }))
      .map((rows) => ({ columns, levels: Uint16Array.from(rows.flat()) }))
  );
  fc.assert(fc.property(picture, ({ columns, levels }) => {
    assert.deepEqual(unpackLevels(packLevels(levels, columns), columns), levels);
  }));
});

Deno.test("every picture is embedded to half a level, and small errors get finer levels", async () => {
  for (const noise of [0.05, 1e-4]) {
    const methods = [{ name: "sense", noise, nfe: 0 }];
    const fake = fakeComparison({ ...OPTIONS, methods, accelerations: [1] });
    const page = await renderReport(fake.comparison, fake.images);
    const { step, inputs } = factsOf(page);
    const most = fake.references[1].data.reduce((a, b) => Math.max(a, b));
    assert.ok(step <= Math.max(noise * most / 20, 1.5 / 65535), `${step} for ${noise}`);
    for (const [slice, number] of inputs[1].slices.entries()) {
      assert.equal(number, 3 + slice);
      const levels = levelsOf(page, `px-recon-1-${slice}`, 7);
      const { data } = fake.recons.get("run-1")!;
      levels.forEach((level, i) => {
        assert.ok(Math.abs(level * step - data[slice * 77 + i] / most) <= 0.501 * step);
      });
    }
  }
});

Deno.test("values that are too large are clipped and NaN is black", async () => {
  const { comparison, images } = fakeComparison({ ...OPTIONS, paths: ["a.h5"], shape: [1, 1, 3] });
  const page = await renderReport(comparison, {
    ...images,
    reference: () => Promise.resolve(ndarray(Float32Array.of(0, 1, 2), [1, 1, 3])),
    recon: () => Promise.resolve(ndarray(Float32Array.of(NaN, -1, 1e9), [1, 1, 3])),
  });
  const { step } = factsOf(page);
  assert.deepEqual([...levelsOf(page, "px-recon-0-0", 3)], [0, 0, Math.round(1.5 / step)]);
});

Deno.test("of a large volume only slices evenly spread are embedded", async () => {
  const { comparison, images } = fakeComparison({
    ...OPTIONS,
    methods: [OPTIONS.methods[0]],
    paths: ["a.h5"],
    shape: [9, 10, 10],
  });
  // The reference and two runs share the pixels.
  const slicesOf = async (maxPixels: number) =>
    factsOf(await renderReport(comparison, images, { maxPixels })).inputs[0].slices;
  assert.deepEqual(await slicesOf(3 * 9 * 100), [3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.deepEqual(await slicesOf(3 * 5 * 100), [3, 5, 7, 9, 11]);
  assert.deepEqual(await slicesOf(0), [7]);
});

Deno.test("without a reference there are images and no error maps", async () => {
  const { comparison, images } = fakeComparison(OPTIONS);
  const runs = comparison.runs.map((run) => ({ ...run, whole: null, head: null }));
  const page = await renderReport(
    { ...comparison, runs },
    { ...images, reference: () => Promise.resolve(undefined) },
  );
  assert.match(page, /data-kind="image"/);
  assert.doesNotMatch(page, /class="panel" data-kind="error"/);
  assert.doesNotMatch(page.slice(0, page.indexOf("<script")), /NaN|undefined|Infinity/);
});

Deno.test("pictures of one input that differ in size are refused", async () => {
  const { comparison, images } = fakeComparison(OPTIONS);
  const recon = () => Promise.resolve(ndarray(new Float32Array(12), [3, 2, 2]));
  await assert.rejects(
    renderReport(comparison, { ...images, recon }),
    /\[slices, 11, 7\] is required/,
  );
});

Deno.test("the page has a heading for each part, every run in the table, and what to type", async () => {
  const page = await render({
    methods: [...OPTIONS.methods, { name: "varnet", noise: 1, nfe: 1, error: "no model" }],
  });
  const headings = [...page.matchAll(/<h2[^>]*>([^<]+)</g)].map(([, text]) => text);
  assert.deepEqual(headings, [
    ...["Images", "Two side by side", "Curves", "All runs", "Paired differences", "Audit"],
    ...["Run it again", "Keys"],
  ]);
  const table = /<table class="sortable"[^]*?<\/table>/.exec(page)![0];
  // A heading; a line for each run, and a second one where it failed.
  assert.equal(table.match(/<tr\b/g)!.length, 1 + 2 * 2 * (3 + 1));
  assert.match(table, /no model/);
  assert.ok(page.includes("deno task compare a.h5 b.h5 --methods sense,dds,varnet"));
  // PSNR and SSIM against acceleration; against NFE and seconds for either mask.
  assert.equal(page.replace(/<script[^]*/, "").match(/<svg class="chart"/g)!.length, 2 + 2 * 2);
});

Deno.test("curves are means over the inputs, joined along the acceleration and along the steps", () => {
  const { comparison } = fakeComparison({ ...OPTIONS, methods: [OPTIONS.methods[1]] });
  const runs = [10, 40].flatMap((steps) =>
    comparison.runs.map((run) => ({
      ...run,
      steps,
      nfe: steps,
      head: { ...run.head!, psnr: 10 * run.acceleration + steps + run.input },
    }))
  );
  const drawn = curves({ ...comparison, runs }, runLabels(runs))!.text;
  const titles = drawn.split("<figure").slice(1).map((figure) =>
    figure.split("<polyline").slice(1).map((line) =>
      [...line.matchAll(/<title>dds, (\d+) steps at \S+: ([\d.]+) at/g)].map(([, ...found]) =>
        found.map(Number)
      )
    )
  );
  assert.deepEqual(titles[0], [[[10, 30.5], [10, 50.5]], [[40, 60.5], [40, 80.5]]]); // R = 2, 4
  assert.deepEqual(titles[2], [[[10, 30.5], [40, 60.5]]]); // NFE = 10, 40 at R = 2
  assert.deepEqual(titles[4], [[[10, 50.5], [40, 80.5]]]); // and at R = 4
});

Deno.test("runs of one method are told apart by what differs between them", () => {
  const [run] = fakeComparison(OPTIONS).comparison.runs;
  const dds = { ...run, method: "dds" };
  const labels = runLabels([run, { ...dds, steps: 5 }, { ...dds, steps: 50 }, {
    ...dds,
    mask: "m",
  }]);
  assert.deepEqual(labels, ["sense", "dds, 5 steps", "dds, 50 steps", "dds, 20 steps"]);
});

Deno.test("a file of charts stands alone, and leaves out a chart without points", () => {
  const content = (points: { x: number; y: number }[]): ChartContent => ({
    description: "loss < 1",
    x: { label: "step" },
    y: { label: "loss" },
    curves: [{ mark: 0, name: "train", points }],
  });
  const file = chartFile([content([]), content([{ x: 0, y: 1 }, { x: 10, y: 0.5 }])]);
  assert.match(file, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="520" height="310"/);
  assert.match(file, /aria-label="loss &lt; 1"/);
  assert.equal(file.match(/<polyline/g)!.length, 1);
  assert.doesNotMatch(file, /<circle/); // points without a title have no marker
  assert.match(file, />train<\/text>/);
});

Deno.test("an axis of a chart has ticks whatever its values are", () => {
  for (const xs of [[3.3], [3.3, 3.7], [1, 1000], [0.2, 0.9], [30, 30]]) {
    for (const logarithmic of [false, true]) {
      const points = xs.map((x, i) => ({ x, y: i }));
      const drawn = chart({
        description: "",
        x: { label: "R", logarithmic },
        y: { label: "PSNR" },
        curves: [{ mark: 0, points }],
      })!.text;
      const ticks = [...drawn.matchAll(/<text x="[\d.]+" y="283" text-anchor="middle">([^<]+)</g)];
      const least = xs[0] === xs.at(-1) ? 1 : 2;
      assert.ok(ticks.length >= least, `${xs}, ${logarithmic}: ${ticks.map(([, text]) => text)}`);
      for (const [, text] of ticks) assert.ok(Number.isFinite(Number(text)));
    }
  }
});

Deno.test("what the audits say of the data stands once for each mask, remarks below their rows", async () => {
  const { comparison, images } = fakeComparison({
    ...OPTIONS,
    methods: [...OPTIONS.methods, { name: "mine", noise: 0.1, nfe: 0, note: "scaled by 1.5" }],
    paths: ["a.h5"],
  });
  const said = "No image explains the data", own = "The image departs";
  const runs = comparison.runs.map((run) => ({
    ...run,
    audit: run.audit && {
      ...run.audit,
      ...{ data: "suspicious", verdict: "suspicious", image: "suspicious" } as const,
      ...{ dataReasons: [said], reasons: [said, own] },
    },
  }));
  const page = (await renderReport({ ...comparison, runs }, images)).replace(/<script[^]*/, "");
  const count = (text: string) => page.split(text).length - 1;
  assert.equal(count(`<p>${said}</p>`), 2); // masks
  assert.equal(count(`<p>${own}</p>`), 4); // runs with an audit
  assert.equal(count("scaled by 1.5"), 2);
  assert.match(page, /the audit doubts 4 images; the audit doubts the data under 2 masks/);
  const row = /data-value="mine"[^]*?<\/tr>/.exec(page)![0];
  for (const name of ["NFE", "Seconds", "Memory"]) {
    assert.match(row, new RegExp(`data-name="${name}" data-value="">–`));
  }
});
