import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { element, icon, prefersReducedMotion } from "../dom.ts";
import { CLOSE_ICON, PAUSE_ICON, PLAY_ICON, STEP_ICON } from "../icons.ts";
import type { LiveMap } from "../map/live-map.ts";
import { onThemeChange } from "../map/theme.ts";
import type { Page } from "../page/page-state.ts";
import { formatCount, WINDOW_LABELS } from "../words.ts";
import { createHistogram } from "./histogram.ts";
import { createPointsLayer, POINTS_LAYER } from "./points-layer.ts";
import { MAX_REPORTS, readReports } from "./read-reports.ts";
import { countSteps, type Steps, stepName, stepsOf, stepWords } from "./steps.ts";

/** The API lists no boxes that are larger than a city. */
const MIN_ZOOM = 10.5;
const SETTLE_MS = 400;
/** However long the window is, one does not watch longer. */
const RUN_MS = { hour: 24_000, day: 18_000 } as const;

export interface TimeLapseOptions {
  readonly section: HTMLElement;
  readonly opener: HTMLElement;
  readonly liveMap: LiveMap;
  readonly page: Page;
}

export interface TimeLapse {
  open(): void;
}

/**
 * Runs through the window step by step: the visible map's reports appear at their time and fade, over a histogram that can be
 * drawn along. Those who want no motion step by hand.
 */
export function createTimeLapse({ section, opener, liveMap, page }: TimeLapseOptions): TimeLapse {
  const { map } = liveMap;
  const points = createPointsLayer(map);
  const histogram = createHistogram();
  const play = element("button", { type: "button", class: "bare play" });
  const when = element("strong", { class: "when" });
  const what = element("span", { class: "what" });
  const note = element("p", { class: "hint", role: "status" });
  const scrubber = element("input", { type: "range", min: "0", step: "1", "aria-label": "Time" });
  const closer = element(
    "button",
    { type: "button", class: "bare round", "aria-label": "Close the time-lapse" },
    icon(CLOSE_ICON),
  );
  section.replaceChildren(
    element("div", { class: "player-head" }, play, element("p", {}, when, what), closer),
    element("div", { class: "scrub" }, histogram.element, scrubber),
    note,
  );

  let steps: Steps = stepsOf(page.get().window, Date.now(), 0);
  let totals: readonly number[] = [];
  /** In steps from the start; the end is the whole window. */
  let position = 0;
  let running: number | undefined;
  let pending: AbortController | undefined;
  let settling: ReturnType<typeof setTimeout> | undefined;

  const show = () => {
    const step = Math.min(steps.count - 1, Math.floor(position));
    points.setNow(position);
    histogram.setPosition(position / steps.count);
    scrubber.value = String(step);
    const words = stepWords(steps, step);
    if (when.textContent === words && scrubber.getAttribute("aria-valuetext")) return;
    const count = totals[step] ?? 0;
    when.textContent = words;
    what.textContent = `${formatCount(count)} ${count === 1 ? "report" : "reports"}`;
    scrubber.setAttribute("aria-valuetext", `${words}, ${what.textContent}`);
  };
  const showPlay = () => {
    const [shape, label] = prefersReducedMotion()
      ? [STEP_ICON, `Next ${stepName(steps)}`]
      : running === undefined
        ? [PLAY_ICON, "Play"]
        : [PAUSE_ICON, "Pause"];
    play.replaceChildren(icon(shape));
    play.setAttribute("aria-label", label);
    play.title = label;
  };
  const stop = () => {
    if (running !== undefined) cancelAnimationFrame(running);
    running = undefined;
    showPlay();
  };
  const run = () => {
    let beforeMs = performance.now();
    const perMs = steps.count / RUN_MS[stepName(steps)];
    const frame = (nowMs: number) => {
      // A page that was hidden goes on where it was, a slow one keeps up.
      position += Math.min(1_000, nowMs - beforeMs) * perMs;
      beforeMs = nowMs;
      running = requestAnimationFrame(frame);
      if (position >= steps.count) {
        position = steps.count;
        stop();
      }
      show();
    };
    running = requestAnimationFrame(frame);
    showPlay();
  };
  const next = () => {
    position = position >= steps.count ? 1 : Math.min(steps.count, Math.floor(position) + 1);
    show();
  };
  play.addEventListener("click", () => {
    if (prefersReducedMotion()) return next();
    if (running !== undefined) return stop();
    if (position >= steps.count) position = 0;
    run();
  });
  scrubber.addEventListener("input", () => {
    stop();
    // The end of the step: its reports have appeared.
    position = Number(scrubber.value) + 0.999;
    show();
  });

  const fill = async () => {
    pending?.abort();
    pending = new AbortController();
    const { signal } = pending;
    const { layers: shown, window } = page.get();
    const layers: readonly ReportLayer[] = shown.length > 0 ? shown : REPORT_LAYERS;
    const before = position / steps.count;
    steps = stepsOf(window, Date.now(), -new Date().getTimezoneOffset());
    scrubber.max = String(steps.count - 1);
    if (map.getZoom() < MIN_ZOOM) return empty("Zoom in to a city to see its days go by.");
    note.textContent = "Loading reports…";
    try {
      const { _sw, _ne } = map.getBounds();
      const bbox = [_sw.lng, Math.max(-90, _sw.lat), _ne.lng, Math.min(90, _ne.lat)] as const;
      const { reports, isComplete } = await readReports({ bbox, layers, since: window }, signal);
      const counts = countSteps(steps, reports);
      totals = Array.from({ length: steps.count }, (_, step) =>
        layers.reduce((sum, of) => sum + (counts[of][step] ?? 0), 0),
      );
      const oldestMs = isComplete ? steps.startMs : (reports.at(-1)?.atMs ?? steps.startMs);
      histogram.draw(counts, Math.max(0, (oldestMs - steps.startMs) / steps.stepMs));
      points.setReports(reports, steps);
      position = before * steps.count;
      note.textContent = isComplete
        ? `${formatCount(reports.length)} reports in view, ${WINDOW_LABELS[window][1]}`
        : `Only the newest ${formatCount(MAX_REPORTS)} in view: zoom in, or choose fewer days, to see all`;
      scrubber.removeAttribute("aria-valuetext");
      show();
    } catch (error) {
      if (!signal.aborted) empty(error instanceof Error ? error.message : "The reports could not be loaded.");
    }
  };
  const empty = (why: string) => {
    stop();
    totals = [];
    histogram.draw(countSteps(steps, []), 0);
    points.setReports([], steps);
    note.textContent = why;
    show();
  };
  const soon = () => {
    if (section.hidden) return;
    clearTimeout(settling);
    settling = setTimeout(fill, SETTLE_MS);
  };
  const addPoints = () => {
    if (!section.hidden && !map.getLayer(POINTS_LAYER)) map.addLayer(points.layer);
  };
  map.on("moveend", soon);
  page.listen((state, before) => {
    if (state.layers !== before.layers || state.window !== before.window) soon();
  });
  // A new theme's style knows nothing of the points.
  onThemeChange(() => map.once("styledata", addPoints));

  const close = () => {
    stop();
    pending?.abort();
    section.hidden = true;
    document.body.classList.remove("lapsing");
    if (map.getLayer(POINTS_LAYER)) map.removeLayer(POINTS_LAYER);
    points.setReports([], steps);
    liveMap.hideReports(false);
    opener.focus();
  };
  closer.addEventListener("click", close);
  section.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  return {
    open() {
      if (!section.hidden) return close();
      section.hidden = false;
      document.body.classList.add("lapsing");
      liveMap.popups.close();
      liveMap.hideReports(true);
      addPoints();
      position = 0;
      showPlay();
      play.focus();
      void fill().then(() => {
        if (totals.length > 0 && !prefersReducedMotion()) run();
      });
    },
  };
}
