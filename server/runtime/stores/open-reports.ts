import { dirname } from "node:path";
import { OperatorError } from "../../console/operator-error.ts";
import { settlesWithin } from "../../kit/wait.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { IN_MEMORY } from "../../store/sqlite/schema.ts";
import type { DynamoConfig } from "../dynamo-config.ts";
import { makeWritable } from "./data-dir.ts";
import { openEmbeddedReports } from "./embedded-reports.ts";
import type { OpenedReports, OpenReportsOptions } from "./opened-reports.ts";
import type { Stores } from "./stores.ts";

/**
 * The report store that the configuration chose, with the store of what is derived from the log. A DynamoDB's table may not be there
 * yet: `migrate` makes it. Closing the report store closes both. @throws OperatorError when the embedded one's file cannot be used
 */
export async function openReports(stores: Stores, options: OpenReportsOptions): Promise<OpenedReports> {
  if (stores.reportsPath !== undefined) {
    if (stores.reportsPath !== IN_MEMORY) makeWritable(dirname(stores.reportsPath));
    return openEmbeddedReports(stores.reportsPath, stores, options);
  }
  const [{ openDynamo }, address] = await Promise.all([import("./open-dynamo.ts"), stores.dynamo()]);
  return openDynamo(address, options);
}

/** Where a DynamoDB is, as a sentence has it. */
export function placeOfDynamo(dynamo: DynamoConfig | undefined): string {
  return dynamo === undefined ? "DATA_DIR" : (dynamo.endpoint ?? `AWS ${dynamo.region}`);
}

/** The AWS SDK gives up requests after 13 s; what looks for credentials (a program, a sign-on) may wait for ever. */
const FIRST_ANSWER_MS = 20_000;
const UNSET = "or unset DYNAMODB_TABLE and DYNAMODB_ENDPOINT to use the embedded store";

/**
 * Makes what the store needs, such as its table.
 * @param dynamo undefined: the embedded store
 * @throws OperatorError when the DynamoDB is away, refuses us, or no credentials for it are found.
 */
export async function migrateReportStore(
  store: Pick<ReportStore, "migrate" | "ping">,
  dynamo: DynamoConfig | undefined,
  firstAnswerMs = FIRST_ANSWER_MS,
): Promise<void> {
  if (dynamo === undefined) return store.migrate();
  const place = placeOfDynamo(dynamo);
  const migrating = store.migrate();
  // Making a table may take a while; that anybody answers at all may not.
  if (!(await settlesWithin(firstAnswerMs, Promise.race([migrating, store.ping()])))) {
    migrating.catch(() => {});
    throw new OperatorError(
      `The DynamoDB at ${place} has not answered in ${firstAnswerMs / 1000} s, or the search for AWS's credentials has not ended: ` +
        `start it, correct DYNAMODB_ENDPOINT, AWS_REGION and AWS's credentials, ${UNSET}.`,
    );
  }
  try {
    await migrating;
  } catch (error) {
    throw await sentenceOf(error, place, dynamo);
  }
}

async function sentenceOf(
  error: unknown,
  place: string,
  { tableName: table, credentialsFrom }: DynamoConfig,
): Promise<OperatorError> {
  const { name, message } = error as Error;
  if (/^(?:CredentialsProvider|TokenProvider|Provider)Error$/.test(name)) {
    return new OperatorError(
      `No credentials for the DynamoDB at ${place} were found${credentialsFrom === undefined ? "" : ` by ${credentialsFrom}`} (${message}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ` +
        `AWS_PROFILE, or give this machine a role, ${UNSET}.`,
    );
  }
  if (/Credential|UnrecognizedClient|InvalidSignature|AccessDenied|ExpiredToken|InvalidClientTokenId/.test(name)) {
    return new OperatorError(
      `The DynamoDB at ${place} refuses us (${name}: ${message}): correct AWS's credentials, ${UNSET}.`,
    );
  }
  const { isAway } = await import("./open-dynamo.ts");
  if (isAway(error, table)) {
    return new OperatorError(
      `The DynamoDB at ${place} does not answer (${message}): start it, correct DYNAMODB_ENDPOINT and AWS_REGION, ${UNSET}.`,
    );
  }
  return new OperatorError(
    `What is at ${place} cannot be used as a DynamoDB (${name}: ${message}): correct DYNAMODB_ENDPOINT and DYNAMODB_TABLE, ${UNSET}.`,
  );
}
