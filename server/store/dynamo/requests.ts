import type { ConsumedCapacity, ThrottlingReason } from "@aws-sdk/client-dynamodb";
import type { PutCommandInput, QueryCommandInput, ScanCommandInput } from "@aws-sdk/lib-dynamodb";
import { StoreUnavailableError } from "../../ports/report-store.ts";
import type { Key } from "../keys.ts";
import { chunk, forEachBounded, sendAll } from "./batches.ts";
import type { DocumentClient, Metadata } from "./wire/document-client.ts";
import { THROTTLES } from "./wire/retries.ts";

/** What requests cost: DynamoDB's read and write units, and attempts over the wire. */
export interface ConsumedUnits {
  readonly read: number;
  readonly write: number;
  readonly requests: number;
}

const MAX_GETS = 100;
const MAX_PUTS = 25;
/** Batches in flight: enough to hide the round trips, too few to be throttled for. */
const BATCH_WIDTH = 4;

/** Credentials that have ended, which a later request may have anew. */
const EXPIRED = /^ExpiredToken(?:Exception)?$/;

export interface RequestOptions {
  readonly client: DocumentClient;
  readonly table: string;
  /** Called after each request. Costs are asked for only when it is given. */
  readonly onConsumed?: (units: ConsumedUnits) => void;
}

/** The requests of the data plane, all against one table: counted, batched, and their failures told apart. */
export interface Requests {
  put(input: PutInput): Promise<void>;
  /** Puts an item if the condition holds; returns whether it did. */
  putIf(input: PutInput & Condition): Promise<boolean>;
  /** Deletes an item if the condition holds; returns whether it did. */
  removeIf(input: { readonly Key: Key } & Condition): Promise<boolean>;
  get<T extends Key>(key: Key, consistent: boolean): Promise<T | undefined>;
  /** Follows the pages of a query, each at most 1 MB. */
  queryPages<T extends Key>(input: Omit<QueryCommandInput, "TableName">): AsyncGenerator<T[]>;
  /** Follows the pages of the whole table, each at most 1 MB before it is filtered. */
  scanPages<T>(input: Omit<ScanCommandInput, "TableName">): AsyncGenerator<T[]>;
  /** Those of many items that there are, in any order. */
  getAll<T extends Key>(keys: readonly Key[], consistent: boolean): Promise<T[]>;
  /** Sort keys of those keys that are there, by strongly consistent reads; a report's sort key alone says which it is. */
  whichExist(keys: readonly Key[]): Promise<Set<string>>;
  /** Puts without a condition, in any order. @param onRefused told of what came back unprocessed, each time */
  putAll(items: readonly Key[], onRefused?: (refused: readonly Key[]) => void): Promise<void>;
}

export function createRequests(options: RequestOptions): Requests {
  const { client, table, onConsumed } = options;
  const base = { TableName: table, ...(onConsumed && COUNTED) };

  async function* pages<T>(send: (start: PageStart) => Promise<Page>, first: PageStart): AsyncGenerator<T[]> {
    let start = first;
    do {
      const { Items = [], LastEvaluatedKey } = await counted(options, "read", send(start));
      yield Items as T[];
      start = LastEvaluatedKey;
    } while (start !== undefined);
  }

  return {
    async put(input) {
      await counted(options, "write", client.send("PutItem", { ...base, ...input }));
    },

    putIf: (input) => held(counted(options, "write", client.send("PutItem", { ...base, ...input }))),

    removeIf: (input) =>
      held(counted(options, "write", client.send("DeleteItem", { ...base, ...input, Key: { ...input.Key } }))),

    async get<T extends Key>(key: Key, consistent: boolean) {
      const input = { ...base, Key: { ...key }, ConsistentRead: consistent };
      const { Item } = await counted(options, "read", client.send("GetItem", input));
      return Item as T | undefined;
    },

    queryPages: (input) =>
      pages((start) => client.send("Query", { ...base, ...input, ExclusiveStartKey: start }), input.ExclusiveStartKey),

    scanPages: (input) =>
      pages((start) => client.send("Scan", { ...base, ...input, ExclusiveStartKey: start }), input.ExclusiveStartKey),

    getAll: <T extends Key>(keys: readonly Key[], consistent: boolean) =>
      getBatches<T>(options, keys, { ConsistentRead: consistent }),

    async whichExist(keys) {
      const found = await getBatches(options, keys, { ConsistentRead: true, ProjectionExpression: "pk, sk" });
      return new Set(found.map(({ sk }) => sk));
    },

    putAll: (items, onRefused) => putBatches(options, items, onRefused),
  };
}

/** Asks for what a request costs. */
const COUNTED = { ReturnConsumedCapacity: "TOTAL" } as const;

/** Where a page begins: behind the last key of the page before. */
type PageStart = Record<string, unknown> | undefined;

interface Page extends Answer {
  readonly Items?: Record<string, unknown>[] | undefined;
  readonly LastEvaluatedKey?: PageStart;
}

/** An answer, when its cost was told on. @throws what `storeError` makes of a failure */
async function counted<T extends Answer>(
  { table, onConsumed }: RequestOptions,
  kind: "read" | "write",
  answer: Promise<T>,
): Promise<T> {
  try {
    const output = await answer;
    onConsumed?.({ read: 0, write: 0, [kind]: unitsOf(output), requests: output.$metadata.attempts ?? 1 });
    return output;
  } catch (error) {
    onConsumed?.({ read: 0, write: 0, requests: attemptsOf(error) });
    throw storeError(error, table);
  }
}

/** Those of many items that there are, in any order. */
async function getBatches<T extends Key>(
  options: RequestOptions,
  keys: readonly Key[],
  how: { readonly ConsistentRead: boolean; readonly ProjectionExpression?: string },
): Promise<T[]> {
  const { client, table, onConsumed } = options;
  const found: T[] = [];
  await forEachBounded(chunk(keys, MAX_GETS), BATCH_WIDTH, (batch) =>
    sendAll(batch, async (left) => {
      const request = { Keys: left.map(({ pk, sk }) => ({ pk, sk })), ...how };
      const input = { ...(onConsumed && COUNTED), RequestItems: { [table]: request } };
      const { Responses, UnprocessedKeys } = await counted(options, "read", client.send("BatchGetItem", input));
      for (const item of (Responses?.[table] ?? []) as T[]) found.push(item);
      return (UnprocessedKeys?.[table]?.Keys ?? []) as Key[];
    }),
  );
  return found;
}

function putBatches(
  options: RequestOptions,
  items: readonly Key[],
  onRefused?: (refused: readonly Key[]) => void,
): Promise<void> {
  const { client, table, onConsumed } = options;
  return forEachBounded(chunk(items, MAX_PUTS), BATCH_WIDTH, (batch) =>
    sendAll(batch, async (left) => {
      const requests = left.map((item) => ({ PutRequest: { Item: { ...item } } }));
      const input = { ...(onConsumed && COUNTED), RequestItems: { [table]: requests } };
      const { UnprocessedItems } = await counted(options, "write", client.send("BatchWriteItem", input));
      const refused = (UnprocessedItems?.[table] ?? []).flatMap(
        ({ PutRequest }) => (PutRequest?.Item as Key | undefined) ?? [],
      );
      if (refused.length > 0) onRefused?.(refused);
      return refused;
    }),
  );
}

type PutInput = Omit<PutCommandInput, "TableName">;

interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
}

async function held(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer;
    return true;
  } catch (error) {
    if (isServiceError(error, "ConditionalCheckFailedException")) return false;
    throw error;
  }
}

interface Answer {
  readonly $metadata: Metadata;
  readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] | undefined;
}

function unitsOf({ ConsumedCapacity: consumed = [] }: Answer): number {
  return [consumed].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}

function attemptsOf(error: unknown): number {
  const metadata = (error as Partial<Answer> | undefined)?.$metadata;
  return metadata?.attempts ?? 1;
}

/** Maps what a client gave up on: an unavailable store is the caller's 503, anything else is a fault of ours or the operator's. */
export function storeError(error: unknown, table: string): unknown {
  if (isServiceError(error, "ResourceNotFoundException")) {
    return new Error(`DynamoDB has no table ${table}: run the migration first`, { cause: error });
  }
  if (!isUnavailable(error)) return error;
  const { name, message } = error as Error;
  return new StoreUnavailableError(`DynamoDB is unavailable (${name}: ${message})`, { cause: error });
}

/**
 * An answer of 5xx or a throttle; or no answer, which is marked by `$metadata` on an error that is not the service's. Errors from
 * before the wire (a value that cannot be marshalled) have no such mark, the SDK's of missing credentials do.
 */
function isUnavailable(error: unknown): boolean {
  if (error instanceof Error && EXPIRED.test(error.name)) return true;
  if (isServiceError(error)) return (error.$metadata?.httpStatusCode ?? 0) >= 500 || THROTTLES.has(error.name);
  return error instanceof Error && "$metadata" in error && !/credential/i.test(error.name + error.message);
}

/** DynamoDB's own error, of either client. */
function isServiceError(error: unknown, name?: string): error is Error & { readonly $metadata?: Metadata } {
  return error instanceof Error && "$fault" in error && (name === undefined || error.name === name);
}

/** Whether a write was refused because its one partition takes no more; not so when the table or the account does not. */
export function isHotPartition(error: unknown): boolean {
  const cause = error instanceof StoreUnavailableError ? error.cause : undefined;
  const { ThrottlingReasons, throttlingReasons = ThrottlingReasons } = (cause ?? {}) as Throttle;
  return throttlingReasons?.some(({ reason }) => reason?.endsWith("WriteKeyRangeThroughputExceeded")) ?? false;
}

/** DynamoDB's two throttling errors spell it differently. */
interface Throttle {
  readonly ThrottlingReasons?: readonly ThrottlingReason[];
  readonly throttlingReasons?: readonly ThrottlingReason[];
}
