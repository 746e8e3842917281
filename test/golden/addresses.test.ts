import { describe, expect, it, vi } from "vitest";
import { parseEmbedAddress } from "../../client/embed/embed-address.ts";
import { readRequest } from "../../client/embed/messages.ts";
import { formatHash, INITIAL_STATE, parseHash } from "../../client/page/address.ts";
import { createEntryStorage, newEntry } from "../../client/report/outbox-entry.ts";
import { parseLayers, parseTilePath, tilePath } from "../../server/serving/parse-tile-path.ts";
import { itKeeps, itReads } from "./golden.ts";
import { NOW_MS } from "./sample.ts";

/** Addresses and messages that other people's pages keep, and what browsers keep for ours. */

const json = JSON.stringify;

describe("addresses that others keep", () => {
  const tile = { z: 14, x: 3745, y: 6743 };
  itKeeps("tile-paths", [
    {
      sample: "two layers",
      write: () => tilePath({ layers: ["safety", "scores"], tile, window: "90d" }),
      read: String,
    },
    { sample: "a window", write: () => tilePath({ layers: ["vibe"], tile, window: "24h" }), read: String },
  ]);

  it("take lists of layers of up to 200 characters, as many repeated ones as fit", () => {
    expect(parseLayers(`${"vibe,".repeat(39)}vibe`)).toEqual({ value: ["vibe"] });
    expect(parseLayers("x".repeat(201))).toMatchObject({ fault: { field: "layers", limit: 200 } });
    expect(parseLayers("x".repeat(200))).toMatchObject({ fault: { kind: "absent" } });
  });

  itKeeps(
    "tile-requests",
    [
      ["scores,safety,safety", "14", "3745", "6743.mvt", "24h"],
      ["opportunity,infrastructure,vibe", "0", "0", "0.pbf", undefined],
      ["safety", "22", "958717", "1726337.pbf", "90d"],
      ["housing", "1", "0", "0.pbf", undefined],
    ].map(([layers, z, x, file, window]) => ({
      sample: `${layers}/${z}/${x}/${file} ${window ?? ""}`,
      write: () => ({ layers, z, x, file, ...(window && { window }) }),
      read: parseTilePath,
    })),
  );

  itKeeps(
    "embed-addresses",
    [
      "?layers=safety,vibe&scores=overall&center=-122.42,37.77&zoom=12&window=7d&theme=dark&legend=1",
      "?layers=none&scores=vibe&legend=off",
      "",
    ].map((search) => ({
      sample: search,
      write: () => search,
      read: (text) => parseEmbedAddress(text, INITIAL_STATE),
    })),
  );

  itKeeps(
    "embed-requests",
    [
      { type: "setView", center: [-122.42, 37.77], zoom: 13 },
      { type: "flyTo", bounds: [-122.5, 37.7, -122.4, 37.8] },
      { type: "setLayers", layers: ["vibe", "safety"] },
      { type: "setWindow", window: "7d" },
      { type: "setScores", scores: null },
      { type: "setTheme", theme: "dark" },
      { type: "setLegend", legend: false },
      { type: "getState" },
      { type: "getState", stratum: 2 },
    ].map((request, id) => ({
      sample: json(request),
      write: () => ({ stratum: 1, id, ...request }),
      read: (message) => readRequest(message),
    })),
  );

  const states = [
    INITIAL_STATE,
    {
      view: { zoom: 3.5, latDeg: -33.8688, lonDeg: 151.2093 },
      layers: [],
      window: "24h",
      scores: "overall",
      card: "9q8yyk",
    },
    { view: { zoom: 17, latDeg: 30.271456, lonDeg: -97.742123 }, layers: ["safety", "vibe"], window: "7d" },
  ] as const;
  itKeeps(
    "page-addresses",
    states.map((state, i) => ({
      sample: `${i}`,
      write: () => formatHash(state),
      read: (hash) => parseHash(hash, INITIAL_STATE),
    })),
  );
});

describe("what browsers keep", () => {
  const entry = {
    key: "0123456789abcdef0123456789abcdef",
    draft: { layer: "infrastructure", category: "pothole", severity: 4, lat: 30.271456, lon: -97.742123, text: "deep" },
    droppedAtMs: NOW_MS,
    attempted: true,
    refusal: { message: "lat is wrong", fields: { lat: "must be from -90 to 90" } },
  } as const;

  /** The part of `localStorage` that is used, over a plain object. */
  function storageOver(items: Record<string, string>): Storage {
    const names = () => Object.keys(items);
    return {
      get length() {
        return names().length;
      },
      key: (i: number) => names()[i] ?? null,
      getItem: (name: string) => items[name] ?? null,
      setItem(name: string, value: string) {
        items[name] = value;
      },
      removeItem(name: string) {
        delete items[name];
      },
      clear() {},
    };
  }

  // With places to as many digits as a device tells.
  itReads("outbox-entries", (items) => createEntryStorage(storageOver(JSON.parse(items))).list());
  itKeeps("outbox-entries-of-kept-places", [
    {
      sample: "a refused one",
      write() {
        const items: Record<string, string> = {};
        createEntryStorage(storageOver(items)).put(entry);
        return json(items);
      },
      read: (items) => createEntryStorage(storageOver(JSON.parse(items))).list(),
    },
    {
      sample: "a new one, without a text",
      write() {
        const items: Record<string, string> = {};
        const { text: _, ...draft } = entry.draft;
        const drawn = vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => array);
        const clock = vi.spyOn(Date, "now").mockReturnValue(NOW_MS);
        createEntryStorage(storageOver(items)).put(newEntry(draft));
        drawn.mockRestore();
        clock.mockRestore();
        return json(items);
      },
      read: (items) => createEntryStorage(storageOver(JSON.parse(items))).list(),
    },
    {
      sample: "what other programs keep",
      write: () => {
        const { draft: _, ...lacking } = entry;
        const names = { v2: { ...entry, v: 2, draft: [] }, lacking, text: "x", none: null };
        const items = Object.entries(names).map(([name, value]) => [`stratum-outbox/${name}`, json(value)]);
        return json(Object.fromEntries([...items, ["other-outbox/1", json(entry)]]));
      },
      read: (items) => createEntryStorage(storageOver(JSON.parse(items))).list(),
    },
  ]);
});
