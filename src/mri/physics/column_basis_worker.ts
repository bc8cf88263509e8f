/** Decomposes the columns that it is sent. @module */
/// <reference lib="deno.worker" />
import { columnBasis } from "./column_basis.ts";
import type { ColumnAnswer, ColumnRequest } from "./column_workers.ts";

self.onmessage = ({ data }: MessageEvent<ColumnRequest>) => {
  const { vectors, squares } = columnBasis(data);
  const answer: ColumnAnswer = { column: data.column, vectors, squares };
  self.postMessage(answer, [vectors.buffer, squares.buffer]);
};
