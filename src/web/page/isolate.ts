/** Threads need a page that is isolated from other sites. @module */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** Remembers that the page was loaded again for this. */
const TRIED = "larmor-isolation";

/**
 * Where the host does not set the headers of isolation, a service worker sets them when the page is
 * loaded again, once.
 * @returns whether the page stays
 */
export async function isolate(): Promise<boolean> {
  if (crossOriginIsolated || !isSecureContext || !("serviceWorker" in navigator)) return true;
  if (sessionStorage.getItem(TRIED) !== null) return true;
  sessionStorage.setItem(TRIED, "yes");
  try {
    await navigator.serviceWorker.register("isolation.js");
    await navigator.serviceWorker.ready;
  } catch {
    return true; // not allowed here: one thread
  }
  location.reload();
  return false;
}
