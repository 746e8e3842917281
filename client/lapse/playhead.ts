/** Where the time-lapse is, and whether it runs. */
export interface Playhead {
  /** In steps from the start, up to `count`. */
  readonly position: number;
  readonly isRunning: boolean;
  /** Another number of steps, gone through in so long: it stays at the same share of them. */
  resize(count: number, runMs: number): void;
  moveTo(position: number): void;
  /** Runs to the end, from the start when it is there already. */
  run(): void;
  stop(): void;
  /** One step on, after the end the first. */
  step(): void;
}

/** A page that was hidden goes on where it was, a slow one keeps up. */
const MAX_FRAME_MS = 1_000;

export function createPlayhead(onMove: () => void, onRunning: () => void): Playhead {
  let position = 0;
  let count = 1;
  let perMs = 1;
  let frame: number | undefined;
  const moveTo = (to: number) => {
    position = Math.min(count, to);
    onMove();
  };
  const stop = () => {
    if (frame !== undefined) cancelAnimationFrame(frame);
    frame = undefined;
    onRunning();
  };
  const goOn = (beforeMs: number) => {
    frame = requestAnimationFrame((nowMs) => {
      goOn(nowMs);
      moveTo(position + Math.min(MAX_FRAME_MS, nowMs - beforeMs) * perMs);
      if (position >= count) stop();
    });
  };
  return {
    get position() {
      return position;
    },
    get isRunning() {
      return frame !== undefined;
    },
    resize(steps, runMs) {
      position = (position / count) * steps;
      count = steps;
      perMs = steps / runMs;
    },
    moveTo,
    run() {
      if (position >= count) position = 0;
      goOn(performance.now());
      onRunning();
    },
    stop,
    step: () => moveTo(position >= count ? 1 : Math.floor(position) + 1),
  };
}
