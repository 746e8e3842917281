import { buildClient, CLIENT_DIR } from "../client/build.ts";
import { exitOnError } from "../console/operator-error.ts";
import { createTerminal } from "../console/terminal.ts";

/** `npm run build`: the client as `npm start` serves it, compressed files and all. */
try {
  await createTerminal(process.stdout).run("client", async (note) => {
    await buildClient();
    note(CLIENT_DIR);
  });
} catch (error) {
  exitOnError(error);
}
