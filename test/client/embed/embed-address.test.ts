import { expect, it } from "vitest";
import { parseEmbedAddress } from "../../../client/embed/embed-address.ts";
import { INITIAL_STATE } from "../../../client/page/address.ts";

const parse = (search: string) => parseEmbedAddress(search, INITIAL_STATE);

it("reads every parameter", () => {
  expect(parse("?layers=vibe,safety&center=-97.743,30.267&zoom=13.5&window=7d&legend=on")).toEqual({
    state: { view: { lonDeg: -97.743, latDeg: 30.267, zoom: 13.5 }, layers: ["vibe", "safety"], window: "7d" },
    legend: true,
  });
});

it("shows the usual map where nothing is said, or nonsense", () => {
  expect(parse("")).toEqual({ state: INITIAL_STATE, legend: false });
  expect(parse("?layers=,no&center=1,2,3&zoom=-1&window=1y&legend=off")).toEqual({
    state: INITIAL_STATE,
    legend: false,
  });
  expect(parse("?center=&zoom=x").state.view).toEqual(INITIAL_STATE.view);
  expect(parse("?center=-122.4").state.view).toEqual(INITIAL_STATE.view);
});

it("keeps what is right beside what is wrong, each layer once", () => {
  expect(parse("?layers=safety,nope,safety&zoom=99").state).toEqual({ ...INITIAL_STATE, layers: ["safety"] });
});

it("turns a centre around whose latitude came first, where it can tell", () => {
  expect(parse("?center=37.77,-122.42").state.view).toMatchObject({ lonDeg: -122.42, latDeg: 37.77 });
  expect(parse("?center=200,100").state.view).toEqual(INITIAL_STATE.view);
});
