import type { MetricSample } from "../ports/metrics.ts";

/**
 * Lets background work run beside requests without slowing them down: each of its calls of a store is made when it is its turn.
 *
 * While nobody asks for anything the calls follow one another, a few at a time, and the event loop goes round between them. While requests
 * are under way, or have lately taken longer than they do when the background is quiet, calls wait; but one at a time they get a
 * tenth of the time whatever happens, so that the work always comes forward. Where calls cost units, they get no more a second
 * than they may spend.
 */
export interface Pace {
  /**
   * A request begins. Call what is returned when it is answered.
   * @param kind what it is like; the usual time is known for each kind, so there must be few
   */
  begin(kind: string): () => void;
  /** A request was answered at once, from memory. One takes nothing, but many take the event loop. */
  answered(): void;
  /** Makes a call of the background when it is its turn. Settles as the call does. */
  run<T>(call: () => Promise<T>): Promise<T>;
  /** A call of the background turned out to cost so many units. */
  spend(units: number): void;
  samples(): MetricSample[];
}

export interface PaceOptions {
  /** What calls may cost a second; without it nobody counts. */
  readonly unitsPerSecond?: number;
}

/** Calls under way while nobody asks for anything. */
const WIDTH = 4;
/** While somebody does, a call that took t, with what was made of its answer, is followed by a pause of nine t, within bounds. */
const PAUSE_PER_CALL = 9;
const LEAST_PAUSE_MS = 10;
const MOST_PAUSE_MS = 1_000;
/** Requests are slow when they take so many times as long as usual. */
const SLOW = 2;
/** So long after the last slow request nobody is slowed down any more. */
const SLOW_FOR_MS = 250;
/** So many requests that are answered at once within so long are pressing, for as long again. */
const MANY_ANSWERED = 50;
const ANSWERED_WITHIN_MS = 100;
/** Weights of the newest request in what is usual, and in how slow they are now. */
const USUAL_WEIGHT = 1 / 16;
const SLOWNESS_WEIGHT = 1 / 4;
/** A single request says no more than that; and none is slow that takes less than a millisecond. */
const MOST_SLOWNESS = 8;
const LEAST_USUAL_MS = 1;
const MOST_KINDS = 64;

export function createPace({ unitsPerSecond = Infinity }: PaceOptions = {}): Pace {
  const calls: Calls = { underWay: 0, made: 0 };
  const requests = createRequestWatch(calls);
  const budget = createBudget(unitsPerSecond);
  const waiting: { readonly start: () => void; readonly sinceMs: number }[] = [];
  let waitedMs = 0;
  /** When the next call is due although there are requests. */
  let leastAtMs = Number.NEGATIVE_INFINITY;
  let next: { readonly atMs: number; readonly callOff: () => void } | undefined;

  /** How long the next call has to wait; Infinity: until one of those under way is done. */
  function waitMs(nowMs: number): number {
    const pressedUntilMs = requests.pressedUntilMs();
    const isPressed = nowMs < pressedUntilMs;
    if (calls.underWay >= (isPressed ? 1 : WIDTH)) return Infinity;
    return Math.max(0, budget.waitMs(nowMs), isPressed ? Math.min(leastAtMs, pressedUntilMs) - nowMs : 0);
  }

  /** Finds out when the next call may be made, which is never in the midst of what goes on now. */
  function look(): void {
    if (waiting.length === 0) return;
    const nowMs = performance.now();
    const ms = Math.ceil(waitMs(nowMs));
    if (ms === Infinity || (next !== undefined && next.atMs <= nowMs + ms)) return;
    next?.callOff();
    next = { atMs: nowMs + ms, callOff: after(ms, startNext) };
  }

  /** Unless a request came meanwhile. */
  function startNext(): void {
    next = undefined;
    const nowMs = performance.now();
    if (waitMs(nowMs) === 0) {
      const first = waiting.shift();
      if (first === undefined) return;
      calls.underWay++;
      calls.made++;
      waitedMs += nowMs - first.sinceMs;
      first.start();
    }
    look();
  }

  function done(startMs: number): void {
    calls.underWay--;
    const nowMs = performance.now();
    leastAtMs = nowMs + Math.min(MOST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, PAUSE_PER_CALL * (nowMs - startMs)));
    look();
  }

  return {
    begin(kind) {
      const end = requests.begin(kind);
      return () => {
        end();
        look();
      };
    },

    answered: requests.answered,

    async run(call) {
      await new Promise<void>((start) => {
        waiting.push({ start, sinceMs: performance.now() });
        look();
      });
      const startMs = performance.now();
      try {
        return await call();
      } finally {
        // Behind what is made of the answer at once, which keeps requests waiting as well.
        after(0, () => done(startMs));
      }
    },

    spend: budget.spend,

    samples: () => [
      counter("stratum_background_calls_total", "Calls of the stores by background work.", calls.made),
      counter("stratum_background_wait_seconds_total", "Time for which they waited their turn.", waitedMs / 1000),
    ],
  };
}

/** Calls of the background. */
interface Calls {
  underWay: number;
  made: number;
}

/** Knows whether requests are under way, and whether they take longer than usual. */
function createRequestWatch(calls: Calls) {
  /** How long requests of a kind take while the background is quiet, milliseconds. */
  const usual = new Map<string, number>();
  let underWay = 0;
  let slowness = 1;
  let pressedUntilMs = Number.NEGATIVE_INFINITY;
  let answered = { count: 0, sinceMs: Number.NEGATIVE_INFINITY };

  function note(kind: string, tookMs: number, wasQuiet: boolean): void {
    const known = usual.get(kind);
    if (wasQuiet && (known !== undefined || usual.size < MOST_KINDS)) {
      usual.set(kind, known === undefined ? tookMs : known + (tookMs - known) * USUAL_WEIGHT);
    }
    if (known === undefined) return;
    const ratio = Math.min(MOST_SLOWNESS, tookMs / Math.max(LEAST_USUAL_MS, known));
    slowness += (ratio - slowness) * SLOWNESS_WEIGHT;
    if (slowness >= SLOW) pressFor(SLOW_FOR_MS);
  }

  function pressFor(ms: number): void {
    pressedUntilMs = Math.max(pressedUntilMs, performance.now() + ms);
  }

  return {
    answered(): void {
      const nowMs = performance.now();
      if (nowMs - answered.sinceMs > ANSWERED_WITHIN_MS) answered = { count: 0, sinceMs: nowMs };
      if (++answered.count >= MANY_ANSWERED) pressFor(ANSWERED_WITHIN_MS);
    },
    begin(kind: string): () => void {
      const startMs = performance.now();
      const madeBefore = calls.made;
      const beganQuiet = calls.underWay === 0;
      underWay++;
      return () => {
        underWay--;
        note(kind, performance.now() - startMs, beganQuiet && calls.made === madeBefore);
      };
    },
    pressedUntilMs: (): number => (underWay > 0 ? Infinity : pressedUntilMs),
  };
}

/** What may be spent: a second's worth at once, and what was spent beyond it is waited for. */
function createBudget(unitsPerSecond: number) {
  let left = unitsPerSecond;
  let atMs = performance.now();

  function refill(nowMs: number): void {
    left = Math.min(unitsPerSecond, left + ((nowMs - atMs) / 1000) * unitsPerSecond);
    atMs = nowMs;
  }

  return {
    spend(units: number): void {
      if (unitsPerSecond === Infinity) return;
      refill(performance.now());
      left -= units;
    },
    waitMs(nowMs: number): number {
      if (unitsPerSecond === Infinity) return 0;
      refill(nowMs);
      return left > 0 ? 0 : (-left / unitsPerSecond) * 1000 + 1;
    },
  };
}

const counter = (name: string, help: string, value: number): MetricSample => ({ name, help, type: "counter", value });

/** Runs something later; 0: when the event loop has gone round once. Returns what calls it off. */
function after(ms: number, run: () => void): () => void {
  if (ms === 0) {
    const immediate = setImmediate(run);
    return () => clearImmediate(immediate);
  }
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
