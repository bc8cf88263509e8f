/** Everything needed to run a comparison again. @module */
import { html, type Markup } from "../../markup.ts";
import type { Comparison } from "../comparison.ts";
import { table } from "./table.ts";

/** The command, the inputs with their checksums, and the settings of every run. */
export function settingsSection(comparison: Comparison, labels: readonly string[]): Markup {
  const { command, version, device, convention, inputs, runs } = comparison;
  return html`
    <div class="command">
      <pre><code id="command">${command}</code></pre>
      <button type="button" id="copy">Copy</button>
    </div>
    <p class="note">Larmor ${version}, device ${device}. Metrics: ${convention}.</p>
    ${table({
      label: "Inputs",
      rows: inputs,
      columns: [
        { name: "Input", classes: "wrap", show: ({ path }) => path },
        { name: "Format", show: ({ format }) => format },
        { name: "Shape", show: ({ shape }) => shape.join(" × ") },
        { name: "Slices", show: ({ slices: [first, end] }) => `${first}:${end}` },
        { name: "SHA-256", classes: "sum wrap", show: ({ sha256 }) => sha256 ?? "–" },
      ],
    })}
    <details>
      <summary>Settings of every run</summary>
      ${table({
        label: "Settings of every run",
        rows: runs.map((run, i) => ({ ...run, label: labels[i] })),
        columns: [
          { name: "Run", show: ({ label }) => label },
          { name: "Folder", show: ({ key }) => key },
          { name: "Mask", show: ({ mask }) => mask },
          { name: "Steps", classes: "number", show: ({ steps }) => steps },
          { name: "Samples", classes: "number", show: ({ samples }) => samples },
          { name: "Seed", classes: "number", show: ({ seed }) => seed },
          { name: "Model", show: ({ model }) => model?.name ?? "–" },
          {
            name: "SHA-256 of the model",
            classes: "sum wrap",
            show: ({ model }) => model?.sha256 ?? "–",
          },
        ],
      })}
    </details>
  `;
}
