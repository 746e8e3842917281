import type { Key } from "../../../server/store/keys.ts";

/** A request to DynamoDB, as whoever stands between sees it. */
export interface StoreCommand {
  /** Such as "PutItem"; empty when it is none of DynamoDB's, as a health check. */
  readonly name: string;
  readonly isWrite: boolean;
  /** Of the items that it names, in their order; of a Query its partition, with an empty sort key. */
  readonly keys: readonly Key[];
  /** The body, in DynamoDB's JSON. */
  readonly input: Wire;
}

export type Wire = Readonly<Record<string, unknown>>;

const WRITES = new Set(["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"]);

/** Reads a request by its header `X-Amz-Target` and its body. */
export function parseCommand(target: string | undefined, body: Buffer): StoreCommand {
  const name = target?.split(".").at(-1) ?? "";
  const input = name === "" ? {} : (JSON.parse(body.toString()) as Wire);
  const partition = textOf((input.ExpressionAttributeValues as Wire | undefined)?.[":pk"]);
  const keys = partition === undefined ? keysIn(input) : [{ pk: partition, sk: "" }];
  return { name, isWrite: WRITES.has(name), keys, input };
}

/** Whether a command names a report's row. */
export const namesRow = ({ keys }: StoreCommand): boolean => keys.some(isRowKey);

export const isRowKey = ({ sk }: Key): boolean => sk.startsWith("R#");

/** Whatever has a `pk` and an `sk` is an item or the key of one, wherever a command has it. */
function keysIn(value: unknown): Key[] {
  if (typeof value !== "object" || value === null) return [];
  const { pk, sk } = value as Wire;
  const [partition, sortKey] = [textOf(pk), textOf(sk)];
  if (partition !== undefined && sortKey !== undefined) return [{ pk: partition, sk: sortKey }];
  return Object.values(value).flatMap(keysIn);
}

function textOf(value: unknown): string | undefined {
  const text = (value as Wire | undefined)?.S;
  return typeof text === "string" ? text : undefined;
}

/** A batch cut in two; the answer for what is left goes into that of what is sent. */
export interface CutBatch {
  readonly sent: Wire;
  readonly left: Wire;
  /** Member of the answer that holds what was left. */
  readonly leftAs: "UnprocessedItems" | "UnprocessedKeys";
}

/** Leaves those items of a batch undone that `isLeft` names; undefined when nothing would be left, or nothing done. */
export function cutBatch(
  { name, input }: StoreCommand,
  isLeft: (key: Key, index: number) => boolean,
): CutBatch | undefined {
  const [[table, request] = ["", undefined]] = Object.entries((input.RequestItems ?? {}) as Wire);
  const isWrite = name === "BatchWriteItem";
  if (request === undefined || (!isWrite && name !== "BatchGetItem")) return undefined;
  const items = (isWrite ? request : (request as Wire).Keys) as readonly unknown[];
  const { left = [], sent = [] } = Object.groupBy(items, (item, i) => {
    const [key] = keysIn(item);
    return key !== undefined && isLeft(key, i) ? "left" : "sent";
  });
  if (left.length === 0 || sent.length === 0) return undefined;
  const of = (part: readonly unknown[]): Wire => ({ [table]: isWrite ? part : { ...(request as Wire), Keys: part } });
  return {
    sent: { ...input, RequestItems: of(sent) },
    left: of(left),
    leftAs: isWrite ? "UnprocessedItems" : "UnprocessedKeys",
  };
}
