/** What the axes of a file mean. @module */
import { sizeOf } from "../ndarray.ts";
import type { Axis, KspaceFile } from "./types.ts";

/** Names of the axes that a slice of k-space has. */
const IN_SLICE = ["coil", "readout", "phase"];

/** Whether an axis counts slices. */
export const isSliceAxis = (name: string): boolean => !IN_SLICE.includes(name);

/** The sizes of k-space that follow from the axes of its file. */
export function kspaceSizes(
  axes: readonly Axis[],
): Pick<KspaceFile, "axes" | "slices" | "coils" | "height" | "width"> {
  const size = (name: string) => axes.find((axis) => axis.name === name)?.size ?? 1;
  const others = axes.filter(({ name }) => isSliceAxis(name));
  return {
    axes,
    slices: sizeOf(others.map(({ size }) => size)),
    coils: size("coil"),
    height: size("phase"),
    width: size("readout"),
  };
}

/** Axes as a reader is shown them: `slice 16, coil 15, readout 640, phase 368`. */
export function axesText(axes: readonly Axis[]): string {
  return axes.map(({ name, size }) => `${name} ${size}`).join(", ");
}

/** Axes of these names and sizes. */
export function namedAxes(names: readonly string[], sizes: readonly number[]): Axis[] {
  return sizes.map((size, i) => ({ name: names[i], size }));
}

/** Checks the index of a slice. @throws {RangeError} when the file has no such slice */
export function checkSlice(index: number, slices: number, path: string): void {
  if (Number.isInteger(index) && index >= 0 && index < slices) return;
  throw new RangeError(`Cannot read slice ${index} of ${path}: 0 to ${slices - 1} exist`);
}
