/** Everything needed to run a comparison again. @module */
import { html, type Markup } from "../../markup.ts";
import { short } from "../../number_format.ts";
import type { Comparison, ComparisonRun } from "../comparison.ts";
import { glossary } from "./glossary.ts";
import { table } from "./table.ts";

/** The command, the inputs with their checksums, and the settings of every run. */
export function settingsSection(comparison: Comparison, labels: readonly string[]): Markup {
  const { command, version, device, convention, inputs, runs } = comparison;
  const models = [
    ...new Map(runs.flatMap(({ model }) => model ? [[model.sha256, model]] : [])).values(),
  ];
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
          { name: "Run", classes: "name", show: ({ label }) => label },
          { name: "Mask", classes: "name mask", show: ({ mask }) => mask },
          { name: "Steps", classes: "number", show: ({ steps }) => steps },
          { name: "Samples", classes: "number", show: ({ samples }) => samples },
          { name: "Seed", classes: "number", show: ({ seed }) => seed },
          { name: "Model", classes: "name", show: ({ model }) => model?.name ?? "–" },
          { name: "Settings", classes: "wrap", show: ({ settings }) => settingsText(settings) },
          { name: "Folder", classes: "sum wrap", show: ({ key }) => `runs/${key}` },
        ],
      })}
      ${models.length > 0 && table({
        label: "Models",
        rows: models,
        columns: [
          { name: "Model", show: ({ name }) => name },
          { name: "SHA-256", classes: "sum wrap", show: ({ sha256 }) => sha256 ?? "–" },
        ],
      })}
    </details>
    ${glossary()}
  `;
}

const settingsText = (settings: ComparisonRun["settings"] = {}) =>
  Object.entries(settings).map(([name, value]) => `${name}=${short(value)}`).join(", ") || "–";
