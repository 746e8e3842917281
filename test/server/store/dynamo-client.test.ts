import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createDocumentClient } from "../../../server/store/dynamo/dynamo-client.ts";
import { createRequests, storeError } from "../../../server/store/dynamo/requests.ts";

/** DynamoDB and a container's credentials in one: it answers nothing, and keeps what it was asked. */
let server: ReturnType<typeof createServer>;
let url: string;
let asked: IncomingHttpHeaders[] = [];
let credentialsAsked = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url !== "/credentials") {
      asked.push(request.headers);
      response.end("{}");
      return;
    }
    credentialsAsked++;
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    response.end(JSON.stringify({ AccessKeyId: "CONTAINER", SecretAccessKey: "s", Token: "token", Expiration }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

beforeEach(() => {
  asked = [];
  credentialsAsked = 0;
  // What this machine has of its own.
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_CONFIG_FILE", "/nonexistent");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
});
afterEach(() => void vi.unstubAllEnvs());

const get = (client: ReturnType<typeof createDocumentClient>) =>
  client.send("GetItem", { TableName: "t", Key: { pk: "p", sk: "s" } });

describe("Node's client", () => {
  it("signs with the credentials that it is given", async () => {
    const client = createDocumentClient({
      endpoint: url,
      region: "eu-west-3",
      credentials: { accessKeyId: "GIVEN", secretAccessKey: "s" },
    });
    await get(client);
    expect(asked[0]?.authorization).toMatch(/Credential=GIVEN\/\d{8}\/eu-west-3\/dynamodb/);
    client.destroy();
  });

  it("finds credentials as the SDK does, once, and signs with their token", async () => {
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${url}/credentials`);
    const client = createDocumentClient({ endpoint: url, region: "eu-west-3" });
    await Promise.all([get(client), get(client)]);
    await get(client);
    expect(asked).toHaveLength(3);
    for (const headers of asked) {
      expect(headers.authorization).toContain("Credential=CONTAINER/");
      expect(headers["x-amz-security-token"]).toBe("token");
    }
    expect(credentialsAsked).toBe(1);
    client.destroy();
  });

  it("says that there are none, not that DynamoDB is away, and looks again", async () => {
    const client = createDocumentClient({ endpoint: url, region: "eu-west-3" });
    const error = await get(client).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "CredentialsProviderError" });
    expect(storeError(error, "t")).toBe(error);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "LATE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s");
    await get(client);
    expect(asked.map(({ authorization }) => authorization)).toEqual([expect.stringContaining("Credential=LATE/")]);
    client.destroy();
  });

  it("finds the region as the SDK does, and looks again", async () => {
    const client = createDocumentClient();
    await expect(get(client)).rejects.toThrow("Region is missing");
    vi.stubEnv("AWS_REGION", "eu-west-3");
    // It comes as far as to look for credentials.
    await expect(get(client)).rejects.toMatchObject({ name: "CredentialsProviderError" });
  });

  it("counts attempts over the wire, those that failed too", async () => {
    const counted: number[] = [];
    const client = createDocumentClient({
      endpoint: "http://127.0.0.1:9",
      credentials: { accessKeyId: "a", secretAccessKey: "s" },
    });
    const requests = createRequests({ client, table: "t", onConsumed: (units) => counted.push(units.requests) });
    await expect(requests.get({ pk: "p", sk: "s" }, false)).rejects.toThrow("DynamoDB is unavailable");
    expect(counted).toEqual([4]);
  });
});
