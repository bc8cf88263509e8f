/** Peers' times and the table of ratios. */

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

/** Median seconds of the peers by section and entry; `gflops` is the measured MatMul rate. */
export interface PeerTimes {
  /** Seconds, or undefined when the peer is absent. */
  seconds(section: string, entry: string): number | undefined;
  /** Best MatMul rate of numpy, GFLOP/s. */
  readonly gflops?: number;
}

/** Middle value. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

interface Entry {
  readonly median: number;
  readonly gflops?: number;
}

/** Runs `bench/peers.py`. A mode that fails (BART or h5py absent) leaves its entries out, and says so. */
export async function peerTimes(
  python: string,
  kspace: string,
  repeats: number,
): Promise<PeerTimes> {
  const sections: Record<string, Record<string, Entry>> = {};
  for (const mode of ["gemm", "dft", "normal", "bart"]) {
    const script = new URL("./peers.py", import.meta.url).pathname;
    const { code, stdout, stderr } = await new Deno.Command(python, {
      args: [script, mode, "--repeats", String(repeats), "--kspace", kspace],
    }).output();
    if (code === 0) Object.assign(sections, JSON.parse(new TextDecoder().decode(stdout)));
    else {say(
        `peer ${mode} is absent: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`,
      );}
  }
  const rates = Object.values(sections.gemm ?? {}).map(({ gflops }) => gflops ?? 0);
  return {
    seconds: (section, entry) => {
      const found = Object.entries(sections[section] ?? {}).filter(([name]) =>
        name === entry || name.startsWith(`${entry} `)
      );
      const times = found.map(([, { median }]) => median);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    ...(rates.length === 0 ? {} : { gflops: Math.max(...rates) }),
  };
}

/** Prints ours, the floor, the peer's and the ratio. */
export function printTable(
  cases: readonly Case[],
  ours: ReadonlyMap<string, number>,
  peers: PeerTimes,
): void {
  const ms = (seconds: number | undefined) =>
    seconds === undefined ? "" : (1000 * seconds).toFixed(1);
  say(`numpy MatMul rate: ${peers.gflops?.toFixed(0) ?? "?"} GFLOP/s; times in ms, medians`);
  say(row(["", "ours", "floor", "peer", "ours/peer"]));
  for (const { name, peer, flops } of cases) {
    const own = ours.get(name);
    const other = peers.seconds(...peer);
    const floor = flops === undefined || peers.gflops === undefined
      ? undefined
      : flops / (peers.gflops * 1e9);
    const ratio = own === undefined || other === undefined ? "" : (own / other).toFixed(2);
    say(row([name, ms(own), ms(floor), ms(other), ratio]));
  }
}

function row([name, ...cells]: readonly string[]): string {
  return name.padEnd(44) + cells.map((cell) => cell.padStart(12)).join("");
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}
