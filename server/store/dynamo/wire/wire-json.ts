import { type AttributeMap, fromAttributes, toAttributes } from "./attribute-values.ts";

/** An operation's input or output, of which some members hold items. */
type Members = Record<string, unknown>;

/** The body of a request: the input with its items in DynamoDB's JSON. @throws TypeError of what it cannot hold */
export function encodeInput(input: object): string {
  const wire: Members = { ...input };
  for (const name of ["Item", "Key", "ExpressionAttributeValues", "ExclusiveStartKey"]) {
    if (wire[name] !== undefined) wire[name] = toAttributes(wire[name] as object);
  }
  if (wire.RequestItems !== undefined) wire.RequestItems = mapBatch(wire.RequestItems as Batch<object>, toAttributes);
  return JSON.stringify(wire);
}

/** The output in the body of an answer. @throws SyntaxError, TypeError when it is none */
export function decodeOutput(body: string): Members {
  const output = JSON.parse(body) as Members;
  for (const name of ["Item", "Attributes", "LastEvaluatedKey"]) {
    if (output[name] !== undefined) output[name] = fromAttributes(output[name] as AttributeMap);
  }
  if (output.Items !== undefined) output.Items = (output.Items as AttributeMap[]).map(fromAttributes);
  if (output.Responses !== undefined) {
    output.Responses = mapValues(output.Responses as Record<string, AttributeMap[]>, (items) =>
      items.map(fromAttributes),
    );
  }
  for (const name of ["UnprocessedItems", "UnprocessedKeys"]) {
    if (output[name] !== undefined) output[name] = mapBatch(output[name] as Batch<AttributeMap>, fromAttributes);
  }
  return output;
}

/** Of each table the writes, or the keys that are asked for. */
type Batch<T> = Record<string, readonly BatchedWrite<T>[] | { readonly Keys?: readonly T[] }>;

interface BatchedWrite<T> {
  readonly PutRequest?: { readonly Item: T };
  readonly DeleteRequest?: { readonly Key: T };
}

function mapBatch<T, U>(batch: Batch<T>, map: (item: T) => U): Batch<U> {
  return mapValues(batch, (ofTable) => {
    if ("Keys" in ofTable) return { ...ofTable, Keys: ofTable.Keys?.map(map) ?? [] };
    return (ofTable as readonly BatchedWrite<T>[]).map(({ PutRequest, DeleteRequest }) => ({
      ...(PutRequest && { PutRequest: { Item: map(PutRequest.Item) } }),
      ...(DeleteRequest && { DeleteRequest: { Key: map(DeleteRequest.Key) } }),
    }));
  });
}

const mapValues = <T, U>(from: Record<string, T>, map: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(from).map(([name, value]) => [name, map(value)]));
