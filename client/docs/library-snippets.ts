import type { Parts, Snippet } from "./snippets.ts";

/** Whole pages for the libraries that draw maps: basemap, clusters with their counts, and what is clicked in a popup. */

/** The ground, its layers from the bottom up, and what is written on it. */
const PAPERS = {
  light: {
    ground: "#d3dfe6",
    layers:
      '{ land: "#f7f5f0", lake: "#d3dfe6", sea: "#d3dfe6", shore: "#f7f5f0", park: "#e3ead8", city_lake: "#d3dfe6" }',
    street: "#ddd6c8",
    name: "#74706a",
    count: "#ffffff",
  },
  dark: {
    ground: "#0e1318",
    layers:
      '{ land: "#181d23", lake: "#0e1318", sea: "#0e1318", shore: "#181d23", park: "#1b2622", city_lake: "#0e1318" }',
    street: "#272f38",
    name: "#98a2ac",
    count: "#10151a",
  },
} as const;

const ATTRIBUTION = "© STRATUM contributors";
const BASEMAP_ATTRIBUTION = "Natural Earth, US Census";

const page = (head: string, css = "", body = "") => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Live neighbourhood reports</title>
${head}
<style>
  html, body, #map { height: 100%; margin: 0; }${css === "" ? "" : `\n  ${css}`}
</style>
<div id="map"></div>${body}`;

/** A cluster's count, or a report in its own words: text, for whoever wrote it may be anybody. */
const about = ({
  origin,
}: Parts) => `// What a popup says: of a cluster its count, of a report its words. It is text of strangers, never HTML.
  const about = async ({ id, point_count: count, category, newest }, layer) => {
    if (count) return \`\${count} reports: \${layer}\`;
    const { text = category } = await (await fetch(\`${origin}/api/reports/\${id}\`)).json();
    return \`\${text} (\${new Date(newest * 1000).toLocaleString()})\`;
  };`;

/** How MapLibre and Mapbox GL draw each layer, alike but for the fonts that they have. */
const marks = ({ ground }: Parts, font: string) => `for (const [layer, color] of Object.entries(colors)) {
      const of = { source: "stratum", "source-layer": layer };
      const radius = ["+", 5, ["*", 2.5, ["ln", ["coalesce", ["get", "point_count"], 1]]]];
      map.addLayer({ id: layer, type: "circle", ...of, paint: { "circle-color": color, "circle-radius": radius, "circle-opacity": 0.85 } });
      map.addLayer({
        id: \`\${layer}-count\`,
        type: "symbol",
        ...of,
        filter: ["has", "point_count"],
        layout: { "text-field": ["to-string", ["get", "point_count_abbreviated"]], "text-font": ${font}, "text-size": 11, "text-allow-overlap": true },
        paint: { "text-color": "${PAPERS[ground].count}" },
      });
    }`;

const popup = (
  library: string,
) => `map.on("click", Object.keys(colors), async ({ lngLat, features: [{ layer, properties }] }) => {
      new ${library}Popup().setLngLat(lngLat).setText(await about(properties, layer.id)).addTo(map);
    });`;

/** Neighbourhoods by a score, below the reports; 75 or so is a place without any. */
const choropleth = ({ origin, scores }: Parts) =>
  scores === undefined
    ? ""
    : `map.addSource("scores", { type: "vector", url: "${origin}/tiles/scores.json" });
    map.addLayer({
      id: "scores",
      type: "fill",
      source: "scores",
      "source-layer": "scores",
      paint: {
        "fill-opacity": 0.6,
        "fill-color": ["case", ["has", "${scores}"],
          ["interpolate", ["linear"], ["get", "${scores}"], 30, "#6b2a06", 70, "#e0a05c", 100, "#e2f3ed"], "#c3c8cc"],
      },
    });
    `;

export function maplibre(parts: Parts): Snippet {
  const { origin, names, query, colors, place, zoom, ground } = parts;
  const paper = PAPERS[ground];
  return {
    id: "maplibre",
    label: "MapLibre",
    about:
      "Put your own style's address in place of style to have streets everywhere. The EventSource keeps the map live: a tile that did not change costs one 304.",
    code: `${page('<link rel="stylesheet" href="https://unpkg.com/maplibre-gl@6/dist/maplibre-gl.css">')}
<script type="module">
  import { Map, Popup } from "https://unpkg.com/maplibre-gl@6/dist/maplibre-gl.mjs";

  const colors = ${colors};
  // Land and water everywhere, main streets in Stratum's own cities.
  const paper = ${paper.layers};
  const tiles = ["${origin}/basemap/{z}/{x}/{y}.pbf"];
  const fill = ([name, color]) => ({
    id: name,
    type: "fill",
    source: ["land", "lake"].includes(name) ? "world" : "city",
    "source-layer": name,
    paint: { "fill-color": color },
  });
  const text = { "text-field": ["get", "name"], "text-font": ["sans-serif"], "text-size": 12 };
  const style = {
    version: 8,
    sources: {
      world: { type: "vector", tiles, maxzoom: 8, attribution: "${BASEMAP_ATTRIBUTION}" },
      city: { type: "vector", tiles, minzoom: 9, maxzoom: 13 },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": "${paper.ground}" } },
      ...Object.entries(paper).map(fill),
      { id: "street", type: "line", source: "city", "source-layer": "street", paint: { "line-color": "${paper.street}", "line-width": 2 } },
      { id: "place", type: "symbol", source: "world", "source-layer": "place", maxzoom: 11, layout: text, paint: { "text-color": "${paper.name}" } },
      { id: "quarter", type: "symbol", source: "city", "source-layer": "neighbourhood", layout: text, paint: { "text-color": "${paper.name}" } },
    ],
  };
  ${about(parts)}

  const map = new Map({ container: "map", style, center: [${place}], zoom: ${zoom} });
  map.on("load", () => {
    ${choropleth(parts)}map.addSource("stratum", { type: "vector", url: "${origin}/tiles/${names}.json${query}" });
    ${marks(parts, '["sans-serif"]')}
    ${popup("")}

    let changes, waiting;
    const refresh = () => {
      waiting = undefined;
      map.refreshTiles("stratum");
    };
    const listen = () => {
      changes?.close();
      changes = new EventSource(\`${origin}/api/live?layers=${names}&bbox=\${map.getBounds().toArray()}\`);
      changes.addEventListener("change", () => (waiting ??= setTimeout(refresh, 1000)));
    };
    map.on("moveend", listen);
    listen();
  });
</script>`,
  };
}

export function mapbox(parts: Parts): Snippet {
  const { origin, names, query, colors, place, zoom, ground } = parts;
  return {
    id: "mapbox",
    label: "Mapbox GL",
    about: "Needs a Mapbox access token of yours.",
    code: `${page(`<link rel="stylesheet" href="https://api.mapbox.com/mapbox-gl-js/v3.15.0/mapbox-gl.css">
<script src="https://api.mapbox.com/mapbox-gl-js/v3.15.0/mapbox-gl.js"></script>`)}
<script>
  mapboxgl.accessToken = "YOUR_TOKEN";
  const colors = ${colors};
  ${about(parts)}

  const style = "mapbox://styles/mapbox/${ground}-v11";
  const map = new mapboxgl.Map({ container: "map", style, center: [${place}], zoom: ${zoom} });
  map.on("load", () => {
    ${choropleth(parts)}map.addSource("stratum", {
      type: "vector",
      tiles: ["${origin}/tiles/${names}/{z}/{x}/{y}.pbf${query}"],
      maxzoom: 22,
      attribution: "${ATTRIBUTION}",
    });
    ${marks(parts, '["DIN Pro Bold", "Arial Unicode MS Bold"]')}
    ${popup("mapboxgl.")}
  });
</script>`,
  };
}

const POPUP_CSS =
  "#popup { padding: 6px 10px; max-width: 240px; border-radius: 6px; background: #fff; color: #222; font: 14px/1.4 sans-serif; }";

export function openlayers(parts: Parts): Snippet {
  const { origin, names, query, colors, place, zoom, ground } = parts;
  const paper = PAPERS[ground];
  const head = `<link rel="stylesheet" href="https://unpkg.com/ol@10/ol.css">
<script src="https://unpkg.com/ol@10/dist/ol.js"></script>`;
  return {
    id: "openlayers",
    label: "OpenLayers",
    about: "Zooms count one more than MapLibre's: OpenLayers takes tiles to be 256 pixels wide.",
    code: `${page(head, POPUP_CSS, '\n<div id="popup"></div>')}
<script>
  const colors = ${colors};
  // Land and water everywhere, main streets in Stratum's own cities; or put your own layer in their place.
  const paper = ${paper.layers};
  const { Style, Fill, Stroke, Text, Circle } = ol.style;
  const format = new ol.format.MVT();
  const ground = (feature) => {
    const name = feature.get("layer");
    if (name === "street") return new Style({ stroke: new Stroke({ color: "${paper.street}", width: 2 }), zIndex: 9 });
    const zIndex = Object.keys(paper).indexOf(name);
    return zIndex < 0 ? undefined : new Style({ fill: new Fill({ color: paper[name] }), zIndex });
  };
  const basemap = (zooms, view) =>
    new ol.layer.VectorTile({
      source: new ol.source.VectorTile({
        format,
        url: "${origin}/basemap/{z}/{x}/{y}.pbf",
        attributions: "${BASEMAP_ATTRIBUTION}",
        ...zooms,
      }),
      style: ground,
      zIndex: -1,
      ...view,
    });
  const source = new ol.source.VectorTile({
    format,
    url: "${origin}/tiles/${names}/{z}/{x}/{y}.pbf${query}",
    attributions: "${ATTRIBUTION}",
  });
  const style = (feature) => {
    const radius = 5 + 2.5 * Math.log(feature.get("point_count") ?? 1);
    const fill = new Fill({ color: colors[feature.get("layer")] + "d9" });
    const count = String(feature.get("point_count_abbreviated") ?? "");
    const text = new Text({ text: count, font: "11px sans-serif", fill: new Fill({ color: "${paper.count}" }) });
    return new Style({ image: new Circle({ radius, fill }), text });
  };
  const reports = new ol.layer.VectorTile({ source, style, renderBuffer: 40 });
  const popup = new ol.Overlay({ element: document.getElementById("popup"), positioning: "bottom-center", offset: [0, -8] });
  const map = new ol.Map({
    target: "map",
    layers: [
      reports,
      basemap({ maxZoom: 8 }, { background: "${paper.ground}" }),
      basemap({ minZoom: 9, maxZoom: 13 }, { minZoom: 9.5 }),
    ],
    overlays: [popup],
    view: new ol.View({ center: ol.proj.fromLonLat([${place}]), zoom: ${Number((zoom + 1).toFixed(1))} }),
  });
  ${about(parts)}
  map.on("click", async ({ pixel, coordinate }) => {
    const [mark] = await reports.getFeatures(pixel);
    popup.setPosition(undefined);
    if (!mark) return;
    popup.getElement().textContent = await about(mark.getProperties(), mark.get("layer"));
    popup.setPosition(coordinate);
  });
</script>`,
  };
}

export function leaflet(parts: Parts): Snippet {
  const { origin, names, query, colors, place, zoom, ground } = parts;
  const [lon, lat] = place.split(", ");
  const paper = PAPERS[ground];
  const head = `<link rel="stylesheet" href="https://unpkg.com/leaflet@1.9/dist/leaflet.css">
<script src="https://unpkg.com/leaflet@1.9/dist/leaflet.js"></script>
<script src="https://unpkg.com/leaflet-vector-tile-layer@0.15/dist/VectorTileLayer.umd.min.js"></script>`;
  const css = `#map { background: ${paper.ground}; }
  .reports svg.leaflet-tile { overflow: visible; }
  .reports text { font: 11px sans-serif; fill: ${paper.count}; text-anchor: middle; dominant-baseline: central; pointer-events: none; }`;
  return {
    id: "leaflet",
    label: "Leaflet",
    about:
      "Leaflet draws vector tiles with a plugin; this one is maintained. Each tile is an SVG of its own: overflow lets circles reach over their tile's edge. Whoever draws on canvases adds ?buffer=40 to the address instead.",
    code: `${page(head, css)}
<script>
  const colors = ${colors};
  const map = L.map("map").setView([${lat}, ${lon}], ${Math.round(zoom) + 1});
  const sizes = { tileSize: 512, zoomOffset: -1 };
  // Land and water everywhere, main streets in Stratum's own cities; or put a layer of your own in their place.
  const paper = ${paper.layers};
  const ground = (feature, layer) =>
    layer === "street"
      ? { color: "${paper.street}", weight: 2, fill: false }
      : { stroke: false, fill: true, fillColor: paper[layer], fillOpacity: 1 };
  const basemap = (zooms) =>
    VectorTileLayer("${origin}/basemap/{z}/{x}/{y}.pbf", {
      ...sizes,
      ...zooms,
      layers: [...Object.keys(paper), "street"],
      style: ground,
      attribution: "${BASEMAP_ATTRIBUTION}",
    }).addTo(map);
  basemap({ maxDetailZoom: 8 });
  basemap({ minZoom: 10, minDetailZoom: 9, maxDetailZoom: 13 });

  ${about(parts)}
  const mark = (feature, layer, scale, style) => {
    const circle = VectorTileLayer.featureCircleLayer(feature, layer, scale, style);
    const text = L.SVG.create("text");
    text.setAttribute("x", circle.graphics.getAttribute("cx"));
    text.setAttribute("y", circle.graphics.getAttribute("cy"));
    text.textContent = feature.properties.point_count_abbreviated ?? "";
    // The plugin puts the circle into its tile first.
    queueMicrotask(() => circle.graphics.after(text));
    return circle;
  };
  VectorTileLayer("${origin}/tiles/${names}/{z}/{x}/{y}.pbf${query}", {
    ...sizes,
    className: "reports",
    attribution: "${ATTRIBUTION}",
    featureToLayer: mark,
    style: ({ properties }, layer) => ({
      interactive: true,
      stroke: false,
      fill: true,
      fillColor: colors[layer],
      fillOpacity: 0.85,
      radius: 5 + 2.5 * Math.log(properties.point_count ?? 1),
    }),
  })
    .on("click", async ({ latlng, layer: { properties, layerName } }) => {
      const text = document.createElement("span");
      text.textContent = await about(properties, layerName);
      L.popup().setLatLng(latlng).setContent(text).openOn(map);
    })
    .addTo(map);
</script>`,
  };
}
