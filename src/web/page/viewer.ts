/** One picture of the page, drawn by NiiVue: the only importer of it. @module */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { Niivue, NVImage, SLICE_TYPE } from "@niivue/niivue";
import { sizeOf, sliceAxis, upright } from "./nifti.ts";

/** Planes of NiiVue by the axis across them. */
const PLANES = [SLICE_TYPE.SAGITTAL, SLICE_TYPE.CORONAL, SLICE_TYPE.AXIAL];
/** How much of the picture an overlay leaves. */
const OVERLAY_OPACITY = 0.6;

/** A volume and how its values are shown. */
export interface Layer {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly colormap: string;
  /** Values shown black and white. */
  readonly window: readonly [number, number];
}

/** Where a picture is cut. */
export interface Place {
  /** From 0. */
  readonly slice: number;
  /** From 0. */
  readonly frame: number;
}

/** A canvas with a volume, and perhaps another over it. */
export class Viewer {
  readonly #niivue = new Niivue({
    backColor: [0, 0, 0, 1],
    show3Dcrosshair: false,
    crosshairWidth: 0,
    isColorbar: false,
    isOrientationTextVisible: false,
    dragAndDropEnabled: false,
    isNearestInterpolation: true,
    logLevel: "error",
  });
  readonly #ready: Promise<unknown>;
  #shown = "";
  /** The end of the last change: changes are made one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(canvas: HTMLCanvasElement) {
    this.#ready = this.#niivue.attachToCanvas(canvas);
  }

  /** Shows layers at a place; `affine` is null where the orientation is not known. */
  show(layers: readonly Layer[], affine: readonly number[] | null, place: Place): Promise<void> {
    return this.#turn = this.#turn.catch(() => {}).then(() => this.#show(layers, affine, place));
  }

  async #show(
    layers: readonly Layer[],
    affine: readonly number[] | null,
    { slice, frame }: Place,
  ): Promise<void> {
    await this.#ready;
    const niivue = this.#niivue;
    const key = layers.map(({ name, colormap }) => `${name} ${colormap}`).join();
    if (key !== this.#shown) {
      for (const old of [...niivue.volumes]) niivue.removeVolume(old);
      for (const [i, { name, bytes, colormap }] of layers.entries()) {
        const { buffer } = affine === null ? upright(bytes) : bytes.slice();
        const opacity = i === 0 ? 1 : OVERLAY_OPACITY;
        const options = { url: buffer, name: `${name}.nii`, colormap, opacity };
        niivue.addVolume(await NVImage.loadFromUrl(options));
      }
      niivue.setSliceType(PLANES[sliceAxis(affine)]);
      this.#shown = key;
    }
    for (const [i, { window: [low, high] }] of layers.entries()) {
      const volume = niivue.volumes[i];
      [volume.cal_min, volume.cal_max] = [low, high];
      if (volume.frame4D !== frame) niivue.setFrame4D(volume.id, frame);
    }
    const { columns, rows } = sizeOf(layers[0].bytes);
    const middle = [Math.floor(columns / 2), Math.floor(rows / 2), slice];
    niivue.scene.crosshairPos = niivue.vox2frac(middle as [number, number, number]);
    niivue.updateGLVolume();
  }
}
