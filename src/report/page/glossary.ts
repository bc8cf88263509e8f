/** Words of the page, explained where the pointer rests on them and in a list at its end. @module */
import { attributes, html, type Markup } from "../../markup.ts";

const WORDS: Readonly<Record<string, string>> = {
  "R": "acceleration: all lines (or points) of k-space divided by those that were kept",
  "ACS": "calibration lines: the fully sampled centre of k-space, from which coil maps are found",
  "PSNR":
    "peak signal-to-noise ratio, dB: 20 log10 of the reference's maximum over the root mean " +
    "square error; higher is better",
  "SSIM": "structural similarity to the reference: 1 for the same image; higher is better",
  "NMSE": "squared error divided by the squared reference; lower is better",
  "HaarPSI":
    "perceptual similarity from edges (Haar wavelets): 1 for the same image; higher is better",
  "NFE": "network evaluations for a slice, those of all samples together",
  "Seconds": "for a slice, without compiling",
  "Memory": "largest memory of the process while the method ran",
  "head":
    "the largest bright region of the reference with its holes filled: metrics over it leave " +
    "the noise of the air out",
  "reference": "root sum of squares of the coil images of the fully sampled data",
  "standard deviation":
    "of the posterior samples, pixel by pixel: how sure the method is, which may " +
    "be less than its error",
  "error": "image minus reference",
  "Audit":
    "whether the image agrees with what was measured: evidence that needs no reference; the " +
    "verdict on the data stands below, once for each mask",
  "Image": "whether the image agrees with the data and predicts as well as other methods",
  "Data": "noise, coil maps and motion: the same for every method",
  "χ²":
    "squared residual on the acquired samples divided by the noise variance: about 1 for noise " +
    "alone",
  "by distance": "χ² from the centre of k-space outwards, as logarithmic bars from 1",
  "held-out error": "squared error in samples that the method did not see, divided by the noise " +
    "variance: 1 for the truth",
  "of sense": "held-out error of sense",
  "of tv": "held-out error of tv, beside methods with a network",
  "expected": "held-out error that the spread of the posterior samples predicts",
  "spread": "mean standard deviation of the samples over the head, relative to its mean",
  "above contrast": "part of the head where the spread exceeds the local contrast",
  "95 % interval": "where the mean difference lies with 95 % confidence (bootstrap); without 0 a " +
    "difference is shown",
};

/** A word with its explanation, where there is one; `title` in place of that of the list. */
export function explained(word: string, title = meaning(word)): Markup {
  if (title === undefined) return html`${word}`;
  return html`<abbr${attributes({ title })}>${word}</abbr>`;
}

/** What a word means; a unit behind it is left out: `PSNR (dB)`. */
export function meaning(word: string): string | undefined {
  return WORDS[word] ?? WORDS[word.replace(/ \(.*/, "")];
}

/** All words, for paper and for screens without a pointer. */
export function glossary(): Markup {
  return html`
    <details>
      <summary>Words</summary>
      <dl class="words">${Object.entries(WORDS).map(([word, text]) =>
        html`
          <dt>${word}</dt>
          <dd>${text}</dd>
        `
      )}</dl>
    </details>
  `;
}
