import type { AttributeValue as SdkValue } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  type AttributeMap,
  fromAttributes,
  toAttribute,
  toAttributes,
} from "../../../../server/store/dynamo/wire/attribute-values.ts";
import { decodeOutput, encodeInput } from "../../../../server/store/dynamo/wire/wire-json.ts";
import { runs } from "../../../kit/runs.ts";

const numbers = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
);
const names = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "S", "toString"));
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "binary" }),
    numbers,
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(names, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const items = fc.dictionary(fc.string(), values, { maxKeys: 8, noNullPrototype: true });

/** As the wire has it: the SDK holds bytes until it writes JSON. */
const inJson = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each: unknown) => {
      const { B } = (each ?? {}) as { B?: unknown };
      return B instanceof Uint8Array ? { B: Buffer.from(B).toString("base64") } : each;
    }),
  );

/** The SDK stumbles over attributes of these names. */
const isForSdk = (item: Record<string, unknown>): boolean => !/"(__proto__|constructor)"/.test(JSON.stringify(item));

describe("values", { tags: "random" }, () => {
  it("are marshalled as the SDK does", () => {
    fc.assert(
      fc.property(items.filter(isForSdk), (item) => {
        expect(toAttributes(item)).toEqual(inJson(marshall(item)));
      }),
      runs(2000),
    );
  });

  it("come back as they were, and as the SDK reads them", () => {
    fc.assert(
      fc.property(items, (item) => {
        const wire = JSON.parse(JSON.stringify(toAttributes(item))) as AttributeMap;
        const back = fromAttributes(wire);
        // JSON and DynamoDB have one zero.
        expect(back).toEqual(zeroed(item));
        if (isForSdk(item)) expect(back).toEqual(unmarshall(withBytes(wire)));
      }),
      runs(2000),
    );
  });

  it("pass through an operation's members, wherever it has items", () => {
    fc.assert(
      fc.property(items, items, (one, other) => {
        const [first, second] = [zeroed(one), zeroed(other)] as Record<string, unknown>[];
        const input = {
          TableName: "t",
          Limit: 3,
          Item: one,
          Key: other,
          ExpressionAttributeValues: one,
          ExclusiveStartKey: other,
          RequestItems: {
            a: [{ PutRequest: { Item: one } }, { DeleteRequest: { Key: other } }],
            b: { Keys: [one, other], ConsistentRead: true },
          },
        };
        const sent = JSON.parse(encodeInput(input)) as Record<string, unknown>;
        const { a, b } = sent.RequestItems as Record<string, unknown>;
        const output = decodeOutput(
          JSON.stringify({
            Count: 1,
            Item: sent.Item,
            Attributes: sent.ExpressionAttributeValues,
            LastEvaluatedKey: sent.ExclusiveStartKey,
            Items: [sent.Item, sent.Key],
            Responses: { t: [sent.Item] },
            UnprocessedItems: { a },
            UnprocessedKeys: { b },
          }),
        );
        expect([sent.TableName, sent.Limit]).toEqual(["t", 3]);
        expect(output).toEqual({
          Count: 1,
          Item: first,
          Attributes: first,
          LastEvaluatedKey: second,
          Items: [first, second],
          Responses: { t: [first] },
          UnprocessedItems: { a: [{ PutRequest: { Item: first } }, { DeleteRequest: { Key: second } }] },
          UnprocessedKeys: { b: { Keys: [first, second], ConsistentRead: true } },
        });
      }),
      runs(500),
    );
  });
});

/** `wire` with bytes in place of base64, as `unmarshall` takes it. */
function withBytes(wire: unknown): Record<string, SdkValue> {
  return (
    typeof wire !== "object" || wire === null
      ? wire
      : Array.isArray(wire)
        ? wire.map(withBytes)
        : Object.fromEntries(
            Object.entries(wire).map(([name, value]) => [
              name,
              name === "B" && typeof value === "string"
                ? new Uint8Array(Buffer.from(value, "base64"))
                : withBytes(value),
            ]),
          )
  ) as Record<string, SdkValue>;
}

function zeroed(value: unknown): unknown {
  if (value === 0) return 0;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(zeroed);
  const copy: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(value)) {
    Object.defineProperty(copy, name, { value: zeroed(each), enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

test("what only DynamoDB has is read as the SDK does", () => {
  const wire = {
    big: { N: "123456789012345678901234567890" },
    sets: { M: { s: { SS: ["a", "b"] }, n: { NS: ["1", "2.5"] }, b: { BS: ["AQI="] } } },
  } as const;
  expect(fromAttributes(wire)).toEqual({
    big: 123456789012345678901234567890n,
    sets: { s: new Set(["a", "b"]), n: new Set([1, 2.5]), b: new Set([new Uint8Array([1, 2])]) },
  });
  expect(() => fromAttributes({ odd: { X: "1" } } as unknown as AttributeMap)).toThrow("no known type");
});

test("bytes do not share the memory of what they came with", () => {
  const { bytes } = fromAttributes({ bytes: { B: "AQIDBA==" } }) as { bytes: Uint8Array };
  expect(bytes.constructor).toBe(Uint8Array);
  const part = bytes.slice(1, 3);
  bytes.fill(0);
  expect([...part]).toEqual([2, 3]);
});

test.each([
  ["undefined", undefined],
  ["a function", () => 1],
  ["NaN", Number.NaN],
  ["infinity", Number.NEGATIVE_INFINITY],
  ["an integer that is not safe", 2 ** 53],
  ["a date", new Date(0)],
  ["an instance", new (class Thing {})()],
  ["something inside", { list: [{ deep: undefined }] }],
])("%s is refused before the wire", (_, value) => {
  expect(() => toAttribute(value)).toThrow(TypeError);
});
