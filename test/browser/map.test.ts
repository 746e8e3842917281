import { describe } from "vitest";
import { backTests } from "./back.suite.ts";
import { burstTests } from "./burst.suite.ts";
import { dashboardTests } from "./dashboard.suite.ts";
import { firstLookTests } from "./first-look.suite.ts";
import { liveTests } from "./live.suite.ts";
import { mapTests } from "./map.suite.ts";
import { missingTilesTests } from "./missing-tiles.suite.ts";
import { panelTests } from "./panel.suite.ts";
import { popupTests } from "./popup.suite.ts";
import { referenceTests } from "./reference.suite.ts";
import { timeLapseTests } from "./time-lapse.suite.ts";
import { useSite } from "./use-site.ts";

const site = useSite();

describe("the map", () => mapTests(site));
describe("Back", () => backTests(site));
describe("a map without its tiles", { tags: "slow" }, () => missingTilesTests(site));
describe("popups", { tags: "slow" }, () => popupTests(site));
describe("the panel", { tags: "slow" }, () => panelTests(site));
describe("a first look", { tags: "slow" }, () => firstLookTests(site));
describe("the dashboard", () => dashboardTests(site));
describe("the API reference", () => referenceTests(site));
describe("the time-lapse", { tags: "slow" }, () => timeLapseTests(site));
describe("an open map in a busy place", { tags: "slow" }, () => burstTests(site));
describe("an open map", () => liveTests(site));
