import { startServer } from "../../server/runtime/node/serve.ts";
import { openSharedStores } from "../kit/stores.ts";
import { describeHttp } from "./suite.ts";

describeHttp("HTTP on Node", async () => {
  const stores = await openSharedStores();
  const server = await startServer(stores.config, { client: false });
  await server.refusal;
  return {
    url: server.url,
    tellsTiles: true,
    database: stores.database,
    async close() {
      await server.close();
      await stores.close();
    },
  };
});
