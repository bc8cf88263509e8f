/** The form: what is to be reconstructed, and how. @module */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Catalog, Found, MethodEntry, Source, Task } from "../messages.ts";
import { choice, choices, element, field, make, numberIn, show } from "./dom.ts";

const ROOMS: Readonly<Record<MethodEntry["room"], string>> = {
  samplers: "With a learned prior",
  classical: "Classical",
  unrolled: "Trained end to end",
};

/** The method that is chosen. */
const chosen = ({ methods }: Catalog) =>
  methods.find(({ name }) => name === field("method").value)!;

/** Fills the lists, and keeps the fields that a method takes. */
export function fillForm(catalog: Catalog): void {
  for (const [room, title] of Object.entries(ROOMS)) {
    const entries = catalog.methods.filter((method) => method.room === room);
    element("method").append(choices(title, entries.map(({ name }) => choice(name, name))));
  }
  field("method").value = catalog.defaultMethod;
  const followMethod = () => {
    const { summary, model, samples, fixedSteps } = chosen(catalog);
    element("summary").textContent = `${summary[0].toUpperCase()}${summary.slice(1)}.`;
    const kind = catalog.models.find(({ name }) => name === model)?.kind;
    const fitting = catalog.models.filter((entry) => entry.kind === kind);
    element("model").replaceChildren(...fitting.map(({ name }) => choice(name, name)));
    if (model !== undefined) field("model").value = model;
    show("model-row", model !== undefined);
    show("samples-row", samples);
    show("steps-row", !fixedSteps);
  };
  field("method").addEventListener("change", followMethod);
  field("mask").addEventListener("change", followMask);
  followMethod();
}

function followMask(): void {
  show("mask-sizes", field("mask").value !== "");
}

/** What was found in the file, and the fields that depend on it. */
export function showFound({ input, mask, full, warnings, slices, simulated }: Found): void {
  const sampled = full
    ? "fully sampled"
    : `${mask.kept} of ${mask.of} (${mask.acceleration.toFixed(2)} times undersampled)`;
  const facts = {
    "File": input.path === "example" ? "built-in example" : input.path,
    "Format": simulated ? `${input.format}, k-space is simulated` : input.format,
    "Axes": input.axes,
    "Coils": `${input.coils}`,
    "Matrix": `${input.readout} readout x ${input.phase} phase-encode`,
    "Sampled": sampled,
  };
  element("found").replaceChildren(
    ...Object.entries(facts).flatMap(([name, value]) => [make("dt", [name]), make("dd", [value])]),
  );
  showWarnings("found-warnings", warnings);
  show("found", true);
  const middle = `${Math.floor(slices / 2) + 1}`;
  for (const id of ["first", "last"]) {
    field(id).max = `${slices}`;
    field(id).value = middle;
  }
}

/** What to do, as the library says it: some of it names options of the command line. */
export const advice = (hint: string): string =>
  /(^|\s|\()--\w/.test(hint) ? `As options of the command line: ${hint}` : hint;

/** A list of warnings, hidden where there are none. */
export function showWarnings(
  id: string,
  warnings: readonly { readonly message: string; readonly hint?: string }[],
): void {
  element(id).replaceChildren(
    ...warnings.map(({ message, hint }) =>
      make("li", [hint ? `${message}. ${advice(hint)}.` : message])
    ),
  );
  show(id, warnings.length > 0);
}

/** Sets the sampling to a specification such as `equispaced:R=4,acs=24`. */
export function setMask(specification: string): void {
  const [, pattern, acceleration, acs] = /^(\w+):R=([\d.]+),acs=(\d+)$/.exec(specification) ?? [];
  field("mask").value = pattern ?? "";
  if (pattern !== undefined) {
    field("acceleration").value = acceleration;
    field("acs").value = acs;
  }
  followMask();
}

/** Where k-space comes from. */
export function readSource(files: readonly File[]): Source {
  const axes = field("axes").value.split(",").map((name) => name.trim()).filter((n) => n !== "");
  return {
    files,
    axes: axes.length > 0 ? axes : undefined,
    domain: field("domain").value === "kspace" ? "kspace" : undefined,
    simulate: { coils: numberIn("coils") ?? 8, noise: numberIn("noise") ?? 0.02, seed: 0 },
  };
}

/** How it is reconstructed. */
export function readTask(catalog: Catalog): Task {
  const method = chosen(catalog);
  const pattern = field("mask").value;
  const seed = numberIn("seed") ?? 0;
  const sizes = `R=${numberIn("acceleration") ?? 4},acs=${numberIn("acs") ?? 24}`;
  return {
    method: method.name,
    device: field("device").value as Task["device"],
    mask: pattern === "" ? undefined : `${pattern}:${sizes}`,
    model: method.model === undefined ? undefined : field("model").value,
    steps: method.fixedSteps ? undefined : numberIn("steps"),
    samples: method.samples ? numberIn("samples") : undefined,
    seed,
    slices: [(numberIn("first") ?? 1) - 1, numberIn("last") ?? numberIn("first") ?? 1],
  };
}
