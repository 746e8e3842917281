import type { Clock } from "../ports/clock.ts";
import { createRateLimit } from "./rate-limit.ts";

export interface BurstWatchOptions {
  readonly clock: Clock;
  /** What one client may do in a minute, also at once, before it is a burst. */
  readonly clientPerMinute: number;
  /** What all clients of this process may do in a minute, however little is usual. */
  readonly allPerMinute: number;
}

export interface BurstWatch {
  /**
   * Counts one more, of a client and of its network, which may do as much in a minute as one client: an address more costs nothing.
   * @returns 0, or for how many seconds there is a burst.
   */
  note(client: string, network: string): number;
}

const MINUTE_MS = 60_000;
/** So many times what is usual is a burst of all. */
const FAR_ABOVE = 10;
/** What is usual follows the minutes by this share: about an hour back. */
const SHARE_OF_A_MINUTE = 1 / 60;

/** Tells a client, or all of them together, that do far more than they use to. In memory, as `createRateLimit` is. */
export function createBurstWatch({ clock, clientPerMinute, allPerMinute }: BurstWatchOptions): BurstWatch {
  const calm = createRateLimit({ clock, perMinute: clientPerMinute });
  const calmNetworks = createRateLimit({ clock, perMinute: clientPerMinute });
  let [minute, count, usual] = [-1, 0, 0];

  return {
    note(client, network) {
      const now = clock.now();
      const current = Math.floor(now / MINUTE_MS);
      if (current !== minute) {
        // Quiet minutes between count too; a day of them is as good as for ever.
        const quiet = minute < 0 ? 0 : Math.min(1_440, Math.max(0, current - minute - 1));
        usual = (usual + (count - usual) * SHARE_OF_A_MINUTE) * (1 - SHARE_OF_A_MINUTE) ** quiet;
        [minute, count] = [current, 0];
      }
      count++;
      const waitSeconds = calm.take(client) || calmNetworks.take(network);
      if (waitSeconds > 0) return waitSeconds;
      if (count <= Math.max(allPerMinute, FAR_ABOVE * usual)) return 0;
      return Math.ceil(((current + 1) * MINUTE_MS - now) / 1_000);
    },
  };
}
