import type { Runtime } from "../graph/mod.ts";
import type { ImageFile, KspaceFile } from "../io/types.ts";
export function simulatedKspace(_r: Runtime, _i: ImageFile, _o: unknown): Promise<KspaceFile> {
  throw new Error("todo");
}
