import { describe } from "vitest";
import { dashboardTests, seededDashboardTests } from "./dashboard.suite.ts";
import { useSite } from "./use-site.ts";

const site = useSite();

describe("the dashboard", () => dashboardTests(site));
describe("the dashboard of three cities", { tags: "slow" }, () => seededDashboardTests(site));
