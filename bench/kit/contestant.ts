import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { readCpuSeconds } from "./process-figures.ts";

/** A server in a process of its own. */
export interface Contestant {
  readonly url: string;
  readonly pid: number | undefined;
  /** Where it has the one tile that it serves, if not where ours has it. */
  readonly path?: string;
  /** Processor time that it took so far, seconds; undefined where the system does not tell. */
  cpuSeconds(): number | undefined;
  close(): Promise<void>;
}

export type Settings = Readonly<Record<string, string | undefined>>;

/** Variables that choose stores: what the shell has of them is not what is measured. */
const CHOOSING = /^(?:AWS_|DYNAMODB_|DATABASE_URL$|DATA_DIR$)/;

/** Our own environment without its choice of stores, and these variables. */
export function environmentWith(settings: Settings): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !CHOOSING.test(name));
  return { ...Object.fromEntries(kept), ...settings };
}

/** The product's server, on the stores that these variables choose. @throws Error when it does not start. */
export async function startServerProcess(settings: Settings): Promise<Contestant> {
  const env = environmentWith({
    HOST: "127.0.0.1",
    PORT: "0",
    SEED: "off",
    REPORTS_PER_MINUTE: "1000000",
    READ_UNITS_PER_MINUTE: "100000000",
    ...settings,
  });
  const stdio = ["ignore", "ignore", "inherit", "ipc"] as const;
  const child = fork(new URL("./server-process.ts", import.meta.url), { env, stdio: [...stdio] });
  return contestantOf(child, await urlFrom(child));
}

/** @param clean runs when it has ended. */
export function contestantOf(child: ChildProcess, url: string, clean: () => void = () => {}): Contestant {
  return {
    url,
    pid: child.pid,
    cpuSeconds: () => readCpuSeconds(child.pid),
    async close() {
      const isOver = child.exitCode !== null || child.signalCode !== null;
      const closed = isOver ? undefined : once(child, "exit");
      if (child.connected) child.disconnect();
      else child.kill();
      await closed;
      clean();
    },
  };
}

/** The address that a child tells as its first message. */
export async function urlFrom(child: ChildProcess): Promise<string> {
  const failed = once(child, "exit").then(([code]) => Promise.reject(new Error(`server ended with ${code}`)));
  const [url] = await Promise.race([once(child, "message"), failed]);
  failed.catch(() => {});
  return String(url);
}

/** Waits for what a server does after its start, scoring above all. @returns false when it was still busy after `patienceSeconds`. */
export async function untilIdle(server: Contestant, patienceSeconds = 60): Promise<boolean> {
  for (let quiet = 0, tries = 0; tries < patienceSeconds; tries++) {
    const before = server.cpuSeconds() ?? 0;
    await sleep(1000);
    quiet = (server.cpuSeconds() ?? 0) - before < 0.1 ? quiet + 1 : 0;
    if (quiet === 3) return true;
  }
  return false;
}
