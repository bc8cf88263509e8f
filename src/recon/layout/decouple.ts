/**
 * 3-D k-space as slices: transformed along its fully sampled axis, it is 2-D k-space for each pixel of
 * that axis.
 * @module
 */
import { checkSlice, indices } from "../../io/axes.ts";
import {
  describeKspace,
  type KspaceArray,
  type KspaceLayout,
  readPlanes,
  type Roles,
  rolesOf,
} from "../../io/kspace_array.ts";
import type { KspaceFile, SlicesAlong } from "../../io/types.ts";
import type { Runtime } from "../../graph/mod.ts";
import { dftHRows } from "../../mri/physics/dft.ts";
import { type NdArray, zeros } from "../../ndarray.ts";

/** Bytes of slices that are made at once; of a larger volume the file is read several times. */
export const BLOCK_BYTES = 2 ** 30;

/**
 * 3-D k-space slice by slice. Disposing of it closes the array.
 * @param moved whether the image has its origin at its first pixel along the transformed axis
 */
export async function decoupled(
  runtime: Runtime,
  array: KspaceArray,
  layout: KspaceLayout,
  moved: boolean,
): Promise<KspaceFile> {
  const { roles, ...file } = await describeKspace(array, layout);
  const depth = array.axes[roles.through].size;
  const frames = roles.frames.map((i) => array.axes[i]);
  const reader = new VolumeReader(runtime, array, layout, moved);
  return {
    ...file,
    slices: depth * file.slices,
    slicesAlong: alongOf(array, roles),
    readSlice: async (index) => {
      checkSlice(index, depth * file.slices, array.path);
      const at = indices(Math.floor(index / depth), frames);
      const places = Object.fromEntries(roles.frames.map((i, k) => [i, at[k]]));
      return await reader.read(index % depth, places, Math.floor(index / depth));
    },
    [Symbol.dispose]: () => array[Symbol.dispose](),
  };
}

type Places = Readonly<Record<number, number>>;

/** Which axis of the file's own volume the slices lie along. */
function alongOf({ columnsFirst }: KspaceArray, { through, row, column }: Roles): SlicesAlong {
  const [slowest, , fastest] = [through, row, column].sort((a, b) => columnsFirst ? b - a : a - b);
  return through === slowest ? "slice" : through === fastest ? "column" : "row";
}

class VolumeReader {
  #block: { readonly key: string; readonly planes: Promise<readonly NdArray[]> } | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly array: KspaceArray,
    private readonly layout: KspaceLayout,
    private readonly moved: boolean,
  ) {}

  /** The slice at a pixel of the transformed axis; `frame` is its number for messages. */
  async read(pixel: number, places: Places, frame: number): Promise<NdArray> {
    const roles = rolesOf(this.array, this.layout);
    const size = (i: number) => i < 0 ? 1 : this.array.axes[i].size;
    const { coil, row, column, through } = roles;
    const bytes = 8 * size(coil) * size(row) * size(column);
    const count = Math.max(1, Math.min(size(through), Math.floor(BLOCK_BYTES / bytes)));
    const block = Math.floor(pixel / count);
    const key = `${frame} ${block}`;
    if (this.#block?.key !== key) {
      const pixels = Array.from({ length: count }, (_, i) => block * count + i)
        .filter((i) => i < size(through));
      this.#block = { key, planes: this.#planes(pixels, roles, places, frame) };
    }
    return (await this.#block.planes)[pixel % count];
  }

  async #planes(
    pixels: readonly number[],
    { coil, row, column, through }: Roles,
    places: Places,
    frame: number,
  ): Promise<readonly NdArray[]> {
    const { array, layout } = this;
    const size = (i: number) => i < 0 ? 1 : array.axes[i].size;
    const [depth, height, width, coils] = [through, row, column, coil].map(size);
    const middle = this.moved ? Math.floor(depth / 2) : 0;
    const rows = pixels.map((pixel) => (pixel + middle) % depth);
    const program = await this.runtime.build(
      { kspace: [height, 2, depth, width] },
      ({ kspace }) => ({ hybrid: dftHRows(kspace, rows, "inverse") }),
    );
    const planes = pixels.map(() => zeros([coils, 2, height, width]));
    for (let c = 0; c < coils; c++) {
      const at = { ...places, ...(coil >= 0 && { [coil]: c }) };
      const kspace = await readPlanes(array, layout, [row, through, column], at, frame);
      const { hybrid } = await program.run({ kspace });
      scatter(hybrid, c, planes);
    }
    return planes;
  }
}

/** Sorts `[H, 2, pixels, W]` of one coil into the planes `[C, 2, H, W]` of the pixels. */
function scatter(
  { data, shape: [height, , pixels, width] }: NdArray,
  coil: number,
  planes: readonly NdArray[],
): void {
  let from = 0;
  for (let y = 0; y < height; y++) {
    for (let part = 0; part < 2; part++) {
      const to = ((2 * coil + part) * height + y) * width;
      for (let pixel = 0; pixel < pixels; pixel++, from += width) {
        planes[pixel].data.set(data.subarray(from, from + width), to);
      }
    }
  }
}
