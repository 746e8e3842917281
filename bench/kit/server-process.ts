import { createLog } from "../../server/console/log.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { startServer } from "../../server/runtime/node/serve.ts";

/** The product's server in a process of its own, configured by its environment; tells its parent where it listens. */

const config = readConfig({ LOG_LEVEL: "warn", ...process.env });
const write = (line: string) => process.stderr.write(line);
const log = createLog({ level: config.logLevel, pretty: true, write, now: Date.now });
const server = await startServer(config, { log, client: process.env.BENCH_CLIENT === "on" });
await server.refusal;
process.send?.(server.url);
process.once("disconnect", () => void server.close().then(() => process.exit()));
