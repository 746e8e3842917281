import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { StoreUnavailableError } from "../../../server/ports/report-store.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { createTestApp, post, VALID_BODY } from "../../kit/app-fixture.ts";
import { createTestClock } from "../../kit/clock.ts";

/** What `hono/secure-headers` may set, and the like. */
const SECURITY = /^(content-security|cross-origin|origin-agent|permissions|referrer|strict-transport|x-(?!request-id))/;

describe("every answer", () => {
  const requests: [string, string, number][] = [
    ["GET", "/healthz", 200],
    ["GET", "/api/cities", 200],
    ["GET", "/tiles.json", 200],
    ["GET", "/tiles/safety/0/0/0.pbf", 204],
    ["GET", "/tiles/safety/0/0/1.pbf", 404],
    ["GET", "/nothing/here", 404],
    ["DELETE", "/api/reports", 405],
    ["BREW", "/api/cities", 405],
    ["GET", "/api/reports", 400],
    ["POST", "/api/reports", 415],
    ["GET", "/api/reports/nonsense", 400],
    ["GET", "/boom", 500],
  ];
  it.each(requests)("opens %s %s (%i) to every origin and names the request", async (method, path, status) => {
    const { app } = createTestApp();
    app.get("/boom", () => {
      throw new Error("the password is swordfish");
    });
    const response = await app.request(path, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
    expect(response.headers.get("access-control-expose-headers")).toContain("Retry-After");
    expect([...response.headers].filter(([name]) => SECURITY.test(name))).toEqual([
      ["cross-origin-resource-policy", "cross-origin"],
      ["referrer-policy", "strict-origin-when-cross-origin"],
      ["x-content-type-options", "nosniff"],
    ]);
    expect(response.headers.get("x-request-id")).toMatch(/^[\w-]{20,}$/);
    if (status < 400) return;
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toMatchObject({ type: expect.any(String), title: expect.any(String), status });
  });

  it("lets browsers preflight a report with an idempotency key", async () => {
    const { app } = createTestApp();
    const response = await app.request("/api/reports", {
      method: "OPTIONS",
      headers: {
        Origin: "https://news.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,idempotency-key",
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-methods")).toContain("POST");
    expect(response.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("idempotency-key");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("answers HEAD as GET without a body", async () => {
    const { app } = createTestApp();
    for (const path of ["/healthz", "/api/cities", "/api/reports?bbox=1,1,1.1,1.1", "/nothing"]) {
      const [head, get] = [await app.request(path, { method: "HEAD" }), await app.request(path)];
      expect(head.status, path).toBe(get.status);
      expect(head.headers.get("content-type"), path).toBe(get.headers.get("content-type"));
      expect(await head.text(), path).toBe("");
    }
  });

  it("keeps a caller's request id only when it is short and plain", async () => {
    const { app } = createTestApp();
    const idFor = async (id: string) =>
      (await app.request("/healthz", { headers: { "X-Request-Id": id } })).headers.get("x-request-id");
    expect(await idFor("trace-1")).toBe("trace-1");
    expect(await idFor("<script>")).not.toBe("<script>");
    expect(await idFor("a".repeat(65))).not.toBe("a".repeat(65));
  });
});

describe("errors", () => {
  it("names the methods of an address in Allow", async () => {
    const response = await createTestApp().app.request("/api/reports", { method: "PUT" });
    expect(response.headers.get("allow")?.split(", ").sort()).toEqual(["GET", "HEAD", "OPTIONS", "POST"]);
  });

  it("hides what broke from the caller and logs it with the request id", async () => {
    const { app, logged } = createTestApp();
    app.get("/boom", () => {
      throw new Error("the password is swordfish");
    });
    const response = await app.request("/boom");
    const body = await response.text();
    expect(body).not.toContain("swordfish");
    const requestId = response.headers.get("x-request-id");
    expect(JSON.parse(body)).toMatchObject({ request_id: requestId });
    expect(logged).toMatchObject([{ level: "error", fields: { requestId } }]);
    expect(JSON.stringify(logged)).toContain("swordfish");
  });

  it("asks to come back when the store is away, and acknowledges nothing", async () => {
    const store = createMemoryStore({ clock: createTestClock() });
    const away = async (): Promise<never> => {
      throw new StoreUnavailableError("throttled");
    };
    const broken = { ...store, append: away, put: away, get: away, readChanges: away, claimKey: away };
    const { app, told } = createTestApp({ store: broken });
    const answers = [
      await post(app, VALID_BODY),
      await post(app, VALID_BODY, { "Idempotency-Key": "k" }),
      await app.request("/api/reports?bbox=1,1,1.1,1.1"),
      await app.request("/api/cities/austin/reports"),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(await answer.text()).not.toContain("throttled");
    }
    expect(told).toEqual([]);
  });
});

describe("the app's sources", () => {
  /** The app's own files, from `server/http/app.ts` along relative imports that are not only types. */
  function reachableFiles(entry: string, seen = new Set<string>()): Set<string> {
    if (seen.has(entry) || !existsSync(entry)) return seen;
    seen.add(entry);
    const source = readFileSync(entry, "utf8");
    for (const [, from = ""] of source.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s+"(\.[^"]+\.ts)"/gm)) {
      reachableFiles(join(dirname(entry), from), seen);
    }
    return seen;
  }

  it("use nothing that only Node has, so that they run in workerd too", () => {
    // workerd has node:crypto.
    const files = [...reachableFiles(join(import.meta.dirname, "../../../server/http/app.ts"))];
    expect(files.length).toBeGreaterThan(15);
    for (const file of files) {
      const code = readFileSync(file, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      expect(code, file).not.toMatch(
        /from "node:(?!crypto")|require\(|\b(?:Buffer|setImmediate|__dirname)\b|\bprocess\./,
      );
    }
  });
});
