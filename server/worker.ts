import { createIsolate, type Isolate } from "./edge/isolate.ts";
import type { ExecutionContext, WorkerEnv } from "./edge/worker-env.ts";

/** The whole product in workerd, as `wrangler.toml` deploys it. Requests of one isolate share its caches, never its I/O. */

let isolate: Isolate | undefined;

function isolateOf(env: WorkerEnv): Isolate {
  isolate ??= createIsolate(env);
  return isolate;
}

export default {
  async fetch(request: Request, env: WorkerEnv, context: ExecutionContext): Promise<Response> {
    const response = isolateOf(env).fetch(request, (work) => context.waitUntil(work));
    // Without this a client that hangs up would freeze its request half way through a build.
    context.waitUntil(response.catch(() => {}));
    return response;
  },

  /** The cron trigger. */
  async scheduled(_controller: unknown, env: WorkerEnv): Promise<void> {
    await isolateOf(env).compact();
  },
};
