import { createHash } from "node:crypto";
import { createEventQueue } from "./event-queue.ts";
import { createTask, isOver, peekTask, runInTask, type Task } from "./task.ts";

/** The one true time of a run, Unix milliseconds with fractions, and everything that is still to happen. */
export interface VirtualTime {
  now(): number;
  /** Something happens later, whoever lives then; what it returns is waited for while time stands still. */
  at(atMs: number, run: () => undefined | Promise<void>): void;
  /** A task goes on later, unless it is over then; not before a stall of its host ends. */
  resume(task: Task, atMs: number, run: () => void): void;
  /** Lets everything happen up to a time, or until a condition holds. */
  runUntil(untilMs: number, isDone?: () => boolean): Promise<void>;
  /** From a time on no task goes on for so long, while what is under way elsewhere arrives. */
  sleep(fromMs: number, ms: number): void;
  /** Puts the globals back. */
  restore(): void;
}

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
  dateNow: Date.now,
  random: Math.random,
  performanceNow: performance.now,
  getRandomValues: crypto.getRandomValues,
  randomUUID: crypto.randomUUID,
  digest: crypto.subtle.digest,
};

/** Lets all that was resolved go on, and whatever follows from it, until only time can bring more. */
const drain = (): Promise<void> => new Promise((resolve) => real.setImmediate(resolve));

/**
 * Takes over timers, clocks and randomness of this thread until `restore`: one run at a time. Code runs unchanged; what it
 * awaits is either resolved already or waits for an event here.
 */
export function createVirtualTime(seed: number, startMs: number): VirtualTime {
  const queue = createEventQueue();
  let nowMs = startMs;
  let asleep = { fromMs: Infinity, untilMs: Infinity };

  function resume(task: Task, atMs: number, run: () => void): void {
    queue.add({
      atMs,
      run() {
        if (isOver(task)) return;
        const wokenMs = nowMs >= asleep.fromMs ? asleep.untilMs : 0;
        const stalledUntilMs = Math.max(task.host?.stalledUntilMs ?? 0, wokenMs);
        if (stalledUntilMs > nowMs) resume(task, stalledUntilMs, run);
        else runInTask(task, run);
      },
    });
  }

  function setTimer(task: Task, run: () => void, delayMs = 0): object {
    let cleared = false;
    const { root } = task;
    const timer = createTask(seed, `${root.name}~${root.nextTimer()}`, task.host, root);
    resume(timer, nowMs + Math.max(1, delayMs), () => {
      if (!cleared) run();
    });
    const handle = { unref: () => handle, ref: () => handle, hasRef: () => true, clear: () => (cleared = true) };
    return handle;
  }

  function takeOver(): void {
    const replace = (target: object, name: string, value: unknown) => {
      Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: true });
    };
    const patched =
      <A extends unknown[], R>(inTask: (task: Task, ...args: A) => R, outside: (...args: A) => R) =>
      (...args: A): R => {
        const task = peekTask();
        return task === undefined ? outside(...args) : inTask(task, ...args);
      };
    const localNow = (task: Task): number => task.host?.now() ?? Math.floor(nowMs);
    replace(globalThis, "setTimeout", (run: () => void, delayMs?: number) => {
      const task = peekTask();
      return task === undefined ? real.setTimeout(run, delayMs) : setTimer(task, run, delayMs);
    });
    replace(globalThis, "setImmediate", (run: () => void) => {
      const task = peekTask();
      if (task === undefined) return real.setImmediate(run);
      return resume(task, nowMs, run);
    });
    replace(globalThis, "clearTimeout", (handle?: { clear?(): void }) => {
      if (typeof handle?.clear === "function") handle.clear();
      else real.clearTimeout(handle as never);
    });
    replace(
      Date,
      "now",
      patched(localNow, () => real.dateNow.call(Date)),
    );
    replace(
      performance,
      "now",
      patched(
        () => nowMs - startMs,
        () => real.performanceNow.call(performance),
      ),
    );
    replace(
      Math,
      "random",
      patched(
        ({ random }) => random.next(),
        () => real.random.call(Math),
      ),
    );
    replace(
      crypto,
      "getRandomValues",
      patched(fillAtRandom, (array: Uint8Array<ArrayBuffer>) => real.getRandomValues.call(crypto, array)),
    );
    replace(
      crypto,
      "randomUUID",
      patched(uuidOf, () => real.randomUUID.call(crypto)),
    );
    // Web Crypto answers from another thread, when it pleases.
    replace(crypto.subtle, "digest", async (name: string, bytes: Uint8Array) => digestOf(name, bytes));
  }

  takeOver();
  return {
    now: () => nowMs,
    at: (atMs, run) => queue.add({ atMs, run }),
    resume,
    async runUntil(untilMs, isDone) {
      await drain();
      while (queue.nextAtMs() <= untilMs && !isDone?.()) {
        const event = queue.take();
        if (event === undefined) break;
        nowMs = Math.max(nowMs, event.atMs);
        await event.run();
        await drain();
      }
      if (!isDone?.()) nowMs = Math.max(nowMs, untilMs);
    },
    sleep(fromMs, ms) {
      asleep = { fromMs, untilMs: fromMs + ms };
    },
    restore() {
      const { setTimeout, clearTimeout, setImmediate } = real;
      Object.assign(globalThis, { setTimeout, clearTimeout, setImmediate });
      Object.assign(Date, { now: real.dateNow });
      Object.assign(Math, { random: real.random });
      // These three live on prototypes.
      Reflect.deleteProperty(performance, "now");
      Reflect.deleteProperty(crypto, "getRandomValues");
      Reflect.deleteProperty(crypto, "randomUUID");
      Reflect.deleteProperty(crypto.subtle, "digest");
    },
  };
}

function fillAtRandom<T extends Uint8Array | Uint32Array>({ random }: Task, array: T): T {
  const end = 256 ** array.BYTES_PER_ELEMENT;
  for (let i = 0; i < array.length; i++) array[i] = random.below(end);
  return array;
}

function uuidOf({ random }: Task): string {
  const hex = (digits: number): string => Array.from({ length: digits }, () => random.below(16).toString(16)).join("");
  return [hex(8), hex(4), `4${hex(3)}`, `8${hex(3)}`, hex(12)].join("-");
}

function digestOf(name: string, bytes: Uint8Array): ArrayBuffer {
  const digest = createHash(name.replace("-", "").toLowerCase()).update(bytes).digest();
  return digest.buffer.slice(digest.byteOffset, digest.byteOffset + digest.byteLength) as ArrayBuffer;
}
