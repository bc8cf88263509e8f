/** The folder of an OpenRecon image: its label, and the server that its command starts. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { buildOpenRecon, serveCommand } from "../../packaging/openrecon.ts";
import { LABEL_NAME, labelFaults, openReconLabel, PORT } from "../../packaging/openrecon_label.ts";
import { inFolder } from "../io/support.ts";
import { encode, readAnswer, SCAN, scanMessages } from "../serve/support.ts";

// deno-lint-ignore no-explicit-any
type Label = any;

const changed = (change: (label: Label) => void): string => {
  const label = structuredClone(openReconLabel());
  change(label);
  return labelFaults(label).join("; ");
};

Deno.test("labelFaults() finds what is missing, unknown or out of range, and nothing else", () => {
  assert.deepEqual(labelFaults(openReconLabel()), []);
  const cases: [(label: Label) => void, RegExp][] = [
    [(l) => delete l.general.vendor, /general\.vendor: found undefined/],
    [(l) => l.general.version = "1.0", /general\.version/],
    [(l) => delete l.general.regulatory_information.udi, /regulatory_information/],
    [(l) => l.reconstruction.emitter = "k-space", /reconstruction\.emitter/],
    [(l) => l.reconstruction.min_count_required_cpu_cores = 0, /cpu_cores/],
    [(l) => l.reconstruction.colour = "red", /colour: there is no such field/],
    [(l) => l.parameters[0].id = "with space", /parameters\[0\]\.id/],
    [(l) => l.parameters[0].default = "none", /default is none of its values/],
    [(l) => l.parameters[1].default = 5000, /default is none of its values/],
    [(l) => l.parameters[1].type = "number", /parameters\[1\]: one of int/],
    [(l) => l.parameters[1].id = l.parameters[0].id, /two have one id/],
    [(l) => l.parameters = Array(15).fill(l.parameters[1]), /label\.parameters/],
    [(l) => delete l.parameters, /label\.parameters/],
  ];
  for (const [change, fault] of cases) assert.match(changed(change), fault);
});

Deno.test("the image's command starts a server with its recipes, and the label is in the Dockerfile", async () => {
  await inFolder(async (at) => {
    await buildOpenRecon(at("image"));
    const dockerfile = await Deno.readTextFile(at("image/Dockerfile"));
    const [, name, label] = /^LABEL "([^"]+)"="([^"]+)"$/m.exec(dockerfile)!;
    assert.equal(name, LABEL_NAME);
    assert.deepEqual(JSON.parse(`${Buffer.from(label, "base64")}`), openReconLabel());
    const command: string[] = JSON.parse(/^CMD (.+)$/m.exec(dockerfile)![1]);
    assert.deepEqual(command, serveCommand());
    const free = command.slice(1).map((word) => word === `${PORT}` ? "0" : word);
    const child = new Deno.Command(Deno.execPath(), {
      args: free,
      cwd: at("image/larmor"),
      env: { INIT_CWD: at("image/larmor") }, // npx sets it for the tests
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const listening = Promise.withResolvers<number>();
    let log = "";
    const logged = (async () => {
      for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
        log += text;
        const port = /Listening on 0\.0\.0\.0:(\d+)/.exec(log)?.[1];
        if (port !== undefined) listening.resolve(Number(port));
      }
      listening.reject(new Error(log));
    })();
    try {
      using conn = await Deno.connect({ port: await listening.promise });
      const [config, header, ...data] = scanMessages();
      const json = '{"parameters":{"config":"rss","steps":0,"seed":0}}';
      const text = { kind: "text", text: json, terminated: true } as const;
      const bytes = encode([config, header, text, ...data]);
      for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
      const { images: [image], texts } = await readAnswer(conn);
      assert.deepEqual(image.header.matrixSize, [SCAN.columns, SCAN.rows, 1], texts.join(""));
      assert.equal(image.header.dataType, 2);
      assert.match(texts.join(""), /INF Recipe rss/);
    } finally {
      child.kill("SIGTERM");
      await child.status;
      await logged;
    }
  });
});
