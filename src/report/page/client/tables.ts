/** Sorting and choosing rows, the curves' legend, and the command to copy. @module */
/// <reference lib="dom" />
import { all, byId, onClick } from "./dom.ts";
import type { Store } from "./state.ts";

export function bindTables(store: Store): void {
  bindRunTable(store);
  bindPairs();
  bindCurves(store);
  onClick("copy", copyCommand);
  addEventListener("beforeprint", () => {
    for (const details of all<HTMLDetailsElement>("details")) details.open = true;
  });
}

function bindRunTable(store: Store): void {
  const region = byId<HTMLSelectElement>("table-region");
  const only = byId<HTMLInputElement>("table-mask");
  const table = byId<HTMLTableElement>("runs");
  region.addEventListener("change", () => table.dataset.region = region.value);
  only.addEventListener("change", () => store.refresh());
  store.subscribe(({ mask }) => {
    for (const row of table.tBodies[0].rows) {
      row.hidden = only.checked && row.dataset.mask !== String(mask);
    }
  });
  const heads = all<HTMLTableCellElement>("thead th", table);
  heads.forEach((head, column) => {
    head.querySelector("button")?.addEventListener("click", () => {
      const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      for (const other of heads) other.setAttribute("aria-sort", other === head ? order : "none");
      sortRows(table.tBodies[0], column, order === "ascending" ? 1 : -1);
    });
  });
}

/** Sorts by the cells' `data-value`, as numbers where they all are; empty ones come last. */
function sortRows(body: HTMLTableSectionElement, column: number, sign: number): void {
  const rows = [...body.rows].map((row) => ({ row, value: row.cells[column].dataset.value ?? "" }));
  const numeric = rows.every(({ value }) => !Number.isNaN(Number(value)));
  rows.sort((a, b) => {
    if (a.value === "" || b.value === "") return Number(a.value === "") - Number(b.value === "");
    if (!numeric) return sign * a.value.localeCompare(b.value);
    return a.value === b.value ? 0 : sign * (Number(a.value) - Number(b.value));
  });
  body.append(...rows.map(({ row }) => row));
}

function bindPairs(): void {
  const table = document.querySelector<HTMLTableElement>("#pairs");
  if (table === null) return;
  const metric = byId<HTMLSelectElement>("pair-metric");
  const method = byId<HTMLSelectElement>("pair-method");
  const filter = () => {
    for (const row of table.tBodies[0].rows) {
      const { a, b, metric: of } = row.dataset;
      const named = method.value === "" || a === method.value || b === method.value;
      row.hidden = of !== metric.value || !named;
    }
  };
  metric.addEventListener("change", filter);
  method.addEventListener("change", filter);
  filter();
}

/** Lifts the curves of a method: of the legend's button that is pointed at, or that is pressed. */
function bindCurves(store: Store): void {
  const buttons = all(".legend button"), curves = all<SVGElement>(".curve");
  const isPressed = (button: Element) => button.getAttribute("aria-pressed") === "true";
  const lift = (button = buttons.find(isPressed)) => {
    for (const curve of curves) {
      const other = button !== undefined && curve.dataset.mark !== button.dataset.mark;
      curve.classList.toggle("dim", other);
    }
  };
  for (const button of buttons) {
    button.addEventListener("pointerenter", () => lift(button));
    button.addEventListener("pointerleave", () => lift());
    button.addEventListener("click", () => {
      const press = !isPressed(button);
      for (const each of buttons) each.setAttribute("aria-pressed", `${press && each === button}`);
      lift();
    });
  }
  const figures = all(".charts figure[data-mask]");
  store.subscribe(({ mask }) => {
    for (const figure of figures) figure.hidden = figure.dataset.mask !== String(mask);
  });
}

async function copyCommand(): Promise<void> {
  const button = byId("copy"), command = byId("command");
  try {
    await navigator.clipboard.writeText(command.textContent ?? "");
    button.textContent = "Copied";
  } catch { // no clipboard here: select the text instead
    getSelection()?.selectAllChildren(command);
    button.textContent = "Selected";
  }
  setTimeout(() => button.textContent = "Copy", 2000);
}
