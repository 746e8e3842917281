import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { OpenAPIHono } from "@hono/zod-openapi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AppEnv } from "../../../../server/http/app.ts";
import { mountClientFiles } from "../../../../server/http/routes/client-files.ts";

const parent = mkdtempSync(join(tmpdir(), "stratum-client-"));
const dir = join(parent, "client");
const script = "console.log(1);".repeat(100);

beforeAll(() => {
  mkdirSync(join(dir, "assets"), { recursive: true });
  writeFileSync(join(parent, "secret.txt"), "secret");
  writeFileSync(join(dir, "index.html"), "<!doctype html><title>map</title>");
  mkdirSync(join(dir, "docs"));
  writeFileSync(join(dir, "docs", "embedding.html"), "<!doctype html><title>how to embed</title>");
  writeFileSync(join(dir, "embed.html"), "<!doctype html><title>embed</title>");
  writeFileSync(join(dir, "embed.js"), script);
  writeFileSync(join(dir, "assets", "main-abc123.js"), script);
  writeFileSync(join(dir, "assets", "main-abc123.js.br"), brotliCompressSync(script));
  writeFileSync(join(dir, "..", "secret.txt"), "secret");
});
afterAll(() => rmSync(parent, { recursive: true }));

function createClient(basemapStyleUrl?: string) {
  const app = new OpenAPIHono<AppEnv>();
  app.notFound((c) => c.text("not found", 404));
  mountClientFiles(app, basemapStyleUrl === undefined ? { dir } : { dir, basemapStyleUrl });
  return app;
}

describe("mountClientFiles", () => {
  it("serves pages that are asked for again every time, under a strict policy", async () => {
    const response = await createClient().request("/");
    expect(await response.text()).toContain("<title>map</title>");
    expect(response.headers.get("Content-Type")).toMatch(/^text\/html/);
    expect(response.headers.get("Cache-Control")).toBe("no-cache");
    const policy = response.headers.get("Content-Security-Policy") ?? "";
    expect(policy).toContain("worker-src 'self' blob:");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).not.toContain("unsafe");
  });

  it("answers 304 to a page that has not changed", async () => {
    const app = createClient();
    const etag = (await app.request("/")).headers.get("ETag") ?? "";
    expect((await app.request("/", { headers: { "If-None-Match": etag } })).status).toBe(304);
  });

  it.each(["/", "/embed", "/docs/embedding", "/embed.js"])("answers HEAD and a Range of %s as GET", async (path) => {
    const app = createClient();
    const get = await app.request(path);
    const tag = get.headers.get("ETag") ?? "";
    expect(tag).toMatch(/^"[0-9a-f]{40}"$/);
    const head = await app.request(path, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(get.headers));
    const ranged = await app.request(path, { headers: { Range: "bytes=0-3" } });
    expect([ranged.status, await ranged.text()]).toEqual([200, await get.text()]);
    expect(Object.fromEntries(ranged.headers)).toEqual(Object.fromEntries(get.headers));
    for (const [method, Range] of [
      ["HEAD", ""],
      ["GET", "bytes=0-3"],
    ] as const) {
      const headers = { "If-None-Match": tag, ...(Range === "" ? {} : { Range }) };
      expect((await app.request(path, { method, headers })).status).toBe(304);
    }
  });

  it("lets the page fetch the configured basemap and nothing else", async () => {
    const response = await createClient("https://maps.example/style.json?key=1").request("/");
    expect(response.headers.get("Content-Security-Policy")).toContain(
      "connect-src 'self' https://maps.example https://*.maps.example;",
    );
  });

  it("names pages without their ending", async () => {
    expect(await (await createClient().request("/embed")).text()).toContain("<title>embed</title>");
    expect(await (await createClient().request("/docs/embedding")).text()).toContain("<title>how to embed</title>");
  });

  it("lets other sites frame the page that is made for it, and no other", async () => {
    const framing = async (path: string) =>
      /frame-ancestors [^;]+/.exec(
        (await createClient().request(path)).headers.get("Content-Security-Policy") ?? "",
      )?.[0];
    expect(await framing("/embed")).toBeUndefined();
    expect(await framing("/")).toBe("frame-ancestors 'none'");
    expect(await framing("/docs/embedding")).toBe("frame-ancestors 'none'");
  });

  it("lets what other sites load by name be kept for an hour", async () => {
    const response = await createClient().request("/embed.js");
    expect(await response.text()).toBe(script);
    expect(response.headers.get("Cache-Control")).toBe("public, max-age=3600, stale-while-revalidate=86400");
    expect(response.headers.get("ETag")).not.toBeNull();
  });

  it("lets hashed assets be kept for good, compressed as the client accepts", async () => {
    const app = createClient();
    const plain = await app.request("/assets/main-abc123.js");
    expect(await plain.text()).toBe(script);
    expect(plain.headers.get("Cache-Control")).toContain("immutable");
    expect(plain.headers.get("Vary")).toContain("Accept-Encoding");
    expect(plain.headers.get("Content-Type")).toMatch(/javascript/);
    const packed = await app.request("/assets/main-abc123.js", { headers: { "Accept-Encoding": "gzip, br" } });
    expect(packed.headers.get("Content-Encoding")).toBe("br");
    expect(packed.headers.get("Content-Type")).toMatch(/javascript/);
  });

  it("does not let a missing asset be kept", async () => {
    const response = await createClient().request("/assets/gone.js");
    expect(response.status).toBe(404);
    expect(response.headers.get("Cache-Control")).toBeNull();
  });

  it.each([
    "/assets/../../secret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "/assets/%2e%2e/%2e%2e/secret.txt",
    "/assets/..%5c..%5csecret.txt",
    "/assets//../../secret.txt",
    "/../secret.txt",
    "/assets/%00",
    "/assets/%",
  ])("does not leave its directory for %s", async (path) => {
    const response = await createClient().request(path);
    expect(response.status).toBe(404);
  });
});
