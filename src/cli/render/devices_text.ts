/** The devices that were found, as text. @module */
import type { DeviceReport, DevicesReport } from "../commands/devices.ts";

/** One paragraph for each device. */
export function devicesText({ software, cores, devices }: DevicesReport): string {
  const { version, runtime, platform } = software;
  const head = `larmor ${version}, ${runtime}, ${platform}, ${cores} threads\n`;
  return [head, ...devices.map(deviceText)].join("\n");
}

function deviceText(
  { device, failure, adapter, operators, size, steps = [] }: DeviceReport,
): string {
  const lines: string[] = [];
  if (failure !== undefined) {
    lines.push(`${device}: not there`, failure.message);
    if (failure.hint !== undefined) lines.push(failure.hint);
  } else {
    lines.push(`${device}: works`);
  }
  if (adapter !== null) {
    const kind = adapter.isFallback ? "emulated on the processor" : "hardware";
    lines.push(`adapter     ${adapter.name || "without a name"} (${kind})`);
  }
  if (operators !== undefined) {
    const { agree, missing, wrong } = operators;
    const total = agree.length + missing.length + wrong.length;
    lines.push(`operators   ${agree.length} of ${total} agree with the processor`);
    if (missing.length > 0) {
      lines.push(
        `  not there (methods that need them run on the processor): ${missing.join(", ")}`,
      );
    }
    if (wrong.length > 0) lines.push(`  WRONG: ${wrong.join(", ")}`);
  }
  if (steps.length > 0) {
    lines.push(`steps       ${size} x ${size}, 4 coils`);
    for (const { kind, method, error, bound, seconds, cpuSeconds } of steps) {
      const verdict = error <= bound ? "" : `  WRONG: at most ${bound} is right`;
      const time = `${seconds.toFixed(3)} s`.padStart(9);
      const ratio = device === "cpu"
        ? ""
        : `, ${(cpuSeconds / seconds).toFixed(2)} times the processor`;
      const agreement = device === "cpu" ? "" : `, error ${error.toExponential(1)}`;
      lines.push(`  ${`${kind} (${method})`.padEnd(34)}${time}${ratio}${agreement}${verdict}`);
    }
  }
  const [title, ...rest] = lines;
  return `${title}\n${rest.map((line) => `  ${line}\n`).join("")}`;
}
