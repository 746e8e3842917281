/** @module-tag slow */
import { startDynalite } from "../../kit/dynamo/dynalite-server.ts";
import { describeContract } from "./contract.ts";
import { describeDerivedContract } from "./derived-contract.ts";
import { connectSdk, derivedBackend, reportBackend } from "./emulators.ts";

/** The reference: what passes over our own client passes over AWS's, and the other way round (`dynalite.test.ts`). */
describeContract("DynamoDB store over AWS's client", async () =>
  reportBackend(await startDynalite(), { hotRowsPerSecond: 1 }, connectSdk),
);
describeDerivedContract("derived data over AWS's client", async () =>
  derivedBackend(await startDynalite(), connectSdk),
);
