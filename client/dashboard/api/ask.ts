import { BASE } from "../../api/base.ts";
import { BUSY, DATABASE_AWAY, tooMany, UNREACHABLE } from "../../words/dashboard-words.ts";

/** A request that was refused, in words for a person. */
export class AskError extends Error {
  override readonly name = "AskError";
  /** 0 when there was no answer at all. */
  readonly status: number;
  /** The code that the sign-in answers, or the last part of the problem's type; empty without either. */
  readonly kind: string;
  /** What is wrong with which field. */
  readonly fields: ReadonlyMap<string, string>;
  /** Of what is only not ready yet: after so long it may be. */
  readonly waitSeconds: number | undefined;
  constructor(
    message: string,
    status: number,
    kind = "",
    fields: ReadonlyMap<string, string> = new Map(),
    waitSeconds?: number,
  ) {
    super(message);
    this.status = status;
    this.kind = kind;
    this.fields = fields;
    this.waitSeconds = waitSeconds;
  }
}

export interface AskOptions {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** Body, as JSON. */
  readonly json?: unknown;
  readonly signal?: AbortSignal;
}

const PATIENCE_MS = 20_000;
/** What a minute allows comes back little by little, what a day or month allows does not. */
const SOON_S = 5;
const MOST_WAITS = 8;

interface Refusal {
  readonly type?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
  /** Of the sign-in alone. */
  readonly code?: string;
  readonly message?: string;
}

let whenSignedOut = (): void => {};
/** Calls `listener` when an answer says that the session has ended. */
export function onSignedOut(listener: () => void): void {
  whenSignedOut = listener;
}

/**
 * Asks the service, with the session's cookie. `T` is undefined for answers without a body. A question that comes a few seconds too early for the
 * plan's rate is asked again then. @throws AskError, or the signal's reason.
 */
export async function ask<T>(path: string, options: AskOptions = {}): Promise<T> {
  for (let waits = 0; ; waits++) {
    const response = await send(path, options);
    const seconds = waits < MOST_WAITS ? secondsTooEarly(response, options) : undefined;
    if (seconds === undefined) {
      if (!response.ok) throw await refusalOf(response, path);
      return (response.status === 204 ? undefined : await response.json()) as T;
    }
    // A view asks a dozen questions at once, and a second may bring back one: not all of them come again together.
    await new Promise((resolve) => setTimeout(resolve, 1000 * (seconds + Math.random() * (waits + 1))));
    options.signal?.throwIfAborted();
  }
}

async function send(path: string, { method = "GET", json, signal }: AskOptions): Promise<Response> {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  return fetch(BASE + path, {
    method,
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    ...(json !== undefined && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(json) }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new AskError(UNREACHABLE, 0);
  });
}

/** Undefined when the answer is one, or a wait would be long. */
function secondsTooEarly({ status, headers }: Response, { method = "GET" }: AskOptions): number | undefined {
  const seconds = Number(headers.get("Retry-After") ?? Number.POSITIVE_INFINITY);
  return status === 429 && method === "GET" && seconds <= SOON_S ? seconds : undefined;
}

/** The dashboard sends no key: who is asked for one has no session any more. */
const NOBODY: readonly string[] = ["sign-in-needed", "key-needed", "plan-needed"];

async function refusalOf(response: Response, path: string): Promise<AskError> {
  const { status } = response;
  const body = ((await response.json().catch(() => null)) ?? {}) as Refusal;
  const kind = body.code ?? (body.type?.startsWith("urn:") ? body.type.split(":").at(-1) : undefined) ?? "";
  if (status === 401 && NOBODY.includes(kind) && !path.startsWith("/api/auth/")) whenSignedOut();
  const fields = new Map(body.errors?.map(({ field, message }) => [field, message]));
  const wait = status === 503 ? Number(response.headers.get("Retry-After")) : 0;
  return new AskError(wordsOf(response, kind, body), status, kind, fields, wait > 0 ? wait : undefined);
}

function wordsOf(response: Response, kind: string, { detail, title, message }: Refusal): string {
  const { status } = response;
  if (kind === "database-unavailable") return DATABASE_AWAY;
  if (status === 429) return detail ?? tooMany(Number(response.headers.get("Retry-After")) || 60);
  if (status >= 500 && status !== 503) return BUSY;
  return detail ?? message ?? title ?? BUSY;
}

const KEPT_MS = 30_000;
const MOST_KEPT = 64;
const kept = new Map<string, { readonly atMs: number; readonly answer: Promise<unknown> }>();

/**
 * Asks for what changes slowly and is counted: the same address twice within half a minute is asked once, so that going to and fro between views
 * costs nobody's quota. @throws AskError
 */
export function askOnce<T>(path: string): Promise<T> {
  const known = kept.get(path);
  if (known && Date.now() - known.atMs < KEPT_MS) return known.answer as Promise<T>;
  const answer = ask<T>(path);
  kept.delete(path);
  kept.set(path, { atMs: Date.now(), answer });
  answer.catch(() => kept.delete(path));
  const [oldest] = kept.keys();
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  return answer;
}

/** Forgets what `askOnce` keeps: of somebody else, or outdated. */
export const forgetAnswers = (): void => kept.clear();

/** `/api/trends/daily?city=austin&days=30`, without the parameters that are undefined. */
export function addressOf(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? path : `${path}?${given}`;
}
