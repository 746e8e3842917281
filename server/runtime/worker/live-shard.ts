import { liveLimits } from "../../accounts/limits.ts";
import { createLog, type Log } from "../../console/log.ts";
import { repeatInBackground } from "../../kit/background.ts";
import { createLogFollower } from "../../live/follow-log.ts";
import { createLiveHub } from "../../live/hub.ts";
import { type LiveRequest, type LiveStreams, streamsOfHub } from "../../live/live-streams.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { createDynamoStore } from "../../store/dynamo/dynamo.ts";
import { createWorkerClient } from "../../store/dynamo/worker-client.ts";
import { readWorkerConfig, type WorkerEnv } from "./worker-env.ts";

/**
 * What a Durable Object does for `/api/live`: the same hub as on Node, which follows the change feed while somebody listens.
 * No write has to tell it, so there is no second way for changes to travel and none that could be forgotten.
 */
export interface LiveShard {
  /** Streams for a request of `createShardedLive`; 503 with `Reason` when it cannot. */
  answer(request: Request): Promise<Response>;
}

const POLL_EVERY_MS = 1000;
/** A client that comes back within this time finds what it missed. After that the object sleeps, and costs nothing. */
const LINGER_MS = 30_000;

export interface LiveShardOptions {
  readonly store: ReportStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxSubscribers: number;
}

export function openLiveShard(env: WorkerEnv): LiveShard {
  const { dynamo, logLevel, liveStreams } = readWorkerConfig(env);
  const { tableName: table, ...address } = dynamo;
  const clock = { now: Date.now };
  const log = createLog({ level: logLevel, pretty: false, write: (line) => console.log(line.trimEnd()), ...clock });
  const store = createDynamoStore({ client: createWorkerClient(address), table, clock });
  return createLiveShard({ store, clock, log, maxSubscribers: liveStreams });
}

export function createLiveShard({ store, clock, log, maxSubscribers }: LiveShardOptions): LiveShard {
  /** Undefined while it sleeps: whoever comes then cannot resume, and is told so by the new hub. */
  let running: Promise<LiveStreams> | undefined;

  async function start(): Promise<LiveStreams> {
    const hub = createLiveHub({ clock, maxSubscribers });
    const follower = createLogFollower({ store, hub, log });
    await follower.begin();
    let idleSinceMs: number | undefined;
    const following = repeatInBackground(
      async () => {
        idleSinceMs = hub.subscribers() > 0 ? undefined : (idleSinceMs ?? clock.now());
        if (idleSinceMs === undefined || clock.now() - idleSinceMs <= LINGER_MS) return follower.poll();
        running = undefined;
        hub.close();
        void following.stop();
      },
      { name: "reading changes", everyMs: POLL_EVERY_MS, log },
    );
    setTimeout(following.start, POLL_EVERY_MS);
    return streamsOfHub(hub, liveLimits(maxSubscribers));
  }

  return {
    async answer(request) {
      const ask = JSON.parse(new URL(request.url).searchParams.get("ask") ?? "") as Omit<LiveRequest, "holder">;
      const holder = JSON.parse(request.headers.get("Holder") ?? "{}") as LiveRequest["holder"];
      running ??= start();
      const starting = running;
      let streams: LiveStreams;
      try {
        streams = await starting;
      } catch (error) {
        if (running === starting) running = undefined;
        log.warn("live shard not started", { error });
        return new Response(null, { status: 503, headers: { Reason: "store" } });
      }
      const stream = await streams.open({ ...ask, holder });
      if (typeof stream === "string") return new Response(null, { status: 503, headers: { Reason: stream } });
      return new Response(stream, { headers: { "Content-Type": "text/event-stream" } });
    },
  };
}
