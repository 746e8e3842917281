import type { Flag, KeptFlag } from "../../ports/report-store.ts";
import { flagsPartition, type Key } from "../keys.ts";
import { ttlSeconds } from "../rows.ts";
import { collect } from "./batches.ts";
import type { Requests } from "./requests.ts";

interface FlagRow extends Key {
  readonly reason?: string;
}

/** Notes that somebody flagged a report, once for each; returns all flags of it. */
export async function addFlag(requests: Requests, reportId: string, flag: Flag): Promise<KeptFlag[]> {
  const { flagger, reason, untilMs } = flag;
  const pk = flagsPartition(reportId);
  const Item = { pk, sk: flagger, ...(reason && { reason }), expires_at: ttlSeconds(untilMs) };
  await requests.putIf({ Item, ConditionExpression: "attribute_not_exists(pk)" });
  return readFlags(requests, reportId);
}

export async function readFlags(requests: Requests, reportId: string): Promise<KeptFlag[]> {
  const pages = requests.queryPages<FlagRow>({
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": flagsPartition(reportId) },
    ConsistentRead: true,
  });
  return (await collect(pages)).map(({ sk, reason }) => ({ flagger: sk, ...(reason && { reason }) }));
}
