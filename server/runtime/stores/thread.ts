import { parentPort, Worker, workerData } from "node:worker_threads";
import { OperatorError } from "../../console/operator-error.ts";

/**
 * An embedded store has a thread of its own: its work would hold up tiles on the main one, and the two stores, the seed and
 * the client's build start side by side on two cores.
 */
export interface StoreThread {
  /** Where the store listens, on the loopback interface. */
  readonly url: string;
  /** Ends it after what it has begun; everything acknowledged is on disk. */
  close(): Promise<void>;
}

export interface ThreadInput {
  /** The store's own directory; in memory without. */
  readonly dir?: string;
}

interface StartedStore {
  readonly url: string;
  close(): Promise<void>;
}

type Answer = { url: string } | { fault: string; operator: boolean };

/**
 * Starts a module that calls `serveThread`.
 * @param onDeath told when the thread ends, once it is open, without having been asked to.
 * @param giveUp ends a thread that is still opening, as a crash would; then it rejects.
 * @throws OperatorError when the store's files cannot be used.
 */
export async function startThread(
  module: URL,
  input: ThreadInput,
  onDeath: (error: Error) => void,
  giveUp: AbortSignal,
): Promise<StoreThread> {
  giveUp.throwIfAborted();
  const worker = new Worker(module, { workerData: input });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const { promise: answered, resolve: answer, reject } = Promise.withResolvers<Answer>();
  let isOpen = false;
  let cause: Error | undefined;
  worker.once("message", (first: Answer) => {
    isOpen = "url" in first;
    answer(first);
  });
  worker.once("error", (error) => {
    cause = error instanceof Error ? error : new Error(String(error));
  });
  worker.once("exit", (code) => {
    end();
    const death = cause ?? new Error(`the thread ended with code ${code}`);
    reject(death);
    if (isOpen) onDeath(death);
  });
  const terminate = () => void worker.terminate();
  giveUp.addEventListener("abort", terminate);
  const first = await answered;
  giveUp.removeEventListener("abort", terminate);
  if ("fault" in first) {
    await ended;
    throw first.operator ? new OperatorError(first.fault) : new Error(first.fault);
  }
  return {
    url: first.url,
    async close() {
      isOpen = false;
      worker.postMessage("close");
      await ended;
    },
  };
}

/** The thread's side: opens the store, tells its address, closes it when asked. */
export async function serveThread(open: (input: ThreadInput) => Promise<StartedStore>): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("this module runs in a worker thread only");
  const say = (answer: Answer) => port.postMessage(answer);
  try {
    const store = await open(workerData as ThreadInput);
    port.once("message", async () => {
      await store.close();
      process.exit(0);
    });
    say({ url: store.url });
  } catch (error) {
    const operator = error instanceof OperatorError;
    say({
      fault: operator || !(error instanceof Error) ? String((error as Error).message) : String(error.stack),
      operator,
    });
    port.close();
  }
}
