/**
 * Plans a file's reconstruction by a method and prints the memory that is predicted (`plan`), or
 * reconstructs it and prints the peak that was reached (`run`): a process that does both holds more.
 */
import { Runtime } from "../../../src/graph/mod.ts";
import { openKspace } from "../../../src/io/mod.ts";
import { planReconstruction } from "../../../src/recon/plan.ts";
import { reconstruct } from "../../../src/recon/reconstruct.ts";

const [what, path, method] = Deno.args;
await using runtime = await Runtime.open("cpu");
const options = { method, mask: "equispaced:R=4,acs=24", device: runtime };
using file = await openKspace(path);
const print = (bytes: number) => Deno.stdout.writeSync(new TextEncoder().encode(String(bytes)));
if (what === "plan") print((await planReconstruction(file, options)).memory);
else {
  await reconstruct(file, options);
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"))!;
  print(1024 * Number(kilobytes));
}
