import { createDynamoStore } from "../../../server/store/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo-client.ts";
import { describeContract } from "./contract.ts";
import { startDynalite } from "./dynalite-server.ts";

describeContract("DynamoDB store on dynalite", async () => {
  const { endpoint, stop } = await startDynalite();
  return {
    open: (table, clock) =>
      createDynamoStore({
        client: createDocumentClient({ endpoint, credentials: EMULATOR_CREDENTIALS }),
        table,
        clock,
      }),
    stop,
  };
});
