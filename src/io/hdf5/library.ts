/**
 * HDF5 files through libhdf5 compiled to WebAssembly.
 *
 * Three properties of h5wasm determine this file:
 *
 * - Its high-level slices of compound data are 400 times slower than a copy out of the WebAssembly
 *   heap, and some ignore failures. Only the low-level calls are used.
 * - Its throwing error handler makes a temporary file for each message (which needs write
 *   permission and leaks a descriptor) and unwinds C frames that own HDF5 handles. So libhdf5
 *   reports to its standard error as usual, that stream ends in a string here, and
 *   {@link Hdf5File.call} turns a string that is not empty into an InputError.
 * - Every copy of `HEAPU8` is invalid once the heap has grown: it is read again after each call.
 * @module
 */
import { InputError } from "../../errors.ts";
import { absolutePath, reason } from "../../host.ts";
import { quoted } from "../../quoted.ts";
import { type ByteSource, openBytes } from "../bytes.ts";
import type { EmscriptenFiles, Hdf5Library } from "./h5wasm.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Access modes: `H5F_ACC_RDONLY`, `H5F_ACC_RDWR` and `H5F_ACC_TRUNC`. */
const MODES = { read: 0, edit: 1, create: 2 } as const;
/** File mode of a character device, which the captured stream pretends to be. */
const CHARACTER_DEVICE = 0o020666;
/** Emscripten's number of the error "permission denied". */
const EACCES = 2;
/** Flag of an `open` that lists a folder; libhdf5 looks for plugins in one. */
const O_DIRECTORY = 0o200000;

let loading: Promise<Hdf5Library> | undefined;
/** What libhdf5 has written to its standard error since the last call began. */
let diagnostics = "";
/** Set when a trap has left the heap of the library in an unknown state. */
let trapped = false;
/** The only file that the library may open now. */
let opening: string | undefined;
/** Another file that it has tried to open since the last call began. */
let otherFile: string | undefined;

/** Loads libhdf5 on first use, which takes 0.2 s. */
function loadLibrary(): Promise<Hdf5Library> {
  loading ??= (async () => {
    const library = await (await import("./build.ts")).ready;
    captureStandardError(library);
    refuseOtherFiles(library.FS);
    return library;
  })();
  return loading;
}

function captureStandardError(library: Hdf5Library): void {
  const decoder = new TextDecoder();
  const write = (_stream: unknown, heap: Int8Array, offset: number, length: number) => {
    diagnostics += decoder.decode(new Uint8Array(heap.buffer.slice(offset, offset + length)));
    return length;
  };
  Object.assign(library.FS.streams[2], { node: { mode: CHARACTER_DEVICE }, stream_ops: { write } });
}

/** External links, external storage and virtual datasets would read other files of the user. */
function refuseOtherFiles(files: EmscriptenFiles): void {
  const open = files.open;
  files.open = (path, flags, mode) => {
    const isIt = opening !== undefined && absolutePath(path) === absolutePath(opening);
    if (isIt) return open(path, flags, mode);
    if ((flags & O_DIRECTORY) === 0) otherFile = path;
    throw Object.assign(new Error("refused"), { name: "ErrnoError", errno: EACCES });
  };
}

export class Hdf5File implements Disposable {
  readonly path: string;
  readonly #library: Hdf5Library;
  readonly #mode: keyof typeof MODES;
  #id: bigint | undefined;

  private constructor(path: string, library: Hdf5Library, mode: keyof typeof MODES) {
    this.path = path;
    this.#library = library;
    this.#mode = mode;
  }

  /**
   * Opens a file: to read it, to add to it, or to create it or empty the one of that name.
   * @param shownAs its path in messages, when this is only a temporary name
   */
  static async open(
    path: string,
    mode: keyof typeof MODES = "read",
    shownAs = path,
  ): Promise<Hdf5File> {
    if (mode === "read") checkSignature(path);
    const file = new Hdf5File(shownAs, await loadLibrary(), mode);
    // A file that libhdf5 failed to open has no id and cannot be closed.
    file.#id = 0n;
    try {
      file.#id = file.call("open it", (h5) => {
        opening = path;
        const id = h5.open(path, MODES[mode], false, -1, -1);
        if (id < 0n && diagnostics === "") diagnostics = "H5Fopen(): the file is refused";
        return id;
      });
    } catch (error) {
      file.#id = undefined;
      throw error;
    } finally {
      opening = undefined;
    }
    return file;
  }

  /**
   * Calls the library.
   * @param action what the call does, for the message: `Cannot read FILE as HDF5 (to ACTION): ...`
   * @param use gets the library and the id of the file; a negative number from it is a failure
   */
  call<T>(action: string, use: (library: Hdf5Library, file: bigint) => T): T {
    if (this.#id === undefined) throw new Error(`Cannot ${action}: ${this.path} is closed`);
    if (trapped) throw this.#failure(action, TRAPPED);
    diagnostics = "";
    otherFile = undefined;
    let result: T;
    try {
      result = use(this.#library, this.#id);
    } catch (cause) {
      if (cause instanceof InputError) throw cause;
      // `WebAssembly.RuntimeError`: out of bounds, unreachable, or emscripten's abort().
      trapped ||= cause instanceof WebAssembly.RuntimeError;
      throw this.#failure(action, diagnosis(diagnostics) ?? reason(cause), cause);
    }
    if (otherFile !== undefined) {
      const name = JSON.stringify(quoted(otherFile));
      throw this.#failure(action, `it refers to another file, ${name}, which is not read`);
    }
    const failed = diagnostics !== "" || (typeof result === "number" && result < 0);
    if (failed) throw this.#failure(action, diagnosis(diagnostics) ?? "the library refuses");
    return result;
  }

  /** Allocates memory of the library's heap for a function and frees it afterwards. */
  withMemory<T>(bytes: number, use: (pointer: number) => T): T {
    const pointer = this.#library._malloc(bytes);
    if (pointer === 0) throw this.#failure("read data", `no memory for ${bytes} bytes`);
    try {
      return use(pointer);
    } finally {
      if (!trapped) this.#library._free(pointer);
    }
  }

  /** Bytes of the heap as they are now: valid until the next call. */
  heap(pointer: number, bytes: number): Uint8Array<ArrayBuffer> {
    return this.#library.HEAPU8.subarray(pointer, pointer + bytes);
  }

  /** Closes a created file, so that everything is in it. */
  finish(): void {
    this.call("close it", (h5, id) => h5.close_file(id));
    this.#id = undefined;
  }

  /** Closes the file; errors of a damaged file are ignored. */
  [Symbol.dispose](): void {
    const id = this.#id;
    if (id === undefined) return;
    try {
      if (!trapped) this.call("close it", (h5) => h5.close_file(id));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    } finally {
      this.#id = undefined;
    }
  }

  #failure(action: string, why: string, cause?: unknown): InputError {
    const hint = why.includes("truncated") ? "Copy or download the file again" : undefined;
    const verb = this.#mode === "read" ? "read" : "write";
    const message = `Cannot ${verb} ${this.path} as HDF5 (to ${action}): ${why}`;
    return new InputError(message, { cause, hint });
  }
}

/** Whether a damaged file has stopped the library in this thread. */
export function hdf5IsTrapped(): boolean {
  return trapped;
}

const TRAPPED = "the HDF5 library stopped at an earlier damaged file; use another process";

/** The innermost reason in libhdf5's report, or undefined when it reported nothing. */
function diagnosis(report: string): string | undefined {
  const eof = /truncated file: eof = (\d+), .*stored_eof = (\d+)/.exec(report);
  if (eof) return `${eof[2]} bytes are required, found ${eof[1]} (the file is truncated)`;
  const system = /error message = '([^']+)'/.exec(report);
  if (system) return system[1];
  const reasons = [...report.matchAll(/ in \w+\(\): (.*)/g)];
  return reasons.at(-1)?.[1] ?? (report.trim().split("\n")[0] || undefined);
}

/** Whether the signature stands at byte 0, or after a user block of 512, 1024, 2048... bytes. */
export function hasHdf5Signature(source: ByteSource): boolean {
  for (let at = 0; at + SIGNATURE.length <= source.size; at = at === 0 ? 512 : 2 * at) {
    const bytes = source.read(at, SIGNATURE.length);
    if (SIGNATURE.every((byte, i) => byte === bytes[i])) return true;
  }
  return false;
}

function checkSignature(path: string): void {
  using source = openBytes(path);
  if (hasHdf5Signature(source)) return;
  const start = new TextDecoder().decode(source.read(0, Math.min(10, source.size)));
  const oldMatlab = start === "MATLAB 5.0";
  throw new InputError(
    `Cannot read ${path} as HDF5: the HDF5 signature is required, found ` +
      (oldMatlab ? "a MATLAB file of version 5 to 7" : "other content"),
    { hint: oldMatlab ? "Save it in MATLAB with save(..., '-v7.3')" : undefined },
  );
}
