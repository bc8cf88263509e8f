/**
 * Bytes to arrays and back: k-space, images, masks and coil maps in; images out. Every function
 * throws an `InputError` for a file that it cannot read or write, and a `RangeError` for an array
 * whose axes do not fit.
 * @module
 */
export * from "./types.ts";
export type { FourierSign, TakenSign } from "../mrd/fourier_sign.ts";
export { createFolderWhole, type OutputGuard, writeFileWhole } from "./atomic.ts";
export { writeCflCoils } from "./cfl.ts";
export { sha256File } from "./checksum.ts";
export { type ContentFormat, detectFormat } from "./detect.ts";
export { type DicomTags, dicomTags } from "./dicom/tags.ts";
export { type FastmriContent, writeFastmri } from "./hdf5/fastmri_write.ts";
export { type MaskFile, readMaskFile } from "./mask_file.ts";
export { readMapsFile } from "./maps_file.ts";
export { readAllSlices } from "./nifti/read.ts";
export { writeNifti } from "./nifti/write.ts";
export { type NpyArray, readNpy, writeNpy, writeNpyComplex } from "./numpy/npy.ts";
export { openImage, openKspace, type OpenOptions } from "./open.ts";
export { encodePng, encodePngRgb, montage, window } from "./png.ts";
