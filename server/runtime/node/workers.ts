import cluster, { type Worker } from "node:cluster";
import type { Log } from "../../console/log.ts";
import { OperatorError } from "../../console/operator-error.ts";
import type { Steps } from "../../console/terminal.ts";
import { createClosers } from "../../kit/closers.ts";
import { openDatabase } from "../../postgres/database.ts";
import type { Config } from "../config.ts";
import { refusalOf, throwIfRefused } from "../stores/database-refusal.ts";
import { openStores } from "../stores/stores.ts";
import { keepOrRemoveDemo } from "./accounts.ts";
import { assertPortFree } from "./listener.ts";
import { allOrNone, buildClient, placeOf, prepareReports } from "./prepare.ts";
import type { RunningServer } from "./serve.ts";

/**
 * Several processes on one machine: the first prepares the stores, keeps the embedded PostgreSQL, and takes connections, which it
 * hands to the others in turn; `WORKERS` of them answer requests; one more does the work for all. They know of each other's reports as
 * processes on different machines do, by the change feed.
 */

/** What a worker is for; in its environment. */
export type WorkerPart = "requests" | "work";
const PART = "STRATUM_WORKER";

/** Undefined in the first process. */
export function workerPart(env: NodeJS.ProcessEnv): WorkerPart | undefined {
  const part = cluster.isWorker ? env[PART] : undefined;
  return part === "requests" || part === "work" ? part : undefined;
}

type Message = { readonly url: string } | { readonly fault: string };

/** A worker that died is replaced after so long, so that one that cannot live does not take a core. */
const AGAIN_AFTER_MS = 1_000;
/** As long as the workers may take to stop (`stop-on-signal.ts`). */
const STOP_WITHIN_MS = 9_000;

/** @throws OperatorError as `startServer`, and when nothing is kept that several processes could share */
export async function startWorkers(config: Config, { log, steps }: { log: Log; steps: Steps }): Promise<RunningServer> {
  if (config.dataDir === undefined && (config.dynamo === undefined || config.databaseUrl === undefined)) {
    throw new OperatorError(
      `WORKERS=${config.workers} needs stores that processes can share, but DATA_DIR is \`memory\`: set it to a directory, or use WORKERS=1.`,
    );
  }
  const port = await assertPortFree(config.host, config.port);
  const closers = createClosers(log);
  try {
    const stores = closers.add(openStores(config, { role: "server", log }));
    await stores.claim();
    const database = openDatabase({ address: stores.database, log });
    const refusal = refusalOf(database, placeOf(config, config.databaseUrl === undefined, "DATABASE_URL"), steps);
    closers.add(database);
    const demo = keepOrRemoveDemo(config, { database, log });
    await allOrNone(prepare(config, stores, log, steps), buildClient(log, steps));
    await throwIfRefused(refusal);
    const workers = closers.add(createWorkers(log, port));
    const [url = ""] = await steps.run("workers", (note) => {
      note(`${config.workers} that answer, one for the work of all`);
      return Promise.all([
        ...Array.from({ length: config.workers }, () => workers.start("requests")),
        workers.start("work"),
      ]);
    });
    return { url, refusal, demo, close: closers.close };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function prepare(config: Config, stores: ReturnType<typeof openStores>, log: Log, steps: Steps): Promise<void> {
  const closers = createClosers(log);
  try {
    await prepareReports({ config, stores, clock: { now: Date.now }, log, steps, closers });
  } finally {
    await closers.close();
  }
}

/** @param port the same for all that are ever started, should they all die at once */
function createWorkers(log: Log, port: number) {
  const running = new Set<Worker>();
  let isClosing = false;

  /** Resolves with what the worker says first: its address. */
  function start(part: WorkerPart): Promise<string> {
    const worker = cluster.fork({ [PART]: part, PORT: String(port) });
    running.add(worker);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let isOpen = false;
    worker.once("message", (message: Message) => {
      if ("fault" in message) return reject(new OperatorError(message.fault));
      isOpen = true;
      resolve(message.url);
    });
    worker.once("exit", (code, signal) => {
      running.delete(worker);
      reject(new Error(`a worker ended while it started (${signal ?? code})`));
      if (isOpen && !isClosing) startAgain(part, signal ?? String(code));
    });
    return promise;
  }

  function startAgain(part: WorkerPart, cause: string): void {
    log.error("a worker ended, starting another", { part, cause });
    setTimeout(() => {
      if (isClosing) return;
      start(part).catch((error: unknown) => {
        log.error("a worker could not be started", { part, error });
        if (!isClosing) startAgain(part, "start failed");
      });
    }, AGAIN_AFTER_MS);
  }

  return {
    start,
    async close() {
      isClosing = true;
      const ended = [...running].map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
      for (const worker of running) worker.kill("SIGTERM");
      const limit = setTimeout(() => {
        for (const worker of running) worker.kill("SIGKILL");
      }, STOP_WITHIN_MS);
      await Promise.all(ended);
      clearTimeout(limit);
    },
  };
}

/** Tells the first process that this worker is open, or why it is not. */
export function tellFirstProcess(message: Message): void {
  process.send?.(message);
}
