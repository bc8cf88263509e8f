/** What the tests of training share. */
import { writeNifti } from "../../src/io/mod.ts";
import { ndarray } from "../../src/ndarray.ts";

/** Writes a volume of a bright disc with texture. */
export async function writeVolume(path: string, phase = 0): Promise<void> {
  const [slices, rows, columns] = [2, 40, 36];
  const data = Float32Array.from({ length: slices * rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / columns) % rows - 20, i % columns - 18];
    return Math.hypot(y, x) < 14 ? 100 + 40 * Math.sin(y / 3 + phase) : 0;
  });
  await writeNifti(path, { image: ndarray(data, [slices, rows, columns]) });
}
