import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import { answerCachedTile, purgeCachedTiles } from "./runtime/worker/cached-tiles.ts";
import { type AlarmStorage, createCompactionAlarm } from "./runtime/worker/compaction-alarm.ts";
import { answerRequest } from "./runtime/worker/gateway.ts";
import { openLiveShard, type LiveShard as Shard } from "./runtime/worker/live-shard.ts";
import { workerAppOf } from "./runtime/worker/worker-app.ts";
import type { ExecutionContext, WorkerEnv } from "./runtime/worker/worker-env.ts";

/** The whole product in workerd, as `wrangler.toml` deploys it. Requests of one isolate share its caches, never its I/O. */
export default {
  fetch: answerRequest,

  /** The cron trigger. */
  async scheduled(_controller: unknown, env: WorkerEnv): Promise<void> {
    await workerAppOf(env).compact();
  },
};

/** Tiles, with Workers Cache in front of them. */
export class CachedTiles extends WorkerEntrypoint<WorkerEnv, ExecutionContext> {
  fetch(request: Request): Promise<Response> {
    return answerCachedTile(request, this.env, this.ctx);
  }

  /** Called from outside, because a purge reaches only what its own entrypoint keeps. */
  purge(tags: readonly string[]): Promise<boolean> {
    return purgeCachedTiles(tags, this.ctx.cache);
  }
}

/** Live streams: each object holds those of some clients. */
export class LiveShard extends DurableObject<WorkerEnv> {
  #shard: Shard | undefined;

  fetch(request: Request): Promise<Response> {
    this.#shard ??= openLiveShard(this.env);
    return this.#shard.answer(request);
  }
}

/** The alarm of the compaction, of which there is one. */
export class HurriedCompaction extends DurableObject<WorkerEnv, { readonly storage: AlarmStorage }> {
  readonly #alarm = createCompactionAlarm(this.ctx.storage, { now: Date.now });

  async fetch(): Promise<Response> {
    return new Response(String(await this.#alarm.set()));
  }

  async alarm(): Promise<void> {
    await this.#alarm.rang();
    await workerAppOf(this.env).compactHurried();
  }
}
