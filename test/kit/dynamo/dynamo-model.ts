import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import type {
  BatchGetCommandInput,
  BatchWriteCommandInput,
  QueryCommandInput,
  ScanCommandInput,
} from "@aws-sdk/lib-dynamodb";
import type { DocumentClient, Operation, Operations } from "../../../server/store/dynamo/wire/document-client.ts";
import type { Key } from "../../../server/store/keys.ts";
import { holds, keySpan, type Values } from "./dynamo-expressions.ts";

/**
 * One DynamoDB table in memory that counts what AWS would bill: two million rows take an emulator hours. It takes the
 * operations that the store sends, refuses what it does not know, and answers in rounds: everything asked
 * for before the event loop turns is one round trip. `bench/model/model.ts` checks its units against dynalite's in every run.
 */
export interface DynamoModel {
  readonly client: DocumentClient;
  /** What was consumed since the last `reset`. */
  readonly used: Usage;
  reset(): void;
  /** Items and bytes by what comes before the first "#" of the partition key. */
  stored(): Record<string, { items: number; bytes: number }>;
}

export interface Usage {
  read: number;
  write: number;
  requests: number;
  roundTrips: number;
  /** Write units by what comes before the first "#" of the partition key. */
  writeBy: Record<string, number>;
}

type Item = Key & Record<string, unknown>;

interface Stored {
  readonly item: Item;
  readonly bytes: number;
}

interface Partition {
  readonly items: Map<string, Stored>;
  /** Sort keys; `sorted` tells whether they are in order. */
  keys: string[];
  sorted: boolean;
}

const PAGE_BYTES = 2 ** 20;

export interface DynamoModelOptions {
  /** Counts as dynalite does: a query that finds nothing costs nothing; on AWS it costs half a unit. */
  readonly freeWhenEmpty?: boolean;
  /** Told of what each partition key gives and takes. */
  readonly onKey?: (pk: string, kind: "read" | "write", units: number) => void;
}

export function createDynamoModel({ freeWhenEmpty = false, onKey }: DynamoModelOptions = {}): DynamoModel {
  const partitions = new Map<string, Partition>();
  const used: Usage = { read: 0, write: 0, requests: 0, roundTrips: 0, writeBy: {} };
  let waiting: (() => void)[] = [];

  function find({ pk, sk }: Key): Stored | undefined {
    return partitions.get(pk)?.items.get(sk);
  }

  function put(item: Item): number {
    const partition: Partition = partitions.get(item.pk) ?? { items: new Map(), keys: [], sorted: true };
    partitions.set(item.pk, partition);
    const before = partition.items.get(item.sk);
    const stored = { item, bytes: itemBytes(item) };
    if (before === undefined) {
      partition.sorted &&= (partition.keys.at(-1) ?? "") < item.sk;
      partition.keys.push(item.sk);
    }
    partition.items.set(item.sk, stored);
    return spend(item.pk, Math.max(stored.bytes, before?.bytes ?? 0));
  }

  function remove(key: Key): number {
    const before = find(key);
    const partition = partitions.get(key.pk);
    if (before !== undefined && partition !== undefined) {
      partition.items.delete(key.sk);
      partition.keys = partition.keys.filter((sk) => sk !== key.sk);
    }
    return spend(key.pk, before?.bytes ?? 0);
  }

  function spend(pk: string, bytes: number): number {
    const units = Math.max(1, Math.ceil(bytes / 1024));
    const kind = pk.split("#", 1)[0] ?? "";
    used.writeBy[kind] = (used.writeBy[kind] ?? 0) + units;
    used.write += units;
    onKey?.(pk, "write", units);
    return units;
  }

  function read(pk: string, bytes: number, consistent: boolean | undefined): number {
    const units = Math.max(1, Math.ceil(bytes / 4096)) * (consistent ? 1 : 0.5);
    used.read += units;
    onKey?.(pk, "read", units);
    return units;
  }

  function checkCondition(key: Key, expression: string | undefined, values: Values): void {
    if (expression === undefined || holds(expression, values, find(key)?.item)) return;
    spend(key.pk, find(key)?.bytes ?? 0);
    throw new ConditionalCheckFailedException({
      message: "The conditional request failed",
      $metadata: { attempts: 1 },
    });
  }

  function query(input: QueryCommandInput): object {
    const values: Values = input.ExpressionAttributeValues ?? {};
    const { pk, from, to } = keySpan(input.KeyConditionExpression ?? "", values);
    const partition = partitions.get(pk);
    const keys = partition === undefined ? [] : inOrder(partition);
    const start = input.ExclusiveStartKey?.sk as string | undefined;
    const backwards = input.ScanIndexForward === false;
    const found: Item[] = [];
    let bytes = 0;
    let last: Key | undefined;
    const limit = input.Limit ?? Infinity;
    const first = lowerBound(keys, start !== undefined && !backwards ? `${start}\u0000` : from);
    const end = start !== undefined && backwards ? lowerBound(keys, start) : upperBound(keys, to);
    for (let i = first; i < end; i++) {
      const sk = keys[backwards ? end - 1 - (i - first) : i] ?? "";
      const stored = partition?.items.get(sk);
      if (stored === undefined) continue;
      found.push(stored.item);
      bytes += stored.bytes;
      last = { pk, sk };
      if (found.length >= limit || bytes >= PAGE_BYTES) break;
      last = undefined;
    }
    const units = found.length === 0 && freeWhenEmpty ? 0 : read(pk, bytes, input.ConsistentRead);
    return { Items: found, ...(last === undefined ? {} : { LastEvaluatedKey: last }), ...consumed(units) };
  }

  /** A page of everything, partition by partition; what is filtered out is paid for. */
  function scan(input: ScanCommandInput): object {
    const prefix = Object.values(input.ExpressionAttributeValues ?? {})[0] as string;
    if (input.FilterExpression !== "begins_with(sk, :report)") throw new Error("the model knows no such filter");
    const names = [...partitions.keys()];
    const start = input.ExclusiveStartKey as Key | undefined;
    const limit = input.Limit ?? Infinity;
    const found: Item[] = [];
    let bytes = 0;
    let items = 0;
    for (let at = start === undefined ? 0 : names.indexOf(start.pk); at < names.length; at++) {
      const pk = names[at] ?? "";
      const partition = partitions.get(pk);
      const keys = partition === undefined ? [] : inOrder(partition);
      for (let i = start?.pk === pk ? lowerBound(keys, `${start.sk}\u0000`) : 0; i < keys.length; i++) {
        const sk = keys[i] ?? "";
        const stored = partition?.items.get(sk);
        bytes += stored?.bytes ?? 0;
        if (stored !== undefined && sk.startsWith(prefix)) found.push(stored.item);
        if (bytes < PAGE_BYTES && ++items < limit) continue;
        return { Items: found, LastEvaluatedKey: { pk, sk }, ...consumed(read(pk, bytes, false)) };
      }
    }
    return { Items: found, ...consumed(read("", bytes, false)) };
  }

  function batchGet(input: BatchGetCommandInput): object {
    const [[table, request] = []] = Object.entries(input.RequestItems ?? {});
    const keys = (request?.Keys ?? []) as Key[];
    let units = 0;
    const found = keys.flatMap((key) => {
      const stored = find(key);
      units += read(key.pk, stored?.bytes ?? 0, request?.ConsistentRead);
      return stored === undefined ? [] : [stored.item];
    });
    return { Responses: { [table ?? ""]: found }, ConsumedCapacity: [{ CapacityUnits: units }] };
  }

  function batchWrite(input: BatchWriteCommandInput): object {
    let units = 0;
    for (const request of Object.values(input.RequestItems ?? {}).flat()) {
      if (request.PutRequest === undefined) throw new Error("the model only knows puts in a batch");
      units += put(request.PutRequest.Item as Item);
    }
    return { ConsumedCapacity: [{ CapacityUnits: units }] };
  }

  const answers: { [O in Operation]?: (input: Operations[O][0]) => object } = {
    Query: query,
    Scan: scan,
    BatchGetItem: batchGet,
    BatchWriteItem: batchWrite,
    GetItem({ Key, ConsistentRead }) {
      const stored = find(Key as Key);
      return { Item: stored?.item, ...consumed(read(String(Key?.pk), stored?.bytes ?? 0, ConsistentRead)) };
    },
    PutItem({ Item, ConditionExpression, ExpressionAttributeValues = {} }) {
      checkCondition(Item as Key, ConditionExpression, ExpressionAttributeValues);
      return consumed(put(Item as Item));
    },
    DeleteItem({ Key, ConditionExpression, ExpressionAttributeValues = {} }) {
      checkCondition(Key as Key, ConditionExpression, ExpressionAttributeValues);
      return consumed(remove(Key as Key));
    },
  };

  function send(operation: Operation, input: object): Promise<object> {
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(answerAll);
      waiting.push(() => {
        used.requests++;
        const answer = answers[operation] as ((input: object) => object) | undefined;
        try {
          if (answer === undefined) throw new Error(`the model knows no ${operation}`);
          resolve({ $metadata: { attempts: 1 }, ...answer(input) });
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  function answerAll(): void {
    const round = waiting;
    waiting = [];
    used.roundTrips++;
    for (const each of round) each();
  }

  return {
    client: { send, destroy: () => {} } as unknown as DocumentClient,
    used,
    reset() {
      Object.assign(used, { read: 0, write: 0, requests: 0, roundTrips: 0, writeBy: {} });
    },
    stored() {
      const kinds: Record<string, { items: number; bytes: number }> = {};
      for (const [pk, { items }] of partitions) {
        const kind = pk.split("#", 1)[0] ?? "";
        const sum = kinds[kind] ?? { items: 0, bytes: 0 };
        kinds[kind] = sum;
        for (const { bytes } of items.values()) sum.bytes += bytes;
        sum.items += items.size;
      }
      return kinds;
    },
  };
}

const consumed = (units: number) => ({ ConsumedCapacity: { CapacityUnits: units } });

function inOrder(partition: Partition): string[] {
  if (!partition.sorted) partition.keys.sort();
  partition.sorted = true;
  return partition.keys;
}

function lowerBound(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

const upperBound = (sorted: readonly string[], text: string): number => lowerBound(sorted, `${text}\u0000`);

/** Size of an item as DynamoDB counts it: names and values of all attributes. */
export function itemBytes(item: object): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += name.length + valueBytes(value);
  return bytes;
}

function valueBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "number") return numberBytes(value);
  if (value instanceof Uint8Array) return value.length;
  if (typeof value === "boolean" || value === null) return 1;
  // A map: what is in it, a byte for each entry, and three.
  if (typeof value === "object") return 3 + Object.keys(value).length + itemBytes(value);
  throw new Error(`the model does not know the size of a ${typeof value}`);
}

/** A byte for two decimal digits, and one for the exponent; the pairs are aligned at the decimal point. */
function numberBytes(value: number): number {
  if (value === 0) return 1;
  const [mantissa = "", exponent = "0"] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "").length;
  const straddles = digits % 2 === 0 && Number(exponent) % 2 === 0;
  return 1 + Math.ceil(digits / 2) + (straddles ? 1 : 0) + (value < 0 ? 1 : 0);
}
