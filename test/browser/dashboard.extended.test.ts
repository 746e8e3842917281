/** @module-tag slow */
import { describe } from "vitest";
import { dashboardTroubleTests, seededDashboardTests } from "./dashboard.suite.ts";
import { useSite } from "./use-site.ts";

const site = useSite();

describe("the dashboard in trouble", () => dashboardTroubleTests(site));
describe("the dashboard of three cities", () => seededDashboardTests(site));
