/** report.html in headless Chromium: what it paints, and what its controls do. */
import assert from "node:assert/strict";
import { needsCommand, testWith } from "../tools.ts";
import type { FakeOptions } from "../report/support.ts";
import { assertNear, grey, OPTIONS, ReportPage, SHAPE } from "./report_page.ts";

const chromium = needsCommand("chromium");
/** Slices are numbered from 3; the page opens at the middle one. */
const FIRST_SLICE = 3, MIDDLE = 1;
/** Change of level or width for a pixel of dragging and for an arrow key. */
const PER_PIXEL = 0.004, PER_KEY = 0.01;

testWith(
  chromium,
  "the report paints every picture, without a complaint or a request",
  async () => {
    await using page = await ReportPage.open();
    const window = page.firstWindow();
    await page.assertShows(page.canvas("reference", "image"), ["reference", MIDDLE], window);
    await page.assertShows(page.canvas(0, "image"), ["run-0", MIDDLE], window);
    await page.assertShows(page.canvas(1, "image"), ["run-1", MIDDLE], window);
    const canvases = await page.browser.evaluate<number[]>(
      `[...document.querySelectorAll(".grid:not([hidden]) canvas, #stage canvas")].map((canvas) => {
      const { width, height } = canvas;
      return new Set(new Uint32Array(
        canvas.getContext("2d").getImageData(0, 0, width, height).data.buffer)).size;
    })`,
    );
    assert.equal(canvases.length, 2 + 3 + 6 + 2); // reference, sense, dds with all its maps, the swipe
    assert.ok(Math.min(...canvases) > 8, `colours of each canvas: ${canvases}`);
    assert.match(await page.read(`[data-run="2"]`, "textContent"), /Cannot run varnet: no model/);
    assert.match(await page.read("#status", "textContent"), /Slice 4 of brain.h5, equispaced:R=2/);
    assert.deepEqual(page.browser.complaints, []);
  },
);

testWith(
  chromium,
  "an error map is black without error and lighter with more, up to its scale",
  async () => {
    await using page = await ReportPage.open();
    const { rgb: [red, green, blue] } = await page.pixels(page.canvas(0, "error"));
    const truth = page.values(["reference", MIDDLE]), image = page.values(["run-0", MIDDLE]);
    const scale = Number(await page.read("#error-scale", "value")) / 100;
    const pixels = [...truth].map((value, i) => ({
      error: Math.abs(image[i] - value),
      light: 0.2126 * red[i] + 0.7152 * green[i] + 0.0722 * blue[i],
    })).sort((a, b) => a.error - b.error);
    let lightest = 0;
    for (const { error, light } of pixels) {
      assert.ok(light > lightest - 4, `${error} has light ${light} after ${lightest}`); // one level of 64
      lightest = Math.max(light, lightest);
      if (error < scale / 100) assert.ok(light < 6, `${error}: ${light}`);
      if (error > scale) assert.ok(light > 245, `${error}: ${light}`);
    }
    await page.browser.press("e"); // twice as bright
    assert.equal(Number(await page.read("#error-scale", "value")), 50 * scale);
  },
);

testWith(chromium, "slices and masks are chosen by mouse and by keyboard", async () => {
  await using page = await ReportPage.open();
  const { browser } = page, window = page.firstWindow();
  const shows = async (slice: number) => {
    await page.settled();
    assert.equal(await page.read("#slice-number", "textContent"), `${FIRST_SLICE + slice}`);
    await page.assertShows(page.canvas("reference", "image"), ["reference", slice], window);
  };
  const end = await browser.pointOf("#slice", 0.98);
  await browser.drag(await browser.pointOf("#slice"), end);
  await shows(2);
  await browser.press("ArrowLeft"); // the slider has the focus
  await shows(1);
  await browser.press("k");
  await shows(0);
  await browser.press("k"); // there is none before
  await shows(0);
  await browser.press("n");
  await page.settled();
  await page.assertShows(page.canvas(3, "image"), ["run-3", 0], window);
  assert.match(await page.read("#status", "textContent"), /R=6/);
  await browser.evaluate(`document.querySelector("#mask").focus()`);
  await browser.press("ArrowUp");
  await page.settled();
  await page.assertShows(page.canvas(0, "image"), ["run-0", 0], window);
  assert.deepEqual(browser.complaints, []);
});

testWith(chromium, "the window follows the mouse, the arrow keys and the fields", async () => {
  await using page = await ReportPage.open();
  const { browser } = page, first = page.firstWindow();
  const image = page.canvas(0, "image");
  const shows = async (level: number, width: number) => {
    const window = { low: level - width / 2, high: level + width / 2 };
    await page.assertShows(image, ["run-0", MIDDLE], window);
    assert.ok(Math.abs(Number(await page.read("#level", "value")) - 100 * level) < 0.06);
    assert.ok(Math.abs(Number(await page.read("#width", "value")) - 100 * width) < 0.06);
  };
  const [level, width] = [first.high / 2, first.high];
  const [x, y] = await browser.pointOf(image);
  await browser.drag([x, y], [x - 60, y - 20]);
  await shows(level + 20 * PER_PIXEL, width - 60 * PER_PIXEL);
  await browser.press("ArrowLeft"); // the figures have the focus
  await browser.press("ArrowDown", { shift: true });
  await shows(level + 20 * PER_PIXEL - 5 * PER_KEY, width - 60 * PER_PIXEL - PER_KEY);
  await browser.press("r");
  await shows(level, width);
  await browser.evaluate(`document.querySelector("#width").select()`);
  for (const digit of "60") await browser.press(digit);
  await shows(level, 0.6);
  await browser.click("#reset");
  await shows(level, width);
});

testWith(
  chromium,
  "the region is chosen by mouse and by keyboard, and a screenshot shows it",
  async () => {
    await using page = await ReportPage.open();
    const { browser } = page, window = page.firstWindow();
    const image = page.canvas(1, "image"), zoom = page.canvas(1, "zoom");
    await browser.drag(
      await browser.pointOf(image, 0.2, 0.3),
      await browser.pointOf(image, 0.7, 0.8),
      {
        shift: true,
      },
    );
    const [rows, columns] = [Math.round(SHAPE[1] / 2), Math.round(SHAPE[2] / 2)];
    const top = Math.round(0.55 * SHAPE[1] - rows / 2),
      left = Math.round(0.45 * SHAPE[2] - columns / 2);
    const values = page.values(["run-1", MIDDLE]);
    const expected = (from: number) =>
      Array.from({ length: rows * columns }, (_, i) => {
        const row = top + Math.floor(i / columns), column = from + i % columns;
        return grey(values[row * SHAPE[2] + column], window);
      });
    const screenshot = async () => {
      const seen = await page.seen(zoom);
      return Array.from(
        { length: rows * columns },
        (_, i) => seen((i % columns + 0.5) / columns, (Math.floor(i / columns) + 0.5) / rows),
      );
    };
    assertNear(await screenshot(), expected(left), 2, "screenshot of the region");
    await browser.press("z");
    await browser.press("ArrowLeft"); // by a tenth of the region
    const moved = Math.round(left - columns / 10);
    assertNear(await screenshot(), expected(moved), 2, "screenshot of the region, moved");
    await browser.press("+");
    assert.equal((await page.pixels(zoom)).height, Math.round(rows / 1.25));
  },
);

testWith(
  chromium,
  "the report reads well in light, dark, on paper and on a narrow screen",
  async () => {
    await using page = await ReportPage.open();
    const { browser } = page;
    const contrast = () =>
      browser.evaluate<number>(`(() => {
      const light = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map((v) => (v / 255 + 0.055) / 1.055)
          .map((v) => v ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
      };
      const paper = light(getComputedStyle(document.body).backgroundColor);
      return Math.min(...[...document.querySelectorAll("h1, p, td, th, label, .chart text, .verdict")]
        .map((e) => light(getComputedStyle(e)[e.tagName === "text" ? "fill" : "color"]))
        .map((ink) => Math.max(ink, paper) / Math.min(ink, paper)));
    })()`);
    for (const scheme of ["light", "dark"]) {
      await browser.media({ "prefers-color-scheme": scheme });
      assert.ok(await contrast() >= 4.5, `${scheme}: ${await contrast()}`); // WCAG 2.2, 1.4.3
    }
    await browser.media({}, "print");
    assert.equal(await browser.evaluate(`document.querySelector("#toolbar").offsetHeight`), 0);
    await browser.media({});
    await browser.resize(360, 740);
    assert.ok(await browser.evaluate<number>("document.documentElement.scrollWidth") <= 360);
  },
);

/** Many methods under two masks, with remarks: tables as wide and a report as long as they get. */
const LONG: FakeOptions = {
  methods: [
    ...Array.from({ length: 15 }, (_, i) => ({
      ...{ name: `method-${i}`, noise: 0.08 / (1 + i / 4), nfe: 10 * i },
      ...i > 10 && { samples: 4 },
    })),
    { name: "varnet", noise: 0.05, nfe: 1, error: "Cannot run varnet: no model" },
    { name: "mine", noise: 0.04, nfe: 0, note: "aligned by its affine; scaled by 1.034" },
  ],
  accelerations: [4, 8],
  paths: ["../shared/data/kspace/brain7_fastmri.h5"],
  shape: [1, 160, 128],
};

testWith(chromium, "no table is clipped at any width, and paper takes five pages", async () => {
  await using page = await ReportPage.open(LONG);
  const { browser } = page;
  for (const width of [1440, 1024, 390]) {
    for (const scheme of ["light", "dark"]) {
      await browser.media({ "prefers-color-scheme": scheme });
      await browser.resize(width, 900);
      await browser.evaluate(`for (const e of document.querySelectorAll("details")) e.open = true`);
      await browser.frames();
      const clipped = await browser.evaluate<string[]>(`
        [...document.querySelectorAll("table, table :is(th, td, svg, p)")].filter((element) => {
          const { right, left, width } = element.getBoundingClientRect();
          const cut = element.scrollWidth > element.clientWidth + 1 && element.tagName !== "svg";
          return width > 0 && (left < 0 || right > innerWidth || cut);
        }).map((element) => element.tagName + " " + element.textContent.trim().slice(0, 40))`);
      assert.deepEqual(clipped, [], `${width}, ${scheme}`);
      const all = await browser.evaluate<number>("document.documentElement.scrollWidth");
      assert.ok(all <= width, `${all} for ${width}`);
    }
  }
  await browser.media({});
  await browser.resize(1440, 900);
  const pdf = new TextDecoder("latin1").decode(await browser.pdf());
  const pages = pdf.match(/\/Type \/Page\b/g)?.length ?? 0;
  assert.ok(pages > 0 && pages <= 5, `${pages} pages`);
});

testWith(chromium, "a table is downloaded as CSV with its remarks, in full digits", async () => {
  await using page = await ReportPage.open(LONG);
  const { name, bytes } = await page.browser.download(() => page.browser.click("#table .save"));
  const lines = new TextDecoder().decode(bytes).trimEnd().split("\n");
  assert.equal(name, "all-runs.csv");
  assert.equal(lines.length, 1 + 2 * 17);
  assert.ok(lines[0].startsWith("Method,Mask,R,PSNR (dB),SSIM,NMSE,HaarPSI,NFE,"));
  assert.match(lines.find((line) => line.startsWith("mine,"))!, /,,,,aligned by its affine; /);
  assert.match(lines[1], /^method-0,"equispaced:R=4,acs=24",4,15\.9176\d+,/);
});

testWith(chromium, "names that look like markup are shown as text and run nothing", async () => {
  const name = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=2>";
  await using page = await ReportPage.open({
    ...OPTIONS,
    paths: [`x" onload="window.hacked=3"/${name}.h5`],
    methods: [
      { name: "sense", noise: 0.1, nfe: 0 },
      { name, noise: 0.05, nfe: 1 },
      { name: `'"&amp;`, noise: 0.05, nfe: 1, error: name },
    ],
  });
  const { browser } = page;
  assert.equal(await browser.evaluate("window.hacked === undefined"), true);
  assert.equal(await page.read(`[data-run="1"] b`, "textContent.trim()"), name);
  assert.equal(await page.read(`[data-run="2"] b`, "textContent.trim()"), `'"&amp;`);
  assert.ok((await page.read("#swipe-b", "textContent")).includes(name));
  assert.deepEqual(browser.complaints, []);
  await browser.evaluate(`fetch("http://127.0.0.1:9/").catch(() => {})`);
  await browser.evaluate(`document.body.append(
    Object.assign(document.createElement("script"), { textContent: "window.hacked = 4" }))`);
  assert.equal(await browser.evaluate("window.hacked === undefined"), true);
  assert.match(browser.complaints.join(), /Content Security Policy/);
});
