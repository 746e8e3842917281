import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, constants } from "node:zlib";
import { connectTo, readTile } from "./postgis-tile.ts";

/** Tiles of PostGIS over HTTP, and nothing else: a query over an open connection, compressed as ours are. Its argument is the database's URL. */

const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
const PATH = /^\/tiles\/(\w+)\/(\d+)\/(\d+)\/(\d+)\.pbf$/;

const client = await connectTo(process.argv[2] ?? "");

const server = createServer((request, response) => {
  const [, layer = "", ...address] = PATH.exec(request.url ?? "") ?? [];
  const [z = 0, x = 0, y = 0] = address.map(Number);
  readTile(client, { layer, z, x, y }).then(
    (tile) => {
      const body = brotliCompressSync(tile, BROTLI);
      response.writeHead(200, {
        "Content-Type": "application/vnd.mapbox-vector-tile",
        "Content-Encoding": "br",
        "Content-Length": body.length,
      });
      response.end(body);
    },
    (error) => response.writeHead(500).end(String(error)),
  );
});
server.listen(0, "127.0.0.1", () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.once("disconnect", () => process.exit());
