import { describe, expect, it } from "vitest";
import type { CredentialSource } from "../../../../server/store/dynamo/wire/credentials.ts";
import { createLightClient, regionalEndpoint } from "../../../../server/store/dynamo/wire/light-client.ts";
import { createRetries } from "../../../../server/store/dynamo/wire/retries.ts";
import type { WireAnswer } from "../../../../server/store/dynamo/wire/transport.ts";
import { createTestClock } from "../../../kit/clock.ts";

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const HOUR_MS = 3_600_000;
const CREDENTIALS = { accessKeyId: "AKID", secretAccessKey: "secret" };

function answer(status: number, body: unknown, headers: Record<string, string> = {}): WireAnswer {
  return { status, body: typeof body === "string" ? body : JSON.stringify(body), header: (name) => headers[name] };
}

/** A client whose requests are answered one after the other by these. */
function open(answers: ((sent: Sent) => WireAnswer | Error)[], credentials: CredentialSource = () => CREDENTIALS) {
  const clock = createTestClock();
  const sent: Sent[] = [];
  const client = createLightClient({
    endpoint: regionalEndpoint("eu-central-1"),
    region: "eu-central-1",
    credentials,
    requestTimeoutMs: 1000,
    now: clock.now,
    retries: createRetries({ sleep: async () => {} }),
    openTransport: () => ({
      async post(headers, body) {
        const request = { headers, body };
        sent.push(request);
        const made = answers[sent.length - 1]?.(request) ?? answer(200, {});
        if (made instanceof Error) throw made;
        return made;
      },
      destroy() {},
    }),
  });
  return { client, clock, sent };
}

const put = { TableName: "t", Item: { pk: "p", sk: "s", n: 1, bytes: new Uint8Array([1, 2]) } };
const timeOf = ({ headers }: Sent): string => headers["x-amz-date"] ?? "";

describe("the light client", () => {
  it("sends what DynamoDB's JSON protocol wants, and returns plain values with the attempts", async () => {
    const { client, sent } = open([
      () => new Error("socket hang up"),
      () => answer(200, { Item: { pk: { S: "p" }, at: { N: "12.5" } }, ConsumedCapacity: { CapacityUnits: 0.5 } }),
    ]);
    const output = await client.send("GetItem", { TableName: "t", Key: { pk: "p", sk: "s" } });
    expect(output).toEqual({
      Item: { pk: "p", at: 12.5 },
      ConsumedCapacity: { CapacityUnits: 0.5 },
      $metadata: { attempts: 2 },
    });
    expect(sent[1]?.headers).toMatchObject({
      host: "dynamodb.eu-central-1.amazonaws.com",
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "DynamoDB_20120810.GetItem",
      authorization: expect.stringContaining(
        "/eu-central-1/dynamodb/aws4_request, SignedHeaders=content-type;host;x-amz",
      ),
    });
    expect(JSON.parse(sent[1]?.body ?? "")).toEqual({ TableName: "t", Key: { pk: { S: "p" }, sk: { S: "s" } } });
  });

  it("signs with the token of temporary credentials, each attempt with those of its moment", async () => {
    let asked = 0;
    const source = () => ({ ...CREDENTIALS, sessionToken: `token-${++asked}` });
    const { client, sent } = open([() => answer(500, ""), () => answer(200, {})], source);
    await client.send("PutItem", put);
    expect(sent.map(({ headers }) => headers["x-amz-security-token"])).toEqual(["token-1", "token-2"]);
    expect(sent[1]?.headers.authorization).toContain("x-amz-security-token");
  });

  it("fails as the provider of credentials does, without a request", async () => {
    const refused = Object.assign(new Error("no role"), { name: "CredentialsProviderError" });
    const { client, sent } = open([], () => Promise.reject(refused));
    await expect(client.send("PutItem", put)).rejects.toBe(refused);
    expect(sent).toEqual([]);
  });

  it("refuses before the wire what cannot be marshalled", async () => {
    const { client, sent } = open([]);
    await expect(client.send("PutItem", { TableName: "t", Item: { pk: undefined } })).rejects.toThrow(TypeError);
    expect(sent).toEqual([]);
  });

  it("tells that an answer could not be read, as none that could be", async () => {
    for (const body of ["", "<html>", '{"Item": {"pk": {"S": "p"}', '{"Item": {"pk": {"X": 1}}}']) {
      const { client, sent } = open([() => answer(200, body)]);
      const error = await client.send("GetItem", { TableName: "t", Key: {} }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(error).toHaveProperty("$metadata");
      expect(error).not.toHaveProperty("$fault");
      // It may have been done.
      expect(sent).toHaveLength(1);
    }
  });

  describe("with a clock that is off", () => {
    const refusal = { __type: "com.amazon.coral.service#InvalidSignatureException", message: "Signature expired" };
    const httpDate = (ms: number) => new Date(ms).toUTCString();

    it("takes the time from the refusal, tries again, and goes on with it", async () => {
      const { client, clock, sent } = open([
        () => answer(400, refusal, { date: httpDate(clock.nowMs + 3 * HOUR_MS) }),
        () => answer(200, {}, { date: httpDate(clock.nowMs + 3 * HOUR_MS) }),
        () => answer(200, {}),
      ]);
      expect((await client.send("PutItem", put)).$metadata.attempts).toBe(2);
      clock.advance(60_000);
      expect((await client.send("PutItem", put)).$metadata.attempts).toBe(1);
      expect(sent.map(timeOf)).toEqual(["20260601T120000Z", "20260601T150000Z", "20260601T150100Z"]);
    });

    it("learns from answers that are right, before it is refused", async () => {
      const { client, clock, sent } = open([() => answer(200, {}, { date: httpDate(clock.nowMs - 2000) })]);
      await client.send("PutItem", put);
      await client.send("PutItem", put);
      expect(sent.map(timeOf)).toEqual(["20260601T120000Z", "20260601T115958Z"]);
    });

    it("does not try again when it was not the clock, nor for a cached answer's", async () => {
      for (const headers of [
        { date: httpDate(Date.UTC(2026, 5, 1, 12, 0, 2)) },
        { date: httpDate(Date.UTC(2026, 5, 1, 9)), age: "10800" },
        { date: "yesterday" },
        {},
      ]) {
        const { client, sent } = open([() => answer(400, refusal, headers as Record<string, string>)]);
        await expect(client.send("PutItem", put)).rejects.toMatchObject({
          name: "InvalidSignatureException",
          $metadata: { attempts: 1 },
        });
        expect(sent).toHaveLength(1);
      }
    });

    it("gives up when the time that it is told does not help", async () => {
      const skewed = () => answer(400, refusal, { date: httpDate(Date.UTC(2026, 5, 1, 20)) });
      const { client, sent } = open([skewed, skewed, skewed, skewed]);
      await expect(client.send("PutItem", put)).rejects.toMatchObject({ name: "InvalidSignatureException" });
      expect(sent).toHaveLength(2);
    });
  });
});

describe("AWS's endpoints", () => {
  it.each([
    ["us-east-1", "https://dynamodb.us-east-1.amazonaws.com/"],
    ["cn-north-1", "https://dynamodb.cn-north-1.amazonaws.com.cn/"],
    ["us-gov-west-1", "https://dynamodb.us-gov-west-1.amazonaws.com/"],
  ])("of %s", (region, url) => {
    expect(regionalEndpoint(region).href).toBe(url);
  });
});
