import { describe } from "vitest";
import { accessibilityTests } from "./accessibility.suite.ts";
import { areaTests } from "./areas.suite.ts";
import { formSizeTests } from "./form-sizes.suite.ts";
import { formWithoutMapTests } from "./form-without-map.suite.ts";
import { reportFormTests } from "./report-form.suite.ts";
import { scoreTests } from "./scores.suite.ts";
import { useSite } from "./use-site.ts";

const site = useSite();

describe("scores on the map", { tags: "slow" }, () => scoreTests(site));
describe("areas on the map", { tags: "slow" }, () => areaTests(site));
describe("the report form", () => reportFormTests(site));
describe("the report form at every size", () => formSizeTests(site));
describe("the report form and the map", () => formWithoutMapTests(site));
describe("for everybody", () => accessibilityTests(site));
