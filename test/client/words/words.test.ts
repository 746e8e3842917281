import { expect, it } from "vitest";
import { categoryLabel } from "../../../client/words/words.ts";
import { CATEGORIES } from "../../../tiles/layers.ts";

it("writes categories as words, and leaves a word its own hyphen", () => {
  expect(CATEGORIES.opportunity.map(categoryLabel)).toEqual([
    "New business",
    "For lease",
    "Hiring",
    "Pop-up",
    "Market",
    "Co-working",
    "Development",
  ]);
  expect(["unsafe-corner", "stray_dog", "constructor"].map(categoryLabel)).toEqual([
    "Unsafe corner",
    "Stray dog",
    "Constructor",
  ]);
});
