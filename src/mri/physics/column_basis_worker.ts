/** Decomposes the columns that it is sent. @module */
import { parentPort } from "node:worker_threads";
import { columnBasis, type ColumnTask } from "./column_basis.ts";

parentPort!.on("message", (task: ColumnTask) => {
  const basis = columnBasis(task);
  parentPort!.postMessage(basis, [basis.vectors.buffer, basis.squares.buffer]);
});
