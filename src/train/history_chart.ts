/** The course of a training run as SVG: loss above, validation PSNR below. @module */
import { chartFile, type Curve } from "../chart.ts";
import type { HistoryEntry } from "./checkpoint.ts";

/**
 * Draws loss and PSNR against the step.
 * @param level what the PSNR curves are measured at, e.g. `sigma`; each curve is labelled with its value
 */
export function historyChart(history: readonly HistoryEntry[], level: string): string {
  const x = { label: "step" };
  const measured = history.flatMap(({ step, psnr }) => psnr ? [{ step, psnr }] : []);
  const levels = Object.keys(measured[0]?.psnr ?? {}).sort((a, b) => Number(a) - Number(b));
  const curves = levels.map((name, mark): Curve => ({
    mark,
    name: `${level} ${name}`,
    points: measured.map(({ step, psnr }) => ({ x: step, y: psnr[name] })),
  }));
  const loss = history.map(({ step, loss }) => ({ x: step, y: loss }));
  return chartFile([
    {
      description: "Training loss against the step",
      x,
      y: { label: "mean training loss" },
      curves: [{ mark: 0, points: loss }],
    },
    { description: "Validation PSNR against the step", x, y: { label: "PSNR (dB)" }, curves },
  ]);
}
