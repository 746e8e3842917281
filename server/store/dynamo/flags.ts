import type { Flag } from "../../ports/report-store.ts";
import { flagsPartition } from "../keys.ts";
import { ttlSeconds } from "../rows.ts";
import { collect } from "./batches.ts";
import type { Requests } from "./requests.ts";

/** Notes that somebody flagged a report, once for each; returns how many have. */
export async function addFlag(requests: Requests, reportId: string, flag: Flag): Promise<number> {
  const { flagger, reason, untilMs } = flag;
  const pk = flagsPartition(reportId);
  const Item = { pk, sk: flagger, ...(reason && { reason }), expires_at: ttlSeconds(untilMs) };
  await requests.putIf({ Item, ConditionExpression: "attribute_not_exists(pk)" });
  const pages = requests.queryPages({
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": pk },
    ConsistentRead: true,
  });
  return (await collect(pages)).length;
}
