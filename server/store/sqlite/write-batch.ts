import type { DatabaseSync } from "node:sqlite";
import { createWrites, type Writes } from "./writes.ts";

/** A write that is asked for, as plain data. */
export interface WriteRequest<K extends keyof Writes = keyof Writes> {
  /** Names the request in its answer. */
  readonly n: number;
  readonly kind: K;
  readonly args: Parameters<Writes[K]>;
  /** When it was asked for, Unix milliseconds of the machine. */
  readonly askedAtMs: number;
}

export interface WriteFault {
  readonly message: string;
  /** SQLite's result code; undefined when the fault is ours. */
  readonly code?: number;
}

export type WriteAnswer = { readonly n: number } & ({ readonly value: unknown } | { readonly fault: WriteFault });

/** From here on a row is not brought by its change any more: `FRESH_ROW_MS` leaves the rest to the clocks. */
const LATE_MS = 3000;

/** How long a batch waits for another process's transaction. */
const PATIENCE_MS = 20_000;
/** Between two looks whether it has ended: SQLite's own waiting grows to 100 ms, and whoever writes without a pause would win. */
const LOOK_AGAIN_MS = 1;

const SQLITE_BUSY = 5;

/** SQLite's extended result codes have the plain one in their last byte: another process's recovery of the file is a kind of busy. */
const isBusy = (error: unknown): boolean => ((codeOf(error) ?? 0) & 0xff) === SQLITE_BUSY;

export const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : undefined;

/**
 * Runs writes in one transaction, so that they share one synchronisation of the file. When one fails, none is done by that, and each is
 * tried in a transaction of its own.
 */
export function createBatchRunner(db: DatabaseSync): (requests: readonly WriteRequest[]) => WriteAnswer[] {
  const writes = createWrites(db);

  function transaction<T>(work: () => T): T {
    begin(db);
    try {
      const result = work();
      db.exec("COMMIT");
      return result;
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }

  const runAll = (requests: readonly WriteRequest[]): WriteAnswer[] =>
    transaction(() => requests.map((request) => ({ n: request.n, value: run(writes, request) })));

  function runOne(request: WriteRequest): WriteAnswer {
    try {
      return runAll([request])[0] as WriteAnswer;
    } catch (error) {
      return faultOf(request, error);
    }
  }

  function runTogether(requests: readonly WriteRequest[]): WriteAnswer[] {
    try {
      return runAll(requests);
    } catch (error) {
      // Whoever has the lock has it for each of them: one after the other they would wait for hours.
      return requests.map((request) => (isBusy(error) ? faultOf(request, error) : runOne(request)));
    }
  }

  /** The disk took so long that some rows are brought too late: nobody may rely on having them, so their cells are told, too. */
  function tellLate(requests: readonly WriteRequest[], answers: WriteAnswer[]): WriteAnswer[] {
    const late = requests.filter((request, i) => isLate(request) && "value" in (answers[i] as WriteAnswer));
    if (late.length === 0) return answers;
    try {
      transaction(() => {
        for (const request of late) republish(writes, request);
      });
      return answers;
    } catch (error) {
      // Stored and not told of rightly: not acknowledged, so that it is put again, which tells the cell.
      return answers.map((answer, i) => {
        const request = requests[i] as WriteRequest;
        return late.includes(request) ? faultOf(request, error) : answer;
      });
    }
  }

  return (requests) => tellLate(requests, requests.length === 1 ? requests.map(runOne) : runTogether(requests));
}

function faultOf({ n }: WriteRequest, error: unknown): WriteAnswer {
  const code = codeOf(error);
  return { n, fault: { message: (error as Error).message, ...(code !== undefined && { code }) } };
}

function run(writes: Writes, request: WriteRequest): unknown {
  if (isPut(request)) {
    const [cell, row, isFresh, nowMs] = request.args;
    return writes.put(cell, row, isFresh && Date.now() - request.askedAtMs < LATE_MS, nowMs);
  }
  return (writes[request.kind] as (...args: readonly unknown[]) => unknown)(...request.args);
}

const isPut = (request: WriteRequest): request is WriteRequest<"put"> => request.kind === "put";

const isLate = (request: WriteRequest): boolean => isPut(request) && Date.now() - request.askedAtMs >= LATE_MS;

function republish(writes: Writes, request: WriteRequest): void {
  if (!isPut(request)) return;
  const [cell, row, , nowMs] = request.args;
  writes.republish(cell, row[0], nowMs);
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
/** Only where nothing else runs: in the writer's thread. */
export const sleepThread = (ms: number): void => void Atomics.wait(sleeper, 0, 0, ms);

function begin(db: DatabaseSync): void {
  const untilMs = Date.now() + PATIENCE_MS;
  // Of one that could not be rolled back, because the disk failed then, too.
  if (db.isTransaction) db.exec("ROLLBACK");
  for (;;) {
    try {
      db.exec("BEGIN IMMEDIATE");
      return;
    } catch (error) {
      if (!isBusy(error) || Date.now() > untilMs) throw error;
      sleepThread(LOOK_AGAIN_MS);
    }
  }
}
