import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { openSqlite } from "./schema.ts";
import { createBatchRunner, sleepThread, type WriteAnswer, type WriteRequest } from "./write-batch.ts";

/**
 * The thread that writes. While one transaction waits for the disk, what is asked for meanwhile gathers, and goes into the next one
 * together. It also moves the log into the file, behind the answers.
 */

/** What one transaction takes: it holds up whoever writes beside it, here or in another process. */
const MOST_REQUESTS = 512;
const MOST_ROWS = 4000;

/** The log is moved into the file this long after the last time, when something was written. */
const CHECKPOINT_EVERY_MS = 500;

/**
 * Pages of the log (16 MB) from which on it must begin anew. It does so by itself when all of it is in the file and nobody reads it,
 * which may never be where several processes write.
 */
const MOST_LOG_PAGES = 4096;
/** How long that waits for transactions and reads under way; those that begin meanwhile do not hold it up. */
const ANEW_PATIENCE_MS = 250;

/** A transaction longer than this leaves others a moment to come in between. */
const LONG_MS = 10;
const PAUSE_MS = 3;

const port = parentPort;
if (port === null) throw new Error("this module runs in a worker thread only");

const db = openSqlite((workerData as { readonly path: string }).path);
// Waiting is the batch runner's work.
db.exec("PRAGMA busy_timeout = 0");
const runBatch = createBatchRunner(db);

/** Asked for and not begun, in order. */
const waiting: WriteRequest[] = [];
let checkpointedAtMs = 0;
let checkpoint: NodeJS.Timeout | undefined;

function gather(): void {
  for (let next = receiveMessageOnPort(port as NonNullable<typeof port>); next !== undefined; ) {
    take(next.message);
    next = receiveMessageOnPort(port as NonNullable<typeof port>);
  }
}

let isClosing = false;

function take(message: readonly WriteRequest[] | "close"): void {
  if (message === "close") isClosing = true;
  else waiting.push(...message);
}

function nextBatch(): WriteRequest[] {
  let rows = 0;
  let count = 0;
  while (count < waiting.length && count < MOST_REQUESTS && rows < MOST_ROWS) rows += rowsOf(waiting[count++]);
  return waiting.splice(0, count);
}

function rowsOf(request: WriteRequest | undefined): number {
  if (request?.kind !== "putMany") return 1;
  const [puts] = (request as WriteRequest<"putMany">).args;
  return puts.reduce((sum, { rows }) => sum + rows.length, 0);
}

function work(): void {
  gather();
  while (waiting.length > 0) {
    const beganAtMs = performance.now();
    const answers: readonly WriteAnswer[] = runBatch(nextBatch());
    port?.postMessage(answers);
    if (performance.now() - beganAtMs > LONG_MS) sleepThread(PAUSE_MS);
    moveLogSoon();
    gather();
  }
  if (isClosing) close();
}

function moveLogSoon(): void {
  const inMs = checkpointedAtMs + CHECKPOINT_EVERY_MS - performance.now();
  if (inMs <= 0) moveLog();
  else checkpoint ??= setTimeout(moveLog, inMs);
}

function moveLog(): void {
  clearTimeout(checkpoint);
  checkpoint = undefined;
  try {
    const pages = Number(db.prepare("PRAGMA wal_checkpoint(PASSIVE)").get()?.log);
    if (pages > MOST_LOG_PAGES) beginLogAnew();
  } catch {
    // Another process is at it, or the disk is full: what was committed is in the log, and the next one tries again.
  }
  checkpointedAtMs = performance.now();
}

function beginLogAnew(): void {
  db.exec(`PRAGMA busy_timeout = ${ANEW_PATIENCE_MS}`);
  try {
    db.exec("PRAGMA wal_checkpoint(RESTART)");
  } finally {
    db.exec("PRAGMA busy_timeout = 0");
  }
}

function close(): void {
  clearTimeout(checkpoint);
  db.close();
  process.exit(0);
}

port.on("message", (message: readonly WriteRequest[] | "close") => {
  take(message);
  work();
});
port.postMessage("open");
