import {
  ConditionalCheckFailedException,
  type ConsumedCapacity,
  DynamoDBServiceException,
  ResourceNotFoundException,
  type ThrottlingReason,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
} from "@aws-sdk/lib-dynamodb";
import { StoreUnavailableError } from "../../ports/report-store.ts";
import type { Key } from "../keys.ts";
import { chunk, forEachBounded, sendAll } from "./batches.ts";

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

const THROTTLED = new Set(["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"]);

export interface RequestOptions {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  /** Called after each request. Costs are asked for only when it is given. */
  readonly onConsumed?: (units: ConsumedUnits) => void;
}

export type Requests = ReturnType<typeof createRequests>;

/** The requests of the data plane, all against one table: counted, batched, and their failures told apart. */
export function createRequests({ client, table, onConsumed }: RequestOptions) {
  const base = onConsumed ? ({ TableName: table, ReturnConsumedCapacity: "TOTAL" } as const) : { TableName: table };
  const batchBase = onConsumed ? ({ ReturnConsumedCapacity: "TOTAL" } as const) : {};

  async function run<T extends Answer>(kind: "read" | "write", answer: Promise<T>): Promise<T> {
    try {
      const output = await answer;
      onConsumed?.({ read: 0, write: 0, [kind]: unitsOf(output), requests: output.$metadata.attempts ?? 1 });
      return output;
    } catch (error) {
      onConsumed?.({ read: 0, write: 0, requests: attemptsOf(error) });
      throw storeError(error, table);
    }
  }

  return {
    async put(input: PutInput): Promise<void> {
      await run("write", client.send(new PutCommand({ ...base, ...input })));
    },

    /** Puts an item if the condition holds; returns whether it did. */
    putIf: (input: PutInput & Condition) => held(run("write", client.send(new PutCommand({ ...base, ...input })))),

    /** Deletes an item if the condition holds; returns whether it did. */
    removeIf: (input: { readonly Key: Key } & Condition) =>
      held(run("write", client.send(new DeleteCommand({ ...base, ...input, Key: { ...input.Key } })))),

    async get<T extends Key>(key: Key, consistent: boolean): Promise<T | undefined> {
      const command = new GetCommand({ ...base, Key: key, ConsistentRead: consistent });
      const { Item } = await run("read", client.send(command));
      return Item as T | undefined;
    },

    /** Follows the pages of a query, each at most 1 MB. */
    async *queryPages<T extends Key>(input: Omit<QueryCommandInput, "TableName">): AsyncGenerator<T[]> {
      let start = input.ExclusiveStartKey;
      do {
        const command = new QueryCommand({ ...base, ...input, ExclusiveStartKey: start });
        const { Items = [], LastEvaluatedKey } = await run("read", client.send(command));
        yield Items as T[];
        start = LastEvaluatedKey;
      } while (start !== undefined);
    },

    /** Follows the pages of the whole table, each at most 1 MB before it is filtered. */
    async *scanPages<T>(input: Omit<ScanCommandInput, "TableName">): AsyncGenerator<T[]> {
      let start = input.ExclusiveStartKey;
      do {
        const command = new ScanCommand({ ...base, ...input, ExclusiveStartKey: start });
        const { Items = [], LastEvaluatedKey } = await run("read", client.send(command));
        yield Items as T[];
        start = LastEvaluatedKey;
      } while (start !== undefined);
    },

    /** Those of many items that there are, in any order. */
    async getAll<T extends Key>(keys: readonly Key[], consistent: boolean): Promise<T[]> {
      const found: T[] = [];
      await forEachBounded(chunk(keys, MAX_GETS), BATCH_WIDTH, (batch) =>
        sendAll(batch, async (left) => {
          const request = { Keys: left.map(({ pk, sk }) => ({ pk, sk })), ConsistentRead: consistent };
          const command = new BatchGetCommand({ ...batchBase, RequestItems: { [table]: request } });
          const { Responses, UnprocessedKeys } = await run("read", client.send(command));
          for (const item of (Responses?.[table] ?? []) as T[]) found.push(item);
          return (UnprocessedKeys?.[table]?.Keys ?? []) as Key[];
        }),
      );
      return found;
    },

    /** Sort keys of those keys that are there, by strongly consistent reads; a report's sort key alone says which it is. */
    async whichExist(keys: readonly Key[]): Promise<Set<string>> {
      const found = new Set<string>();
      await forEachBounded(chunk(keys, MAX_GETS), BATCH_WIDTH, (batch) =>
        sendAll(batch, async (left) => {
          const request = {
            Keys: left.map(({ pk, sk }) => ({ pk, sk })),
            ConsistentRead: true,
            ProjectionExpression: "pk, sk",
          };
          const command = new BatchGetCommand({ ...batchBase, RequestItems: { [table]: request } });
          const { Responses, UnprocessedKeys } = await run("read", client.send(command));
          for (const { sk } of (Responses?.[table] ?? []) as Key[]) found.add(sk);
          return (UnprocessedKeys?.[table]?.Keys ?? []) as Key[];
        }),
      );
      return found;
    },

    /** Puts without a condition, in any order. @param onRefused told of what came back unprocessed, each time */
    putAll: (items: readonly Key[], onRefused?: (refused: readonly Key[]) => void): Promise<void> =>
      forEachBounded(chunk(items, MAX_PUTS), BATCH_WIDTH, (batch) =>
        sendAll(batch, async (left) => {
          const requests = left.map((item) => ({ PutRequest: { Item: { ...item } } }));
          const command = new BatchWriteCommand({ ...batchBase, RequestItems: { [table]: requests } });
          const { UnprocessedItems } = await run("write", client.send(command));
          const refused = (UnprocessedItems?.[table] ?? []).flatMap(
            ({ PutRequest }) => (PutRequest?.Item as Key | undefined) ?? [],
          );
          if (refused.length > 0) onRefused?.(refused);
          return refused;
        }),
      ),
  };
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
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

interface Answer {
  readonly $metadata: { readonly attempts?: number | undefined };
  readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] | undefined;
}

function unitsOf({ ConsumedCapacity: consumed = [] }: Answer): number {
  return [consumed].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}

function attemptsOf(error: unknown): number {
  const metadata = (error as Partial<Answer> | undefined)?.$metadata;
  return metadata?.attempts ?? 1;
}

/** Maps what the SDK gave up on: an unavailable store is the caller's 503, anything else is a fault of ours or the operator's. */
export function storeError(error: unknown, table: string): unknown {
  if (error instanceof ResourceNotFoundException) {
    return new Error(`DynamoDB has no table ${table}: run the migration first`, { cause: error });
  }
  if (!isUnavailable(error)) return error;
  const { name, message } = error as Error;
  return new StoreUnavailableError(`DynamoDB is unavailable (${name}: ${message})`, { cause: error });
}

/**
 * An answer of 5xx or a throttle; or no answer, which the SDK's retry marks by `$metadata` on an error that is not the
 * service's. Errors from before the wire (a value that cannot be marshalled) have no such mark, missing credentials do.
 */
function isUnavailable(error: unknown): boolean {
  if (error instanceof DynamoDBServiceException) {
    return (error.$metadata.httpStatusCode ?? 0) >= 500 || THROTTLED.has(error.name);
  }
  return error instanceof Error && "$metadata" in error && !/credential/i.test(error.name + error.message);
}

/** Whether a write was refused because its one partition takes no more; not so when the table or the account does not. */
export function isHotPartition(error: unknown): boolean {
  const cause = error instanceof StoreUnavailableError ? error.cause : undefined;
  const { ThrottlingReasons, throttlingReasons = ThrottlingReasons } = (cause ?? {}) as Throttle;
  return throttlingReasons?.some(({ reason }) => reason?.endsWith("WriteKeyRangeThroughputExceeded")) ?? false;
}

/** The SDK's two throttling errors spell it differently. */
interface Throttle {
  readonly ThrottlingReasons?: readonly ThrottlingReason[];
  readonly throttlingReasons?: readonly ThrottlingReason[];
}
