import { randomOf } from "../kit/random.ts";
import type { App } from "./app.ts";
import type { Faults } from "./faults.ts";
import type { Machine } from "./host.ts";
import { createTask, currentTask } from "./task.ts";
import type { Trace } from "./trace.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** The network between clients and processes. */
export interface Link {
  /** Asks a process from the running task of a client. Rejects with LinkError when no answer comes, or what the process threw. */
  ask<T>(machine: Machine, what: (app: App) => Promise<T>, options?: { readonly isWrite: boolean }): Promise<T>;
}

/** No answer: whether anything was done is not known. */
export class LinkError extends Error {
  override readonly name = "LinkError";
}

/** As long as a browser waits, at most. */
const PATIENCE_MS = 20_000;

export function createLink({
  seed,
  time,
  faults,
  trace,
}: {
  readonly seed: number;
  readonly time: VirtualTime;
  readonly faults: Faults;
  readonly trace: Trace;
}): Link {
  return {
    ask: (machine, what, { isWrite } = { isWrite: false }) =>
      new Promise((resolve, reject) => {
        const client = currentTask();
        const label = `${client.name}/${client.nextRequest()}@${machine.name}`;
        const random = randomOf(`${seed}/${label}`);
        const [upMs, downMs] = [random.between(1, 40), random.between(1, 40)];
        const fault = faults.decide({ label, host: machine.name, command: "Http", atMs: time.now() });
        if (fault !== undefined) trace.note(label, `!! ${fault.kind}`);
        const settle = (atMs: number, how: () => void) => time.resume(client, atMs, how);
        const fail = (atMs: number, why: string) => settle(atMs, () => reject(new LinkError(why)));
        fail(time.now() + PATIENCE_MS, "no answer");
        if (fault?.kind === "lost-before") return;

        const arrive = (): undefined => {
          const life = machine.life();
          if (life === undefined) return void fail(time.now() + downMs, "connection refused");
          life.onDeath(() => fail(time.now() + downMs, "connection broken"));
          const task = createTask(seed, label, life);
          const answer = (how: () => void) => {
            if (fault?.kind !== "lost-after") settle(time.now() + downMs, how);
          };
          time.resume(task, time.now(), () => {
            const work = what(life.app);
            if (isWrite) work.then(life.app.afterWrite, life.app.afterWrite);
            work.then(
              (value) => answer(() => resolve(value)),
              (error: unknown) => answer(() => reject(error)),
            );
          });
          return undefined;
        };
        time.at(time.now() + upMs + (fault?.kind === "delayed" ? fault.ms : 0), arrive);
      }),
  };
}
