import { AsyncLocalStorage } from "node:async_hooks";
import { type Random, randomOf } from "../kit/random.ts";

/**
 * A thread of work of one process, or of a client: everything that is awaited in it, timers included. What it draws and the
 * names of its requests depend on its own name and on what it did before, on no other task.
 */
export interface Task {
  readonly name: string;
  readonly random: Random;
  /** Undefined for clients, which do not crash. */
  readonly host: Host | undefined;
  /** Numbers the next request. */
  nextRequest(): number;
  /** Numbers the next timer that is set in it, or in a timer of it. */
  nextTimer(): number;
  /** The task whose timers this is one of; itself when it is none. */
  readonly root: Task;
  /** Cut off: nothing of it goes on. */
  cut: boolean;
}

/** What runs tasks, and may die or stand still. */
export interface Host {
  /** Dead for good: whoever starts after it is another host. */
  readonly isDead: boolean;
  /** It does nothing until this true time. */
  readonly stalledUntilMs: number;
  /** Unix milliseconds by its own clock. */
  now(): number;
  /** It dies this moment. */
  crash(): void;
  stall(untilMs: number): void;
  onDeath(then: () => void): void;
}

const current = new AsyncLocalStorage<Task>();

export function createTask(seed: number, name: string, host: Host | undefined, root?: Task): Task {
  let requests = 0;
  let timers = 0;
  const task: Task = {
    name,
    random: randomOf(`${seed}/${name}`),
    host,
    nextRequest: () => requests++,
    nextTimer: () => timers++,
    get root() {
      return root ?? task;
    },
    cut: false,
  };
  return task;
}

export const runInTask = <T>(task: Task, work: () => T): T => current.run(task, work);

/** The task that is running. @throws Error outside of any */
export function currentTask(): Task {
  const task = current.getStore();
  if (task === undefined) throw new Error("not in a task of the simulation");
  return task;
}

export const peekTask = (): Task | undefined => current.getStore();

/** Whether nothing of a task may go on. */
export const isOver = ({ host, cut, root }: Task): boolean => cut || root.cut || host?.isDead === true;
