/** Drives a headless Chromium by the DevTools protocol: open a page, click, type, look. */
import { join } from "node:path";

/** A point of the page, in CSS pixels from its top left corner as it is scrolled. */
export type Point = readonly [x: number, y: number];

/** What a call or an event of the protocol holds. */
type Values = Record<string, unknown>;

const START_MS = 30_000;
const WAIT_MS = 20_000;
/** Bits of the protocol for modifier keys. */
const SHIFT = 8;
/** Codes of keys that are not characters. */
const KEY_CODES: Readonly<Record<string, number>> = {
  Tab: 9,
  Enter: 13,
  Escape: 27,
  " ": 32,
  PageUp: 33,
  PageDown: 34,
  End: 35,
  Home: 36,
  ArrowLeft: 37,
  ArrowUp: 38,
  ArrowRight: 39,
  ArrowDown: 40,
};

/** Workers are heard too. */
const ATTACH = { autoAttach: true, waitForDebuggerOnStart: false, flatten: true };

/** A browser with one page. */
export class Browser implements AsyncDisposable {
  /** Errors of the page and its workers, and requests for anything but the page itself. */
  readonly complaints: string[] = [];
  /** Where a page that is not a file comes from; it may ask for more of that. */
  #origin: string | undefined;
  readonly #process: Deno.ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (message: Values) => void>();
  #session: string | undefined;
  #calls = 0;

  private constructor(process: Deno.ChildProcess, folder: string, socket: WebSocket) {
    this.#process = process;
    this.#folder = folder;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
  }

  /** Starts a browser with an empty page; `flags` are further ones of Chromium. */
  static async open(flags: readonly string[] = []): Promise<Browser> {
    const folder = await Deno.makeTempDir();
    const process = new Deno.Command("chromium", {
      args: [
        ...["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"],
        ...["--hide-scrollbars", "--no-first-run", "--remote-debugging-port=0"],
        ...["--force-color-profile=srgb", `--user-data-dir=${folder}`, ...flags],
        "about:blank",
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const socket = new WebSocket(await debuggingAddress(folder));
    await new Promise((ready, failed) => {
      socket.onopen = ready;
      socket.onerror = failed;
    });
    const browser = new Browser(process, folder, socket);
    const { targetInfos } = await browser.call("Target.getTargets");
    const page = (targetInfos as Values[]).find(({ type }) => type === "page")!;
    const { sessionId } = await browser.call("Target.attachToTarget", {
      targetId: page.targetId,
      flatten: true,
    });
    browser.#session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) {
      await browser.call(`${domain}.enable`);
    }
    await browser.call("Target.setAutoAttach", ATTACH);
    return browser;
  }

  /** Ends the browser and removes its profile. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((done) => this.#socket.onclose = done);
    this.#session = undefined;
    this.call("Browser.close").catch(() => {});
    await closed;
    await this.#process.status;
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }

  /** Calls a method of the protocol. */
  call(method: string, params: Values = {}, sessionId = this.#session): Promise<Values> {
    const id = ++this.#calls;
    this.#socket.send(JSON.stringify({ id, method, params, ...sessionId && { sessionId } }));
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result as Values);
        else reject(new Error(`${method}: ${JSON.stringify(error)}`));
      });
    });
  }

  #hear(message: Values): void {
    const { id, method, params } = message as { id?: number; method?: string; params: Values };
    if (id !== undefined) {
      this.#answers.get(id)?.(message);
      this.#answers.delete(id);
    } else if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded") {
      this.complaints.push(JSON.stringify(params));
    } else if (method === "Runtime.consoleAPICalled" && params.type !== "log") {
      this.complaints.push(JSON.stringify(params));
    } else if (method === "Network.requestWillBeSent") {
      const { url } = params.request as { url: string };
      const own = this.#origin !== undefined && url.startsWith(`${this.#origin}/`);
      if (!own && !/^(file|data|blob):/.test(url)) this.complaints.push(`request of ${url}`);
    } else if (method === "Target.attachedToTarget") {
      this.#watchWorker(params.sessionId as string);
    }
  }

  /** Hears of the requests and errors of a worker, and of its own workers. */
  #watchWorker(session: string): void {
    const calls = ["Runtime.enable", "Network.enable"].map((name) => this.call(name, {}, session));
    calls.push(this.call("Target.setAutoAttach", ATTACH, session));
    // It may have ended, or be of a kind that does not know these.
    for (const call of calls) call.catch(() => {});
  }

  /** Sets the size of the window in CSS pixels. */
  async resize(width: number, height: number, scale = 1): Promise<void> {
    await this.call("Emulation.setDeviceMetricsOverride", {
      ...{ width, height, deviceScaleFactor: scale, mobile: false },
    });
  }

  /** Sets media features, such as prefers-color-scheme. */
  async media(features: Readonly<Record<string, string>>, media = ""): Promise<void> {
    await this.call("Emulation.setEmulatedMedia", {
      media,
      features: Object.entries(features).map(([name, value]) => ({ name, value })),
    });
  }

  /** Opens a file. */
  async goto(path: string): Promise<void> {
    await this.call("Page.navigate", { url: `file://${path}` });
    await this.until(`document.readyState === "complete" && location.protocol === "file:"`);
  }

  /** Opens a page of a server on this machine, which may ask its server for more. */
  async visit(url: string): Promise<void> {
    this.#origin = new URL(url).origin;
    await this.call("Page.navigate", { url });
  }

  /** Chooses files in an input of that kind. */
  async choose(selector: string, files: readonly string[]): Promise<void> {
    const { root } = await this.call("DOM.getDocument") as { root: { nodeId: number } };
    const { nodeId } = await this.call("DOM.querySelector", { nodeId: root.nodeId, selector });
    await this.call("DOM.setFileInputFiles", { nodeId, files: [...files] });
  }

  /** The value of an expression in the page; promises are awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as { result: { value: T }; exceptionDetails?: unknown };
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  /** Waits until an expression is true in the page. */
  async until(expression: string, wait = WAIT_MS): Promise<void> {
    const end = Date.now() + wait;
    while (!await this.evaluate<boolean>(expression)) {
      if (Date.now() > end) throw new Error(`Waited in vain for ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Two frames: what was changed is painted. */
  async frames(): Promise<void> {
    await this.evaluate("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))");
  }

  /** A point of an element, scrolled into view: parts of its width and height. */
  async pointOf(selector: string, right = 0.5, down = 0.5): Promise<Point> {
    const element = `document.querySelector(${JSON.stringify(selector)})`;
    const [x, y, width, height] = await this.evaluate<number[]>(
      `(() => { const e = ${element}; e.scrollIntoView({ block: "center", behavior: "instant" });
        const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; })()`,
    );
    return [x + right * width, y + down * height];
  }

  /** Clicks the middle of an element. */
  async click(selector: string): Promise<void> {
    const at = await this.pointOf(selector);
    await this.drag(at, at);
  }

  /** Presses at a point, moves to another and lets go. */
  async drag(from: Point, to: Point, { shift = false } = {}): Promise<void> {
    const send = (type: string, [x, y]: Point, pressed: boolean) =>
      this.call("Input.dispatchMouseEvent", {
        ...{ type, x, y, clickCount: 1, modifiers: shift ? SHIFT : 0 },
        ...pressed && { button: "left", buttons: 1 },
      });
    await send("mouseMoved", from, false);
    await send("mousePressed", from, true);
    if (from !== to) {
      await send("mouseMoved", [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2], true);
      await send("mouseMoved", to, true);
    }
    await send("mouseReleased", to, true);
    await this.frames();
  }

  /** Presses a key, by the name or character that `KeyboardEvent.key` gives. */
  async press(key: string, { shift = false } = {}): Promise<void> {
    const special = KEY_CODES[key];
    const text = key === "Enter" ? "\r" : [...key].length === 1 ? key : undefined;
    const event = {
      key,
      windowsVirtualKeyCode: special ?? key.toUpperCase().charCodeAt(0),
      modifiers: shift ? SHIFT : 0,
    };
    await this.call("Input.dispatchKeyEvent", {
      ...{ type: text === undefined ? "rawKeyDown" : "keyDown", ...event },
      ...text !== undefined && { text },
    });
    await this.call("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    await this.frames();
  }

  /** The page as PDF on A4. */
  async pdf(): Promise<Uint8Array> {
    const { data } = await this.call("Page.printToPDF", { paperWidth: 8.27, paperHeight: 11.69 });
    return Uint8Array.from(atob(data as string), (character) => character.charCodeAt(0));
  }

  /** What an action downloads: the name of the file, and its content. */
  async download(action: () => Promise<void>): Promise<{ name: string; bytes: Uint8Array }> {
    const folder = await Deno.makeTempDir();
    await this.call("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
    await action();
    const end = Date.now() + WAIT_MS;
    while (Date.now() < end) {
      const [file] = [...Deno.readDirSync(folder)];
      if (file !== undefined && !/\.crdownload$|^\./.test(file.name)) {
        const bytes = await Deno.readFile(join(folder, file.name));
        await Deno.remove(folder, { recursive: true });
        return { name: file.name, bytes };
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`Nothing was downloaded within ${WAIT_MS} ms`);
  }

  /** A picture of a part of the page (all of it without `clip`), as PNG. */
  async screenshot(
    clip?: { x: number; y: number; width: number; height: number },
  ): Promise<Uint8Array> {
    const { data } = await this.call("Page.captureScreenshot", {
      ...{ format: "png", captureBeyondViewport: true },
      ...clip && { clip: { ...clip, scale: 1 } },
    });
    return Uint8Array.from(atob(data as string), (character) => character.charCodeAt(0));
  }
}

/** The address that Chromium writes into its profile once it listens. */
async function debuggingAddress(folder: string): Promise<string> {
  const end = Date.now() + START_MS;
  while (Date.now() < end) {
    try {
      const text = await Deno.readTextFile(join(folder, "DevToolsActivePort"));
      const [port, path] = text.trim().split("\n");
      if (path !== undefined) return `ws://127.0.0.1:${port}${path}`;
    } catch {
      // not there yet
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Chromium did not listen within ${START_MS} ms`);
}
