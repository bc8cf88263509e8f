/** Whether a device has every operator, and computes what the CPU does. @module */
import { ndarray } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import { add, cast, input } from "../mod.ts";
import { OPERATOR_USES, type OperatorUse } from "./operator_uses.ts";
import type { Device } from "./device.ts";
import { Runtime } from "./session.ts";

const SHAPE = [1, 2, 4, 4];
/** Largest relative error of a float32 operator. */
const TOLERANCE = 1e-4;

/** What {@link checkOperators} found. */
export interface OperatorFindings {
  /** Operators that give what the CPU gives. */
  readonly agree: readonly string[];
  /** Operators that the device does not run. */
  readonly missing: readonly string[];
  /** Operators that give something else. */
  readonly wrong: readonly string[];
}

/**
 * Runs each operator on a device and on the CPU.
 * @throws {DeviceError} when the device is not there
 */
export async function checkOperators(device: Device): Promise<OperatorFindings> {
  await using cpu = await Runtime.open("cpu", { threads: 1 });
  await using other = await Runtime.open(device);
  const agree: string[] = [], missing: string[] = [], wrong: string[] = [];
  for (const [name, use] of Object.entries(OPERATOR_USES)) {
    const expected = await resultOn(cpu, use);
    const found = await resultOn(other, use).catch(() => undefined);
    const list = found === undefined ? missing : isNear(found, expected) ? agree : wrong;
    list.push(name);
  }
  return { agree, missing, wrong };
}

/** The result on a device, as float32. */
async function resultOn(runtime: Runtime, use: OperatorUse): Promise<ArrayLike<number>> {
  const [x, y] = [input("x", SHAPE), input("y", SHAPE)];
  const program = await runtime.compile({ x, y }, { z: add(cast(use(x, y), "float32"), 0) });
  const array = (seed: number) => ndarray(new Rng(seed).normals(32), SHAPE);
  return (await program.run({ x: array(1), y: array(2) })).z.data;
}

function isNear(found: ArrayLike<number>, expected: ArrayLike<number>): boolean {
  let difference = 0, norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (found[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(difference) <= TOLERANCE * Math.sqrt(norm);
}
