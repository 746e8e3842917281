import { describe, expect, it } from "vitest";
import { readWorkerConfig, SettingsError, type WorkerEnv } from "../../server/runtime/worker/worker-env.ts";

const TABLE = { DYNAMODB_TABLE: "city" };
const SECRETS = { AWS_ACCESS_KEY_ID: "AKIA-hush", AWS_SECRET_ACCESS_KEY: "hush-key" };

function read(variables: Record<string, unknown>) {
  const env: WorkerEnv = {
    ASSETS: { fetch: () => Promise.reject(new Error("unused")) },
    HYPERDRIVE: { connectionString: "postgres://user:hush-password@db.example/stratum" },
    ...variables,
  };
  return readWorkerConfig(env);
}

describe("a Worker's settings", () => {
  it("are those of Node, with bindings left alone", () => {
    const config = read({
      ...TABLE,
      ...SECRETS,
      AWS_REGION: "eu-west-1",
      EDGE_CACHE: "on",
      LIVE_SHARDS: "8",
      LIVE: {},
    });
    expect(config).toMatchObject({
      edgeCache: true,
      liveShards: 8,
      dynamo: { tableName: "city", region: "eu-west-1" },
    });
  });

  it.each([
    [{}, "DYNAMODB_TABLE"],
    [SECRETS, "DYNAMODB_TABLE"],
    [{ AWS_WEB_IDENTITY_TOKEN_FILE: "/hush" }, "DYNAMODB_TABLE"],
    [TABLE, "AWS_SECRET_ACCESS_KEY"],
    [{ ...TABLE, AWS_ACCESS_KEY_ID: "AKIA-hush" }, "AWS_SECRET_ACCESS_KEY"],
    [{ ...TABLE, AWS_PROFILE: "hush-profile" }, "AWS_ACCESS_KEY_ID"],
    [{ ...SECRETS, DYNAMODB_ENDPOINT: "ftp://user:hush@db.example" }, "DYNAMODB_ENDPOINT"],
    [{ ...TABLE, ...SECRETS, LIVE_SHARDS: "0" }, "LIVE_SHARDS"],
    [{ ...TABLE, ...SECRETS, HYPERDRIVE: undefined }, "HYPERDRIVE"],
  ])("that are missing or wrong are named, never shown: %j", (variables, name) => {
    let message = "";
    try {
      read(variables);
    } catch (error) {
      expect(error).toBeInstanceOf(SettingsError);
      message = (error as SettingsError).message;
    }
    expect(message).toContain(name);
    expect(message).not.toMatch(/AKIA|hush/);
  });
});
