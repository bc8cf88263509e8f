/** Reconstructs a file by a method; prints the peak of resident memory that was planned and that was reached. */
import { Runtime } from "../../../src/graph/mod.ts";
import { openKspace } from "../../../src/io/mod.ts";
import { planReconstruction } from "../../../src/recon/plan.ts";
import { reconstruct } from "../../../src/recon/reconstruct.ts";

const [path, method] = Deno.args;
const options = { method, mask: "equispaced:R=4,acs=24" };
await using runtime = await Runtime.open("cpu");
using file = await openKspace(path);
const { memory: planned } = await planReconstruction(file, { ...options, device: runtime });
await reconstruct(file, { ...options, device: runtime });
const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"))!;
const result = JSON.stringify({ planned, peak: 1024 * Number(kilobytes) });
Deno.stdout.writeSync(new TextEncoder().encode(result));
