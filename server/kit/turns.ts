import { createClientHash } from "./client-hash.ts";

/** Work of clients that takes its turn: of one client so much at once, so that another's need not wait behind all of it. */
export interface Turns {
  /**
   * Waits for a turn of this client. Undefined when as many wait for one as may.
   * @returns ends the turn; to be called once
   */
  take(who: string): Promise<() => void> | undefined;
}

export interface TurnsOptions {
  /** Of one client. */
  readonly atOnce: number;
  readonly waiting: number;
}

interface Client {
  running: number;
  readonly waiting: (() => void)[];
}

export function createTurns({ atOnce, waiting: mostWaiting }: TurnsOptions): Turns {
  /** Those that have something under way. */
  const clients = new Map<string, Client>();
  const nameOf = createClientHash();

  function end(name: string, client: Client): void {
    const next = client.waiting.shift();
    // Others are looked after in between: what waits is not theirs, and in memory it would go on without a pause.
    if (next !== undefined) setTimeout(next);
    else if (--client.running === 0) clients.delete(name);
  }

  return {
    take(who) {
      const name = nameOf(who);
      const client = clients.get(name) ?? { running: 0, waiting: [] };
      clients.set(name, client);
      if (client.running >= atOnce && client.waiting.length >= mostWaiting) return undefined;
      const turn = () => end(name, client);
      if (client.running < atOnce) {
        client.running++;
        return Promise.resolve(turn);
      }
      return new Promise((resolve) => client.waiting.push(() => resolve(turn)));
    },
  };
}
