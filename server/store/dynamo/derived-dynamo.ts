import type { Clock } from "../../ports/clock.ts";
import type { DerivedItem, DerivedStore } from "../../ports/derived-store.ts";
import { checkDerivedItem, isKept } from "../derived.ts";
import { derivedKey, derivedPartition, type Key } from "../keys.ts";
import { ttlSeconds } from "../rows.ts";
import { collect, forEachBounded } from "./batches.ts";
import { createRequests, type RequestOptions } from "./requests.ts";

export type DynamoDerivedStoreOptions = RequestOptions & { readonly clock: Clock };

/** Removals in flight. */
const REMOVE_WIDTH = 16;

interface DerivedRow extends Key {
  readonly body: Uint8Array;
  readonly v: number;
  /** Unix seconds, rounded up: the table's TTL attribute. */
  readonly expires_at?: number;
}

/**
 * Derived data in the report log's table, which must have been migrated. The client may be the report store's, which
 * destroys it when it is closed. Reads are eventually consistent unless they are asked not to be.
 */
export function createDynamoDerivedStore(options: DynamoDerivedStoreOptions): DerivedStore {
  const { clock } = options;
  const requests = createRequests(options);
  const kept = (row: DerivedRow) => isKept(row.expires_at, clock.now());

  return {
    async list(group, { consistent = false, from, to, limit, descending = false } = {}) {
      const range = nameRange(from, to);
      const pages = requests.queryPages<DerivedRow>({
        KeyConditionExpression: `pk = :pk${range.test}`,
        ExpressionAttributeValues: { ":pk": derivedPartition(group), ...range.values },
        ConsistentRead: consistent,
        ...(descending && { ScanIndexForward: false }),
        ...(limit !== undefined && { Limit: Math.max(1, limit) }),
      });
      if (limit === undefined) return (await collect(pages)).filter(kept).map(itemOf);
      const found: DerivedRow[] = [];
      if (limit > 0) {
        for await (const page of pages) {
          found.push(...page.filter(kept));
          if (found.length >= limit) break;
        }
      }
      return found.slice(0, limit).map(itemOf);
    },

    async get(group, name, { consistent = false } = {}) {
      const row = await requests.get<DerivedRow>(derivedKey(group, name), consistent);
      return row && kept(row) ? itemOf(row) : undefined;
    },

    async put(group, name, body, { expected, expiresAtMs }) {
      checkDerivedItem(group, name, body);
      const version = randomVersion();
      const expiry = expiresAtMs === undefined ? {} : { expires_at: ttlSeconds(expiresAtMs) };
      // An item that readers take for gone is free, for TTL deletes late.
      const free =
        expected === undefined
          ? { test: "attribute_not_exists(pk) OR expires_at <= :seconds", values: { ":seconds": clock.now() / 1000 } }
          : { test: "v = :expected", values: { ":expected": expected } };
      return requests.putIf({
        Item: { ...derivedKey(group, name), body, v: version, ...expiry },
        // Own version: the client tries again when an answer is lost, and then finds what it wrote itself.
        ConditionExpression: `${free.test} OR v = :own`,
        ExpressionAttributeValues: { ...free.values, ":own": version },
      });
    },

    // One request each: batches know no conditions.
    remove: (group, items) =>
      forEachBounded(items, REMOVE_WIDTH, async ({ name, version }) => {
        await requests.removeIf({
          Key: derivedKey(group, name),
          ConditionExpression: "v = :version",
          ExpressionAttributeValues: { ":version": version },
        });
      }),
  };
}

/**
 * Random, not counted: an item that was removed and written again must not have a version that somebody read before, and
 * 53 bits do not repeat within the lifetime of an item.
 */
function randomVersion(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high >>> 11) * 2 ** 32 + low;
}

function nameRange(from: string | undefined, to: string | undefined): { test: string; values: object } {
  if (from !== undefined && to !== undefined)
    return { test: " AND sk BETWEEN :from AND :to", values: { ":from": from, ":to": to } };
  if (from !== undefined) return { test: " AND sk >= :from", values: { ":from": from } };
  return to === undefined ? { test: "", values: {} } : { test: " AND sk <= :to", values: { ":to": to } };
}

const itemOf = ({ sk, body, v }: DerivedRow): DerivedItem => ({ name: sk, body, version: v });
