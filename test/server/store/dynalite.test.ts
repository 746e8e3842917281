import { describeContract } from "./contract.ts";
import { describeDerivedContract } from "./derived-contract.ts";
import { startDynalite } from "./dynalite-server.ts";
import { derivedBackend, reportBackend } from "./emulators.ts";

describeContract("DynamoDB store on dynalite", async () => reportBackend(await startDynalite()));
describeDerivedContract("derived data on dynalite", async () => derivedBackend(await startDynalite()));
