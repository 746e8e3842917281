import { buildClient, CLIENT_DIR } from "../client/build.ts";
import { exitOnError } from "../console/operator-error.ts";
import { refuseArguments } from "../console/parse-options.ts";
import { createTerminal } from "../console/terminal.ts";
import { postgresImage } from "../runtime/stores/postgres-image.ts";
import { buildServer, SERVER_DIR } from "./server-bundle.ts";

/** `npm run build`: the client as `npm start` serves it, the server as plain JavaScript, and what the embedded PostgreSQL starts from. */
try {
  refuseArguments(process.argv.slice(2));
  const terminal = createTerminal(process.stdout);
  await terminal.run("client", async (note) => {
    await buildClient();
    note(CLIENT_DIR);
  });
  await terminal.run("server", async (note) => {
    await buildServer();
    note(SERVER_DIR);
  });
  await terminal.run("PostgreSQL", postgresImage);
} catch (error) {
  exitOnError(error);
}
