import { expect, test } from "vitest";
import { categoryIcon, KNOWN_CATEGORIES } from "../../../client/ui/category-icons.ts";
import * as icons from "../../../client/ui/icons.ts";
import { CATEGORIES, REPORT_LAYERS } from "../../../tiles/layers.ts";

const { LAYER_ICONS, ...buttons } = icons;
const shapes = [
  ...REPORT_LAYERS.map((layer) => LAYER_ICONS[layer]),
  ...KNOWN_CATEGORIES.map((category) => categoryIcon(category, "safety")),
  ...Object.values(buttons),
];

test("gives every category of the vocabulary a shape, and others their layer's", () => {
  expect(KNOWN_CATEGORIES.toSorted()).toEqual(REPORT_LAYERS.flatMap((layer) => CATEGORIES[layer]).toSorted());
  expect(categoryIcon("a-citys-own", "vibe")).toBe(LAYER_ICONS.vibe);
});

test("gives no two the same shape", () => {
  expect(new Set(shapes.map((shape) => shape.join(" "))).size).toBe(shapes.length);
});

test("has no line without a length, which a canvas leaves out", () => {
  expect(shapes.flat().filter((path) => /[hv]-?0(?![.\d])/.test(path))).toEqual([]);
});
