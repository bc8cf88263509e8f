/** report.html in headless Chromium: scales, pixels, profiles, and figures as files. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
// @ts-types="@types/pngjs"
import { PNG } from "pngjs";
import { needsCommand, testWith } from "../tools.ts";
import { OPTIONS, ReportPage, SHAPE } from "./report_page.ts";

const chromium = needsCommand("chromium");
const MIDDLE = 1;
/** Rows lie twice as far apart as columns: 61 of 4 mm, 47 of 2 mm. */
const SIZED = { ...OPTIONS, pixelSize: [4, 2] as const };
const ticks = `[...document.querySelectorAll("#bars .tick text")].map((e) => e.textContent)`;

testWith(
  chromium,
  "pictures have colour bars, standard deviations a scale of their own",
  async () => {
    await using page = await ReportPage.open();
    const { browser } = page;
    const names =
      `[...document.querySelectorAll("#bars svg > g > text")].map((e) => e.textContent)`;
    assert.deepEqual(await browser.evaluate(names), [
      ...["image (%)", "absolute error (%)", "standard deviation (%)", "error bars (90 %) (%)"],
      "added part (%)",
    ]);
    const before = await page.pixels(page.canvas(1, "error"));
    await browser.evaluate(`document.querySelector("#std-scale").select()`);
    for (const digit of "50") await browser.press(digit);
    assert.ok((await browser.evaluate<string[]>(ticks)).includes("40"));
    assert.deepEqual(await page.pixels(page.canvas(1, "error")), before);
    await browser.click("#signed");
    assert.equal((await browser.evaluate<string[]>(names))[1], "error (%)");
    const { rgb: [red, , blue] } = await page.pixels(page.canvas(1, "error"));
    const image = page.values(["run-1", MIDDLE]), reference = page.values(["reference", MIDDLE]);
    for (let i = 0; i < red.length; i++) {
      const error = image[i] - reference[i];
      if (Math.abs(error) > 0.02) assert.equal(red[i] > blue[i], error > 0, `pixel ${i}: ${error}`);
    }
  },
);

testWith(chromium, "the pointer reads pixels, and every picture shows the same place", async () => {
  await using page = await ReportPage.open(SIZED);
  const { browser } = page;
  const [x, y] = await browser.pointOf(page.canvas(1, "image"), 10.5 / 47, 30.5 / 61);
  await browser.drag([x - 5, y], [x - 5, y]);
  await browser.call("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  await browser.frames();
  const at = 30 * SHAPE[2] + 10;
  const image = 100 * page.values(["run-1", MIDDLE])[at];
  const reference = 100 * page.values(["reference", MIDDLE])[at];
  const said = await page.read("#probe", "textContent");
  const numbers = [...said.replaceAll("−", "-").matchAll(/(-?[\d.]+) %/g)].map(([, v]) =>
    Number(v)
  );
  assert.match(said, /^Row 30, column 10 · dds /);
  for (const [i, value] of [image, reference, image - reference].entries()) {
    assert.ok(Math.abs(numbers[i] - value) < 0.06, `${said}: ${value}`);
  }
  const mark = await browser.evaluate<string>(
    `getComputedStyle(document.querySelector("#figures")).getPropertyValue("--x")`,
  );
  assert.ok(Math.abs(parseFloat(mark) - 100 * 10.5 / 47) < 1e-6);
  // 47 columns of 2 mm, 61 rows of 4 mm: the canvas has the shape of the slice, with a bar of 20 mm.
  const box = await browser.evaluate<number[]>(`(() => {
    const panel = document.querySelector('[data-run=reference] [data-kind=image]');
    const { width, height } = panel.querySelector("canvas").getBoundingClientRect();
    const bar = panel.querySelector(".mm");
    return [height / width, bar.getBoundingClientRect().width / width, parseFloat(bar.textContent)];
  })()`);
  assert.ok(Math.abs(box[0] - 61 * 4 / 94) < 0.01, `${box}`);
  assert.ok(Math.abs(box[1] - box[2] / 94) < 0.01, `${box}`);
});

testWith(
  chromium,
  "a profile is drawn along a line, windows have names, all pictures zoom",
  async () => {
    await using page = await ReportPage.open(SIZED);
    const { browser } = page;
    await browser.press("l");
    const image = page.canvas(0, "image");
    await browser.drag(
      await browser.pointOf(image, 5.5 / 47, 20.5 / 61),
      await browser.pointOf(image, 35.5 / 47, 20.5 / 61),
    );
    const axis = await browser.evaluate<string[]>(
      `[...document.querySelectorAll("#profile .axis text")].map((e) => e.textContent)`,
    );
    assert.ok(axis.includes("along the line (mm)") && axis.includes("60"), `${axis}`);
    const points = await browser.evaluate<string>(
      `document.querySelector("#profile polyline").getAttribute("points")`,
    );
    assert.equal(points.split(" ").length, 31);
    const values = page.values(["reference", MIDDLE]);
    const drawn = points.split(" ").map((point) => Number(point.split(",")[1]));
    const line = drawn.map((_, i) => values[20 * SHAPE[2] + 5 + i]);
    const [least, most] = [Math.min(...line), Math.max(...line)];
    const [low, high] = [drawn[line.indexOf(least)], drawn[line.indexOf(most)]];
    line.forEach((value, i) => {
      const expected = low + (high - low) * (value - least) / (most - least);
      assert.ok(Math.abs(drawn[i] - expected) < 0.3, `${i}: ${drawn[i]} for ${expected}`);
    });
    const { high: white } = page.firstWindow();
    await browser.evaluate(`(() => { const s = document.querySelector("#preset");
    s.value = "dark tissue"; s.dispatchEvent(new Event("change")); })()`);
    await browser.frames();
    await page.assertShows(image, ["run-0", MIDDLE], { low: 0, high: white / 2 });
    await browser.press("ArrowUp"); // moves the line, not the window
    assert.equal(await page.read("#preset", "value"), "dark tissue");
    await browser.press("Z");
    await browser.frames();
    const { width, height } = await page.pixels(page.canvas(1, "error"));
    assert.deepEqual([height, width], [Math.round(0.3 * 61), Math.round(0.3 * 47)]);
    assert.deepEqual(browser.complaints, []);
  },
);

testWith(
  chromium,
  "figures are saved as SVG with the ticks of their bars, and as PNG for print",
  async () => {
    await using page = await ReportPage.open(SIZED);
    const { browser } = page;
    const shown = await browser.evaluate<string[]>(ticks);
    const save = (of: string, ending: string) =>
      browser.download(() => browser.click(`[data-of=${of}][data-save=${ending}]`));
    const png = PNG.sync.read(Buffer.from((await save("figure", "png")).bytes));
    assert.equal(png.width, 2008); // 170 mm at 300 dpi
    const swipe = await save("swipe", "svg");
    assert.equal(new TextDecoder().decode(swipe.bytes).match(/<image /g)!.length, 2);
    const chart = await browser.download(() => browser.click(".charts [data-save=svg]"));
    assert.match(new TextDecoder().decode(chart.bytes), />acceleration R<.*/);
    const { name, bytes } = await save("figure", "svg");
    assert.equal(name, "figure.svg");
    const path = await Deno.makeTempFile({ suffix: ".svg" });
    await Deno.writeFile(path, bytes);
    await browser.goto(path);
    const opened = await browser.evaluate<
      { root: string; ticks: string[]; images: number; mm: number }
    >(
      `(async () => {
      const images = [...document.querySelectorAll("image")];
      await Promise.all(images.map((image) =>
          Object.assign(new Image(), { src: image.href.baseVal }).decode()
        ));
      return {
        root: document.documentElement.tagName,
        ticks: [...document.querySelectorAll(".tick text")].map((e) => e.textContent),
        images: images.length,
        mm: document.documentElement.width.baseVal.value / 96 * 25.4,
      };
    })()`,
    );
    await Deno.remove(path);
    assert.equal(opened.root, "svg");
    assert.deepEqual(opened.ticks, shown);
    // The reference: image and region; sense: error too; dds: standard deviation too.
    assert.equal(opened.images, 2 + 3 + 6);
    assert.ok(Math.abs(opened.mm - 170) < 0.1);
  },
);
