import { describe } from "vitest";
import { seededDashboardTests } from "./dashboard.suite.ts";
import { useSite } from "./use-site.ts";

const site = useSite();

describe("the dashboard of three cities", () => seededDashboardTests(site));
