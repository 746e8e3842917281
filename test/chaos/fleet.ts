import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** Real server processes, each started again when it ends. */
export interface Fleet {
  /** Addresses of those that serve now. */
  urls(): string[];
  /** Ends one that serves, without a word. */
  kill(which: number): void;
  /** Addresses of all, as soon as all serve. @throws Error when they do not within the time. */
  whole(withinMs: number): Promise<string[]>;
  readonly kills: number;
  /** What those said in the end that ended without being killed. */
  readonly deaths: readonly string[];
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ARGUMENTS = ["--import", "./test/chaos/end-with-parent.ts", "server/node.ts"];
const START_AGAIN_AFTER_MS = 200;
const KEPT_OUTPUT = 2000;
const POLL_MS = 50;

interface Slot {
  child?: ChildProcess;
  url?: string | undefined;
  isKilled: boolean;
}

export function startFleet(size: number, env: Readonly<Record<string, string>>): Fleet {
  const slots = Array.from({ length: size }, (): Slot => ({ isKilled: false }));
  const deaths: string[] = [];
  let kills = 0;
  let isStopped = false;

  async function keepRunning(slot: Slot): Promise<void> {
    while (!isStopped) {
      slot.isKilled = false;
      const child = spawn(process.execPath, ARGUMENTS, { cwd: ROOT, env, stdio: ["pipe", "pipe", "pipe"] });
      slot.child = child;
      const output = readOutput(child, (url) => {
        slot.url = url;
      });
      await once(child, "close");
      slot.url = undefined;
      if (!slot.isKilled && !isStopped) deaths.push(output());
      if (!isStopped) await sleep(START_AGAIN_AFTER_MS);
    }
  }

  const running = Promise.all(slots.map(keepRunning));
  const urls = () => slots.flatMap(({ url }) => url ?? []);
  return {
    urls,
    kill(which) {
      const serving = slots.filter(({ url }) => url !== undefined);
      const slot = serving[which % Math.max(1, serving.length)];
      if (slot === undefined) return;
      kills++;
      slot.isKilled = true;
      slot.url = undefined;
      slot.child?.kill("SIGKILL");
    },
    async whole(withinMs) {
      const giveUpMs = performance.now() + withinMs;
      while (urls().length < size) {
        if (performance.now() > giveUpMs)
          throw new Error(`only ${urls().length} of ${size} processes serve\n${deaths.at(-1) ?? ""}`);
        await sleep(POLL_MS);
      }
      return urls();
    },
    get kills() {
      return kills;
    },
    deaths,
    async stop() {
      isStopped = true;
      for (const { child } of slots) child?.kill("SIGKILL");
      await running;
    },
  };
}

/** Collects the end of what a process says, and its address. */
function readOutput(child: ChildProcess, onUrl: (url: string) => void): () => string {
  let output = "";
  let isKnown = false;
  const take = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    const url = isKnown ? undefined : /is at (http:\S+) /.exec(output)?.[1];
    if (url === undefined) return;
    isKnown = true;
    onUrl(url);
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  // A pipe to a process that was killed breaks.
  child.stdin?.on("error", () => {});
  return () => output;
}
