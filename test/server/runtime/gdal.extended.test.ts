/** @module-tag slow */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../../server/runtime/node/serve.ts";
import { drop } from "../../kit/request.ts";

const run = promisify(execFile);
const hasGdal = ["ogrinfo", "ogr2ogr"].every((tool) => spawnSync(tool, ["--version"]).status === 0);

describe.skipIf(!hasGdal)(`GDAL${hasGdal ? "" : " (skipped: no ogrinfo and ogr2ogr on the path)"}`, () => {
  let server: RunningServer;
  let source: string;
  beforeAll(async () => {
    const asTheyCome = { PROOF_OF_WORK: "off", HOLD_FLOODS: "off" };
    const config = readConfig({ PORT: "0", SEED: "off", DATA_DIR: "memory", ...asTheyCome });
    server = await startServer(config, { client: false });
    for (let i = 0; i < 120; i++) await drop(server.url, { lat: 37.77, lon: -122.42, severity: 1 + (i % 5) });
    for (let i = 0; i < 7; i++) await drop(server.url, { lat: -33.9, lon: 151.2 });
    await drop(server.url, { lat: 48.1, lon: 11.6 });
    // A zoom of a layer: GDAL reads what fields there are in the layer's TileJSON.
    source = `MVT:${server.url}/tiles/safety/2`;
  });
  afterAll(() => server?.close());

  it("compares and adds up counts as numbers", async () => {
    const { stdout: found } = await run("ogrinfo", ["-ro", "-al", source, "-where", "point_count > 99"]);
    expect(found).toMatch(/^Feature Count: 1$/m);
    expect(found).toMatch(/^ {2}point_count \((Real|Integer)\) = 120$/m);
    expect(found).toMatch(/^ {2}cluster \(Integer\(Boolean\)\) = 1$/m);
    const sum = "SELECT SUM(point_count) AS reports FROM safety";
    const { stdout: added } = await run("ogrinfo", ["-ro", source, "-sql", sum]);
    expect(added).toMatch(/^ {2}reports \(\w+\) = 127$/m);
  });

  it("writes numbers and flags as such", async () => {
    const { stdout } = await run("ogr2ogr", ["-f", "GeoJSON", "/vsistdout/", source, "-where", "point_count > 99"]);
    const { features } = JSON.parse(stdout) as { features: { properties: object }[] };
    expect(features.map(({ properties }) => properties)).toEqual([
      expect.objectContaining({ cluster: true, point_count: 120, severity: 3 }),
    ]);
  });
});
