import { beforeEach, describe, expect, it } from "vitest";
import { type AnswerStore, createStoredTiles, type StoredTiles } from "../../server/runtime/worker/stored-tiles.ts";
import { createTestClock } from "../kit/clock.ts";

/** Keeps everything for ever, as no real one does: what is too old must not be served even so. */
function createHoard(): AnswerStore & { readonly kept: Map<string, Response> } {
  const kept = new Map<string, Response>();
  return {
    kept,
    match: async (url) => kept.get(url)?.clone(),
    put: async (url, response) => void kept.set(url, response),
  };
}

const CONTROL = "public, max-age=10, stale-while-revalidate=60, stale-if-error=3600";

let clock: ReturnType<typeof createTestClock>;
let store: ReturnType<typeof createHoard>;
let tiles: StoredTiles;
let rendered: number;
let behind: Promise<unknown>[];

beforeEach(() => {
  clock = createTestClock();
  store = createHoard();
  tiles = createStoredTiles(store, clock);
  rendered = 0;
  behind = [];
});

const render = async () => {
  rendered++;
  return new Response(`tile ${rendered}`, { headers: { "CDN-Cache-Control": CONTROL, ETag: `"${rendered}"` } });
};

async function ask(path = "/tiles/safety/1/1/1.pbf", coding = "br", by: () => Promise<Response> = render) {
  const request = new Request(`https://a.example${path}`, { headers: { "Accept-Encoding": coding } });
  const answer = await tiles.answer(request, by, (work) => behind.push(work));
  const { headers } = answer;
  return [await answer.text(), headers.get("Cf-Cache-Status"), headers.get("Age"), headers.get("ETag")];
}

/** Waits for what goes on behind answers. */
async function settle(): Promise<void> {
  while (behind.length > 0) await behind.shift();
}

describe("tiles in the Cache API", () => {
  it("are served while fresh, then stale while one is made anew, and never beyond the bound", async () => {
    expect(await ask()).toEqual(["tile 1", "MISS", "0", '"1"']);
    await settle();
    clock.nowMs += 10_000;
    expect(await ask()).toEqual(["tile 1", "HIT", "10", '"1"']);
    expect(rendered).toBe(1);
    clock.nowMs += 60_000;
    expect(await ask()).toEqual(["tile 1", "UPDATING", "70", '"1"']);
    await settle();
    expect(await ask()).toEqual(["tile 2", "HIT", "0", '"2"']);
    clock.nowMs += 70_001;
    expect(await ask()).toEqual(["tile 3", "MISS", "0", '"3"']);
  });

  it("are made anew once for many who find them stale", async () => {
    await ask();
    await settle();
    clock.nowMs += 20_000;
    await Promise.all([ask(), ask(), ask()]);
    await settle();
    expect(rendered).toBe(2);
  });

  it("are apart by coding and address, and empty ones are kept too", async () => {
    const empty = async () => new Response(null, { status: 204, headers: { "CDN-Cache-Control": CONTROL } });
    await ask();
    await ask("/tiles/safety/1/1/1.pbf", "gzip");
    await ask("/tiles/safety/1/1/1.pbf?window=7d");
    await ask("/tiles/vibe/1/1/1.pbf", "br", empty);
    await settle();
    expect(store.kept.size).toBe(4);
    expect(await ask("/tiles/vibe/1/1/1.pbf", "br", render)).toEqual(["", "HIT", "0", null]);
  });

  it.each([
    "",
    "{}",
    '{"status":"200","headers":[],"atMs":0}',
    '{"status":200,"headers":{"ETag":"1"},"atMs":0}',
    "[1]",
  ])("are made anew where another program has kept %s", async (kept) => {
    await ask();
    await settle();
    for (const [url] of store.kept) store.kept.set(url, new Response("old", { headers: { "X-Kept": kept } }));
    expect((await ask()).slice(0, 2)).toEqual(["tile 2", "MISS"]);
    await settle();
    expect((await ask()).slice(0, 2)).toEqual(["tile 2", "HIT"]);
  });

  it("are answered as they were kept by the program before", async () => {
    const kept = { status: 200, headers: [["cdn-cache-control", CONTROL]], atMs: clock.now() - 5000 };
    const entry = new Response("tile 0", { headers: { "X-Kept": JSON.stringify(kept) } });
    store.kept.set("https://tiles.invalid/br/tiles/safety/1/1/1.pbf", entry);
    expect((await ask()).slice(0, 3)).toEqual(["tile 0", "HIT", "5"]);
  });

  it("are not kept when they failed, and a store that fails changes nothing", async () => {
    const failing = async () => new Response("away", { status: 503, headers: { "Cache-Control": "no-store" } });
    expect((await ask("/tiles/safety/1/1/1.pbf", "br", failing))[0]).toBe("away");
    await settle();
    expect(store.kept.size).toBe(0);
    const away = () => Promise.reject(new Error("away"));
    tiles = createStoredTiles({ match: away, put: away }, clock);
    expect((await ask())[0]).toBe("tile 1");
    await settle();
  });
});
