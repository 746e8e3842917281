/**
 * Lets the map's page open without a network. Everything is asked of the network first, so what is online is never older
 * than without it; what does not come is looked for among the page's own files, kept here, and then in what the browser's
 * HTTP cache remembers, however old: tiles, the basemap, lists. 0.7 KB, by Workbox 5.6.
 */
export type {};

declare const self: ServiceWorkerGlobalScope;

/** The page's files, and a version that changes with any of them: put in by the build (`list-shell.ts`). */
declare const SHELL: { readonly version: string; readonly files: readonly string[] };

/** `/`, or the path under which we are on another site, which has caches of its own. */
const { pathname: HOME } = new URL("./", self.location.href);
const KIND = HOME === "/" ? "shell" : `shell of ${HOME}`;
const CACHE = `${KIND} ${SHELL.version}`;

self.addEventListener("install", (event) => {
  // Of one build, all or none. It takes over when the pages of the build before are closed.
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL.files)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name !== CACHE && name.slice(0, name.lastIndexOf(" ")) === KIND))
      .then((older) => Promise.all(older.map((name) => caches.delete(name)))),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  // A stream of changes is nothing to remember.
  if (request.method !== "GET" || origin !== self.location.origin || pathname === `${HOME}api/live`) return;
  event.respondWith(fetch(request).catch((error: unknown) => lastKnown(request, error)));
});

async function lastKnown(request: Request, error: unknown): Promise<Response> {
  // A map that has moved on wants no tile at all.
  if (request.signal.aborted) throw error;
  const kept = await caches.match(request, { cacheName: CACHE, ignoreSearch: request.mode === "navigate" });
  return kept ?? fetch(request.url, { cache: "only-if-cached", mode: "same-origin" });
}
