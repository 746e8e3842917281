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
    });
    for (const unset of ["dynamo", "databaseUrl", "notice"]) expect(config).not.toHaveProperty(unset);
  });

  it("keeps nothing with DATA_DIR=memory", () => {
    expect(readConfig({ DATA_DIR: "memory" })).not.toHaveProperty("dataDir");
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

  it("takes money only where it learns of it, and never shows a key", () => {
    const keys = { STRIPE_SECRET_KEY: "sk_test_4eC39H", STRIPE_WEBHOOK_SECRET: "whsec_abc" };
    expect(readConfig({})).not.toHaveProperty("stripe");
    expect(readConfig(keys).stripe).toEqual({ secretKey: "sk_test_4eC39H", webhookSecret: "whsec_abc" });
    expect(readConfig({ ...keys, STRIPE_API_BASE: "http://127.0.0.1:1" }).stripe).toHaveProperty("apiBase");
    expect(messageOf({ STRIPE_SECRET_KEY: keys.STRIPE_SECRET_KEY })).toContain("needs STRIPE_WEBHOOK_SECRET");
    expect(messageOf({ STRIPE_WEBHOOK_SECRET: "whsec_abc" })).toContain("needs STRIPE_SECRET_KEY");
    const live = { ...keys, STRIPE_SECRET_KEY: "rk_live_1", STRIPE_API_BASE: "http://127.0.0.1:1" };
    expect(messageOf(live)).toContain("test mode alone");
    for (const name of Object.keys(keys)) {
      const message = messageOf({ ...keys, [name]: "pk_live_secret words" });
      expect(message).toMatch(new RegExp(`^${name} is wrong, but must be`));
      expect(message).not.toContain("pk_live");
    }
  });

  it("lists every variable with a meaning and a default that it accepts itself", () => {
    const defaults = Object.entries(VARIABLES).map(([name, { default: value }]: [string, { default?: string }]) => [
      name,
      value ?? "",
    ]);
    expect(readConfig(Object.fromEntries(defaults))).toEqual(readConfig({}));
  });
});
