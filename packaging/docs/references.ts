/** References of all methods, from their `citation`. @module */
import { methods } from "../../src/recon/methods.ts";
import { cell, type Page, table } from "./page.ts";

export function referencePage(): Page {
  const rows = methods.map(({ name, summary, citation }) =>
    [`\`${name}\``, cell(summary), cell(citation)] as const
  );
  const text = `# References

Each method, and the paper that it follows (made from the \`citation\` of the methods by
\`deno task docs\`). How a method differs from its paper stands in the comment at the head of its file
and in [samplers.md](samplers.md). To cite Larmor itself: \`CITATION.cff\`.

${table(["method", "what it does", "paper"], rows)}

Parts that methods share:

${PARTS.map((part) => `- ${part}`).join("\n")}
`;
  return { path: "docs/references.md", text };
}

const PARTS = [
  "coil maps: Uecker et al., ESPIRiT, an eigenvalue approach to autocalibrating parallel MRI, Magn Reson Med 2014; " +
  "Walsh et al., Adaptive reconstruction of phased array MR imagery, Magn Reson Med 2000",
  "denoisers and noise levels: Karras et al., Elucidating the design space of diffusion-based generative models, NeurIPS 2022",
  "metrics: Wang et al., Image quality assessment, TIP 2004 (SSIM); Reisenhofer et al., A Haar wavelet-based " +
  "perceptual similarity index, Signal Processing: Image Communication 2018 (HaarPSI)",
  "file formats: Inati et al., ISMRM raw data format, Magn Reson Med 2017; Zbontar et al., fastMRI, arXiv 1811.08839",
];
