import { checksum, encodeUtf8 } from "../../../tiles/codec/bytes.ts";
import type { Log } from "../../console/log.ts";
import { sha256Hex } from "../../kit/sha256.ts";
import type { LiveStream, LiveStreams } from "../../live/live-streams.ts";
import { StoreUnavailableError } from "../../ports/report-store.ts";

/** A binding of Durable Objects, as far as we use it. */
export interface LiveNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(url: string, init?: { headers: Record<string, string> }): Promise<Response> };
}

/** Live streams of the Durable Objects `LiveShard`: a client always comes to the same one, where it can resume. */
export function createShardedLive(shards: LiveNamespace, count: number, log: Log): LiveStreams {
  return {
    async open({ holder, ...ask }) {
      const { who, isCustomer = false } = holder;
      const shard = checksum(encodeUtf8(who)) % count;
      const stub = shards.get(shards.idFromName(`live-${shard}`));
      const url = `https://live.invalid/?ask=${encodeURIComponent(JSON.stringify(ask))}`;
      // In a header, and as a hash: addresses of requests are logged.
      const headers = { Holder: JSON.stringify({ who: sha256Hex(who), isCustomer }) };
      const response = await stub.fetch(url, { headers }).catch((error: unknown) => {
        log.warn("live shard does not answer", { error, shard });
        return undefined;
      });
      if (response?.ok && response.body !== null) return response.body as LiveStream;
      await response?.body?.cancel();
      const reason = response?.headers.get("Reason");
      if (reason === "store") throw new StoreUnavailableError("the live shard has no feed");
      return reason === "client" ? "client" : "full";
    },
  };
}
