import { startDynalite } from "../../kit/dynamo/dynalite-server.ts";
import { describeContract } from "./contract.ts";
import { describeDerivedContract } from "./derived-contract.ts";
import { derivedBackend, reportBackend } from "./emulators.ts";

const HOT = { hotRowsPerSecond: 1 };

for (const shards of [1, 5]) {
  describeContract("DynamoDB store on dynalite", async () => reportBackend(await startDynalite(), HOT), shards);
}
describeDerivedContract("derived data on dynalite", async () => derivedBackend(await startDynalite()));
