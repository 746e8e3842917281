import { ask } from "./ask.ts";

/** What a call is counted as. */
export const CALL_KINDS = ["tiles", "trends", "exports", "dashboards"] as const;
export type CallKind = (typeof CALL_KINDS)[number];

export interface KeyJson {
  readonly id: string;
  readonly name: string;
  /** Its first characters, to tell it from others. */
  readonly prefix: string;
  readonly created_at: string;
  readonly last_used_at: string | null;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  /** Null: any. */
  readonly origins: readonly string[] | null;
  readonly layers: readonly string[] | null;
  readonly kinds: readonly string[] | null;
  readonly calls_this_month: number;
}

/** A key that was just made: the key itself is told this once. */
export interface NewKeyJson extends KeyJson {
  readonly key: string;
}

export interface KeyDraft {
  readonly name: string;
  readonly origins?: readonly string[];
  readonly layers?: readonly string[];
  readonly kinds?: readonly string[];
}

export const KEYS_PATH = "/api/keys";

export const fetchKeys = async (signal?: AbortSignal): Promise<readonly KeyJson[]> =>
  (await ask<{ keys: readonly KeyJson[] }>(KEYS_PATH, signal && { signal })).keys;

export const createKey = (draft: KeyDraft): Promise<NewKeyJson> => ask(KEYS_PATH, { method: "POST", json: draft });

/** Makes a key in another's place, which works on for so many hours. */
export const rotateKey = (id: string, overlapHours: number): Promise<NewKeyJson> =>
  ask(`${KEYS_PATH}/${encodeURIComponent(id)}/rotate`, { method: "POST", json: { overlap_hours: overlapHours } });

export const revokeKey = (id: string): Promise<void> =>
  ask(`${KEYS_PATH}/${encodeURIComponent(id)}`, { method: "DELETE" });
