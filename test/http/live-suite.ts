import { afterEach, expect, it } from "vitest";
import { drop, requestRaw, tilePath } from "../kit/request.ts";

interface Place {
  readonly lat: number;
  readonly lon: number;
}

/** What `/api/live` promises over HTTP, whatever holds the streams: the Node process, or a Durable Object in workerd. */
export function testLive(url: () => string, newPlace: () => Place, tellsTiles: () => boolean): void {
  const opened: AbortController[] = [];
  afterEach(() => {
    for (const controller of opened.splice(0)) controller.abort();
  });

  async function listen(query: string, headers: Record<string, string> = {}) {
    const controller = new AbortController();
    opened.push(controller);
    const response = await fetch(`${url()}/api/live${query}`, { headers, signal: controller.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    return {
      response,
      /** Everything until something wanted was said. */
      async until(wanted: string | RegExp): Promise<string> {
        while (text.search(wanted) < 0) {
          const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
          if (done) throw new Error(`ended after: ${text}`);
          text += value;
        }
        return text;
      },
    };
  }

  const boxAround = ({ lon, lat }: Place) => `bbox=${lon - 0.1},${lat - 0.1},${lon + 0.1},${lat + 0.1}`;
  const idOf = (text: string) => /^id: (\S+)$/m.exec(text)?.[1] ?? "";

  it("tells reports of the box and its layers to within metres, and nothing else", async () => {
    const place = newPlace();
    const stream = await listen(`?${boxAround(place)}&layers=safety,vibe`);
    expect(stream.response.status).toBe(200);
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "access-control-allow-origin": "*",
    });
    expect(await stream.until("data: {}\n\n")).toMatch(/^retry: \d{4}\nevent: hello\nid: \S+\ndata: \{\}\n\n/);
    await drop(url(), { ...place, layer: "infrastructure", category: "pothole" });
    await drop(url(), newPlace());
    await drop(url(), place);
    await drop(url(), { lat: place.lat + 0.05, lon: place.lon, layer: "vibe", category: "street-art" });
    const text = await stream.until('"layer":"vibe"');
    const told = [...text.matchAll(/"layer":"(\w+)","geohash":"(\w+)"/g)].map(([, layer, geohash]) => ({
      layer,
      geohash,
    }));
    // A cell that is told by and by as a whole, too, costs a 304.
    const exact = told.filter(({ geohash = "" }) => geohash.length === 8);
    expect(new Set(exact.map(({ layer }) => layer))).toEqual(new Set(["safety", "vibe"]));
    for (const { layer, geohash = "" } of told) {
      expect(["safety", "vibe"]).toContain(layer);
      expect(exact.some((place) => place.geohash?.startsWith(geohash))).toBe(true);
    }
  });

  it("tells the tiles of a zoom under the tags that they are served with, or says that it does not", async () => {
    const place = newPlace();
    const path = tilePath("safety", 13, place);
    const [x, y] = path.split("/").slice(-2);
    const stream = await listen(`?${boxAround(place)}&layers=safety&zoom=13`);
    const hello = await stream.until(/hello\n.*\n.*\n\n/);
    expect(hello).toContain(`data: {"tiles":${tellsTiles()}}`);
    if (!tellsTiles()) {
      await drop(url(), place);
      expect(await stream.until("event: change")).not.toContain("event: tiles");
      return;
    }
    await stream.until(`[${x},${y},""]`);
    await drop(url(), place);
    const text = await stream.until(new RegExp(`\\[${x},${y},"\\w+"\\]`));
    const { headers } = await requestRaw(`${url()}${path}.pbf`);
    const told = [...text.matchAll(/event: tiles\nid: \S+\ndata: (.*)/g)].map(([, data = ""]) => JSON.parse(data));
    expect(told[0]).toMatchObject({ layer: "safety", z: 13 });
    // The others of the box are empty, as they were.
    const full = told.flatMap(({ tiles }) => tiles).filter(([, , tag]) => tag !== "");
    expect(full).toEqual([[Number(x), Number(y), headers.etag?.slice(1, -1)]]);
  });

  it("tells a tile with a buffer of what changes beyond its edge", async () => {
    if (!tellsTiles()) return;
    const place = newPlace();
    const [z, x, y] = tilePath("safety", 13, place).split("/").slice(3).map(Number) as [number, number, number];
    const west = ((x + 1e-3) / 2 ** z) * 360 - 180;
    const box = `bbox=${west},${place.lat},${west},${place.lat}&layers=safety&zoom=13`;
    const [plain, buffered] = [await listen(`?${box}`), await listen(`?${box}&buffer=64`)];
    for (const stream of [plain, buffered]) await stream.until(`[${x},${y},""]`);
    // 5 px west of the tile.
    await drop(url(), { lat: place.lat, lon: west - (5 / 512 / 2 ** z) * 360 });
    const text = await buffered.until(new RegExp(`\\[${x},${y},"\\w+"\\]`));
    const { headers } = await requestRaw(`${url()}/tiles/safety/${z}/${x}/${y}.pbf?buffer=64`);
    expect(text).toContain(`[${x},${y},${JSON.stringify(headers.etag?.slice(1, -1))}]`);
    expect((await requestRaw(`${url()}/tiles/safety/${z}/${x}/${y}.pbf`)).status).toBe(204);
  });

  it("goes on behind Last-Event-ID, and says reset when it cannot", async () => {
    const place = newPlace();
    const first = await listen(`?${boxAround(place)}`);
    const id = idOf(await first.until("hello"));
    // A second one keeps its server listening while the first is away.
    const other = await listen(`?${boxAround(place)}`);
    opened[0]?.abort();
    await drop(url(), place);
    await other.until("event: change");
    const again = await listen(`?${boxAround(place)}`, { "Last-Event-ID": id });
    expect(await again.until("event: change")).not.toContain("reset");
    const stranger = await listen("?last_event_id=elsewhere");
    expect(await stranger.until("event: reset")).toMatch(/event: hello\ndata: {}\n\nevent: reset\n/);
  });

  it.each([
    ["bbox=1,2,3", "bbox"],
    ["layers=safety,nonsense", "layers"],
    ["zoom=-1", "zoom"],
    ["buffer=129", "buffer"],
  ])("refuses %s with a problem that names the field", async (query, field) => {
    const { response, until } = await listen(`?${query}`);
    expect(response.status).toBe(400);
    expect(await until(/}$/)).toContain(`"field":"${field}"`);
  });

  it("answers HEAD without opening a stream", async () => {
    const response = await fetch(`${url()}/api/live`, { method: "HEAD" });
    expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
  });
}
