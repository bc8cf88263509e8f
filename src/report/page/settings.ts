/** Everything needed to run a comparison again. @module */
import type { Comparison } from "../comparison.ts";
import { html, type Markup } from "../../markup.ts";

/** The command, the inputs with their checksums, and the settings of every run. */
export function settingsSection(comparison: Comparison, labels: readonly string[]): Markup {
  const { command, version, device, convention } = comparison;
  return html`
    <div class="command">
      <pre><code id="command">${command}</code></pre>
      <button type="button" id="copy">Copy</button>
    </div>
    <p class="note">Larmor ${version}, device ${device}. Metrics: ${convention}.</p>
    ${inputTable(comparison)}
    <details>
      <summary>Settings of every run</summary>
      ${runSettings(comparison, labels)}
    </details>
  `;
}

function inputTable({ inputs }: Comparison): Markup {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Inputs">
      <table>
        <thead>
          <tr>
            <th scope="col">Input</th>
            <th scope="col">Format</th>
            <th scope="col">Shape</th>
            <th scope="col">Slices</th>
            <th scope="col">SHA-256</th>
          </tr>
        </thead>
        <tbody>${inputs.map(({ path, format, shape, slices: [first, end], sha256 }) =>
          html`
            <tr>
              <td class="wrap">${path}</td>
              <td>${format}</td>
              <td>${shape.join(" × ")}</td>
              <td>${first}:${end}</td>
              <td class="sum wrap">${sha256 ?? "–"}</td>
            </tr>
          `
        )}</tbody>
      </table>
    </div>
  `;
}

function runSettings({ runs }: Comparison, labels: readonly string[]): Markup {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Settings of every run">
      <table>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Folder</th>
            <th scope="col">Mask</th>
            <th scope="col" class="number">Steps</th>
            <th scope="col" class="number">Samples</th>
            <th scope="col" class="number">Seed</th>
            <th scope="col">Model</th>
            <th scope="col">SHA-256 of the model</th>
          </tr>
        </thead>
        <tbody>${runs.map(({ key, mask, steps, samples, seed, model }, i) =>
          html`
            <tr>
              <td>${labels[i]}</td>
              <td>${key}</td>
              <td>${mask}</td>
              <td class="number">${steps}</td>
              <td class="number">${samples}</td>
              <td class="number">${seed}</td>
              <td>${model?.name ?? "–"}</td>
              <td class="sum wrap">${model?.sha256 ?? "–"}</td>
            </tr>
          `
        )}</tbody>
      </table>
    </div>
  `;
}
