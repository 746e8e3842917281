import type { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { StoreUnavailableError } from "../../ports/report-store.ts";
import { codeOf, createBatchRunner, type WriteAnswer, type WriteFault, type WriteRequest } from "./write-batch.ts";
import type { Writes } from "./writes.ts";

/** Where writes go. */
export interface Writer {
  /** Resolves when it is on the disk. @throws StoreUnavailableError when it is not, or not known to be */
  write<K extends keyof Writes>(kind: K, ...args: Parameters<Writes[K]>): Promise<ReturnType<Writes[K]>>;
  /** @throws StoreUnavailableError when nothing can be written any more */
  check(): void;
  /** Whether the newest write that has ended failed, for a full disk above all. */
  isFailing(): boolean;
  /** After what was begun. */
  close(): Promise<void>;
}

/** Writes on the connection that reads: for a database in memory, where nothing waits for a disk. */
export function createInlineWriter(db: DatabaseSync): Writer {
  const runBatch = createBatchRunner(db);
  let n = 0;
  return {
    async write(kind, ...args) {
      const [answer] = runBatch([{ n: n++, kind, args, askedAtMs: Date.now() } as WriteRequest]);
      return resultOf(answer as WriteAnswer) as never;
    },
    check() {},
    isFailing: () => false,
    async close() {},
  };
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Writes in a thread of its own: a commit waits for the disk, and the event loop must not. */
export function createThreadWriter(path: string, onDeath: (error: Error) => void): Writer {
  const worker = new Worker(new URL("./write-thread.ts", import.meta.url), { workerData: { path } });
  const waiting = new Map<number, Waiting>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let death: Error | undefined;
  let isClosing = false;
  let isFailing = false;
  let outgoing: WriteRequest[] = [];
  let n = 0;

  worker.on("message", (answers: readonly WriteAnswer[] | "open") => {
    if (answers === "open") return;
    for (const answer of answers) settle(answer);
  });
  worker.once("error", (error) => {
    death = error instanceof Error ? error : new Error(String(error));
  });
  worker.once("exit", (code) => {
    end();
    death ??= new Error(isClosing ? "the store is closed" : `the writing thread ended with code ${code}`);
    for (const { reject } of waiting.values()) reject(new StoreUnavailableError(death.message, { cause: death }));
    waiting.clear();
    if (!isClosing) onDeath(death);
  });

  function settle(answer: WriteAnswer): void {
    const asked = waiting.get(answer.n);
    waiting.delete(answer.n);
    isFailing = "fault" in answer && answer.fault.code !== undefined;
    try {
      asked?.resolve(resultOf(answer));
    } catch (error) {
      asked?.reject(error as Error);
    }
  }

  /** What is asked for in one turn goes in one message. */
  function send(request: WriteRequest): void {
    if (outgoing.push(request) > 1) return;
    queueMicrotask(() => {
      const sent = outgoing;
      outgoing = [];
      try {
        worker.postMessage(sent);
      } catch (error) {
        // What is no plain data; those beside it may ask again.
        for (const { n } of sent) settle({ n, fault: { message: (error as Error).message } });
      }
    });
  }

  function check(): void {
    if (death === undefined && !isClosing) return;
    throw new StoreUnavailableError(death?.message ?? "the store is closed");
  }

  return {
    check,
    isFailing: () => isFailing,
    async write(kind, ...args) {
      check();
      const request = { n: n++, kind, args, askedAtMs: Date.now() } as WriteRequest;
      return await new Promise((resolve, reject) => {
        waiting.set(request.n, { resolve: resolve as (value: unknown) => void, reject });
        send(request);
      });
    },
    async close() {
      if (!isClosing && death === undefined) {
        isClosing = true;
        // Behind what is on its way in this turn.
        queueMicrotask(() => worker.postMessage("close"));
      }
      await ended;
    },
  };
}

function resultOf(answer: WriteAnswer): unknown {
  if ("fault" in answer) throw errorOf(answer.fault);
  return answer.value;
}

function errorOf({ message, code }: WriteFault): Error {
  return code === undefined ? new Error(message) : new StoreUnavailableError(`SQLite: ${message} (${code})`);
}

/** A read's fault, as the port has it. */
export function asStoreError(error: unknown): unknown {
  const code = codeOf(error);
  if (error instanceof Error && "code" in error && error.code === "ERR_INVALID_STATE") {
    return new StoreUnavailableError("the store is closed", { cause: error });
  }
  if (code === undefined) return error;
  return new StoreUnavailableError(`SQLite: ${(error as Error).message} (${code})`, { cause: error });
}
