/** Curves of quality against acceleration, network evaluations and seconds. @module */
import { chart, COLOURS, type Curve, marker } from "../../chart.ts";
import { attribute, html, type Markup } from "../../markup.ts";
import { fixed, short } from "../../number_format.ts";
import type { Comparison, ComparisonRun } from "../comparison.ts";
import { distinct } from "../labels.ts";

/** A quantity on an axis. */
interface Quantity {
  readonly name: string;
  /** With its unit, for the axis. */
  readonly label: string;
  readonly of: (run: ComparisonRun) => number | null;
}

const PSNR: Quantity = {
  name: "PSNR",
  label: "PSNR, head (dB)",
  of: (run) => run.head?.psnr ?? null,
};
const SSIM: Quantity = { name: "SSIM", label: "SSIM, head", of: (run) => run.head?.ssim ?? null };
const ACCELERATION: Quantity = {
  name: "acceleration",
  label: "acceleration R",
  of: (run) => run.acceleration,
};
const NFE: Quantity = {
  name: "network evaluations",
  label: "network evaluations for a slice",
  of: (run) => run.nfe > 0 ? run.nfe : null,
};
const SECONDS: Quantity = {
  name: "seconds",
  label: "seconds for a slice",
  of: (run) => run.seconds > 0 ? run.seconds : null,
};

/** A run as a point, and the line it lies on. */
interface Point {
  readonly run: ComparisonRun;
  readonly label: string;
  /** Number of its method: its colour and marker. */
  readonly mark: number;
  /** Points of one text are joined. */
  readonly line: string;
}

/** All charts of a comparison with one legend; undefined when no run was measured. */
export function curves({ runs }: Comparison, labels: readonly string[]): Markup | undefined {
  const methods = distinct(runs.map(({ method }) => method));
  const masks = distinct(runs.map(({ mask }) => mask));
  const points = (line: (run: ComparisonRun, label: string) => string) =>
    runs.map((run, i): Point => ({
      run,
      label: labels[i],
      mark: methods.indexOf(run.method),
      line: line(run, labels[i]),
    }));
  const swept = distinct(runs.map(({ acceleration }) => acceleration)).length > 1;
  // Along the acceleration only R changes; along NFE and seconds it is the steps that do.
  const along = points(({ mask }, label) => JSON.stringify([label, withoutAcceleration(mask)]));
  const across = points(({ method, model }) => JSON.stringify([method, model?.name]));
  const charts = [
    ...(swept ? [PSNR, SSIM].map((y) => figure(along, ACCELERATION, y)) : []),
    ...masks.flatMap((mask, index) => {
      const at = across.filter(({ run }) => run.mask === mask);
      return [NFE, SECONDS].map((x) => figure(at, x, PSNR, { mask, index }));
    }),
  ].filter((drawn) => drawn !== undefined);
  if (charts.length === 0) return undefined;
  return html`
    <ul class="legend" aria-label="Methods">${methods.map(legendEntry)}</ul>
    <div class="charts">${charts}</div>
  `;
}

/** A mask's specification without its `R=...`. */
function withoutAcceleration(mask: string): string {
  return mask.replace(/\bR=[^,]*/, "");
}

function legendEntry(method: string, mark: number): Markup {
  return html`
    <li>
      <button type="button" data-mark="${mark}" aria-pressed="false">
        <svg class="c${mark % COLOURS.length}" viewBox="-7 -7 14 14" aria-hidden="true">${marker(
          mark,
        )}</svg>
        ${method}
      </button>
    </li>
  `;
}

function figure(
  points: readonly Point[],
  x: Quantity,
  y: Quantity,
  mask?: { mask: string; index: number },
): Markup | undefined {
  const title = `${y.name} against ${x.name}` + (mask === undefined ? "" : ` at ${mask.mask}`);
  const drawing = chart({
    description: title,
    x: { label: x.label, logarithmic: x !== ACCELERATION },
    y,
    curves: [...Map.groupBy(points, ({ line }) => line).values()].map((line) =>
      curveOf(line, x, y)
    ),
  });
  return drawing && html`
    <figure ${attribute("data-mask", mask?.index)}>
      <figcaption>${title}</figcaption>
      ${drawing}
    </figure>
  `;
}

/** The points of one line, each the mean over the inputs of the runs with one label and mask. */
function curveOf(line: readonly Point[], x: Quantity, y: Quantity): Curve {
  const found = line.flatMap(({ run, label }) => {
    const at = x.of(run), value = y.of(run);
    return at === null || value === null ? [] : [{ name: `${label} at ${run.mask}`, at, value }];
  });
  const points = [...Map.groupBy(found, ({ name }) => name)].map(([name, group]) => {
    const x = mean(group.map(({ at }) => at)), y = mean(group.map(({ value }) => value));
    return { x, y, title: `${name}: ${fixed(y, 3)} at ${short(x)}` };
  });
  return { mark: line[0].mark, points: points.sort((a, b) => a.x - b.x) };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
