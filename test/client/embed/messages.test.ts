import fc from "fast-check";
import { expect, it } from "vitest";
import { readRequest } from "../../../client/embed/messages.ts";

const read = (message: object) => readRequest({ stratum: 1, ...message });

it("reads every request, with its id", () => {
  const requests = [
    { type: "setView", center: [-122.42, 37.77], zoom: 13 },
    { type: "flyTo", bounds: [-122.5, 37.7, -122.4, 37.8] },
    { type: "setLayers", layers: ["vibe", "safety"] },
    { type: "setWindow", window: "7d" },
    { type: "setScores", scores: "overall" },
    { type: "setScores", scores: null },
    { type: "setTheme", theme: "dark" },
    { type: "setLegend", legend: false },
    { type: "getState" },
  ];
  for (const [id, request] of requests.entries()) {
    expect(read({ ...request, id })).toEqual({ id, request: expect.objectContaining(request), fault: undefined });
  }
});

it("names the member that is out of bounds", () => {
  const faulty: [message: object, field: string][] = [
    [{ type: "setView" }, "center"],
    [{ type: "setView", center: [-181, 0] }, "center"],
    [{ type: "setView", center: [0, 86] }, "center"],
    [{ type: "setView", center: ["0", 0] }, "center"],
    [{ type: "flyTo", zoom: 23 }, "zoom"],
    [{ type: "flyTo", zoom: Number.NaN }, "zoom"],
    [{ type: "flyTo", bounds: [10, 0, -10, 1] }, "bounds"],
    [{ type: "setLayers", layers: "safety" }, "layers"],
    [{ type: "setScores", scores: "beauty" }, "scores"],
    [{ type: "setScores" }, "scores"],
    [{ type: "setLayers", layers: ["crime"] }, "layers"],
    [{ type: "setLayers", layers: Array(100).fill("safety") }, "layers"],
    [{ type: "setWindow", window: "1y" }, "window"],
    [{ type: "setTheme", theme: "pink" }, "theme"],
    [{ type: "setLegend", legend: 1 }, "legend"],
    [{ type: "getState", id: "x".repeat(65) }, "id"],
    [{ type: "getState", id: {} }, "id"],
  ];
  for (const [message, field] of faulty) {
    expect(read(message), JSON.stringify(message)).toMatchObject({
      request: undefined,
      fault: { code: "invalid", field },
    });
  }
});

it("answers what it does not know with the types and the version that it does", () => {
  expect(read({ type: "toString", id: "a" })).toMatchObject({
    id: "a",
    fault: { code: "unknown-type", field: "type" },
  });
  expect(read({ type: "flyAway" })?.fault?.message).toContain("setView");
  expect(readRequest({ stratum: 2, type: "getState", id: 7 })).toMatchObject({ id: 7, fault: { code: "version" } });
});

it("leaves other people's messages alone", () => {
  for (const data of [undefined, null, "webpackOk", 1, ["stratum"], { type: "setView", zoom: 3 }]) {
    expect(readRequest(data)).toBeUndefined();
  }
});

it("never throws, and gives either a request or a fault", () => {
  const member = fc.oneof(fc.jsonValue(), fc.constantFrom("setView", "flyTo", "setLayers", "safety", "7d", [0, 0]));
  const names = fc.constantFrom("type", "id", "center", "zoom", "bounds", "layers", "window", "theme");
  fc.assert(
    fc.property(fc.dictionary(names, member), (message) => {
      const { request, fault } = read(message) ?? {};
      expect((request === undefined) !== (fault === undefined)).toBe(true);
    }),
  );
});
