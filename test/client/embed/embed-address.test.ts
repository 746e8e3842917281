import { expect, it } from "vitest";
import { parseEmbedAddress } from "../../../client/embed/embed-address.ts";
import { INITIAL_STATE } from "../../../client/page/address.ts";

const parse = (search: string) => parseEmbedAddress(search, INITIAL_STATE);
const messages = (search: string) => parse(search).faults.map(({ message }) => message);

it("reads every parameter", () => {
  expect(parse("?layers=vibe,safety&center=-97.743,30.267&zoom=13.5&window=7d&theme=dark&legend=1")).toEqual({
    state: {
      ...INITIAL_STATE,
      view: { lonDeg: -97.743, latDeg: 30.267, zoom: 13.5 },
      layers: ["vibe", "safety"],
      window: "7d",
    },
    look: { theme: "dark", legend: true },
    faults: [],
  });
});

it("shows the usual map where nothing is said", () => {
  expect(parse("")).toEqual({ state: INITIAL_STATE, look: { theme: "auto", legend: false }, faults: [] });
  expect(parse("?legend=off&utm_source=elsewhere")).toEqual(parse(""));
});

it("shows the usual map where nonsense is said, and says of each parameter what it should be", () => {
  const search = "?layers=,no&center=1,2,3&zoom=-1&window=1y&theme=pink&legend=maybe";
  expect(parse(search)).toMatchObject({ state: INITIAL_STATE, look: { theme: "auto", legend: false } });
  expect(messages(search)).toEqual([
    "center=1,2,3: should be longitude,latitude, such as -122.42,37.77",
    "zoom=-1: should be a number from 0 to 22",
    "layers=no: should be some of safety, vibe, infrastructure, opportunity",
    "window=1y: should be one of 24h, 7d, 30d, 90d",
    "theme=pink: should be one of auto, light, dark",
    "legend=maybe: should be 1 or 0",
  ]);
  expect(parse("?zoom=x&center=-122.4").faults.map(({ field }) => field)).toEqual(["center", "zoom"]);
  expect(messages(`?window=${"x".repeat(900)}`)[0]?.length).toBeLessThan(100);
});

it("keeps what is right beside what is wrong, each layer once", () => {
  expect(parse("?layers=safety,nope,safety&zoom=99").state).toEqual({ ...INITIAL_STATE, layers: ["safety"] });
});

it("shows scores, with reports or alone", () => {
  expect(parse("?scores=overall&layers=vibe").state).toMatchObject({ scores: "overall", layers: ["vibe"] });
  expect(parse("?scores=vibe&layers=none")).toMatchObject({ state: { scores: "vibe", layers: [] }, faults: [] });
  expect(parse("?layers=none")).toMatchObject({ state: { layers: ["safety"] }, faults: [{ field: "layers" }] });
  expect(messages("?scores=beauty")).toEqual([
    "scores=beauty: should be one of safety, vibe, infrastructure, opportunity, overall",
  ]);
});

it("turns a centre around whose latitude came first, where it can tell", () => {
  expect(parse("?center=37.77,-122.42").state.view).toMatchObject({ lonDeg: -122.42, latDeg: 37.77 });
  expect(parse("?center=200,100").state.view).toEqual(INITIAL_STATE.view);
});
