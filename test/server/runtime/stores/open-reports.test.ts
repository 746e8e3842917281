import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { createLog, silentLog } from "../../../../server/console/log.ts";
import { readConfig } from "../../../../server/runtime/config.ts";
import { migrateReportStore, openReports } from "../../../../server/runtime/stores/open-reports.ts";
import { openStores } from "../../../../server/runtime/stores/stores.ts";

const UNSET = /or unset DYNAMODB_TABLE and DYNAMODB_ENDPOINT to use the embedded store\.$/;
const root = mkdtempSync(join(tmpdir(), "stratum-open-reports-"));
let server: Server | undefined;

afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  server = undefined;
  vi.unstubAllEnvs();
});

/** A service that answers every request alike. */
async function answering(status: number, body: object): Promise<string> {
  server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { "Content-Type": "application/x-amz-json-1.0" }).end(JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server?.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a start with this environment ends with. */
async function startOf(env: Record<string, string>): Promise<string> {
  const config = readConfig(env);
  const stores = openStores(config, { role: "command", log: silentLog });
  const { store } = await openReports(stores, { clock: { now: Date.now }, log: silentLog });
  try {
    await migrateReportStore(store, config.dynamo);
  } catch (error) {
    expect(error).toMatchObject({ name: "OperatorError" });
    return (error as Error).message;
  } finally {
    await store.close();
    await stores.close();
  }
  return "";
}

describe("a DynamoDB that cannot be used ends the start with a sentence", () => {
  it("when nobody listens", async () => {
    const sentence = await startOf({ DYNAMODB_ENDPOINT: "http://127.0.0.1:9", DYNAMODB_TABLE: "city" });
    expect(sentence).toMatch(/^The DynamoDB at http:\/\/127\.0\.0\.1:9 does not answer \(.*\): start it, correct/);
    expect(sentence).toMatch(UNSET);
  });

  it("when it refuses the credentials", async () => {
    const fault = { __type: "com.amazon.coral.service#UnrecognizedClientException", message: "The token is invalid." };
    const sentence = await startOf({ DYNAMODB_ENDPOINT: await answering(400, fault) });
    expect(sentence).toMatch(/refuses us \(UnrecognizedClientException: The token is invalid\.\): correct AWS's cred/);
    expect(sentence).toMatch(UNSET);
  });

  it("when the SDK's chain finds no credentials, be it in files, a container or an instance", async () => {
    const [config, credentials] = [join(root, "config"), join(root, "credentials")];
    for (const file of [config, credentials]) writeFileSync(file, "");
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"]) vi.stubEnv(name, undefined);
    vi.stubEnv("AWS_CONFIG_FILE", config);
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", credentials);
    // An instance without a role.
    vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", await answering(404, {}));
    const variables = { DYNAMODB_TABLE: "city", AWS_REGION: "eu-west-1" };
    const sentence = await startOf(variables);
    expect(sentence).toMatch(/^No credentials for the DynamoDB at AWS eu-west-1 were found \(.*\): set AWS_ACCESS_KEY/);
    expect(sentence).toMatch(UNSET);
    vi.stubEnv("AWS_PROFILE", "absent");
    expect(await startOf({ ...variables, AWS_PROFILE: "absent" })).toContain("were found by AWS_PROFILE=absent (");
  });

  it("when neither it nor the search for credentials comes to an end", async () => {
    const never = () => new Promise<never>(() => {});
    const { dynamo } = readConfig({ DYNAMODB_TABLE: "city" });
    const starting = migrateReportStore({ migrate: never, ping: never }, dynamo, 10);
    await expect(starting).rejects.toThrow(
      /^The DynamoDB at AWS us-east-1 has not answered in 0\.01 s, or .*credentials/,
    );
    await expect(starting).rejects.toThrow(UNSET);
  });
});

it("waits for a table that is being made, however long, once somebody answers", async () => {
  const made = Promise.withResolvers<void>();
  const { dynamo } = readConfig({ DYNAMODB_TABLE: "city" });
  const refused = () => Promise.reject(new Error("no table"));
  const starting = migrateReportStore({ migrate: () => made.promise, ping: refused }, dynamo, 1);
  let isOver = false;
  void starting.then(() => {
    isOver = true;
  });
  // Longer than the limit of the first answer.
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(isOver).toBe(false);
  made.resolve();
  await starting;
});

it("logs in one line that credentials are not used", async () => {
  const lines: string[] = [];
  const log = createLog({ level: "warn", pretty: false, write: (line) => lines.push(line), now: () => 0 });
  const config = readConfig({ AWS_PROFILE: "p", DATA_DIR: root });
  await openStores(config, { role: "command", log }).close();
  expect(lines).toEqual([expect.stringMatching(/AWS credentials are set, but no DYNAMODB_TABLE: reports are kept in/)]);
});
