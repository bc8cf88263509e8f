/** The page of `deno task web` in a browser, from a server that only hands out its files. */
import { extname, join } from "node:path";
import { buildPage } from "../../packaging/web.ts";
import { Browser } from "./chromium.ts";

/** A reconstruction on a busy machine. */
const LONG_MS = 400_000;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
};
const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};
/** What Chromium itself says where there is no GPU. */
const OWN_WARNINGS = /No available adapters|GL Driver Message|SwiftShader|WebGPU is experimental/;

let built: Promise<string> | undefined;

/** The folder of the page, built once for a test file. */
function folder(): Promise<string> {
  return built ??= (async () => {
    const path = await Deno.makeTempDir();
    globalThis.addEventListener("unload", () => Deno.removeSync(path, { recursive: true }));
    await buildPage(path);
    return path;
  })();
}

/** Serves a folder; with the headers of isolation or without. */
function serve(path: string, isolated: boolean) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const name = decodeURIComponent(new URL(request.url).pathname);
    const file = join(path, name.endsWith("/") ? `${name}index.html` : name);
    const headers = {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      ...(isolated ? ISOLATION : {}),
    };
    const opened = await Deno.open(file).catch(() => undefined);
    return opened ? new Response(opened.readable, { headers }) : new Response("", { status: 404 });
  });
}

/** The page, ready for use. */
export class WebPage implements AsyncDisposable {
  private constructor(readonly browser: Browser, private readonly server: Deno.HttpServer) {}

  /** Opens it; `flags` are further ones of Chromium. */
  static async open(
    { isolated = true, flags = [] }: { isolated?: boolean; flags?: readonly string[] } = {},
  ): Promise<WebPage> {
    const server = serve(await folder(), isolated);
    const browser = await Browser.open(["--enable-unsafe-swiftshader", ...flags]);
    await browser.resize(1440, 900);
    await browser.visit(`http://127.0.0.1:${(server.addr as Deno.NetAddr).port}/`);
    await browser.until(`document.body?.dataset.ready === "true"`);
    return new WebPage(browser, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser[Symbol.asyncDispose]();
    await this.server.shutdown();
  }

  /** What the browser complained of, beside the absence of a GPU. */
  get complaints(): string[] {
    return this.browser.complaints.filter((text) => !OWN_WARNINGS.test(text));
  }

  /** Text that an element shows. */
  text(selector: string): Promise<string> {
    return this.browser.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`);
  }

  /** Sets a field as a user does. */
  async set(id: string, value: string): Promise<void> {
    await this.browser.evaluate(`(() => { const field = document.getElementById("${id}");
      field.value = ${JSON.stringify(value)};
      field.dispatchEvent(new Event("input")); field.dispatchEvent(new Event("change")); })()`);
  }

  /** Waits until the worker has finished, and gives what it complains of. */
  async finished(): Promise<string> {
    await this.browser.until(`document.getElementById("working").hidden`, LONG_MS);
    await this.browser.frames();
    const [hidden, text] = await this.browser.evaluate<[boolean, string]>(
      `[document.getElementById("problem").hidden, document.getElementById("problem").textContent]`,
    );
    return hidden ? "" : text;
  }

  /** Chooses files, or the built-in example, and waits until they are open. */
  async open(files?: readonly string[]): Promise<string> {
    if (files === undefined) await this.browser.click("#example");
    else await this.browser.choose("#files", files);
    await this.browser.until(`!document.getElementById("working").hidden ||
      !document.getElementById("run").disabled || !document.getElementById("problem").hidden`);
    return await this.finished();
  }

  /** Reconstructs as the form says; gives the problem, if any. */
  async run(): Promise<string> {
    await this.browser.click("#run");
    return await this.finished();
  }

  /** Saves by a button of the newest result; the file. */
  async save(text: string): Promise<{ name: string; bytes: Uint8Array }> {
    return await this.browser.download(() =>
      this.browser.evaluate(`[...document.querySelectorAll("#rows tr:last-child button")]
        .find((button) => button.textContent === "${text}").click()`)
    );
  }
}
