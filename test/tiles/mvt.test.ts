import { VectorTile } from "@mapbox/vector-tile";
import { fromGeojsonVt } from "@maplibre/vt-pbf";
import fc from "fast-check";
import { PbfReader } from "pbf";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../tiles/codec/bytes.ts";
import { createLayerWriter, type LayerWriter, type TagValue } from "../../tiles/mvt/mvt.ts";

// The reference garbles code points above U+3FFFF and keys like "toString"; what it gets wrong is tested apart, below.
const value: fc.Arbitrary<TagValue | undefined> = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 300 }),
  fc.constantFrom("Straße", "東京", "🚲 lane"),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }).filter((n) => !Number.isInteger(n)),
  fc.boolean(),
  fc.constant(undefined),
);
const feature = fc.record({
  id: fc.nat({ max: 2 ** 42 }),
  x: fc.nat({ max: 4095 }),
  y: fc.nat({ max: 4095 }),
  tags: fc.dictionary(fc.stringMatching(/^k[a-z_]{0,9}$/), value, { maxKeys: 6, noNullPrototype: true }),
});
const layer = fc.array(feature, { minLength: 1, maxLength: 40 });

type Feature = { id: number; x: number; y: number; tags: Record<string, TagValue | undefined> };

function write(features: readonly Feature[], name = "safety"): Uint8Array {
  const keys = [...new Set(features.flatMap(({ tags }) => Object.keys(tags)))];
  return writeWith(createLayerWriter(keys), keys, features, name);
}

function writeWith(writer: LayerWriter, keys: readonly string[], features: readonly Feature[], name: string) {
  writer.begin(name, features.length);
  keys.forEach((key, i) => {
    const values = features.map(({ tags }) => (Object.hasOwn(tags, key) ? tags[key] : undefined));
    writer.numbers(
      i,
      Float64Array.from(values, (v) => (typeof v === "number" ? v : NaN)),
    );
    writer.texts(
      i,
      values.map((v) => (typeof v === "string" ? v : undefined)),
    );
    writer.flags(
      i,
      Uint8Array.from(values, (v) => (typeof v === "boolean" ? Number(v) : 2)),
    );
  });
  return writer.finish({
    id: Float64Array.from(features, ({ id }) => id),
    x: Int16Array.from(features, ({ x }) => x),
    y: Int16Array.from(features, ({ y }) => y),
  });
}

function writeWithReference(features: readonly Feature[]): Uint8Array {
  const tile = {
    features: features.map(({ id, x, y, tags }) => ({
      id,
      type: 1 as const,
      geometry: [[x, y] as [number, number]],
      tags: Object.fromEntries(Object.entries(tags).filter(([, v]) => v !== undefined)) as Record<string, TagValue>,
    })),
  };
  return fromGeojsonVt({ safety: tile as never }, { version: 2, extent: 4096 });
}

function read(bytes: Uint8Array, name = "safety"): unknown[] {
  const decoded = new VectorTile(new PbfReader(bytes)).layers[name];
  return Array.from({ length: decoded?.length ?? 0 }, (_, i) => {
    const f = decoded?.feature(i);
    return {
      id: f?.id,
      type: f?.type,
      geometry: f?.loadGeometry().map((ring) => ring.map(({ x, y }) => [x, y])),
      properties: f?.properties,
    };
  });
}

describe("createLayerWriter", () => {
  it("decodes to what vt-pbf's tile decodes to", () => {
    fc.assert(
      fc.property(layer, (features) => {
        expect(read(write(features))).toEqual(read(writeWithReference(features)));
      }),
    );
  });

  it("is no larger than vt-pbf's tile", () => {
    // With more than 128 values it depends on their order which of them are worth one byte; real tiles are compared elsewhere.
    const small = fc.array(feature, { minLength: 1, maxLength: 20 });
    fc.assert(fc.property(small, (features) => write(features).length <= writeWithReference(features).length));
  });

  it("keeps any key and any text", () => {
    const text = fc.string({ unit: "binary", maxLength: 200 });
    fc.assert(
      fc.property(text, text, (key, content) => {
        const tags = { [`_${key}`]: content, toString: content };
        expect(read(write([{ id: 0, x: 0, y: 0, tags }]))).toEqual([
          { id: 0, type: 1, geometry: [[[0, 0]]], properties: tags },
        ]);
      }),
    );
  });

  it("writes nothing for a layer without features", () => {
    expect(write([])).toEqual(new Uint8Array(0));
  });

  it("carries nothing over from layer to layer, whatever an earlier one held", () => {
    const keys = ["a", "b", "c"];
    const tags = fc.dictionary(fc.constantFrom(...keys), value, { noNullPrototype: true });
    const features = fc.array(fc.record({ id: fc.nat(), x: fc.constant(1), y: fc.constant(2), tags }));
    const reused = createLayerWriter(keys);
    fc.assert(
      fc.property(features, (list) => {
        expect(writeWith(reused, keys, list, "safety")).toEqual(
          writeWith(createLayerWriter(keys), keys, list, "safety"),
        );
      }),
    );
  });

  it("writes unique and coded texts as text, and nothing where there is none", () => {
    const writer = createLayerWriter(["id", "cell"]);
    writer.begin("safety", 3);
    writer.uniqueTexts(0, new TextEncoder().encode("9q8yyk8dr5"), Uint32Array.of(7, 7, 10));
    writer.codedTexts(1, Float64Array.of(5, NaN, 5), 2, (out, at, code) => out.fill(0x61 + code, at, at + 2));
    const zeros = { id: new Float64Array(3), x: new Int16Array(3), y: new Int16Array(3) };
    const properties = read(writer.finish(zeros)).map((feature) => (feature as { properties: unknown }).properties);
    expect(properties).toEqual([{ id: "9q8yyk8", cell: "ff" }, {}, { id: "dr5", cell: "ff" }]);
  });

  it("makes a composite tile of layers put one after the other", () => {
    const features = [{ id: 1, x: 5, y: 6, tags: { severity: 3 } }];
    const tile = Uint8Array.from([...write(features, "safety"), ...write(features, "vibe")]);
    expect(Object.keys(new VectorTile(new PbfReader(tile)).layers)).toEqual(["safety", "vibe"]);
    expect(read(tile, "vibe")).toEqual(read(tile, "safety"));
  });
});

describe("encodeUtf8", () => {
  it("agrees with TextEncoder on any text, lone surrogates included", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((n) => String.fromCharCode(n)) }),
        (text) => {
          expect([...encodeUtf8(text)]).toEqual([...new TextEncoder().encode(text)]);
        },
      ),
    );
  });
});
