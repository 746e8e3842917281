import { setTimeout as sleep } from "node:timers/promises";
import { postReport } from "../kit/request.ts";
import type { PlannedReport } from "./plan.ts";

/** What the clients have heard. */
export interface Acknowledgements {
  /** Report ids by key. */
  readonly ids: ReadonlyMap<string, string>;
  /** Keys that were answered with more than one id, with the answers. */
  readonly contradictions: readonly string[];
  /** Answers that no retry mends. */
  readonly refusals: readonly string[];
  /** Requests that were answered 5xx, and that were not answered. */
  readonly unavailable: number;
  readonly unanswered: number;
}

export interface ClientOptions {
  readonly reports: readonly PlannedReport[];
  /** Addresses of the processes that serve now. */
  urls(): string[];
  readonly clients: number;
  readonly restMs: number;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 4000;
const ATTEMPT_MS = 15_000;
/** Of the keys that are sent once more when they are acknowledged, as by a phone that lost the answer. */
const SENT_AGAIN = 0.05;

/** Clients that retry with the same key, in growing pauses, at any process, until they are acknowledged. */
export function startClients(options: ClientOptions): {
  readonly heard: Acknowledgements;
  readonly done: Promise<void>;
} {
  const { reports, urls, clients, restMs, random, signal } = options;
  const ids = new Map<string, string>();
  const heard = { ids, contradictions: [] as string[], refusals: [] as string[], unavailable: 0, unanswered: 0 };
  const queue = reports.values();

  /** Sends a report once; whether the answer is final. */
  async function attempt({ key, ...report }: PlannedReport): Promise<boolean> {
    const serving = urls();
    const url = serving[Math.floor(random() * serving.length)];
    if (url === undefined) return false;
    const answer = await ask(url, report, key);
    if (answer === undefined) {
      heard.unanswered++;
      return false;
    }
    if (answer.status === 201) {
      const { id } = JSON.parse(answer.text) as { id: string };
      const earlier = ids.get(key) ?? id;
      if (earlier !== id) heard.contradictions.push(`${key}: ${earlier} and ${id}`);
      ids.set(key, earlier);
      return true;
    }
    if (answer.status >= 500 || answer.status === 429) {
      heard.unavailable++;
      return false;
    }
    heard.refusals.push(`${key}: ${answer.status} ${answer.text}`);
    return true;
  }

  async function client(): Promise<void> {
    for (const report of queue) {
      for (let tries = 0; !(await attempt(report)); tries++) {
        if (signal.aborted) return;
        await sleep((0.5 + random()) * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries));
      }
      if (random() < SENT_AGAIN) await attempt(report);
      if (signal.aborted) return;
      if (restMs > 0) await sleep(restMs);
    }
  }

  const done = Promise.all(Array.from({ length: clients }, client)).then(() => undefined);
  return { heard, done };
}

async function ask(url: string, report: Omit<PlannedReport, "key">, key: string) {
  try {
    const response = await postReport(url, report, { "Idempotency-Key": key }, AbortSignal.timeout(ATTEMPT_MS));
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}
