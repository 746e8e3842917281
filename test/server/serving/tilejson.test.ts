import { describe, expect, it } from "vitest";
import { catalogue, tileJson } from "../../../server/serving/tilejson.ts";
import { TILE_LAYERS } from "../../../tiles/layers.ts";

describe("vector_layers", () => {
  const documents = [
    ...TILE_LAYERS.map((layer) => tileJson([layer], "http://a")),
    tileJson(TILE_LAYERS, "http://a"),
    catalogue("http://a"),
  ];

  it("name the type of each field by one word, and describe it beside", () => {
    for (const { vector_layers } of documents) {
      for (const { id, fields, field_descriptions } of vector_layers) {
        expect(Object.keys(fields).length, id).toBeGreaterThan(5);
        for (const [name, type] of Object.entries(fields)) {
          expect(["Number", "Boolean", "String"], `${id} ${name}`).toContain(type);
        }
        expect(Object.keys(field_descriptions)).toEqual(Object.keys(fields));
        for (const said of Object.values(field_descriptions)) expect(said).toMatch(/^.{10,}\.$/);
      }
    }
  });
});
