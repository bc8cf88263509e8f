/** libhdf5 in a worker of a page; it reads the page's files where they lie, a part at a time. @module */
import { ready as loaded } from "h5wasm";
import type { EmscriptenFiles, Hdf5Library } from "../../io/hdf5/h5wasm.ts";
import { givenFiles } from "./host.ts";

/** Emscripten's files, as far as they are used. */
interface Files extends EmscriptenFiles {
  readonly filesystems: { readonly WORKERFS: object };
  mkdir(path: string): void;
  mount(type: object, options: object, at: string): void;
  symlink(from: string, to: string): void;
  unlink(path: string): void;
}

/** Each file in a folder of its own, with a link of its name at the root. */
const mounted = new Map<string, Blob>();
let folders = 0;

function mountNew(fs: Files): void {
  for (const [path, data] of givenFiles()) {
    if (path.includes("/") || mounted.get(path) === data) continue;
    if (mounted.has(path)) fs.unlink(`/${path}`);
    mounted.set(path, data);
    const folder = `/given${folders++}`;
    fs.mkdir(folder);
    fs.mount(fs.filesystems.WORKERFS, { blobs: [{ name: path, data }] }, folder);
    fs.symlink(`${folder}/${path}`, `/${path}`);
  }
}

/** Settles when it is loaded. */
export const ready: Promise<Hdf5Library> = loaded.then((module) => {
  const library = module as unknown as Hdf5Library & { readonly FS: Files };
  const open = library.FS.open;
  library.FS.open = (path, flags, mode) => {
    mountNew(library.FS);
    return open(path, flags, mode);
  };
  return library;
});
