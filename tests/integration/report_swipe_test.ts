/** report.html in headless Chromium: comparing two runs, sorting, keys. */
import assert from "node:assert/strict";
import { needsCommand, testWith } from "../tools.ts";
import { grey, OPTIONS, ReportPage, SHAPE, type Shown } from "./report_page.ts";

const chromium = needsCommand("chromium");
const MIDDLE = 1;
/** Mean difference in grey levels of a canvas that is scaled up smoothly from its own pixels. */
const SMOOTHED = 4;
/** The least such difference from the other of the two pictures. */
const OTHER = 15;

/** Asserts that a screenshot of the stage shows A left of a part of its width, and B right of it. */
async function assertSplit(page: ReportPage, part: number, a: Shown, b: Shown): Promise<void> {
  const window = page.firstWindow(), seen = await page.seen("#stage");
  const meanOff = (left: Shown, right: Shown) => {
    const [before, after] = [page.values(left), page.values(right)];
    const off: number[] = [];
    for (let row = 15; row < SHAPE[1]; row++) { // below the names
      for (let column = 0; column < SHAPE[2]; column++) {
        const at = (column + 0.5) / SHAPE[2], down = (row + 0.5) / SHAPE[1];
        if (Math.abs(at - part) < 0.04) continue; // the divider
        const value = (at < part ? before : after)[row * SHAPE[2] + column];
        off.push(Math.abs(seen(at, down) - grey(value, window)));
      }
    }
    return off.reduce((x, y) => x + y) / off.length;
  };
  const right = meanOff(a, b), wrong = meanOff(b, a);
  assert.ok(
    right <= SMOOTHED && wrong >= OTHER,
    `off by ${right}, exchanged by ${wrong}, at ${part}`,
  );
}

const REFERENCE: Shown = ["reference", MIDDLE], SENSE: Shown = ["run-0", MIDDLE];

testWith(
  chromium,
  "the swipe shows A and B on either side of a divider that mouse and keys move",
  async () => {
    await using page = await ReportPage.open();
    const { browser } = page;
    await assertSplit(page, 0.5, REFERENCE, SENSE);
    await browser.drag(
      await browser.pointOf("#divider"),
      await browser.pointOf("#stage", 0.2, 0.7),
    );
    assert.equal(await page.read("#divider", "ariaValueNow"), "20");
    await assertSplit(page, 0.2, REFERENCE, SENSE);
    await browser.press("End");
    await assertSplit(page, 1, REFERENCE, SENSE);
    await browser.press("x");
    await assertSplit(page, 1, SENSE, REFERENCE);
    await browser.press("PageDown");
    assert.equal(await page.read("#divider", "ariaValueNow"), "90");
    await browser.evaluate(`document.querySelector("#swipe-b").focus()`);
    await browser.press("d"); // a select takes the first letter: dds
    await page.settled();
    await assertSplit(page, 0.9, SENSE, ["run-1", MIDDLE]);
    assert.deepEqual(browser.complaints, []);
  },
);

testWith(
  chromium,
  "flicker shows A and B in turn, or at a key where motion is unwelcome",
  async () => {
    await using page = await ReportPage.open();
    const { browser } = page;
    const shows = (side: "a" | "b") =>
      browser.until(`document.querySelector("#tag-${side === "a" ? "b" : "a"}").hidden`);
    await browser.click("#flicker");
    for (const side of ["a", "b", "a"] as const) await shows(side);
    await browser.press("f");
    assert.equal(await page.read("#flicker", "ariaPressed"), "false");
    await browser.media({ "prefers-reduced-motion": "reduce" });
    await browser.press("f");
    await assertSplit(page, 1, REFERENCE, SENSE);
    await browser.press("f");
    await assertSplit(page, 0, REFERENCE, SENSE);
    await browser.press("f");
    await assertSplit(page, 0.5, REFERENCE, SENSE);
  },
);

/** The text of a column of the rows that are shown, and how its head says they are sorted. */
async function column(page: ReportPage, name: string): Promise<{ cells: string[]; sort: string }> {
  return await page.browser.evaluate(`(() => {
    const heads = [...document.querySelectorAll("#runs th")];
    const at = heads.findIndex((head) => head.textContent.trim() === ${JSON.stringify(name)});
    const rows = [...document.querySelectorAll("#runs tbody tr:not(.below)")]
      .filter((row) => !row.hidden);
    return { cells: rows.map((row) => row.cells[at].textContent), sort: heads[at].ariaSort };
  })()`);
}

const head = (n: number) => `#runs th:nth-child(${n}) button`;

testWith(
  chromium,
  "the table is sorted by mouse and by keyboard, the best first, failures last",
  async () => {
    await using page = await ReportPage.open();
    const { browser } = page;
    const sorted = (cells: string[], sign: number) => {
      const numbers = cells.slice(0, 4).map(Number);
      assert.deepEqual(numbers, [...numbers].sort((a, b) => sign * (a - b)));
      assert.deepEqual(cells.slice(4), ["–", "–"]);
    };
    await browser.click(head(4)); // PSNR over the head
    let { cells, sort } = await column(page, "PSNR (dB)");
    assert.equal(sort, "descending"); // the best first
    sorted(cells, -1);
    await browser.press("Enter"); // the head has the focus
    ({ cells, sort } = await column(page, "PSNR (dB)"));
    assert.equal(sort, "ascending");
    sorted(cells, 1);
    await browser.click(head(6)); // NMSE: the least is best
    ({ cells, sort } = await column(page, "NMSE"));
    assert.equal(sort, "ascending");
    sorted(cells, 1);
    await browser.evaluate(`document.querySelector("${head(1)}").focus()`);
    await browser.press(" ");
    ({ cells, sort } = await column(page, "Method"));
    assert.deepEqual(cells, ["dds", "dds", "sense", "sense", "varnet", "varnet"]);
    assert.equal((await column(page, "PSNR (dB)")).sort, "none");
    await browser.click("#table-mask");
    assert.equal((await column(page, "Method")).cells.length, 3);
  },
);

testWith(
  chromium,
  "keys are listed, panels go and come back, and the command can be copied",
  async () => {
    await using page = await ReportPage.open({ ...OPTIONS, paths: ["a.h5", "b.h5"] });
    const { browser } = page;
    await browser.press("i");
    await page.settled();
    assert.match(await page.read("#status", "textContent"), /of b.h5/);
    await page.assertShows(page.canvas(7, "image"), ["run-7", MIDDLE], page.firstWindow());
    await browser.press("I");
    await page.settled();
    await browser.press("?");
    assert.equal(await page.read("#keys", "open"), "true");
    assert.match(await page.read("#keys-list", "textContent"), /next slice/);
    await browser.press("j"); // the dialog keeps keys to itself
    assert.equal(await page.read("#slice-number", "textContent"), "4");
    await browser.press("Escape");
    assert.equal(await page.read("#keys", "open"), "false");
    const error = page.canvas(0, "error");
    await browser.press("3");
    assert.equal(await page.read(error, "offsetHeight"), "0");
    await browser.click("input[name=panel][value=error]");
    assert.notEqual(await page.read(error, "offsetHeight"), "0");
    await browser.click("#copy");
    await browser.until(
      `["Copied", "Selected"].includes(document.querySelector("#copy").textContent)`,
    );
    const pairs = `[...document.querySelectorAll("#pairs tbody tr")].filter((row) => !row.hidden)`;
    assert.equal(
      await browser.evaluate(`${pairs}.every((row) => /PSNR/.test(row.textContent))`),
      true,
    );
    await browser.click(".legend li:nth-child(2) button");
    assert.equal(
      await browser.evaluate(`document.querySelectorAll(".curve.dim").length > 0`),
      true,
    );
    assert.deepEqual(browser.complaints, []);
  },
);
