import { DEFAULT_WINDOW, type ReportLayer, type TimeWindow } from "../../tiles/layers.ts";
import type { ScoreName } from "../../tiles/scores/scores.ts";
import type { Position } from "../embed/messages.ts";
import type { Scheme } from "../embed/scheme.ts";
import { leaflet, mapbox, maplibre, openlayers } from "./library-snippets.ts";

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

/** What the templates share. */
export interface Parts extends Choice {
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
