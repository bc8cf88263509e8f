/** Peers' times and the table of ratios. */
import { say } from "./options.ts";

/** One thing that is timed. */
export interface Case {
  /** What it is. */
  readonly name: string;
  /** Section and entry of the peer's JSON. */
  readonly peer: readonly [string, string];
  /** Arithmetic of one evaluation, floating-point operations, where a floor can be stated. */
  readonly flops?: number;
  /** Evaluations in one run, where a graph holds several in a row. */
  readonly per?: number;
  /** Does it once. */
  run(): Promise<unknown>;
}

/** Median seconds of the peers by section and entry. */
export interface PeerTimes {
  /** Seconds, or undefined when the peer is absent. */
  seconds(section: string, entry: string): number | undefined;
}

/** Middle value. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

interface Entry {
  readonly median: number;
}

/** Runs `bench/peers.py`. A mode that fails (BART or h5py absent) leaves its entries out, and says so. */
export async function peerTimes(
  python: string,
  kspace: string,
  repeats: number,
): Promise<PeerTimes> {
  const sections: Record<string, Record<string, Entry>> = {};
  for (const mode of ["dft", "normal", "bart"]) {
    const script = new URL("./peers.py", import.meta.url).pathname;
    const args = [script, mode, "--repeats", String(repeats), "--kspace", kspace];
    try {
      Object.assign(sections, JSON.parse(await outputOf(python, args)));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      say(`peer ${mode} is absent: ${reason.trim().split("\n").at(-1)}`);
    }
  }
  return {
    seconds: (section, entry) => {
      const found = Object.entries(sections[section] ?? {}).filter(([name]) =>
        name === entry || name.startsWith(`${entry} `)
      );
      const times = found.map(([, { median }]) => median);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}

async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (code !== 0) throw new Error(err);
  return out;
}

/**
 * Prints ours, the floor, the peer's and the ratio.
 * @param gflops MatMul rate of onnxruntime
 */
export function printTable(
  cases: readonly Case[],
  ours: ReadonlyMap<string, number>,
  peers: PeerTimes,
  gflops: number,
): void {
  const ms = (seconds: number | undefined) =>
    seconds === undefined ? "" : (1000 * seconds).toFixed(1);
  say(`MatMul of onnxruntime: ${gflops.toFixed(0)} GFLOP/s; times in ms, medians`);
  say(row(["", "ours", "floor", "peer", "ours/peer"]));
  for (const { name, peer, flops } of cases) {
    const own = ours.get(name);
    const other = peers.seconds(...peer);
    const floor = flops === undefined ? undefined : flops / (gflops * 1e9);
    const ratio = own === undefined || other === undefined ? "" : (own / other).toFixed(2);
    say(row([name, ms(own), ms(floor), ms(other), ratio]));
  }
}

function row([name, ...cells]: readonly string[]): string {
  return name.padEnd(44) + cells.map((cell) => cell.padStart(12)).join("");
}
