/**
 * Builds the folder of an OpenRecon image: label, Dockerfile, recipes and what they run.
 *
 *     deno task openrecon [FOLDER]      # default: openrecon/, which is emptied before
 *     docker build --tag larmor openrecon/
 *
 * It has not been tried on a scanner.
 * @module
 */
import { Buffer } from "node:buffer";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };
import { LABEL_NAME, labelFaults, openReconLabel, PORT, RECIPES } from "./openrecon_label.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** What the server needs of the repository. */
const SOURCES = ["src", "deno.json", "deno.lock", "LICENSE", "models/prior-brain"];
/** Versions of what the image is made of. */
const NODE_IMAGE = "node:22-bookworm-slim", DENO = "2.9.6";
/** How images go back to the host. */
const OUTPUT = "pixels: int16\nheader: copied\nimages: returned\n";

/** The command that starts the server in the image, in its folder. */
export function serveCommand(): string[] {
  const [, run, ...words] = project.tasks.serve.split(" ");
  return [
    ...["deno", run, "--cached-only", ...words],
    ...["--host", "0.0.0.0", "--port", `${PORT}`, "--device", "cpu", "--grace", "5"],
    ...["--recipes", "recipes", "--config", "recipes/default.yaml"],
  ];
}

function dockerfile(): string {
  const label = openReconLabel();
  const faults = labelFaults(label);
  if (faults.length > 0) throw new Error(`Cannot write the label: ${faults.join("; ")}`);
  const script = serveCommand().find((word) => word.endsWith(".ts"))!;
  const encoded = Buffer.from(JSON.stringify(label)).toString("base64");
  return `FROM ${NODE_IMAGE}
RUN npm install --global deno@${DENO}
WORKDIR /opt/larmor
ENV DENO_DIR=/opt/deno
COPY larmor/ ./
RUN deno cache ${script} src/serve/worker.ts && chmod -R a+rX /opt
USER node
EXPOSE ${PORT}
LABEL "${LABEL_NAME}"="${encoded}"
CMD ${JSON.stringify(serveCommand())}
`;
}

/** Builds in a folder. */
export async function buildOpenRecon(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const content = join(folder, "larmor");
  await mkdir(join(content, "recipes"), { recursive: true });
  for (const path of SOURCES) {
    await cp(join(ROOT, path), join(content, path), { recursive: true });
  }
  for (const [name, { yaml }] of Object.entries(RECIPES)) {
    await writeFile(join(content, "recipes", `${name}.yaml`), `${yaml}\n${OUTPUT}`);
  }
  const label = `${JSON.stringify(openReconLabel(), undefined, 2)}\n`;
  await writeFile(join(folder, "OpenReconLabel.json"), label);
  await writeFile(join(folder, "Dockerfile"), dockerfile());
}

if (import.meta.main) {
  const folder = process.argv[2] ?? join(ROOT, "openrecon");
  await buildOpenRecon(folder);
  process.stdout.write(`${folder}\n`);
}
