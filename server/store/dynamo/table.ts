import type { TableDescription } from "@aws-sdk/client-dynamodb";
import { sleep } from "../../kit/wait.ts";
import type { DocumentClient } from "./wire/document-client.ts";

const POLL_MS = 100;
const MAX_POLLS = 600;

/**
 * Creates the table, billed on demand, unless it is there, and sets its TTL attribute. Safe to repeat and to run twice at
 * the same time. @throws Error when a table of that name has other keys, or does not become active within a minute.
 */
export async function migrateTable(client: DocumentClient, table: string): Promise<void> {
  if ((await describe(client, table)) === undefined) await create(client, table);
  const keys = (await waitUntilActive(client, table)).KeySchema?.map((key) => `${key.AttributeName} ${key.KeyType}`);
  if (keys?.join() !== "pk HASH,sk RANGE") throw new Error(`table ${table} has other keys than pk and sk: ${keys}`);
  await expireBy(client, table, "expires_at");
}

async function describe(client: DocumentClient, table: string): Promise<TableDescription | undefined> {
  try {
    return (await client.send("DescribeTable", { TableName: table })).Table;
  } catch (error) {
    if (isNamed(error, "ResourceNotFoundException")) return undefined;
    throw error;
  }
}

async function create(client: DocumentClient, table: string): Promise<void> {
  try {
    await client.send("CreateTable", {
      TableName: table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
    });
  } catch (error) {
    // Another process was faster.
    if (!isNamed(error, "ResourceInUseException")) throw error;
  }
}

async function waitUntilActive(client: DocumentClient, table: string): Promise<TableDescription> {
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    const description = await describe(client, table);
    if (description?.TableStatus === "ACTIVE") return description;
    await sleep(POLL_MS);
  }
  throw new Error(`table ${table} is not active after ${(MAX_POLLS * POLL_MS) / 1000} s`);
}

async function expireBy(client: DocumentClient, table: string, attribute: string): Promise<void> {
  const { TimeToLiveDescription: ttl } = await client.send("DescribeTimeToLive", { TableName: table });
  if (ttl?.AttributeName === attribute) return;
  try {
    const TimeToLiveSpecification = { AttributeName: attribute, Enabled: true };
    await client.send("UpdateTimeToLive", { TableName: table, TimeToLiveSpecification });
  } catch (error) {
    // dynalite deletes nothing by itself and has no such call; readers filter anyway.
    if (!isNamed(error, "UnknownOperationException")) throw error;
  }
}

const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;
