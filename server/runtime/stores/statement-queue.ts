import type { PGlite } from "@electric-sql/pglite";

/** First bytes of the protocol's messages after which the server is done with a client's request: Query, Sync. */
const REQUEST_ENDS = new Set([..."QS"].map((type) => type.charCodeAt(0)));
const SYNC = new Uint8Array(["S".charCodeAt(0), 0, 0, 0, 4]);
/** Parse, Bind, Describe, Execute, Close, Flush: a Sync will follow. */
const REQUEST_PARTS = new Set([..."PBDECH"].map((type) => type.charCodeAt(0)));

interface Waiting {
  readonly client: number;
  readonly message: Uint8Array;
  readonly onData: (data: Uint8Array) => void;
  readonly resolve: (bytes: number) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Shares PGlite's one session among clients. A client keeps the session from the first message of a request to its end, and
 * from BEGIN to COMMIT. pglite-socket's own queue only does the latter: when the parts of a request arrive in several
 * chunks (from 64 KiB on) it runs another client's statement in between, and the first one's is lost ("unnamed prepared
 * statement does not exist").
 */
export function createStatementQueue(db: PGlite) {
  let waiting: Waiting[] = [];
  let running = false;
  let holder: number | undefined;

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    for (let next = takeNext(); next !== undefined; next = takeNext()) await execute(next);
    running = false;
  }

  function takeNext(): Waiting | undefined {
    const index = holder === undefined ? 0 : waiting.findIndex(({ client }) => client === holder);
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  }

  async function execute({ client, message, onData, resolve, reject }: Waiting): Promise<void> {
    let bytes = 0;
    try {
      await db.runExclusive(() =>
        db.execProtocolRawStream(message, {
          onRawData(data) {
            bytes += data.length;
            onData(data);
          },
        }),
      );
      resolve(bytes);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
    const type = message[0] ?? 0;
    if (REQUEST_PARTS.has(type)) holder = client;
    else if (REQUEST_ENDS.has(type)) holder = db.isInTransaction() ? client : undefined;
  }

  return {
    enqueue(client: number, message: Uint8Array, onData: (data: Uint8Array) => void): Promise<number> {
      return new Promise((resolve, reject) => {
        waiting.push({ client, message, onData, resolve, reject });
        void run();
      });
    },
    getQueueLength: () => waiting.length,
    clearQueueForHandler(client: number): void {
      const dropped = waiting.filter((each) => each.client === client);
      waiting = waiting.filter((each) => each.client !== client);
      for (const { reject } of dropped) reject(new Error("the client has left"));
    },
    /** A client that left in the middle of a request or a transaction gives the session back. */
    async clearTransactionIfNeeded(client: number): Promise<void> {
      if (holder !== client) return;
      // After an error the session ignores everything up to a Sync, which this client will not send any more.
      await db.runExclusive(() => db.execProtocolRaw(SYNC));
      if (db.isInTransaction()) await db.exec("ROLLBACK");
      holder = undefined;
      await run();
    },
  };
}
