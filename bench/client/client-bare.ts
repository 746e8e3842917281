import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync } from "node:zlib";
import type { StyleSpecification } from "maplibre-gl";

/** The least that shows such a map: MapLibre alone on a bare page, with our style and one tile that is a file. */
export interface BarePage {
  readonly url: string;
  close(): Promise<void>;
}

export interface BareMap {
  readonly style: StyleSpecification;
  readonly source: string;
  readonly tile: Uint8Array;
  readonly tileZoom: number;
  /** West, south, east, north of the tile. */
  readonly bounds: readonly [number, number, number, number];
  readonly center: readonly [number, number];
  readonly zoom: number;
}

const DIST = new URL("../../node_modules/maplibre-gl/dist/", import.meta.url);

export async function startBarePage(map: BareMap): Promise<BarePage> {
  const files = new Map<string, [type: string, bytes: Uint8Array]>();
  const server = createServer((request, response) => {
    const [type, bytes] = files.get(new URL(request.url ?? "/", "http://any").pathname) ?? [];
    if (type === undefined) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": type, "Content-Encoding": "br", "Access-Control-Allow-Origin": "*" });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const put = (path: string, type: string, content: string | Uint8Array) =>
    files.set(path, [type, brotliCompressSync(content)]);
  for (const name of ["maplibre-gl.mjs", "maplibre-gl-shared.mjs", "maplibre-gl-worker.mjs"]) {
    put(`/${name}`, "text/javascript", readFileSync(new URL(name, DIST)));
  }
  put("/maplibre-gl.css", "text/css", readFileSync(new URL("maplibre-gl.css", DIST)));
  put("/tile.pbf", "application/vnd.mapbox-vector-tile", map.tile);
  put("/", "text/html", pageOf(map, url));
  return {
    url,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pageOf({ style, source, tileZoom, bounds, center, zoom }: BareMap, url: string): string {
  const kept = Object.entries(style.sources).filter(([name]) => name === source || !name.startsWith("reports-"));
  const tiles = { type: "vector", tiles: [`${url}/tile.pbf`], minzoom: tileZoom, maxzoom: tileZoom, bounds };
  const sources = { ...Object.fromEntries(kept), [source]: tiles };
  // Icons are drawn by our own code, which is not here.
  const layers = style.layers.filter(
    (layer) => (!("source" in layer) || layer.source in sources) && !("icon-image" in (layer.layout ?? {})),
  );
  return `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/maplibre-gl.css">
<style>html, body, #map { height: 100%; margin: 0; }</style><div id="map"></div>
<script type="module">
  import { Map } from "/maplibre-gl.mjs";
  const map = new Map({ container: "map", style: ${JSON.stringify({ ...style, sources, layers })}, center: ${JSON.stringify(center)}, zoom: ${zoom} });
  globalThis.stratum = { map };
</script>`;
}
