import "../style/time-lapse.css";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import type { MapHandle } from "../map/map-handle.ts";
import { onThemeChange } from "../map/theme.ts";
import { viewBox } from "../map/view-box.ts";
import type { Page } from "../page/page-state.ts";
import { prefersReducedMotion } from "../ui/dom.ts";
import { formatCount, WINDOW_LABELS } from "../words/words.ts";
import { createPlayer } from "./player.ts";
import { createPlayhead } from "./playhead.ts";
import { createPointsLayer, POINTS_LAYER } from "./points-layer.ts";
import { type LapseReports, MAX_REPORTS, readReports } from "./read-reports.ts";
import { countSteps, type Steps, stepName, stepsOf, stepWords } from "./steps.ts";

/** The API lists no boxes that are larger than a city. */
const MIN_ZOOM = 10.5;
const SETTLE_MS = 400;
/** However long the window is, one does not watch longer. */
const RUN_MS = { hour: 24_000, day: 18_000 } as const;
/** The stylesheet's, too: on narrower screens an open card hides the player. */
const BOTH_FIT_FROM_PX = 1100;
const NOTHING: LapseReports = { reports: [], isComplete: true };

export interface TimeLapseOptions {
  readonly section: HTMLElement;
  readonly opener: HTMLElement;
  readonly liveMap: MapHandle;
  readonly page: Page;
}

export interface TimeLapse {
  /** Opens it, or closes it when it is open. */
  toggle(): void;
}

/**
 * Runs through the window step by step: the visible map's reports appear at their time and fade, over a histogram that can be
 * drawn along. Those who want no motion step by hand.
 */
export function createTimeLapse({ section, opener, liveMap, page }: TimeLapseOptions): TimeLapse {
  const { map } = liveMap;
  const player = createPlayer(section);
  const scene = createScene(liveMap, player, page);
  const { playhead } = scene;
  const addPoints = () => {
    if (!section.hidden && !map.getLayer(POINTS_LAYER)) map.addLayer(scene.layer);
  };
  const open = () => {
    section.hidden = false;
    if (innerWidth <= BOTH_FIT_FROM_PX) page.set({ card: undefined });
    document.body.classList.add("lapsing");
    liveMap.popups.close();
    liveMap.hideReports(true);
    addPoints();
    playhead.moveTo(0);
    playhead.stop();
    player.play.focus();
    void scene.fill().then((hasReports) => {
      if (hasReports && !section.hidden && !prefersReducedMotion()) playhead.run();
    });
  };
  const close = () => {
    scene.clear();
    section.hidden = true;
    document.body.classList.remove("lapsing");
    if (map.getLayer(POINTS_LAYER)) map.removeLayer(POINTS_LAYER);
    liveMap.hideReports(false);
    opener.focus();
  };
  bindControls(player, playhead, close);
  section.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  let settling: ReturnType<typeof setTimeout> | undefined;
  const fillSoon = () => {
    clearTimeout(settling);
    if (!section.hidden) settling = setTimeout(scene.fill, SETTLE_MS);
  };
  map.on("moveend", fillSoon);
  page.listen((state, before) => {
    if (state.layers !== before.layers || state.window !== before.window) fillSoon();
  });
  // A new theme's style knows nothing of the points.
  onThemeChange(() => map.once("styledata", addPoints));
  return { toggle: () => (section.hidden ? open() : close()) };
}

function bindControls(
  { play, scrubber, close: closer }: ReturnType<typeof createPlayer>,
  playhead: ReturnType<typeof createPlayhead>,
  close: () => void,
): void {
  play.addEventListener("click", () => {
    if (prefersReducedMotion()) playhead.step();
    else if (playhead.isRunning) playhead.stop();
    else playhead.run();
  });
  scrubber.addEventListener("input", () => {
    playhead.stop();
    // The end of the step: its reports have appeared.
    playhead.moveTo(Number(scrubber.value) + 0.999);
  });
  closer.addEventListener("click", close);
}

/** What is shown: the reports of the view in the window's steps, at the playhead's time. */
function createScene({ map }: MapHandle, player: ReturnType<typeof createPlayer>, page: Page) {
  const points = createPointsLayer(map);
  let steps: Steps = stepsOf(page.get().window, Date.now(), 0);
  let totals: readonly number[] = [];
  let pending: AbortController | undefined;

  const show = () => {
    const step = Math.min(steps.count - 1, Math.floor(playhead.position));
    points.setNow(playhead.position);
    player.histogram.setPosition(playhead.position / steps.count);
    player.showStep(step, stepWords(steps, step), totals[step] ?? 0);
  };
  const showAction = () => {
    if (prefersReducedMotion()) player.showAction({ next: stepName(steps) });
    else player.showAction(playhead.isRunning ? "pause" : "play");
  };
  const playhead = createPlayhead(show, showAction);

  const draw = ({ reports, isComplete }: LapseReports, note: string) => {
    const counts = countSteps(steps, reports);
    totals = Array.from({ length: steps.count }, (_, step) =>
      REPORT_LAYERS.reduce((sum, layer) => sum + (counts[layer][step] ?? 0), 0),
    );
    const oldestMs = isComplete ? steps.startMs : (reports.at(-1)?.atMs ?? steps.startMs);
    player.histogram.draw(counts, Math.max(0, (oldestMs - steps.startMs) / steps.stepMs));
    points.setReports(reports, steps);
    player.note(note);
    show();
  };
  const drawNothing = (why: string): false => {
    playhead.stop();
    draw(NOTHING, why);
    return false;
  };
  return {
    layer: points.layer,
    playhead,
    /** Reads the view's reports again. Resolves to whether there is something to see. */
    async fill(): Promise<boolean> {
      pending?.abort();
      pending = new AbortController();
      const { signal } = pending;
      const { layers: shown, window } = page.get();
      const layers: readonly ReportLayer[] = shown.length > 0 ? shown : REPORT_LAYERS;
      steps = stepsOf(window, Date.now(), -new Date().getTimezoneOffset());
      playhead.resize(steps.count, RUN_MS[stepName(steps)]);
      player.scrubber.max = String(steps.count - 1);
      showAction();
      if (map.getZoom() < MIN_ZOOM) return drawNothing("Zoom in to a city to see its days go by.");
      player.note("Loading reports…");
      try {
        const found = await readReports({ bbox: viewBox(map), layers, since: window }, signal);
        draw(found, describe(found, WINDOW_LABELS[window][1]));
        return found.reports.length > 0;
      } catch (error) {
        if (signal.aborted) return false;
        return drawNothing(error instanceof Error ? error.message : "The reports could not be loaded.");
      }
    },
    clear(): void {
      pending?.abort();
      drawNothing("");
    },
  };
}

function describe({ reports, isComplete }: LapseReports, window: string): string {
  return isComplete
    ? `${formatCount(reports.length)} reports in view, ${window}`
    : `Only the newest ${formatCount(MAX_REPORTS)} in view: zoom in, or choose fewer days, to see all`;
}
