import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSigner } from "../../../../server/store/dynamo/wire/sigv4.ts";
import { createSdkClient } from "../../../kit/dynamo/sdk-client.ts";
import { runs } from "../../../kit/runs.ts";

/** AWS's published test suite: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-test-suite.html */
const AT_MS = Date.UTC(2015, 7, 30, 12, 36);
const CREDENTIALS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const TOKEN =
  "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

interface Vector {
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly sessionToken?: string;
  readonly signed: string;
  readonly signature: string;
}

const VECTORS: Record<string, Vector> = {
  "post-vanilla": {
    signed: "host;x-amz-date",
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  },
  "post-header-key-sort": {
    headers: { "my-header1": "value1" },
    signed: "host;my-header1;x-amz-date",
    signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
  },
  "post-header-value-case": {
    headers: { "my-header1": "VALUE1" },
    signed: "host;my-header1;x-amz-date",
    signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
  },
  "post-x-www-form-urlencoded": {
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "Param1=value1",
    signed: "content-type;host;x-amz-date",
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  },
  "post-sts-header-before": {
    sessionToken: TOKEN,
    signed: "host;x-amz-date;x-amz-security-token",
    signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
  },
};

describe("signatures", () => {
  it.each(Object.entries(VECTORS))("are AWS's for %s", (_, { headers, body = "", sessionToken, signed, signature }) => {
    const sign = createSigner({ region: "us-east-1", service: "service" });
    const request = { headers: { host: "example.amazonaws.com", ...headers }, body };
    const sent = sign(request, { ...CREDENTIALS, sessionToken }, AT_MS);
    expect(sent).toMatchObject({ ...request.headers, "x-amz-date": "20150830T123600Z" });
    expect(sent["x-amz-security-token"]).toBe(sessionToken);
    expect(sent.authorization).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signed}, Signature=${signature}`,
    );
  });

  it("are the same whatever was signed before: another day, other credentials, another body", () => {
    const kept = createSigner({ region: "us-east-1", service: "dynamodb" });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 }),
        fc.constantFrom("one", "two"),
        fc.string({ unit: "binary" }),
        (day, secretAccessKey, body) => {
          const request = { headers: { host: "h", "x-amz-target": "t" }, body };
          const arrange = [request, { accessKeyId: "A", secretAccessKey }, AT_MS + day * 86_400_000] as const;
          const fresh = createSigner({ region: "us-east-1", service: "dynamodb" });
          expect(kept(...arrange)).toEqual(fresh(...arrange));
        },
      ),
      runs(100),
    );
  });

  it.each([[undefined], [TOKEN]])("are the SDK's for the same request", async (sessionToken) => {
    const credentials = { ...CREDENTIALS, ...(sessionToken === undefined ? {} : { sessionToken }) };
    let theirs: { headers: Record<string, string>; body: string | Uint8Array } | undefined;
    const client = createSdkClient({
      region: "eu-central-1",
      credentials,
      requestHandler: {
        async handle(request: { headers: Record<string, string>; body: string | Uint8Array }) {
          theirs = request;
          throw new TypeError("not sent");
        },
      },
    });
    await expect(client.send("PutItem", { TableName: "täble", Item: { pk: "p", sk: "ß" } })).rejects.toThrow(
      "not sent",
    );
    const { authorization = "", ...headers } = theirs?.headers ?? {};
    const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(";") ?? [];
    expect(names.length).toBeGreaterThan(3);
    const sign = createSigner({ region: "eu-central-1", service: "dynamodb" });
    const atMs = Date.parse(
      (headers["x-amz-date"] ?? "").replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"),
    );
    const request = {
      headers: Object.fromEntries(names.map((name) => [name, headers[name] ?? ""])),
      body: typeof theirs?.body === "string" ? theirs.body : new TextDecoder().decode(theirs?.body),
    };
    expect(sign(request, credentials, atMs).authorization).toBe(authorization);
  });
});
