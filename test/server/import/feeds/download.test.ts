import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { isAddress, parseAddress, shownAddress } from "../../../../server/import/feeds/address.ts";
import { DEFAULT_LIMITS, type DownloadOptions, download } from "../../../../server/import/feeds/download.ts";
import { retryAfterMs } from "../../../../server/import/feeds/retry-after.ts";
import { answering, type FeedServer, startFeedServer } from "./feed-server.ts";

const folder = mkdtempSync(join(tmpdir(), "download-"));
afterAll(() => rmSync(folder, { recursive: true }));

let server: FeedServer;
let other: FeedServer;
beforeAll(async () => {
  other = await startFeedServer();
});
afterAll(() => other.close());
beforeEach(async () => {
  server = await startFeedServer();
});
afterEach(() => server.close());

const get = (address: string, options: Partial<DownloadOptions> = {}) =>
  download({
    url: parseAddress(address),
    known: {},
    folder,
    limits: DEFAULT_LIMITS,
    signal: new AbortController().signal,
    nowMs: 0,
    ...options,
  });

describe("a download", () => {
  test("is a file with the name of its address, and what the server tells of it", async () => {
    server.answer = answering("a,b\n1,2\n", '"one"');
    const got = await get(`${server.origin}/data/rows.csv?x=1`);
    expect(got).toMatchObject({ path: join(folder, "rows.csv"), validators: { etag: '"one"' } });
    expect(readFileSync(join(folder, "rows.csv"), "utf8")).toBe("a,b\n1,2\n");
  });

  test.each([
    ["/api/export", "text/csv", "export.csv"],
    ["/api/issues", "application/json; charset=utf-8", "issues.json"],
    ["/requests.json", "text/plain", "requests.json"],
    ["/export.aspx", "text/csv", "export.aspx.csv"],
    ["/..%2f..%2fetc%2fpasswd", "text/csv", "passwd.csv"],
    ["/a.csv.gz", "application/gzip", "a.csv.gz"],
  ])("of %s as %s is called %s", async (path, type, name) => {
    server.answer = (_, response) => response.writeHead(200, { "content-type": type }).end("x");
    expect(await get(server.origin + path)).toMatchObject({ path: join(folder, name) });
  });

  test("asks whether there is another one", async () => {
    server.answer = answering("a", '"one"');
    const known = { etag: '"one"', lastModified: "Mon, 30 Nov 2026 09:00:00 GMT" };
    expect(await get(server.origin, { known })).toBe("unchanged");
    expect(server.requests[0]?.headers["if-modified-since"]).toBe(known.lastModified);
  });

  test("follows redirects, a few", async () => {
    server.answer = ({ url }, response) => {
      if (url === "/end.csv") response.writeHead(200).end("x");
      else response.writeHead(302, { location: url === "/" ? "/end.csv" : "/again" }).end();
    };
    expect(await get(server.origin)).toHaveProperty("contentHash");
    expect(await get(`${server.origin}/again`)).toMatchObject({ reason: "leads elsewhere more than 5 times" });
    server.answer = (_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end();
    expect(await get(server.origin)).toMatchObject({
      isTemporary: false,
      reason: expect.stringMatching(/neither http nor https/),
    });
  });

  test("does not go from https to http", async () => {
    const redirect = new Response(null, { status: 302, headers: { location: "http://city.example/rows.csv" } });
    const fetched = vi.spyOn(globalThis, "fetch").mockResolvedValueOnce(redirect);
    expect(await get("https://city.example/rows.csv")).toMatchObject({ reason: "leads from https to http" });
    expect(fetched).toHaveBeenCalledOnce();
    fetched.mockRestore();
  });

  test("sends names and passwords to the server that they are for alone", async () => {
    server.answer = (_, response) => response.writeHead(302, { location: `${other.origin}/x.csv` }).end();
    other.answer = (_, response) => response.writeHead(200).end("x");
    const address = server.origin.replace("//", "//me:p%40ss@");
    expect(await get(address)).toHaveProperty("contentHash");
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${btoa("me:p@ss")}`);
    expect(other.requests.at(-1)?.headers.authorization).toBeUndefined();
  });

  test("larger than the limit is given up", async () => {
    server.answer = (_, response) => response.writeHead(200).end("x".repeat(1_000));
    const limits = { ...DEFAULT_LIMITS, sizeBytes: 999 };
    expect(await get(server.origin, { limits })).toEqual({
      reason: "is larger than 999 bytes: download it, and import the file",
      isTemporary: false,
    });
  });

  test("that gets nothing for too long is tried again later", async () => {
    const limits = { ...DEFAULT_LIMITS, waitMs: 20 };
    server.answer = () => {};
    const tooLate = { reason: "did not answer in time", isTemporary: true };
    expect(await get(server.origin, { limits })).toEqual(tooLate);
    server.answer = (_, response) => response.writeHead(200).write("half");
    expect(await get(server.origin, { limits })).toEqual(tooLate);
  });

  test("that breaks off is not taken for a whole one", async () => {
    server.answer = (_, response) => {
      response.writeHead(200, { "content-length": 100 }).write("half", () => response.destroy());
    };
    expect(await get(server.origin)).toMatchObject({
      isTemporary: true,
      reason: expect.stringMatching(/^cannot be reached/),
    });
  });

  test.each([
    [404, false],
    [401, false],
    [500, true],
    [503, true],
    [429, true],
  ])("of %i may succeed later: %s", async (status, isTemporary) => {
    server.answer = (_, response) => response.writeHead(status, { "retry-after": "7" }).end();
    expect(await get(server.origin)).toMatchObject({
      isTemporary,
      retryAfterMs: 7_000,
      reason: expect.stringContaining(`answered ${status}`),
    });
  });
});

test("Retry-After is seconds or a date", () => {
  const nowMs = Date.parse("2026-11-30T09:00:00Z");
  expect(
    ["12", "Mon, 30 Nov 2026 09:01:00 GMT", "Mon, 30 Nov 2026 08:00:00 GMT", "soon", null].map((value) =>
      retryAfterMs(value, nowMs),
    ),
  ).toEqual([12_000, 60_000, 0, undefined, undefined]);
});

test("addresses are shown without what is secret", () => {
  expect(shownAddress(parseAddress("https://me:secret@city.example/rows.csv?$$app_token=secret"))).toBe(
    "https://city.example/rows.csv?...",
  );
  expect(() => parseAddress("ftp://me:secret@city.example/x?secret")).toThrow(
    /^Only http and https are fetched, not ftp/,
  );
  expect(() => parseAddress("https://me:secret@:x?secret")).toThrow(/^https:\/\/:x\?\.\.\. is not an address/);
  expect(["rows.csv", "a/b.csv", "C:\\rows.csv", "https://x"].map(isAddress)).toEqual([false, false, false, true]);
});
