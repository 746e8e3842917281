import { readConfig } from "../server/config.ts";
import { createLog } from "../server/console/log.ts";
import { startServer } from "../server/serve.ts";

/** The product's server in a process of its own, configured by its environment; tells its parent where it listens. */

const log = createLog({ level: "warn", pretty: true, write: (line) => process.stderr.write(line), now: Date.now });
const server = await startServer(readConfig(process.env), { log, client: false });
process.send?.(server.url);
process.once("disconnect", () => void server.close().then(() => process.exit()));
