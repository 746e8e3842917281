import type { Report } from "../../../tiles/report.ts";
import { idTimePrefix, parseReportId, timeOfId } from "../../../tiles/report-id.ts";
import type { LogCell } from "../../ports/report-store.ts";
import { intentSortKey, type Key } from "../keys.ts";
import { FEED_LIFETIME_MS } from "../log-changes.ts";
import { ttlSeconds } from "../rows.ts";
import type { WaitingConfirmation } from "./waiting-confirmations.ts";

/** An intent that is about to be stored, or that stands already; `publisher.ts` says what it is good for. */
export interface Intent extends LogCell {
  /** To be stored with or before the row; undefined when one stands already. */
  readonly item: Key | undefined;
  readonly atMs: number;
  /** What confirms it; undefined when nothing does. */
  readonly count: number | undefined;
  /** It stands for one report. */
  readonly isSingle: boolean;
  /** It has its report in it. */
  readonly isWhole: boolean;
  readonly from: string;
  /** Confirmations that ride on it. */
  readonly riding: readonly WaitingConfirmation[];
}

/** An item of the change feed as it is stored: an intent, or confirmations that go alone. */
export interface FeedItem extends Key {
  /** Of an intent, where it is not `fromOfIntent`. */
  readonly from?: string;
  /** Of an intent that stands for more than one report, so that its cell must be read. */
  readonly plain?: boolean;
  /** Of an intent that has its report in it. */
  readonly report?: Uint8Array;
  readonly confirmed?: Uint8Array;
  /** Unix seconds. */
  readonly expires_at: number;
}

/** What an intent is to stand for. */
export interface IntentPurpose {
  readonly cell: LogCell;
  /** Smallest id that a reader must read from. */
  readonly from: string;
  readonly isSingle: boolean;
  /** To be stored in it. */
  readonly report?: Report | undefined;
}

/**
 * Intents name a point this long before their oldest row, so that a write of the same second that started earlier, or whose
 * clock is slightly behind, is covered too.
 */
const SLACK_MS = 1000;

/** Where an intent begins that does not say so: its report was made just before. */
export const fromOfIntent = (atMs: number): string => idTimePrefix(Math.max(0, atMs - 2 * SLACK_MS));

function withSlack(id: string): string {
  return idTimePrefix(Math.max(0, (parseReportId(id)?.createdAtMs ?? timeOfId(id)) - SLACK_MS));
}

export interface IntentItemParts {
  readonly partition: string;
  readonly atMs: number;
  readonly nonce: string;
  /** The encoded report. */
  readonly body: Uint8Array | undefined;
  /** Encoded confirmations that ride on it. */
  readonly confirmed: Uint8Array | undefined;
}

/** The item of the change feed that an intent is stored as. */
export function intentItem({ cell, from, isSingle }: IntentPurpose, parts: IntentItemParts): FeedItem {
  const { partition, atMs, nonce, body, confirmed } = parts;
  return {
    pk: partition,
    sk: intentSortKey(atMs, cell, nonce),
    ...(withSlack(from) < fromOfIntent(atMs) && { from: withSlack(from) }),
    ...(isSingle ? {} : { plain: true }),
    ...(body === undefined ? {} : { report: body }),
    ...(confirmed === undefined ? {} : { confirmed }),
    expires_at: ttlSeconds(atMs + FEED_LIFETIME_MS),
  };
}
