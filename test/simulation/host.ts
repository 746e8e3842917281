import type { Log, LogFields } from "../../server/console/log.ts";
import type { App } from "./app.ts";
import { createTask, type Host, runInTask } from "./task.ts";
import type { Trace } from "./trace.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** One life of a process, from its start to its crash. */
export interface Life extends Host {
  readonly name: string;
  readonly app: App;
  /** Does something when it dies; at once when it is dead. */
  onDeath(then: () => void): void;
}

/** A place where a process runs, and is started again after each crash. */
export interface Machine {
  readonly name: string;
  /** The process, unless it is down. */
  life(): Life | undefined;
  start(): void;
}

export interface MachineOptions {
  readonly name: string;
  readonly seed: number;
  readonly time: VirtualTime;
  readonly trace: Trace;
  /** By how much its clock is ahead now. */
  readonly offsetMs: () => number;
  readonly openApp: (life: Omit<Life, "app">, log: Log) => App;
  /** Told of an error that nobody expects, such as a TypeError. */
  readonly onSurprise: (who: string, error: unknown) => void;
}

export function createMachine(options: MachineOptions): Machine {
  const { name, seed, time, trace, offsetMs, openApp } = options;
  let lives = 0;
  let current: Life | undefined;

  function start(): void {
    const number = ++lives;
    const title = `${name}${number}`;
    const mourners: (() => void)[] = [];
    let [isDead, stalledUntilMs] = [false, 0];
    const body = {
      name,
      get isDead() {
        return isDead;
      },
      get stalledUntilMs() {
        return stalledUntilMs;
      },
      now: () => Math.floor(time.now() + offsetMs()),
      stall(untilMs: number) {
        stalledUntilMs = Math.max(stalledUntilMs, untilMs);
      },
      onDeath(then: () => void) {
        if (isDead) then();
        else mourners.push(then);
      },
      crash() {
        if (isDead) return;
        isDead = true;
        current = undefined;
        trace.note(title, "crashed");
        for (const mourn of mourners) mourn();
        const downMs = createTask(seed, `${title}/restart`, undefined).random.between(200, 6000);
        time.at(time.now() + downMs, () => void start());
      },
    };
    trace.note(title, "started");
    const boot = createTask(seed, `${title}/boot`, body);
    runInTask(boot, () => {
      current = Object.defineProperties({} as Life, {
        ...Object.getOwnPropertyDescriptors(body),
        app: { value: openApp(body, logOf(title, options)) },
      });
    });
    const life = current as Life | undefined;
    for (const [name, work] of Object.entries(life?.app.background ?? {})) {
      runInTask(createTask(seed, `${title}/${name}`, life), work.start);
    }
  }

  return { name, life: () => current, start };
}

function logOf(who: string, { trace, onSurprise }: MachineOptions): Log {
  const write = (event: string, fields: LogFields = {}) => {
    trace.note(who, `log: ${event}${fields.error === undefined ? "" : ` (${(fields.error as Error).message})`}`);
    if (isProgrammingError(fields.error)) onSurprise(who, fields.error);
  };
  return { debug: () => {}, info: () => {}, warn: write, error: write };
}

/** What no fault of the world may bring about. */
export const isProgrammingError = (error: unknown): boolean =>
  error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
