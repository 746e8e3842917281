import { describe, expect, it } from "vitest";
import { OperatorError } from "../../../server/console/operator-error.ts";
import { readConfig } from "../../../server/runtime/config.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
const LOCAL = { accessKeyId: "local", secretAccessKey: "local" };
const OF_A_SERVER = [
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
];

function refusalOf(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
    throw error;
  }
  return "";
}

describe("DynamoDB is chosen", () => {
  it("by its table, at AWS, with the credentials that the SDK finds", () => {
    expect(readConfig({ DYNAMODB_TABLE: "city" }).dynamo).toEqual({ tableName: "city", region: "us-east-1" });
  });

  it("by an endpoint alone, whose table is `stratum`, with credentials that an emulator takes", () => {
    const { dynamo } = readConfig({ DYNAMODB_ENDPOINT: "http://localhost:8000" });
    const region = "us-east-1";
    expect(dynamo).toEqual({ tableName: "stratum", region, endpoint: "http://localhost:8000", credentials: LOCAL });
  });

  it("with the keys and the region that are named", () => {
    const env = { DYNAMODB_TABLE: "city", ...KEYS, AWS_SESSION_TOKEN: "c", AWS_REGION: "eu-west-1" };
    expect(readConfig({ ...env, AWS_PROFILE: "p", AWS_DEFAULT_REGION: "ap-south-1" }).dynamo).toEqual({
      tableName: "city",
      region: "eu-west-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b", sessionToken: "c" },
    });
  });

  it.each(["AWS_PROFILE", ...OF_A_SERVER])("with %s, which the SDK reads, at AWS and elsewhere", (name) => {
    const env = { [name]: "/x", AWS_DEFAULT_REGION: "eu-west-1" };
    const atAws = readConfig({ ...env, DYNAMODB_TABLE: "city" }).dynamo;
    expect(atAws).toEqual({ tableName: "city", region: "eu-west-1", credentialsFrom: `${name}=/x` });
    expect(readConfig({ ...env, DYNAMODB_ENDPOINT: "http://localhost:8000" }).dynamo).not.toHaveProperty("credentials");
  });

  it.each([
    "https://vpce-1-x.dynamodb.eu-west-1.vpce.amazonaws.com",
    "https://dynamodb.cn-north-1.amazonaws.com.cn",
    "https://1.ddb.us-east-1.api.aws",
  ])("at %s as at AWS, where a role may be meant", (endpoint) => {
    expect(readConfig({ DYNAMODB_ENDPOINT: endpoint }).dynamo).not.toHaveProperty("credentials");
  });

  it("and half a key refused", () => {
    const half = (name: "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY") =>
      refusalOf({ DYNAMODB_TABLE: "city", [name]: "a" });
    expect(half("AWS_ACCESS_KEY_ID")).toMatch(/^AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not: .*\.$/);
    expect(half("AWS_SECRET_ACCESS_KEY")).toMatch(/^AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not: .*\.$/);
  });
});

describe("the embedded store is chosen without table and endpoint", () => {
  it.each([
    ["keys", KEYS],
    ["half a key", { AWS_ACCESS_KEY_ID: "a" }],
    ["a profile", { AWS_PROFILE: "p" }],
  ])("also by who has %s of AWS, and is told in one line where reports are kept", (_name, env) => {
    const line = (place: string) => `AWS credentials are set, but no DYNAMODB_TABLE: reports are kept in ${place}`;
    expect(readConfig(env)).toMatchObject({ notice: line(".data") });
    expect(readConfig({ ...env, DATA_DIR: "memory" })).toMatchObject({ notice: line("memory") });
    expect(readConfig(env)).not.toHaveProperty("dynamo");
    expect(readConfig({ ...env, ...KEYS, DYNAMODB_TABLE: "city" })).not.toHaveProperty("notice");
  });

  it.each(OF_A_SERVER)("but not with %s: what runs at AWS must name its table", (name) => {
    const sentence = refusalOf({ [name]: "/secret" });
    expect(sentence).toMatch(
      new RegExp(`^${name} is set, .*but DYNAMODB_TABLE is not: set it .*or unset ${name} .*\\.$`),
    );
    expect(sentence).not.toContain("/secret");
  });
});

describe("an empty store is seeded", () => {
  it("when it is the embedded one, unless told not to", () => {
    expect(readConfig({}).seed).toBe(true);
    expect(readConfig({ SEED: "off" }).seed).toBe(false);
  });

  it.each([{ DYNAMODB_TABLE: "city" }, { DYNAMODB_ENDPOINT: "http://localhost:8000" }])(
    "in DynamoDB only when asked for: %j",
    (env) => {
      expect(readConfig(env).seed).toBe(false);
      expect(readConfig({ ...env, SEED: "on" }).seed).toBe(true);
    },
  );
});
