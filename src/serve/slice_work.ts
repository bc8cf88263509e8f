/**
 * The reconstruction of a session in this thread: lines are assembled, and each slice is
 * reconstructed as soon as its last line has arrived.
 * @module
 */
import { InputError, LarmorError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import { encodeMessage } from "../io/mrd/messages.ts";
import { parseMrdHeader } from "../io/mrd/xml_header.ts";
import type { Acquisition } from "../mrd/values.ts";
import type { Limit, MrdHeader } from "../mrd/xml_header.ts";
import { Assembler } from "../mri/raw/assembler.ts";
import type { RawBin } from "../mri/raw/bin.ts";
import { binShape } from "../mri/raw/layout.ts";
import { binFile } from "../recon/raw_file.ts";
import { reconstructAny } from "../recon/reconstruct.ts";
import { ImageOutput } from "./images.ts";
import type { Warning } from "../warning.ts";
import type { Processor, Severity, Work, WorkEvent, WorkRequest } from "./types.ts";

export interface LocalWorkOptions extends Processor {
  readonly onEvent: (event: WorkEvent) => void;
}

/** The name of a slice in messages. */
function binName({ counters }: RawBin): string {
  const { slice, ...others } = counters;
  const named = Object.entries<number>(others).filter(([, value]) => value > 0);
  return [`slice ${slice}`, ...named.map(([name, value]) => `${name} ${value}`)].join(", ");
}

/** Lines that the header announces and that did not arrive; 0 where it announces none. */
function missingLines({ layout, lines }: RawBin, { encodings }: MrdHeader): number {
  const { kspaceEncodeStep1, kspaceEncodeStep2 } = encodings[layout.encoding].limits;
  if (kspaceEncodeStep1 === undefined) return 0;
  const count = ({ minimum, maximum }: Limit) => maximum - minimum + 1;
  const partitions = layout.is3d && kspaceEncodeStep2 !== undefined ? count(kspaceEncodeStep2) : 1;
  const [first, second] = layout.acceleration;
  const announced = Math.floor(count(kspaceEncodeStep1) / first) *
    Math.max(1, Math.floor(partitions / second));
  return Math.max(0, announced - lines);
}

/** Longest time that a timer can measure, in milliseconds. */
const MAX_TIMER = 2 ** 31 - 1;

/**
 * The slices of one session are reconstructed one after the other. Sessions of a thread take turns
 * after every step, as each run of a graph lets those that wait go first.
 */
export class LocalWork implements Work {
  readonly #request: WorkRequest;
  readonly #options: LocalWorkOptions;
  readonly #abort = new AbortController();
  readonly #output: ImageOutput;
  #header: MrdHeader | undefined;
  #assembler: Assembler | undefined;
  #runtime: Promise<Runtime> | undefined;
  #queue: Promise<void> = Promise.resolve();
  /** Bytes of slices that wait to be reconstructed. */
  #waitingBytes = 0;
  /** Bytes of the k-space that is being reconstructed. */
  #workingBytes = 0;
  /** Bytes of samples that were pushed and not yet reported as taken. */
  #untakenBytes = 0;
  #images = 0;
  /** Slices in the queue so far: the number of a slice seeds its random numbers. */
  #slices = 0;
  #failures = 0;
  readonly #told = new Set<string>();

  /** A header that cannot be read gives the event `failed`. */
  constructor(request: WorkRequest, options: LocalWorkOptions) {
    this.#request = request;
    this.#options = options;
    this.#output = new ImageOutput(request.output, (text) => this.#log("WRN", text));
    try {
      this.#header = parseMrdHeader(request.xml, "the client");
      this.#assembler = new Assembler(this.#header, {
        maxBytes: request.memoryBytes,
        fourierSign: request.options.fourierSign,
      });
      const { sign, from } = this.#assembler.sign;
      this.#log("INF", `Fourier sign ${sign} (${from})`);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Adds a line. One that makes no sense is left out with a warning. */
  push(acquisition: Acquisition): void {
    if (this.#assembler === undefined) return;
    const bytes = acquisition.samples.byteLength;
    const { memoryBytes } = this.#request;
    const held = Math.max(this.#assembler.heldBytes + bytes, this.#kspaceBytes(acquisition));
    if (held > memoryBytes) {
      const found = `at most ${memoryBytes} bytes are allowed, found ${held}`;
      return this.#fail(new InputError(`Cannot hold the samples of an image: ${found}`));
    }
    try {
      this.#enqueue(this.#assembler.push(acquisition));
    } catch (error) {
      if (!(error instanceof LarmorError)) return this.#fail(error);
      this.#log("WRN", error.message);
    }
    this.#untakenBytes += bytes;
    this.#reportTaken();
  }

  /** Reconstructs what is left, then reports `done`. */
  finish(): void {
    if (this.#assembler === undefined) return;
    try {
      this.#enqueue(this.#assembler.flush());
    } catch (error) {
      if (!(error instanceof LarmorError)) return this.#fail(error);
      this.#log("ERR", error.message);
      this.#failures++;
    }
    this.#queue = this.#queue.then(async () => {
      if (this.#assembler === undefined) return;
      await this.#release();
      this.#options.onEvent({ kind: "done", images: this.#images, failures: this.#failures });
    });
  }

  abort(): void {
    this.#assembler = undefined;
    this.#abort.abort(new Error("The session has ended"));
    this.#queue = this.#queue.then(() => this.#release());
  }

  #enqueue(bins: readonly RawBin[]): void {
    for (const bin of bins) {
      const { coils, lines, layout: { x } } = bin;
      const bytes = 8 * coils * lines * x.encoded;
      const firstSlice = this.#slices;
      this.#slices += binShape(bin.layout).slices;
      this.#waitingBytes += bytes;
      this.#queue = this.#queue.then(async () => {
        const { slices, height, width } = binShape(bin.layout);
        this.#workingBytes = 8 * coils * slices * height * width;
        this.#report(0);
        await this.#reconstruct(bin, firstSlice);
        this.#waitingBytes -= bytes;
        this.#workingBytes = 0;
        this.#reportTaken();
      });
    }
  }

  /** Lets more lines come, unless too many slices wait. */
  #reportTaken(): void {
    const bytes = this.#waitingBytes > this.#request.queueBytes ? 0 : this.#untakenBytes;
    this.#untakenBytes -= bytes;
    this.#report(bytes);
  }

  #report(bytes: number): void {
    if (this.#assembler === undefined) return;
    const held = this.#assembler.heldBytes + this.#waitingBytes + this.#workingBytes;
    this.#options.onEvent({ kind: "taken", bytes, held });
  }

  /** One slice (or volume); an error of the slice does not end the session. */
  async #reconstruct(bin: RawBin, firstSlice: number): Promise<void> {
    if (this.#assembler === undefined) return;
    const start = performance.now();
    const limit = new AbortController();
    const { options: { fourierSign: _taken, ...options }, imageSeconds } = this.#request;
    const tooLong = new InputError(`Cannot finish the image: it may take ${imageSeconds} s`);
    const timer = setTimeout(
      () => limit.abort(tooLong),
      Math.min(1000 * imageSeconds, MAX_TIMER),
    );
    const missing = missingLines(bin, this.#header!);
    if (missing > 0) this.#log("WRN", `${binName(bin)}: ${missing} lines are missing`);
    try {
      this.#runtime ??= Runtime.open(this.#options.device, this.#options);
      const runtime = await this.#runtime;
      using file = binFile(runtime, bin);
      const result = await reconstructAny(file, {
        ...options,
        audit: "none", // there is no recon.json to hold it
        device: runtime,
        firstSlice,
        signal: AbortSignal.any([this.#abort.signal, limit.signal]),
      });
      this.#tell(bin, result.warnings);
      for (const image of this.#output.images(bin, result)) {
        this.#images++;
        this.#options.onEvent({ kind: "image", bytes: encodeMessage({ kind: "image", image }) });
      }
      const seconds = ((performance.now() - start) / 1000).toFixed(2);
      this.#log("INF", `${binName(bin)}: ${result.method}, ${seconds} s`);
    } catch (error) {
      if (this.#assembler === undefined) return; // aborted
      this.#failures++;
      this.#log("ERR", `${binName(bin)}: ${messageOf(error)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Warnings, each once a session: its images have most of them in common. */
  #tell(bin: RawBin, warnings: readonly Warning[]): void {
    for (const { code, message, hint } of warnings) {
      const key = `${code} ${message}`;
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      this.#log("WRN", `${binName(bin)}: ${message}${hint ? `. ${hint}` : ""}`);
    }
  }

  /** Bytes of the k-space of a line: its matrix may be larger than the lines that arrive fill. */
  #kspaceBytes({ header }: Acquisition): number {
    const [x, y, z] = this.#header?.encodings[header.encodingSpaceRef]?.encodedSpace.matrix ??
      [0, 0, 0];
    return 8 * header.activeChannels * x * y * z;
  }

  #log(severity: Severity, text: string): void {
    this.#options.onEvent({ kind: "log", severity, text });
  }

  #fail(error: unknown): void {
    this.#assembler = undefined;
    const { hint } = error as LarmorError;
    this.#options.onEvent({ kind: "failed", message: messageOf(error), hint });
    this.#queue = this.#queue.then(() => this.#release());
  }

  async #release(): Promise<void> {
    this.#assembler = undefined;
    const runtime = this.#runtime;
    this.#runtime = undefined;
    // One that could not be opened has been reported by the slice that wanted it.
    await runtime?.then((opened) => opened[Symbol.asyncDispose](), () => {});
  }
}

function messageOf(error: unknown): string {
  const { message } = error as Error;
  return error instanceof LarmorError ? message : `Internal error: ${message}`;
}
