/** The page of `deno task web` in use: any host, any file, any way to reach its controls. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Rng } from "../../src/rng.ts";
import { inFolder } from "../io/support.ts";
import { needsCommand, testWith } from "../tools.ts";
import { WebPage } from "./web_page.ts";

const chromium = needsCommand("chromium");
const fixture = (name: string) => join(import.meta.dirname!, "../fixtures", name);

testWith(chromium, "a host without headers gets threads by the service worker", async () => {
  await using page = await WebPage.open({ isolated: false });
  await page.browser.until(`globalThis.crossOriginIsolated && document.body?.dataset.ready`);
  assert.match(await page.text("#threads"), /\d+ threads\./);
  assert.equal(await page.open(), "");
  await page.set("method", "rss");
  assert.equal(await page.run(), "");
  const psnr = Number(await page.text("#rows td:nth-child(4)"));
  assert.ok(psnr > 10 && psnr < 30, `${psnr}`);
  assert.deepEqual(page.complaints, []);
});

testWith(chromium, "what is at work can be cancelled, and the page goes on", async () => {
  await using page = await WebPage.open();
  assert.equal(await page.open(), "");
  await page.browser.click("#run");
  await page.browser.until(`document.getElementById("bar").value > 0`, 100_000);
  await page.browser.click("#cancel");
  assert.equal(await page.finished(), "");
  assert.equal(await page.text("#status"), "Cancelled.");
  await page.set("method", "rss");
  assert.equal(await page.run(), "");
  assert.equal(await page.text("#rows td:nth-child(2)"), "rss");
});

/** Files that are damaged, and how many of each. */
const VICTIMS = [
  ...["npy/kspace_c8_fortran.npy", "nifti/int16_scaled_sform.nii", "hdf5/gzip.h5"],
  ...["nifti/kspace_complex64.nii.gz", "cfl/kspace.hdr"],
];
const EACH = 20;
/** Headers are where damage does harm. */
const HEADER_BYTES = 600;

/** A file with some bytes replaced, and every fourth one cut. */
function damaged(bytes: Uint8Array, rng: Rng, i: number): Uint8Array {
  const copy = bytes.slice();
  for (let n = 0; n < 1 + i % 5; n++) {
    const at = Math.floor(rng.uniform() * Math.min(HEADER_BYTES, copy.length));
    copy[at] = Math.floor(256 * rng.uniform());
  }
  return i % 4 === 3 ? copy.subarray(0, Math.floor(copy.length * rng.uniform())) : copy;
}

testWith(chromium, "a hundred damaged files crash nothing: each is refused or read", async () => {
  await using page = await WebPage.open();
  const rng = new Rng(7, 0);
  let refused = 0;
  for (const victim of VICTIMS) {
    const bytes = await Deno.readFile(fixture(victim));
    const other = victim.endsWith(".hdr")
      ? [...await Deno.readFile(fixture("cfl/kspace.cfl"))]
      : [];
    const files = Array.from({ length: EACH }, (_, i) => [...damaged(bytes, rng, i)]);
    const answers = await page.browser.evaluate<string[]>(`(async () => {
      const name = ${JSON.stringify(victim.split("/").at(-1))};
      const others = ${JSON.stringify(other)};
      const beside = others.length === 0 ? [] :
        [new File([Uint8Array.from(others)], name.replace(".hdr", ".cfl"))];
      const worker = new Worker("worker.js", { type: "module" });
      const answers = [];
      for (const bytes of ${JSON.stringify(files)}) {
        const source = {
          files: [new File([Uint8Array.from(bytes)], name), ...beside],
          simulate: { coils: 2, noise: 0.01, seed: 0 },
        };
        answers.push(await new Promise((resolve) => {
          worker.onerror = ({ message }) => resolve("crash " + message);
          worker.onmessage = ({ data }) =>
            data.kind === "progress" || resolve(data.kind + " " + (data.message ?? ""));
          worker.postMessage({ kind: "look", source });
        }));
      }
      worker.terminate();
      return answers;
    })()`);
    assert.equal(answers.length, EACH);
    for (const answer of answers) {
      assert.match(answer, /^(found|failed) /, victim);
      assert.doesNotMatch(answer, /bug of Larmor/, victim);
    }
    refused += answers.filter((answer) => answer.startsWith("failed")).length;
  }
  assert.ok(refused > 20, `${refused} refused`);
  assert.deepEqual(page.complaints, []);
});

/** A node of the tree that screen readers see. */
interface AccessibleNode {
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly properties?: readonly { readonly name: string; readonly value: { value: unknown } }[];
  readonly backendDOMNodeId: number;
  readonly ignored: boolean;
}

testWith(chromium, "every control has a name and is reached by the keyboard", async () => {
  await inFolder(async () => {
    await using page = await WebPage.open();
    await page.open();
    await page.set("method", "rss");
    await page.run();
    const { browser } = page;
    await browser.evaluate(`document.getElementById("compare").click()`);
    await browser.evaluate(`document.querySelectorAll("details").forEach((d) => d.open = true)`);
    await browser.call("Accessibility.enable");
    const { nodes } = await browser.call("Accessibility.getFullAXTree") as {
      nodes: AccessibleNode[];
    };
    const controls = nodes.filter(({ ignored, properties = [] }) =>
      !ignored && properties.some(({ name, value }) => name === "focusable" && value.value === true)
    ).filter(({ role }) => role?.value !== "RootWebArea");
    assert.ok(controls.length > 25, `${controls.length} controls`);
    for (const { role, name } of controls) {
      assert.ok(name?.value, `a ${role?.value} without a name`);
    }
    const focusable = await browser.evaluate<number>(`(() => {
      const all = [...document.querySelectorAll("input, select, button, summary, canvas[tabindex]")];
      return all.filter((e) => !e.disabled && e.checkVisibility()).length; })()`);
    await browser.evaluate(`(document.activeElement.blur(), scrollTo(0, 0))`);
    const reached = new Set<string>();
    for (let i = 0; i < focusable + 10; i++) {
      await browser.press("Tab");
      reached.add(
        await browser.evaluate(`(() => { const e = document.activeElement;
        return e === document.body ? "" :
          String([...document.querySelectorAll("*")].indexOf(e)); })()`),
      );
    }
    reached.delete("");
    assert.ok(reached.size >= focusable, `${reached.size} of ${focusable} are reached`);
  });
});

testWith(
  chromium,
  "the page is readable in a light and a dark scheme, wide and narrow",
  async () => {
    await using page = await WebPage.open();
    const { browser } = page;
    for (const [scheme, paper] of [["light", "253, 253, 251"], ["dark", "22, 22, 20"]]) {
      await browser.media({ "prefers-color-scheme": scheme });
      const found = await browser.evaluate<string>(
        "getComputedStyle(document.body).backgroundColor",
      );
      assert.equal(found, `rgb(${paper})`);
    }
    for (const width of [1440, 390]) {
      await browser.resize(width, 900);
      assert.equal(await browser.evaluate("document.documentElement.scrollWidth"), width);
    }
  },
);
