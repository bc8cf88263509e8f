/** The npm package, installed in an empty project and used under Node. */
import assert from "node:assert/strict";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { inFolder } from "../io/support.ts";
import { needsCommand, ROOT, run, testWith } from "../tools.ts";

const entries = Object.keys(project.exports).map((path) => `@larmor/larmor${path.slice(1)}`);

/** Reads, reconstructs and writes; the default method takes the prior of the package. */
const SCRIPT = `
import { stat } from "node:fs/promises";
import { openReconstruction, reconstruct, simulatedBrain, writeDicom, writeNifti } from "@larmor/larmor";
const names = {};
for (const entry of ${JSON.stringify(entries)}) names[entry] = Object.keys(await import(entry));
using kspace = await simulatedBrain({ size: 64, coils: 4 });
const options = { mask: "equispaced:R=2,acs=16", steps: 4, device: "cpu" };
const result = await reconstruct(kspace, options);
await writeNifti("recon.nii.gz", { image: result.magnitude, geometry: result.geometry });
await writeDicom("dicom", result, { source: "example" });
const exact = await reconstruct(kspace, { ...options, method: "ddrm", samples: 1 }); // takes workers
let slices = 0;
for await (const slice of openReconstruction(kspace, { ...options, method: "sense" })) slices++;
console.log(JSON.stringify({
  names,
  psnr: [result, exact].map(({ metrics }) => metrics.head.psnr),
  written: (await stat("recon.nii.gz")).size + (await stat("dicom/magnitude")).size,
  slices,
}));
`.replace("using kspace", "const kspace"); // Node 20 has no \`using\`

/** Fails to compile where a declaration is missing. */
const TYPED = `
import { kspaceFromArray, reconstruct, type Reconstruction } from "@larmor/larmor";
${entries.map((entry, i) => `import * as room${i} from "${entry}";`).join("\n")}
export const rooms = [${entries.map((_, i) => `room${i}`).join(", ")}];
export function shapeOf(data: Float32Array): Promise<readonly number[]> {
  const kspace = kspaceFromArray({ data, shape: [1, 2, 16, 16] });
  // @ts-expect-error: no such option
  void reconstruct(kspace, { methd: "rss" });
  return reconstruct(kspace, { method: "rss" }).then((result: Reconstruction) => result.magnitude.shape);
}
`;

testWith(
  needsCommand("npm"),
  "the npm package installs in an empty project: its entries, an example, and the command line",
  () =>
    inFolder(async (at) => {
      const built = at("npm");
      await run("deno", ["run", "--allow-all", "--no-check", `${ROOT}/packaging/npm.ts`, built]);
      const tarball = join(built, `larmor-larmor-${project.version}.tgz`);
      const cwd = at("project");
      await Deno.mkdir(cwd);
      await Deno.writeTextFile(join(cwd, "package.json"), `{"private": true, "type": "module"}`);
      const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
      await run("npm", ["install", "--ignore-scripts", ...quiet, tarball], { cwd });

      await Deno.writeTextFile(join(cwd, "script.js"), SCRIPT);
      const found = JSON.parse(await run("node", ["script.js"], { cwd }));
      assert.deepEqual(Object.keys(found.names), entries);
      for (const [entry, names] of Object.entries<string[]>(found.names)) {
        assert.ok(names.length > 0, entry);
      }
      assert.ok(found.psnr[0] > 27, `pnp-admm: ${found.psnr[0]}`);
      assert.ok(found.psnr[1] > 10, `ddrm: ${found.psnr[1]}`);
      assert.ok(found.written > 1000);
      assert.equal(found.slices, 1);

      // The command line: three commands from an empty folder to a report.
      const larmor = join(cwd, "node_modules/.bin/larmor");
      const sizes = ["--size", "64", "--coils", "4", "--output", "k.h5"];
      await run(larmor, ["simulate", ...sizes, "--quiet"], { cwd });
      const mask = ["--mask", "equispaced:R=2,acs=16", "--quiet"];
      const line = await run(larmor, ["recon", "k.h5", "--json", "--steps", "4", ...mask], { cwd });
      assert.ok(JSON.parse(line).metrics.head.psnr > 25, line);
      await run(larmor, ["compare", "k.h5", "--methods", "rss,sense", ...mask], { cwd });
      assert.match(await Deno.readTextFile(join(cwd, "compare/k/report.html")), /_module = /);

      await Deno.writeTextFile(join(cwd, "typed.ts"), TYPED);
      const compiler = join(built, "node_modules/typescript/bin/tsc");
      const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022"];
      await run("node", [compiler, ...options, "--skipLibCheck", "typed.ts"], { cwd });
    }),
);

Deno.test("the package can be published: every export has explicit types", async () => {
  await run("deno", ["publish", "--dry-run", "--allow-dirty", "--no-check"], { cwd: ROOT });
});
