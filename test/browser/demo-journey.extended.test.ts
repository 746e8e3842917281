/** @module-tag slow */
import { describe } from "vitest";
import { demoJourneys } from "./demo-journey.suite.ts";

describe("the demo account", () => demoJourneys());
