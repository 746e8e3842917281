import { readConfig } from "../server/config.ts";
import { startServer } from "../server/serve.ts";

/** The product's server in a process of its own, configured by its environment; tells its parent where it listens. */

const server = await startServer(readConfig(process.env), { client: false });
process.send?.(server.url);
process.once("disconnect", () => void server.close().then(() => process.exit()));
