import { describe } from "vitest";
import { accessibilityTests } from "./accessibility.suite.ts";
import { reportFormTests } from "./report-form.suite.ts";
import { scoreTests } from "./scores.suite.ts";
import { useSite } from "./use-site.ts";

const site = useSite();

describe("scores on the map", { tags: "slow" }, () => scoreTests(site));
describe("the report form", () => reportFormTests(site));
describe("for everybody", () => accessibilityTests(site));
