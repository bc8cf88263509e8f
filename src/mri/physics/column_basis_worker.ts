/** Decomposes the columns that it is sent. @module */
import { serveParent } from "../../host.ts";
import { type ColumnBasis, columnBasis, type ColumnTask } from "./column_basis.ts";

serveParent<ColumnTask, ColumnBasis>((task, reply) => {
  const basis = columnBasis(task);
  reply(basis, [basis.vectors.buffer, basis.squares.buffer]);
});
