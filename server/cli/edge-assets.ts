import { createLog } from "../console/log.ts";
import { exitOnError } from "../console/operator-error.ts";
import { createTerminal } from "../console/terminal.ts";
import { readConfig } from "../runtime/config.ts";
import { buildEdgeAssets, EDGE_DIR } from "../runtime/local-worker/assets.ts";

/** wrangler's custom build: what Workers assets serve. */
try {
  const config = readConfig(process.env);
  const terminal = createTerminal(process.stdout);
  const log = createLog({ level: "warn", pretty: true, write: (line) => terminal.line(line.trimEnd()), now: Date.now });
  await terminal.run("assets", async (note) => {
    await buildEdgeAssets(log, config.basemapStyleUrl);
    note(EDGE_DIR);
  });
} catch (error) {
  exitOnError(error);
}
