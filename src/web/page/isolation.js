// A service worker for hosts that do not set the headers which threads of WebAssembly need. It sets
// them on what the page fetches from its own folder, and lets the page and its workers reach nothing else.
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};
const WORKER_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; " +
  "worker-src 'self'";

addEventListener("fetch", (event) => {
  if (new URL(event.request.url).origin !== location.origin) return;
  event.respondWith(
    fetch(event.request).then((response) => {
      if (response.status === 0) return response;
      const headers = new Headers(response.headers);
      for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
      if (event.request.destination === "worker") {
        headers.set("Content-Security-Policy", WORKER_POLICY);
      }
      const { status, statusText, body } = response;
      return new Response(body, { status, statusText, headers });
    }),
  );
});
