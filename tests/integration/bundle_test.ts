/** The bundle for machines without network, unpacked and used where there is none. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { ReconReport } from "../../src/recon/report.ts";
import { inFolder } from "../io/support.ts";
import { ROOT, run, testWith } from "../tools.ts";

/** Runs a command without network. */
const alone = async (args: readonly string[]) =>
  await new Deno.Command("unshare", { args: ["--net", ...args] }).output().catch(() => undefined);

const separable = (await alone(["true"]))?.success === true;

testWith(
  separable ? undefined : "a network of its own (unshare --net)",
  "the bundle installs and reconstructs without network, with nothing but its own folder",
  () =>
    inFolder(async (at) => {
      const built = await run("deno", ["run", "--allow-all", "--no-check", ...[
        ...[`${ROOT}/packaging/bundle.ts`, at("built")],
      ]]);
      const [packed] = built.split(" (");
      await run("tar", ["-xzf", packed, "-C", at(".")]);
      const [folder] = [...Deno.readDirSync(at("."))].filter(({ name }) => /^larmor-/.test(name));
      const program = join(at(folder.name), "larmor");
      // As another user, who can write nowhere but below a folder for all.
      Deno.chmodSync(at("."), 0o777);
      const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
      const surroundings = [...nobody, "env", "-i", "PATH=/usr/bin:/bin", `HOME=${at("home")}`];
      const options = ["--steps", "2", "--weight", "1.1", "--quiet", "--json"];
      const ran = await alone([
        ...surroundings,
        program,
        "recon",
        ...options,
        "--output",
        at("out"),
      ]);
      const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert.ok(ran?.success, ran === undefined ? "unshare is gone" : read(ran.stderr));
      const report: ReconReport = JSON.parse(read(ran.stdout));
      assert.equal(report.model?.name, "prior-brain");
      assert.ok(report.metrics!.head.psnr! > 20, `${report.metrics!.head.psnr}`);
      assert.ok(Deno.statSync(at("out/recon.nii.gz")).size > 1e4);
    }),
);
