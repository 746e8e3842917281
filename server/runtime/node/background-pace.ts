import { AsyncLocalStorage } from "node:async_hooks";
import { createPace, type Pace } from "../../kit/pace.ts";
import type { ConsumedUnits } from "../../store/dynamo/requests.ts";
import type { Config } from "../config.ts";

/** A pace that knows of Node's requests, and what those to the store cost. */
export interface BackgroundPace extends Pace {
  /** To be told what every request to the store cost: those that a call of the background makes are spent. */
  consumed(units: ConsumedUnits): void;
  /** The same answers, with the time until each begins known to the pace. A live stream's has begun when it is open. */
  during<E>(fetch: Fetch<E>): Fetch<E>;
}

type Fetch<E> = (request: Request, env: E) => Response | Promise<Response>;

/** Units are spent of a DynamoDB alone: embedded stores cost none, and an emulator in their place is taken for the real one. */
export function createBackgroundPace(config: Pick<Config, "dynamo" | "backgroundUnitsPerSecond">): BackgroundPace {
  const pace = createPace(config.dynamo === undefined ? {} : { unitsPerSecond: config.backgroundUnitsPerSecond });
  const ofBackground = new AsyncLocalStorage<true>();
  return {
    ...pace,
    run: (call) => pace.run(() => ofBackground.run(true, call)),
    consumed({ read, write }) {
      if (ofBackground.getStore() === true) pace.spend(read + write);
    },
    during: (fetch) =>
      async function duringRequest(request, env) {
        const end = pace.begin(kindOf(request.url));
        try {
          return await fetch(request, env);
        } finally {
          end();
        }
      },
  };
}

/** `tiles`, `api/reports`: what requests for it are like. */
function kindOf(url: string): string {
  return /^[^:]*:\/\/[^/]*\/((?:api\/)?[^/?]*)/.exec(url)?.[1] ?? "";
}
