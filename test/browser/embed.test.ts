import { describe } from "vitest";
import { builderTests } from "./builder.suite.ts";
import { embedTests } from "./embed.suite.ts";
import { manyFrameTests } from "./many-frames.suite.ts";
import { narrowPageTests } from "./narrow-pages.suite.ts";
import { prefixTests } from "./prefix.suite.ts";
import { thirdPartyTests } from "./third-parties.suite.ts";
import { useSite } from "./use-site.ts";

const site = useSite();

describe("the frame", () => embedTests(site));
describe("the snippets' builder", { tags: "slow" }, () => builderTests(site));
describe("on a page of another origin", { tags: "slow" }, () => thirdPartyTests(site));
describe("pages of text", { tags: "slow" }, () => narrowPageTests(site));
describe("below a path of another site", { tags: "slow" }, () => prefixTests(site));
describe("a page of many frames", { tags: "slow" }, () => manyFrameTests(site));
