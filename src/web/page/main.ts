/** The page: a form, a worker that reconstructs, and pictures. @module */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Catalog, Request } from "../messages.ts";
import { element, field, show } from "./dom.ts";
import { advice, fillForm, readSource, readTask, setMask, showFound } from "./form.ts";
import { isolate } from "./isolate.ts";
import { currentPlace, currentWindow, listPictures, watchPictures } from "./pictures.ts";
import { addResult, listResults, results, type RowActions } from "./results.ts";
import { ask, cancel, Cancelled, Refused } from "./work.ts";

let catalog: Catalog;
/** Files that were chosen; none for the built-in example; undefined before a choice. */
let files: readonly File[] | undefined;

const actions: RowActions = {
  view: () => ({ place: currentPlace(), window: currentWindow() }),
  remove(result) {
    results.splice(results.indexOf(result), 1);
    listResults(actions);
    void listPictures();
    say(`Result ${result.number} is removed.`);
  },
};

/** Tells users of screen readers too. */
function say(text: string): void {
  element("status").textContent = text;
}

/** Seconds that are left, from the time so far. */
function left(start: number, fraction: number): string {
  const seconds = (performance.now() - start) / 1000 * (1 - fraction) / fraction;
  return fraction > 0.15 && fraction < 1 ? `, about ${Math.ceil(seconds)} s left` : "";
}

/** Asks the worker, with progress and messages; undefined where it failed or was cancelled. */
async function work<K extends "found" | "done">(request: Request, doing: string) {
  const start = performance.now();
  show("problem", false);
  show("working", true);
  show("cancel", true);
  say(`${doing}.`);
  try {
    return await ask<K>(request, (what, fraction) => {
      field("bar").value = `${fraction}`;
      element("what").textContent = `${what}${left(start, fraction)}`;
    });
  } catch (error) {
    if (error instanceof Cancelled) return void say("Cancelled.");
    const hint = error instanceof Refused && error.hint ? `\n${advice(error.hint)}` : "";
    element("problem").textContent = `${(error as Error).message}${hint}`;
    show("problem", true);
    say("");
  } finally {
    show("working", false);
    show("cancel", false);
  }
}

/** Takes files (none: the built-in example) and says what is in them. */
async function take(chosen: readonly File[]): Promise<void> {
  files = chosen;
  show("found", false);
  show("found-warnings", false);
  field("run").disabled = true;
  const answer = await work<"found">({ kind: "look", source: readSource(chosen) }, "Opening");
  if (answer === undefined) return;
  showFound(answer.found);
  setMask(chosen.length === 0 ? catalog.exampleMask : "");
  field("run").disabled = false;
  say("The file is open. Press Reconstruct.");
}

async function reconstruct(): Promise<void> {
  if (files === undefined || field("run").disabled) return;
  field("run").disabled = true;
  const request = { source: readSource(files), task: readTask(catalog) };
  const answer = await work<"done">({ kind: "reconstruct", ...request }, "Reconstructing");
  field("run").disabled = false;
  if (answer === undefined) return;
  const result = addResult(answer.done, actions);
  await listPictures(result);
  say(`Result ${result.number} is there: ${result.report.method}.`);
}

function watchInput(): void {
  field("files").addEventListener("change", () => {
    const chosen = [...field("files").files ?? []];
    if (chosen.length > 0) void take(chosen);
    // The same file can be chosen again.
    field("files").value = "";
  });
  element("example").addEventListener("click", () => void take([]));
  for (const id of ["axes", "domain"]) {
    field(id).addEventListener("change", () => files !== undefined && void take(files));
  }
  const drop = element("drop");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const dropped = [...event.dataTransfer?.files ?? []];
    if (dropped.length > 0) void take(dropped);
  });
}

async function start(): Promise<void> {
  catalog = await (await fetch("catalog.json")).json();
  fillForm(catalog);
  watchInput();
  watchPictures();
  element<HTMLFormElement>("task").addEventListener("submit", (event) => {
    event.preventDefault();
    void reconstruct();
  });
  element("cancel").addEventListener("click", cancel);
  const { version, commit } = catalog;
  element("version").textContent = `Larmor ${version}${commit ? `, ${commit.slice(0, 10)}` : ""}`;
  element("threads").textContent = crossOriginIsolated
    ? `${navigator.hardwareConcurrency} threads.`
    : "One thread: this host does not set the headers that threads need.";
  document.body.dataset.ready = "true";
}

if (await isolate()) await start();
