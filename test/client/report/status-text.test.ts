import { expect, it } from "vitest";
import { type Standing, statusText } from "../../../client/report/status-text.ts";

const CALM: Standing = { states: [], isOnline: true, isTroubled: false, wasAway: false, arrived: 0 };
const AWAY: Standing = { ...CALM, wasAway: true };

it.each<[string, Standing]>([
  ["", CALM],
  ["", { ...CALM, states: ["held"] }],
  ["", { ...CALM, states: ["sending"] }],
  ["You are offline. The map shows what it has.", { ...AWAY, isOnline: false }],
  ["You are offline. 1 report waits.", { ...AWAY, isOnline: false, states: ["held"] }],
  ["You are offline. 2 reports wait.", { ...AWAY, isOnline: false, states: ["waiting", "waiting", "refused"] }],
  ["The server takes no reports just now. 1 report waits.", { ...AWAY, isTroubled: true, states: ["waiting"] }],
  ["Sending 3 reports…", { ...AWAY, states: ["sending", "waiting", "waiting"], arrived: 1 }],
  ["Sent. 1 report is on the map.", { ...AWAY, arrived: 1 }],
  ["Sent. 4 reports are on the map.", { ...AWAY, arrived: 4 }],
  ["1 report could not be taken.", { ...CALM, states: ["refused", "held"] }],
  ["2 reports waited here for over a day.", { ...AWAY, states: ["old", "old", "waiting"] }],
])("says %j", (words, standing) => {
  expect(statusText(standing)).toBe(words);
});
