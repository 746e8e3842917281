import { Client } from "pg";

const TIMEOUT_MS = 2_000;

/** Whether an embedded store, by its http or postgres URL, answers a request. */
export async function answers(url: string): Promise<boolean> {
  try {
    return url.startsWith("http") ? await dynamoAnswers(url) : await postgresAnswers(url);
  } catch {
    return false;
  }
}

async function dynamoAnswers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return (await response.text()).startsWith("healthy: dynamodb");
}

async function postgresAnswers(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString, connectionTimeoutMillis: TIMEOUT_MS, query_timeout: TIMEOUT_MS });
  // A connection that breaks is an answer too; without a listener it would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}
