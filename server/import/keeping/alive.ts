import { hash, randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Alive } from "./run-items.ts";

/** Of what says nothing for so long others may take over. */
export const ALIVE_MS = 120_000;

const HOST = hash("sha256", hostname(), "hex").slice(0, 16);

export const aliveUntil = (untilMs: number): Alive => ({ untilMs, host: HOST, pid: process.pid });

/** Whether a process may still be at it. On another machine that takes two minutes to find out. */
export function isAlive({ untilMs, host, pid }: Alive, nowMs: number): boolean {
  if (untilMs <= nowMs) return false;
  return host !== HOST || isRunning(pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const LETTERS = "bcdfghjkmnpqrstvwxz";

/** An id that can be typed and sorts by time, to the second in UTC: `260301-120000-kdp`. */
export function createRunId(startedMs: number): string {
  const digits = new Date(startedMs).toISOString().replaceAll(/\D/g, "");
  const end = [...randomBytes(3)].map((byte) => LETTERS.charAt(byte % LETTERS.length)).join("");
  return `${digits.slice(2, 8)}-${digits.slice(8, 14)}-${end}`;
}
