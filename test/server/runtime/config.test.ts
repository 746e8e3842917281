import { describe, expect, it } from "vitest";
import { OperatorError } from "../../../server/console/operator-error.ts";
import { readConfig, VARIABLES } from "../../../server/runtime/config.ts";

function messageOf(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
  }
  return "";
}

describe("readConfig", () => {
  it("keeps the promised defaults when nothing is set, or set to nothing", () => {
    const config = readConfig({ PORT: "", DATABASE_URL: " " });
    expect(config).toMatchObject({
      host: "127.0.0.1",
      port: 8787,
      dataDir: ".data",
      seed: true,
      logLevel: "info",
      reportsPerMinute: 600,
      trustedProxies: 0,
      dynamo: { embedded: true, tableName: "stratum", region: "us-east-1" },
    });
    expect(config).not.toHaveProperty("databaseUrl");
  });

  it("keeps nothing with DATA_DIR=memory", () => {
    expect(readConfig({ DATA_DIR: "memory" })).not.toHaveProperty("dataDir");
  });

  it.each([
    ["an endpoint", { DYNAMODB_ENDPOINT: "http://localhost:8000" }, { endpoint: "http://localhost:8000" }],
    ["keys", { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" }, { credentials: { accessKeyId: "a" } }],
    ["a profile", { AWS_PROFILE: "p", AWS_DEFAULT_REGION: "eu-west-1" }, { region: "eu-west-1" }],
    ["a task's role", { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/x" }, {}],
  ])("uses a real DynamoDB with %s", (_name, env, expected) => {
    expect(readConfig(env).dynamo).toMatchObject({ embedded: false, ...expected });
  });

  it("leaves credentials that are not in the environment to the SDK", () => {
    expect(readConfig({ AWS_PROFILE: "p" }).dynamo).not.toHaveProperty("credentials");
  });

  it.each([
    ["PORT", "80a"],
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["SEED", "no"],
    ["LOG_LEVEL", "loud"],
    ["DYNAMODB_ENDPOINT", "localhost:8000"],
    ["DYNAMODB_TABLE", "a/b"],
    ["DATABASE_URL", "mysql://h/d"],
    ["BASEMAP_STYLE_URL", "javascript:alert(1)"],
    ["REPORTS_PER_MINUTE", "0"],
    ["TRUSTED_PROXIES", "1.5"],
  ])("names %s=%s and what is allowed in one sentence", (name, value) => {
    const message = messageOf({ [name]: value });
    expect(message).toMatch(new RegExp(`^${name} is ".*", but must be .{5,}\\.$`));
    expect(message).toContain(value);
  });

  it("reports every bad value at once", () => {
    expect(messageOf({ PORT: "x", SEED: "x" }).split("\n")).toHaveLength(2);
  });

  it("keeps a password out of the message", () => {
    expect(messageOf({ DATABASE_URL: "mysql://me:secret@host/d" })).not.toContain("secret");
  });

  it("asks for both halves of a key", () => {
    expect(messageOf({ AWS_ACCESS_KEY_ID: "a" })).toContain("AWS_SECRET_ACCESS_KEY is not");
  });

  it("lists every variable with a meaning and a default that it accepts itself", () => {
    const defaults = Object.entries(VARIABLES).map(([name, { default: value }]: [string, { default?: string }]) => [
      name,
      value ?? "",
    ]);
    expect(readConfig(Object.fromEntries(defaults))).toEqual(readConfig({}));
  });
});
