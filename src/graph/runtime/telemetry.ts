/**
 * Silence: onnxruntime 1.30 for Linux sends events to Microsoft (mobile.events.data.microsoft.com) unless
 * this variable is set before its library is loaded. It is native code, which no permission of Deno holds back.
 * @module
 */
import process from "node:process";

/** The variable of onnxruntime that turns its telemetry off. */
export const SILENCE = "ORT_DISABLE_TELEMETRY";

try {
  // Assigning to process.env changes the environment that native code sees.
  process.env[SILENCE] = "1";
} catch {
  // A script that Deno does not allow this variable: it can be set outside.
}
