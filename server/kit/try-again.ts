import { sleep } from "./wait.ts";

const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 400;
const MAX_TRIES = 20;

/**
 * Tries what others may do at the same moment, each of whom makes the others' attempts void: again after random pauses that grow, so that
 * fewer meet each time. About three seconds at most.
 * @param attempt undefined: another one was first
 * @returns undefined when all tries were in vain
 */
export async function tryAgain<T>(attempt: () => Promise<T | undefined>): Promise<T | undefined> {
  for (let tries = 1; ; tries++) {
    const done = await attempt();
    if (done !== undefined || tries === MAX_TRIES) return done;
    await sleep(Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries));
  }
}
