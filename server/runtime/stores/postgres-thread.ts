import { type AddressInfo, createServer, type Socket } from "node:net";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketHandler } from "@electric-sql/pglite-socket";
import { openPostgresFiles } from "./postgres-files.ts";
import { postgresImage } from "./postgres-image.ts";
import { createStatementQueue } from "./statement-queue.ts";
import { serveThread, type ThreadInput } from "./thread.ts";

await serveThread(openPostgres);

async function openPostgres({ dir }: ThreadInput) {
  const db =
    dir === undefined ? await PGlite.create({ loadDataDir: await postgresImage() }) : await openPostgresFiles(dir);
  const clients = new Set<PGLiteSocketHandler>();
  // Its class has private fields, so only itself is assignable; the handler calls the four methods that ours has.
  const queryQueue = createStatementQueue(db) as unknown as Queue;
  const server = createServer((socket) => attach(socket, queryQueue, clients));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      await Promise.all([...clients].map((client) => client.detach(true)));
      await closed;
      await db.close();
    },
  };
}

type Queue = ConstructorParameters<typeof PGLiteSocketHandler>[0]["queryQueue"];

function attach(socket: Socket, queryQueue: Queue, clients: Set<PGLiteSocketHandler>): void {
  const client = new PGLiteSocketHandler({ queryQueue, closeOnDetach: true });
  clients.add(client);
  client.addEventListener("close", () => clients.delete(client));
  client.addEventListener("error", () => clients.delete(client));
  client.attach(socket).catch(() => socket.destroy());
}
