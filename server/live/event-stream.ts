import type { LiveEvent, LiveSubscription } from "./subscription.ts";
import type { ToldTile } from "./watched-tiles.ts";

/** Proxies commonly close what is silent for 30 s or more. */
const HEARTBEAT_MS = 15_000;
/** Clients come back after this time, not all at once when a server was started anew. */
const RETRY_MS = 2000;
const RETRY_SPREAD_MS = 3000;

/**
 * A subscription as server-sent events (HTML, section 9.2). It is pulled: while the client's connection is full nothing is
 * taken from the subscription, where changes merge. Ends when the subscription does, and ends it when cancelled. Hono's
 * `streamSSE` is pushed into, and a Durable Object has no app.
 */
export function eventStream(subscription: LiveSubscription): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const retryMs = Math.round(RETRY_MS + Math.random() * RETRY_SPREAD_MS);
  return new ReadableStream(
    {
      start(controller) {
        const id = subscription.startId === undefined ? "" : `id: ${subscription.startId}\n`;
        const data = JSON.stringify({ tiles: subscription.tellsTiles });
        controller.enqueue(encoder.encode(`retry: ${retryMs}\nevent: hello\n${id}data: ${data}\n\n`));
      },
      async pull(controller) {
        const events = await subscription.next(HEARTBEAT_MS);
        if (events === undefined) controller.close();
        else controller.enqueue(encoder.encode(events.map(format).join("")));
      },
      cancel() {
        subscription.close();
      },
    },
    { highWaterMark: 0 },
  );
}

function format(event: LiveEvent): string {
  // A comment too, for readers that know no event of this name.
  const comment = event.type === "beat" ? ":\n" : "";
  return `${comment}event: ${event.type}\nid: ${event.id}\ndata: ${JSON.stringify(dataOf(event))}\n\n`;
}

function dataOf(event: LiveEvent): object {
  if (event.type === "tiles") {
    const { layer, tile } = event.tiles[0] as ToldTile;
    return { layer, z: tile.z, tiles: event.tiles.map(({ tile: { x, y }, tag }) => [x, y, tag]) };
  }
  if (event.type !== "change") return {};
  const { layer, geohash, atMs } = event.change;
  return { layer, geohash, at: new Date(atMs).toISOString() };
}
