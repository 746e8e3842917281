/** @module-tag slow */
import { describe } from "vitest";
import { accountJourneys } from "./account-journey.suite.ts";
import { useAccountSite } from "./account-site.ts";

const site = useAccountSite();

describe("a stranger with a credit card", () => accountJourneys(site));
