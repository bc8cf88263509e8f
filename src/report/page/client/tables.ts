/** Sorting and choosing rows, the curves' legend, and the command to copy. @module */
/// <reference lib="dom" />
import { all, byId } from "./dom.ts";
import type { Store } from "./state.ts";

/** Binds everything below the pictures. */
export function bindTables(store: Store): void {
  for (const table of all<HTMLTableElement>("table.sortable")) bindSorting(table);
  bindRunTable(store);
  bindPairs();
  bindCurves(store);
  bindCopy();
  addEventListener(
    "beforeprint",
    () => all<HTMLDetailsElement>("details").forEach((d) => d.open = true),
  );
}

function bindSorting(table: HTMLTableElement): void {
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

function bindRunTable(store: Store): void {
  const region = byId<HTMLSelectElement>("table-region"),
    only = byId<HTMLInputElement>("table-mask");
  const table = byId<HTMLTableElement>("runs");
  region.addEventListener("change", () => table.dataset.region = region.value);
  only.addEventListener("change", () => store.refresh());
  store.subscribe(({ mask }) => {
    for (const row of table.tBodies[0].rows) {
      row.hidden = only.checked && row.dataset.mask !== String(mask);
    }
  });
}

function bindPairs(): void {
  const table = document.querySelector<HTMLTableElement>("#pairs");
  if (table === null) return;
  const metric = byId<HTMLSelectElement>("pair-metric"),
    method = byId<HTMLSelectElement>("pair-method");
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

function bindCurves(store: Store): void {
  const buttons = all(".legend button"), curves = all<SVGElement>(".curve");
  const lift = (mark: string | undefined) => {
    for (const curve of curves) {
      curve.classList.toggle("dim", mark !== undefined && curve.dataset.mark !== mark);
    }
  };
  const pressed = () =>
    buttons.find((b) => b.getAttribute("aria-pressed") === "true")?.dataset.mark;
  for (const button of buttons) {
    button.addEventListener("pointerenter", () => lift(button.dataset.mark));
    button.addEventListener("pointerleave", () => lift(pressed()));
    button.addEventListener("click", () => {
      const press = button.getAttribute("aria-pressed") !== "true";
      for (const other of buttons) {
        other.setAttribute("aria-pressed", String(press && other === button));
      }
      lift(pressed());
    });
  }
  const figures = all(".charts figure[data-mask]");
  store.subscribe(({ mask }) => {
    for (const figure of figures) figure.hidden = figure.dataset.mask !== String(mask);
  });
}

function bindCopy(): void {
  const button = byId("copy"), command = byId("command");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command.textContent ?? "");
      button.textContent = "Copied";
    } catch { // no clipboard here: select the text instead
      getSelection()?.selectAllChildren(command);
      button.textContent = "Selected";
    }
    setTimeout(() => button.textContent = "Copy", 2000);
  });
}
