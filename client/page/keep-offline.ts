/** Lets the page open without a network from its next visit on. Browsers keep this to secure origins. */
export function keepOffline(): void {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("./service-worker.js").catch((error: unknown) => console.info("offline:", error));
}
