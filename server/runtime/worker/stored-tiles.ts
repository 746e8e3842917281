import { z } from "zod";
import type { Clock } from "../../ports/clock.ts";
import { secondsOf } from "../../serving/cache-policy.ts";
import { asEncoded } from "./worker-compressor.ts";

/** The part of the Cache API that we use: `caches.default`, which belongs to one data centre. */
export interface AnswerStore {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
}

export interface StoredTiles {
  /**
   * Answers a request of the gateway, at best from the store; `render` makes what is not in it. `later` keeps going what nobody
   * waits for. Says with Cf-Cache-Status what it did, as Workers Cache does, and with Age how old the answer is.
   */
  answer(request: Request, render: Render, later: (work: Promise<unknown>) => void): Promise<Response>;
}

type Render = (request: Request) => Promise<Response>;

/** Of an answer, beside its body. */
const keptSchema = z.object({
  status: z.int(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  atMs: z.number(),
});
type Kept = z.infer<typeof keptSchema>;

const KEPT = "X-Kept";
const WORLD = "https://tiles.invalid";

/**
 * Keeps tiles where there is no Workers Cache, as long as CDN-Cache-Control says. The Cache API knows neither
 * stale-while-revalidate nor Vary, and decodes what is stored as coded, so answers are stored as mere bytes under an address
 * with the coding in it, and their age is looked at here. Nothing is ever served beyond the bound, whatever the store does.
 */
export function createStoredTiles(store: AnswerStore, clock: Clock): StoredTiles {
  // Names only: promises are not shared between requests.
  const refreshing = new Set<string>();

  async function renderAndKeep(key: string, request: Request, render: Render, later: (work: Promise<unknown>) => void) {
    const atMs = clock.now();
    const response = await render(request);
    const seconds = lifetimeOf(response.headers);
    if (![200, 204].includes(response.status) || seconds.bound === 0) return response;
    const body = await response.arrayBuffer();
    const kept: Kept = { status: response.status, headers: [...response.headers], atMs };
    const headers = {
      [KEPT]: JSON.stringify(kept),
      "Cache-Control": `public, max-age=${seconds.bound}`,
      "Content-Type": "application/octet-stream",
    };
    later(store.put(key, new Response(body, { headers })).catch(() => {}));
    return unpack(kept, body, { status: "MISS", ageMs: 0 });
  }

  async function refresh(key: string, request: Request, render: Render, later: (work: Promise<unknown>) => void) {
    refreshing.add(key);
    try {
      await renderAndKeep(key, request, render, later);
    } finally {
      refreshing.delete(key);
    }
  }

  return {
    async answer(request, render, later) {
      const key = keyOf(request);
      const stored = await store.match(key).catch(() => undefined);
      const kept = stored && readKept(stored.headers.get(KEPT));
      if (!stored || !kept) return renderAndKeep(key, request, render, later);
      const ageMs = clock.now() - kept.atMs;
      const { fresh, bound } = lifetimeOf(new Headers(kept.headers));
      if (ageMs > bound * 1000) return renderAndKeep(key, request, render, later);
      const isFresh = ageMs <= fresh * 1000;
      if (!isFresh && !refreshing.has(key)) later(refresh(key, request, render, later).catch(() => {}));
      return unpack(kept, await stored.arrayBuffer(), { status: isFresh ? "HIT" : "UPDATING", ageMs });
    },
  };
}

/** Undefined where another program wrote something else. */
function readKept(text: string | null): Kept | undefined {
  try {
    return keptSchema.parse(JSON.parse(text ?? ""));
  } catch {
    return undefined;
  }
}

function keyOf(request: Request): string {
  const { pathname, search } = new URL(request.url);
  return `${WORLD}/${request.headers.get("Accept-Encoding") ?? "identity"}${pathname}${search}`;
}

function lifetimeOf(headers: Headers): { fresh: number; bound: number } {
  const control = headers.get("CDN-Cache-Control");
  const fresh = secondsOf(control, "max-age");
  return { fresh, bound: fresh + secondsOf(control, "stale-while-revalidate") };
}

function unpack({ status, headers }: Kept, body: ArrayBuffer, found: { status: string; ageMs: number }): Response {
  const all = new Headers(headers);
  all.set("Cf-Cache-Status", found.status);
  all.set("Age", `${Math.max(0, Math.floor(found.ageMs / 1000))}`);
  return asEncoded(new Response(status === 204 ? null : body, { status, headers: all }));
}
