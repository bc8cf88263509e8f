/** Sorting and choosing rows, the curves' legend, and the command to copy. @module */
/// <reference lib="dom" />
import { all, byId, onClick } from "./dom.ts";
import { fileName, save } from "./save.ts";
import type { Store } from "./state.ts";

export function bindTables(store: Store): void {
  bindRunTable(store);
  bindPairs();
  bindCurves(store);
  onClick("copy", copyCommand);
  for (const button of all(".save[data-file]")) {
    const table = button.closest(".table")!.querySelector("table")!;
    const name = `${fileName(button.dataset.file!)}.csv`;
    button.addEventListener(
      "click",
      () => save(name, new Blob([tableCsv(table)], { type: "text/csv" })),
    );
  }
}

function bindRunTable(store: Store): void {
  const region = byId<HTMLSelectElement>("table-region");
  const only = byId<HTMLInputElement>("table-mask");
  const table = byId<HTMLTableElement>("runs");
  region.addEventListener("change", () => table.dataset.region = region.value);
  only.addEventListener("change", () => store.refresh());
  store.subscribe(({ mask }) => {
    for (const row of firstLines(table.tBodies[0])) {
      hideRow(row, only.checked && row.dataset.mask !== String(mask));
    }
  });
  const heads = all<HTMLTableCellElement>("thead th", table);
  heads.forEach((head, column) => {
    head.querySelector("button")?.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const other = now === "ascending" ? "descending" : "ascending";
      const order = now === "none" ? head.dataset.first! : other; // the best first
      for (const each of heads) each.setAttribute("aria-sort", each === head ? order : "none");
      sortRows(table.tBodies[0], column, order === "ascending" ? 1 : -1);
    });
  });
}

/** Sorts by the cells' `data-value`, as numbers where they all are; empty ones come last. */
function sortRows(body: HTMLTableSectionElement, column: number, sign: number): void {
  const rows = firstLines(body).map((row) => (
    { row, below: secondLine(row), value: row.cells[column].dataset.value ?? "" }
  ));
  const numeric = rows.every(({ value }) => !Number.isNaN(Number(value)));
  rows.sort((a, b) => {
    if (a.value === "" || b.value === "") return Number(a.value === "") - Number(b.value === "");
    if (!numeric) return sign * a.value.localeCompare(b.value);
    return a.value === b.value ? 0 : sign * (Number(a.value) - Number(b.value));
  });
  body.append(...rows.flatMap(({ row, below }) => below === undefined ? [row] : [row, below]));
}

const firstLines = (body: HTMLTableSectionElement) =>
  [...body.rows].filter((row) => !row.classList.contains("below"));

/** The remark that stands below a row, where there is one. */
function secondLine(row: HTMLTableRowElement): HTMLTableRowElement | undefined {
  return row.classList.contains("above")
    ? row.nextElementSibling as HTMLTableRowElement
    : undefined;
}

function hideRow(row: HTMLTableRowElement, hidden: boolean): void {
  row.hidden = hidden;
  const below = secondLine(row);
  if (below !== undefined) below.hidden = hidden;
}

/** A table as CSV (RFC 4180): the rows that are shown, numbers in full, remarks as the last column. */
function tableCsv(table: HTMLTableElement): string {
  const words = (element: Element) => (element.textContent ?? "").replace(/\s+/g, " ").trim();
  const region = table.dataset.region;
  const shown = (cell: Element) =>
    region === undefined || !cell.classList.contains(region === "head" ? "whole" : "head");
  const heads = all<HTMLElement>("thead th", table).filter(shown).map(words);
  const lines = firstLines(table.tBodies[0]).filter((row) => !row.hidden).map((row) => {
    const below = secondLine(row);
    const cells = [...row.cells].filter(shown).map((cell) => cell.dataset.value ?? words(cell));
    return [...cells, below === undefined ? "" : words(below)];
  });
  const quoted = (text: string) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return [[...heads, "Remarks"], ...lines].map((line) => `${line.map(quoted).join(",")}\n`).join(
    "",
  );
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
