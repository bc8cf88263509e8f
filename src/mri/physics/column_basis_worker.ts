/** Decomposes the columns that it is sent. @module */
import { parentPort } from "node:worker_threads";
import { columnBasis } from "./column_basis.ts";
import type { ColumnAnswer, ColumnRequest } from "./column_workers.ts";

parentPort!.on("message", (request: ColumnRequest) => {
  const { vectors, squares } = columnBasis(request);
  const answer: ColumnAnswer = { column: request.column, vectors, squares };
  parentPort!.postMessage(answer, [vectors.buffer, squares.buffer]);
});
