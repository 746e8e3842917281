import { createLog } from "../console/log.ts";
import { exitOnError } from "../console/operator-error.ts";
import { createTerminal } from "../console/terminal.ts";
import { readConfig } from "../runtime/config.ts";
import { buildEdgeAssets, EDGE_DIR } from "../runtime/local-worker/assets.ts";

/** wrangler's custom build: what Workers assets serve. */
try {
  // Where this is built nothing need be known of the stores.
  const { BASEMAP_STYLE_URL, PUBLIC_URL } = process.env;
  const settings = readConfig({ BASEMAP_STYLE_URL, PUBLIC_URL });
  const terminal = createTerminal(process.stdout);
  const log = createLog({ level: "warn", pretty: true, write: (line) => terminal.line(line.trimEnd()), now: Date.now });
  await terminal.run("assets", async (note) => {
    await buildEdgeAssets(log, settings);
    note(EDGE_DIR);
  });
} catch (error) {
  exitOnError(error);
}
