import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { Key } from "../../server/store/keys.ts";
import { holds, keySpan, type Names, updated, type Values } from "../kit/dynamo/dynamo-expressions.ts";
import type { Item, Table } from "./table.ts";

/** The part of the commands' inputs that the store uses. */
export interface CommandInput {
  readonly Key?: Key;
  readonly Item?: Item;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly TransactItems?: readonly Readonly<Record<string, CommandInput>>[];
  readonly ConditionExpression?: string;
  readonly FilterExpression?: string;
  readonly KeyConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ProjectionExpression?: string;
  readonly ExpressionAttributeNames?: Names;
  readonly ExpressionAttributeValues?: Values;
  readonly ExclusiveStartKey?: Key;
  readonly ScanIndexForward?: boolean;
  readonly ConsistentRead?: boolean;
  readonly Limit?: number;
  readonly Segment?: number;
  readonly TotalSegments?: number;
  readonly ReturnValues?: string;
  readonly ReturnValuesOnConditionCheckFailure?: string;
}

/** How a read is answered. */
export interface ReadOptions {
  /** True time that it sees; without it the newest. */
  readonly asOfMs: number | undefined;
  /** Most items of a page. DynamoDB ends it at a megabyte; the store must not care where. */
  readonly pageItems: number;
}

/** A put or a delete of a batch. */
export interface BatchedWrite {
  readonly PutRequest?: { readonly Item: Item };
  readonly DeleteRequest?: { readonly Key: Key };
}

/** One page of a Query. */
export function query(table: Table, input: CommandInput, { asOfMs, pageItems }: ReadOptions): object {
  const { pk, ...span } = keySpan(input.KeyConditionExpression ?? "", input.ExpressionAttributeValues ?? {});
  const all = table.range(pk, span, asOfMs);
  const isForward = input.ScanIndexForward !== false;
  if (!isForward) all.reverse();
  const start = input.ExclusiveStartKey?.sk;
  const rest = start === undefined ? all : all.filter(({ sk }) => (isForward ? sk > start : sk < start));
  return pageOf(rest, input, pageItems);
}

/** One page of a Scan. */
export function scan(table: Table, input: CommandInput, { asOfMs, pageItems }: ReadOptions): object {
  const { Segment: segment = 0, TotalSegments: segments = 1 } = input;
  const all = table.all(asOfMs).filter(({ pk }) => pk.length % segments === segment);
  const start = input.ExclusiveStartKey;
  // The item itself may have gone meanwhile; a partition keeps its place.
  const first = start === undefined ? 0 : all.findIndex(({ pk, sk }) => pk === start.pk && sk > start.sk);
  const next = first >= 0 || start === undefined ? first : all.findLastIndex(({ pk }) => pk === start.pk) + 1;
  return pageOf(all.slice(next), input, pageItems);
}

function pageOf(rest: readonly Item[], input: CommandInput, pageItems: number): object {
  const count = Math.min(input.Limit ?? Infinity, pageItems);
  const page = rest.slice(0, count);
  const last = page.at(-1);
  const { FilterExpression: filter, ExpressionAttributeValues: values = {}, ExpressionAttributeNames: names } = input;
  const kept = filter === undefined ? page : page.filter((item) => holds(filter, values, item, names));
  return {
    Items: kept.map((item) => projected(item, input)),
    // As on AWS, a page that ends with the last item may say that there are more.
    ...(page.length === count && last !== undefined ? { LastEvaluatedKey: { pk: last.pk, sk: last.sk } } : {}),
  };
}

export function get(table: Table, input: CommandInput, { asOfMs }: ReadOptions): object {
  const item = table.get(keyOf(input), asOfMs);
  return item === undefined ? {} : { Item: projected(item, input) };
}

function projected(
  item: Item,
  { ProjectionExpression: names, ExpressionAttributeNames: aliases }: CommandInput,
): object {
  if (names === undefined) return { ...item };
  const wanted = names.split(",").map((name) => aliases?.[name.trim()] ?? name.trim());
  return Object.fromEntries(wanted.flatMap((name) => (name in item ? [[name, item[name]]] : [])));
}

export const keyOf = (input: CommandInput): Key => {
  const key = input.Key ?? input.Item;
  if (key === undefined) throw new Error("a command without a key");
  return key;
};

/** @throws ConditionalCheckFailedException */
export function checkCondition(table: Table, input: CommandInput): void {
  const { ConditionExpression: condition, ExpressionAttributeValues: values = {} } = input;
  const item = table.get(keyOf(input));
  if (condition === undefined || holds(condition, values, item, input.ExpressionAttributeNames)) return;
  const isTold = input.ReturnValuesOnConditionCheckFailure === "ALL_OLD" && item !== undefined;
  throw new ConditionalCheckFailedException({
    message: "The conditional request failed",
    $metadata: { httpStatusCode: 400 },
    ...(isTold ? { Item: marshall({ ...item }) } : {}),
  });
}

/** Puts, deletes or updates one item; with the old or new one, when it is asked for. */
export function write(table: Table, name: string, input: CommandInput): object {
  checkCondition(table, input);
  const key = keyOf(input);
  const before = table.get(key);
  if (name === "Put") table.put(input.Item as Item);
  else if (name === "Delete") table.remove(key);
  else table.put({ ...updatedItem(input, before), pk: key.pk, sk: key.sk });
  const { ReturnValues: wanted = "NONE" } = input;
  const told = wanted === "ALL_OLD" ? before : wanted === "ALL_NEW" ? table.get(key) : undefined;
  return told === undefined ? {} : { Attributes: { ...told } };
}

function updatedItem(input: CommandInput, before: Item | undefined): Record<string, unknown> {
  const { UpdateExpression: expression = "", ExpressionAttributeValues: values = {} } = input;
  return updated(expression, values, before ?? {}, input.ExpressionAttributeNames);
}

export function writeBatched(table: Table, { PutRequest, DeleteRequest }: BatchedWrite): void {
  if (PutRequest !== undefined) table.put(PutRequest.Item);
  if (DeleteRequest !== undefined) table.remove(DeleteRequest.Key);
}
