import { expect, it } from "vitest";
import { drop, postReport, tilePath } from "../kit/request.ts";

const PLACE = { lat: -31.95, lon: 115.86 };
const PAGES = ["/", "/embed", "/docs", "/docs/embedding"];
/** Stands in the text of a page for the address that its script puts there. */
const PLACEHOLDER = "https://stratum.example";

interface TileJson {
  readonly tiles: readonly string[];
  readonly layers: readonly { readonly tilejson: string; readonly tiles: string }[];
}

/**
 * What holds below a path of another site, whatever runs the server and whichever way it is told: every address that it writes leads
 * back to it. `base` is where clients find it, without a slash at the end; outside of that nothing answers.
 */
export function testPrefix(base: () => string): void {
  const readJson = async <T>(path: string): Promise<T> => (await (await fetch(base() + path)).json()) as T;
  /** Follows an address as whoever read it at a path would. */
  async function follow(address: string, at: string): Promise<Response> {
    const url = new URL(address, base() + at).href;
    expect(url, `${address} at ${at}`).toMatch(new RegExp(`^${base()}(/|$)`));
    const answer = await fetch(url);
    expect(answer.status, `${address} at ${at}`).toBe(200);
    return answer;
  }

  it("leads to the page with and without a slash at the end", async () => {
    for (const path of ["", "/"]) {
      const answer = await fetch(base() + path);
      expect([answer.status, answer.url]).toEqual([200, `${base()}/`]);
      await answer.text();
    }
  });

  it.each(PAGES)("keeps to the path on the page %s", async (page) => {
    const html = await (await follow(`.${page}`, "/")).text();
    const addresses = [...html.matchAll(/<[a-z]+\s[^>]*?\b(?:href|src)="([^"]+)"/g)].flatMap(([, one = ""]) =>
      /^(data:|#)/.test(one) || one.startsWith(PLACEHOLDER) ? [] : [one],
    );
    expect(addresses.length).toBeGreaterThan(3);
    for (const address of new Set(addresses)) await (await follow(address, page)).arrayBuffer();
  });

  it("installs there, and keeps its own files for offline", async () => {
    const manifest = await readJson<{ start_url: string; icons: { src: string }[] }>("/manifest.webmanifest");
    for (const one of [manifest.start_url, ...manifest.icons.map(({ src }) => src)]) {
      await (await follow(one, "/manifest.webmanifest")).arrayBuffer();
    }
    const script = await (await follow("service-worker.js", "/")).text();
    const { files } = JSON.parse(/^const SHELL = (\{.*?\});/.exec(script)?.[1] ?? "") as { files: string[] };
    for (const file of files) await (await follow(file, "/service-worker.js")).arrayBuffer();
  });

  it("has it in TileJSON, in the catalogue and in what they lead to", async () => {
    await drop(base(), PLACE);
    const named = tilePath("safety", 12, PLACE);
    const { tiles, layers } = await readJson<TileJson>("/tiles.json");
    expect(tiles[0]).toMatch(new RegExp(`^${base()}/tiles/safety,`));
    for (const layer of layers) {
      const own = (await (await follow(layer.tilejson, "/tiles.json")).json()) as TileJson;
      expect(own.tiles).toEqual([layer.tiles]);
    }
    const [, z = "", x = "", y = ""] = /(\d+)\/(\d+)\/(\d+)$/.exec(named) ?? [];
    const url = layers[0]?.tiles.replace("{z}", z).replace("{x}", x).replace("{y}", y) ?? "";
    expect((await (await follow(url, "/tiles.json")).arrayBuffer()).byteLength).toBeGreaterThan(0);
  });

  it("has it in Location, in Link and in the servers of OpenAPI", async () => {
    await drop(base(), PLACE);
    const posted = await postReport(base(), PLACE);
    await (await follow(posted.headers.get("Location") ?? "", "/api/reports")).json();
    const list = `/api/reports?bbox=${PLACE.lon - 0.01},${PLACE.lat - 0.01},${PLACE.lon + 0.01},${PLACE.lat + 0.01}&limit=1`;
    const [, next = ""] = /<([^>]+)>; rel="next"/.exec((await fetch(base() + list)).headers.get("Link") ?? "") ?? [];
    await (await follow(next, list)).json();
    const { servers } = await readJson<{ servers: { url: string }[] }>("/openapi.json");
    await (await follow(`${servers[0]?.url}/healthz`, "/openapi.json")).json();
  });

  it("streams live", async () => {
    const aborter = new AbortController();
    const { body } = await fetch(`${base()}/api/live`, { signal: aborter.signal });
    const { value } = (await body?.getReader().read()) ?? {};
    expect(new TextDecoder().decode(value)).toContain("event: hello");
    aborter.abort();
  });
}

/** What holds for the prefix with no slash after it where no proxy has taken it away. */
export function testBarePrefix(base: () => string): void {
  const bare = (search: string, method = "GET") =>
    fetch(base() + search, { method, redirect: "manual", headers: { Origin: "https://other.example" } });

  it.each(["", "?layers=vibe&x=%2F", "?%F0%9F%8C%B3&a=\u00fc", "?//evil.example/"])(
    "leads to the page below it, with its query %j",
    async (search) => {
      for (const method of ["GET", "HEAD", "POST"]) {
        const answer = await bare(search, method);
        const wanted = new URL(`${base()}/${search}`);
        expect([answer.status, answer.headers.get("Location")]).toEqual([308, wanted.pathname + wanted.search]);
        expect(await answer.text()).toBe("");
      }
    },
  );

  it("is answered there as elsewhere: readable for every page, kept for an hour", async () => {
    const [redirect, elsewhere] = [await bare("?a"), await fetch(`${base()}/api/cities/`, { redirect: "manual" })];
    expect([redirect.status, elsewhere.status]).toEqual([308, 308]);
    for (const name of [
      ...["Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Cache-Control"],
      ...["X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy"],
    ]) {
      expect([name, redirect.headers.get(name)]).toEqual([name, elsewhere.headers.get(name)]);
      expect(redirect.headers.get(name)).not.toBeNull();
    }
    expect(redirect.headers.get("X-Request-Id")).toMatch(/^[\w-]{36}$/);
  });

  it("takes preflights there, which may not be redirected", async () => {
    const headers = { Origin: "https://other.example", "Access-Control-Request-Method": "GET" };
    const answer = await fetch(`${base()}?a`, { method: "OPTIONS", redirect: "manual", headers });
    expect([answer.status, answer.headers.get("Access-Control-Allow-Origin")]).toEqual([204, "*"]);
  });
}
