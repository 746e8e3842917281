import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../console/log.ts";
import { OperatorError } from "../../console/operator-error.ts";
import type { DatabaseAddress } from "../../postgres/pool.ts";
import { IN_MEMORY, SQLITE_FILE } from "../../store/sqlite/schema.ts";
import type { Config } from "../config.ts";
import type { AwsCredentials } from "../dynamo-config.ts";
import { answers } from "./answers.ts";
import {
  type Claim,
  claimDataDir,
  makeWritable,
  type Owner,
  type Role,
  readOwner,
  type StoreName,
} from "./data-dir.ts";
import { startThread } from "./thread.ts";

/** How to reach the DynamoDB: what the store's client is made with. */
export interface DynamoAddress {
  readonly tableName: string;
  readonly region: string;
  /** Unset: AWS's own for the region. */
  readonly endpoint?: string;
  /** Unset: the AWS SDK finds them itself. */
  readonly credentials?: AwsCredentials;
}

/** Both databases, whichever they are. A store is started when it is first asked for: an import needs no PostgreSQL. */
export interface Stores {
  /** Takes DATA_DIR, when anything is to be kept there, so that what is wrong with it shows before the slow work. */
  claim(): Promise<void>;
  /** The file of the embedded reports, or `IN_MEMORY`; undefined: the configuration names a DynamoDB. */
  readonly reportsPath: string | undefined;
  /** The DynamoDB of the configuration, or an emulator: for the Worker and the tests. @throws OperatorError when its files cannot be used. */
  dynamo(): Promise<DynamoAddress>;
  /** Whether the embedded stores are this process's own, and not another's. */
  ownsDataDir(): Promise<boolean>;
  /** @throws OperatorError when its files cannot be used. */
  database(): Promise<DatabaseAddress>;
  /** Stops what this process started, be it open or still opening. Close clients first. */
  close(): Promise<void>;
}

export interface StoresOptions {
  /** A `server` keeps the stores for others; a `command` (import, seed, migrate) uses a running server's. */
  readonly role: Role;
  readonly log: Log;
}

const THREADS: Readonly<Record<StoreName, URL>> = {
  dynamodb: new URL("./dynamo-thread.ts", import.meta.url),
  postgres: new URL("./postgres-thread.ts", import.meta.url),
};

/** What the embedded DynamoDB is asked with; it checks neither region nor credentials. */
const EMULATOR = {
  tableName: "stratum",
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
} as const;

/**
 * Chooses the stores by configuration: real ones where it names them, else embedded ones in DATA_DIR. The file of the reports any
 * process opens; `postgres/`, and an emulator's `dynamodb/`, are this process's own or those of the live process that has them.
 */
export function openStores(config: Config, options: StoresOptions): Stores {
  const { dataDir, dynamo, databaseUrl } = config;
  if (config.notice !== undefined) options.log.warn(config.notice);
  const home = once(() => (dataDir === undefined ? openMemory(options.log) : openHome(resolve(dataDir), options)));
  const embeddedUrl = async (store: StoreName) => (await home()).url(store);
  return {
    reportsPath: dynamo === undefined ? pathOfReports(dataDir) : undefined,
    async claim() {
      if (databaseUrl === undefined) await home();
      else if (dynamo === undefined && dataDir !== undefined) makeWritable(resolve(dataDir));
    },
    ownsDataDir: async () => (await home()).isOwn,
    dynamo: once(async () => dynamo ?? { ...EMULATOR, endpoint: await embeddedUrl("dynamodb") }),
    database: once(async () =>
      databaseUrl === undefined
        ? { url: await embeddedUrl("postgres"), embedded: true }
        : { url: databaseUrl, embedded: false },
    ),
    async close() {
      if (home.begun()) await (await home().catch(() => undefined))?.close();
    },
  };
}

function pathOfReports(dataDir: string | undefined): string {
  return dataDir === undefined ? IN_MEMORY : join(resolve(dataDir), SQLITE_FILE);
}

/** Where the embedded stores are: threads of this process, or of another. */
interface Home {
  /** False: they are another process's. */
  readonly isOwn: boolean;
  url(store: StoreName): Promise<string>;
  close(): Promise<void>;
}

function openMemory(log: Log): Promise<Home> {
  return Promise.resolve(openThreads(undefined, log));
}

function openThreads(dir: string | undefined, log: Log, claim?: Claim): Home {
  const closing = new AbortController();
  const start = (store: StoreName) =>
    once(async () => {
      const input = dir === undefined ? {} : { dir: join(dir, store) };
      const onDeath = (error: Error) => log.error("embedded store died, restart the server", { store, error });
      const thread = await startThread(THREADS[store], input, onDeath, closing.signal);
      claim?.announce(store, thread.url);
      return thread;
    });
  const threads = { dynamodb: start("dynamodb"), postgres: start("postgres") };
  return {
    isOwn: true,
    url: async (store) => (await threads[store]()).url,
    async close() {
      closing.abort();
      const begun = Object.values(threads).filter((thread) => thread.begun());
      await Promise.all(begun.map(async (thread) => (await thread().catch(() => undefined))?.close()));
      claim?.release();
    },
  };
}

const POLL_MS = 100;
/** How long we wait for another process to open its stores, or for a command to be done with the directory. */
const PATIENCE_MS = 30_000;

async function openHome(dir: string, { role, log }: StoresOptions): Promise<Home> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let told = false; ; await sleep(POLL_MS)) {
    const claim = claimDataDir(dir, role);
    if (claim !== undefined) return openThreads(dir, log, claim);
    const owner = readOwner(dir);
    // A command's stores go when it is done, so a server waits for that.
    if (owner !== undefined && (role === "command" || owner.role === "server"))
      return attach(dir, owner, { role, log });
    if (Date.now() > deadline) throw new OperatorError(busySentence(dir, owner));
    if (!told) log.info("waiting for another command to finish with DATA_DIR", { dir, pid: owner?.pid });
    told = true;
  }
}

/** Another process's stores; should it end before it has opened the one that is asked for, they become this process's. */
function attach(dir: string, { pid }: Owner, { role, log }: StoresOptions): Home {
  log.info("using the embedded stores of a running process", { dir, pid });
  let own: Home | undefined;

  async function url(store: StoreName): Promise<string> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      if (own !== undefined) return own.url(store);
      const owner = readOwner(dir);
      const announced = owner?.endpoints[store];
      // Asking the store itself tells a live owner from the file of a dead one.
      if (announced !== undefined && (await answers(announced))) return announced;
      const claim = own === undefined ? claimDataDir(dir, role) : undefined;
      if (claim !== undefined) {
        log.info("taking over the embedded stores, their process has ended", { dir, pid });
        own = openThreads(dir, log, claim);
      }
      if (Date.now() > deadline) throw new OperatorError(busySentence(dir, owner));
      if (own === undefined) await sleep(POLL_MS);
    }
  }

  return {
    get isOwn() {
      return own !== undefined;
    },
    url,
    close: async () => own?.close(),
  };
}

function busySentence(dir: string, owner: Owner | undefined): string {
  const who = owner === undefined ? "another process" : `process ${owner.pid} (since ${owner.started_at})`;
  return `DATA_DIR ${dir} is in use by ${who}, whose stores do not answer here: stop it, or set DATA_DIR to another directory.`;
}

interface Once<T> {
  (): Promise<T>;
  begun(): boolean;
}

function once<T>(make: () => Promise<T>): Once<T> {
  let made: Promise<T> | undefined;
  return Object.assign(
    () => {
      made ??= make();
      return made;
    },
    { begun: () => made !== undefined },
  );
}
