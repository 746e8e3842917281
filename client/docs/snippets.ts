import { DEFAULT_WINDOW, type ReportLayer, type TimeWindow } from "../../tiles/layers.ts";
import type { ScoreName } from "../../tiles/scores/scores.ts";
import type { Position } from "../embed/messages.ts";
import type { Scheme } from "../embed/scheme.ts";

/** What a snippet shows, as it was put together with the preview. */
export interface Choice {
  readonly center: Position;
  /** As MapLibre counts it: tiles are 512 pixels wide. */
  readonly zoom: number;
  /** Never empty. */
  readonly layers: readonly ReportLayer[];
  readonly window: TimeWindow;
  /** For the frame, MapLibre and Mapbox GL. */
  readonly scores: ScoreName | undefined;
  readonly theme: Scheme;
  readonly legend: boolean;
  readonly heightPx: number;
}

export interface Snippet {
  /** Also its anchor on the page. */
  readonly id: string;
  readonly label: string;
  readonly about: string;
  readonly code: string;
}

/** Our colours of the layers, on light ground and on dark. */
const COLORS: Readonly<Record<"light" | "dark", Readonly<Record<ReportLayer, string>>>> = {
  light: { safety: "#c2410c", vibe: "#9d3a8f", infrastructure: "#0b63a5", opportunity: "#00765a" },
  dark: { safety: "#ff8a4c", vibe: "#e58fd0", infrastructure: "#62b4f0", opportunity: "#3fcf9f" },
};
const GROUND = { light: "#f3f1ec", dark: "#181d23" } as const;

/** What the templates share. */
interface Parts extends Choice {
  readonly origin: string;
  readonly names: string;
  readonly query: string;
  readonly ground: "light" | "dark";
  /** `{ safety: "#c2410c" }` */
  readonly colors: string;
  readonly place: string;
}

/** The choice for each library, with the service's own address in it: whole pages, or whole steps. */
export function snippetsOf(choice: Choice, origin: string): Snippet[] {
  const ground = choice.theme === "dark" ? "dark" : "light";
  const digits = Math.max(2, Math.ceil(choice.zoom / 3.3) + 1);
  const pairs = choice.layers.map((layer) => `${layer}: "${COLORS[ground][layer]}"`);
  const parts: Parts = {
    ...choice,
    origin,
    ground,
    zoom: Number(choice.zoom.toFixed(1)),
    names: choice.layers.join(","),
    query: choice.window === DEFAULT_WINDOW ? "" : `?window=${choice.window}`,
    colors: `{ ${pairs.join(", ")} }`,
    place: choice.center.map((deg) => String(Number(deg.toFixed(digits)))).join(", "),
  };
  return [
    frame(parts),
    script(parts),
    maplibre(parts),
    mapbox(parts),
    openlayers(parts),
    leaflet(parts),
    ...tools(parts),
  ];
}

function frame({ origin, names, place, zoom, window, scores, theme, legend, heightPx }: Parts): Snippet {
  const query = [
    `layers=${names}`,
    `center=${place.replace(" ", "")}`,
    `zoom=${zoom}`,
    `window=${window}`,
    ...(scores ? [`scores=${scores}`] : []),
    ...(theme === "auto" ? [] : [`theme=${theme}`]),
    ...(legend ? ["legend=1"] : []),
  ];
  return {
    id: "frame",
    label: "Frame",
    about: "No code at all. Scrolling your page does not zoom the map, and it keeps itself up to date.",
    code: `<iframe src="${origin}/embed?${query.join("&amp;")}"
  title="Live neighbourhood reports" width="100%" height="${heightPx}" style="border: 0" loading="lazy" allow="fullscreen"></iframe>`,
  };
}

function script({ origin, layers, place, zoom, window, scores, theme, legend, heightPx }: Parts): Snippet {
  return {
    id: "script",
    label: "Script",
    about:
      "The same frame, which your page can move and switch, and which tells it what is clicked. Below is all that it can do.",
    code: `<div id="stratum" style="height: ${heightPx}px"></div>
<script type="module">
  import { embed } from "${origin}/embed.js";

  const map = await embed("#stratum", {
    layers: ${JSON.stringify(layers).replaceAll(",", ", ")},
    center: [${place}],
    zoom: ${zoom},
    window: "${window}",${scores ? `\n    scores: "${scores}",` : ""}
    theme: "${theme}",
    legend: ${legend},
  });
  map.on("clicked", ({ kind, properties }) => console.log(kind, properties));
</script>`,
  };
}

const RADIUS = '["interpolate", ["linear"], ["coalesce", ["get", "point_count"], 1], 1, 5, 100, 18, 5000, 34]';

/** How MapLibre and Mapbox GL draw each layer, alike. */
const circles = `for (const [layer, color] of Object.entries(colors)) {
      map.addLayer({
        id: layer,
        type: "circle",
        source: "stratum",
        "source-layer": layer,
        paint: {
          "circle-color": color,
          "circle-opacity": 0.75,
          "circle-radius": ${RADIUS},
        },
      });
    }`;

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
        "fill-color": ["interpolate", ["linear"], ["get", "${scores}"], 50, "#c8752b", 75, "#efe9da", 100, "#0a525d"],
      },
    });
    `;

const page = (head: string) => `<!doctype html>
<meta charset="utf-8">
${head}
<style>html, body, #map { height: 100%; margin: 0; }</style>
<div id="map"></div>`;

function maplibre(parts: Parts): Snippet {
  const { origin, names, query, colors, place, zoom, ground } = parts;
  return {
    id: "maplibre",
    label: "MapLibre",
    about:
      "Put your own style's address in place of style. The EventSource keeps the map live: a tile that did not change costs one 304.",
    code: `${page('<link rel="stylesheet" href="https://unpkg.com/maplibre-gl@6/dist/maplibre-gl.css">')}
<script type="module">
  import { Map } from "https://unpkg.com/maplibre-gl@6/dist/maplibre-gl.mjs";

  const colors = ${colors};
  const ground = { id: "ground", type: "background", paint: { "background-color": "${GROUND[ground]}" } };
  const style = { version: 8, sources: {}, layers: [ground] };
  const map = new Map({ container: "map", style, center: [${place}], zoom: ${zoom} });
  map.on("load", () => {
    ${choropleth(parts)}map.addSource("stratum", { type: "vector", url: "${origin}/tiles/${names}.json${query}" });
    ${circles}

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

function mapbox(parts: Parts): Snippet {
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
  const style = "mapbox://styles/mapbox/${ground}-v11";
  const map = new mapboxgl.Map({ container: "map", style, center: [${place}], zoom: ${zoom} });
  map.on("load", () => {
    ${choropleth(parts)}map.addSource("stratum", {
      type: "vector",
      tiles: ["${origin}/tiles/${names}/{z}/{x}/{y}.pbf${query}"],
      maxzoom: 22,
      attribution: "© STRATUM contributors",
    });
    ${circles}
  });
</script>`,
  };
}

function openlayers({ origin, names, query, colors, place, zoom, ground }: Parts): Snippet {
  return {
    id: "openlayers",
    label: "OpenLayers",
    about: "Zooms count one more than MapLibre's: OpenLayers takes tiles to be 256 pixels wide.",
    code: `${page(`<link rel="stylesheet" href="https://unpkg.com/ol@10/ol.css">
<script src="https://unpkg.com/ol@10/dist/ol.js"></script>`)}
<script>
  const colors = ${colors};
  const source = new ol.source.VectorTile({
    format: new ol.format.MVT(),
    url: "${origin}/tiles/${names}/{z}/{x}/{y}.pbf${query}",
    attributions: "© STRATUM contributors",
  });
  const style = (feature) => {
    const radius = 5 + 2.5 * Math.log(feature.get("point_count") ?? 1);
    const fill = new ol.style.Fill({ color: colors[feature.get("layer")] + "bf" });
    return new ol.style.Style({ image: new ol.style.Circle({ radius, fill }) });
  };
  const map = new ol.Map({
    target: "map",
    layers: [new ol.layer.VectorTile({ source, style, renderBuffer: 40, background: "${GROUND[ground]}" })],
    view: new ol.View({ center: ol.proj.fromLonLat([${place}]), zoom: ${Number((zoom + 1).toFixed(1))} }),
  });
</script>`,
  };
}

function leaflet({ origin, names, query, colors, place, zoom, ground }: Parts): Snippet {
  const [lon, lat] = place.split(", ");
  return {
    id: "leaflet",
    label: "Leaflet",
    about:
      "Leaflet draws vector tiles with a plugin; this one is maintained. Each tile is an SVG of its own: overflow lets circles reach over their tile's edge. Whoever draws on canvases adds ?buffer=40 to the address instead.",
    code: `${page(`<link rel="stylesheet" href="https://unpkg.com/leaflet@1.9/dist/leaflet.css">
<script src="https://unpkg.com/leaflet@1.9/dist/leaflet.js"></script>
<script src="https://unpkg.com/leaflet-vector-tile-layer@0.15/dist/VectorTileLayer.umd.min.js"></script>`).replace(
      "margin: 0; }",
      `margin: 0; background: ${GROUND[ground]}; } svg.leaflet-tile { overflow: visible; }`,
    )}
<script>
  const colors = ${colors};
  const map = L.map("map").setView([${lat}, ${lon}], ${Math.round(zoom) + 1});
  VectorTileLayer("${origin}/tiles/${names}/{z}/{x}/{y}.pbf${query}", {
    tileSize: 512,
    zoomOffset: -1,
    attribution: "© STRATUM contributors",
    style: ({ properties }, layer) => ({
      stroke: false,
      fill: true,
      fillColor: colors[layer],
      fillOpacity: 0.75,
      radius: 5 + 2.5 * Math.log(properties.point_count ?? 1),
    }),
  }).addTo(map);
</script>`,
  };
}

function tools({ origin, names, query, center: [lonDeg, latDeg], zoom }: Parts): Snippet[] {
  const z = Math.floor(zoom);
  const x = Math.floor(((lonDeg + 180) / 360) * 2 ** z);
  const y = Math.floor(((1 - Math.asinh(Math.tan((latDeg * Math.PI) / 180)) / Math.PI) / 2) * 2 ** z);
  return [
    {
      id: "qgis",
      label: "QGIS",
      about:
        "In the Browser panel: Vector Tiles, New Generic Connection. Give it this address, minimum zoom 0 and maximum zoom 19, and add the connection to the map.",
      code: `${origin}/tiles/${names}/{z}/{x}/{y}.pbf${query}`,
    },
    {
      id: "gdal",
      label: "GDAL",
      about: "The tile in the middle, of all 90 days, placed where it belongs on the map.",
      code: `ogrinfo -al "MVT:${origin}/tiles/${names}/${z}/${x}/${y}.pbf"`,
    },
  ];
}
