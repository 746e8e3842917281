import { once } from "node:events";
import type { AddressInfo } from "node:net";
import dynalite from "dynalite";

/** Requests under way get this long to finish when it stops. */
const GRACE_MS = 1_000;

/** Starts dynalite in this process on a free port, in memory. */
export async function startDynalite(): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        // What it is still working on would find its tables closed, and throw where nobody catches.
        const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}
