import { checksum, encodeUtf8 } from "../../../tiles/codec/bytes.ts";
import type { Log } from "../../console/log.ts";
import type { LiveStreams } from "../../live/live-streams.ts";
import { StoreUnavailableError } from "../../ports/report-store.ts";

/** A binding of Durable Objects, as far as we use it. */
export interface LiveNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(url: string): Promise<Response> };
}

/** Live streams of the Durable Objects `LiveShard`: a client always comes to the same one, where it can resume. */
export function createShardedLive(shards: LiveNamespace, count: number, log: Log): LiveStreams {
  return {
    async open({ client, ...ask }) {
      const shard = checksum(encodeUtf8(client ?? "")) % count;
      const stub = shards.get(shards.idFromName(`live-${shard}`));
      const url = `https://live.invalid/?ask=${encodeURIComponent(JSON.stringify(ask))}`;
      const response = await stub.fetch(url).catch((error: unknown) => {
        log.warn("live shard does not answer", { error, shard });
        return undefined;
      });
      if (response?.ok && response.body !== null) return response.body as ReadableStream<Uint8Array<ArrayBuffer>>;
      await response?.body?.cancel();
      if (response?.headers.get("Reason") === "store") throw new StoreUnavailableError("the live shard has no feed");
      return undefined;
    },
  };
}
