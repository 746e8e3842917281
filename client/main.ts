import "./style/page.css";
import type { Map as MapLibreMap } from "maplibre-gl";
import { fetchBasemapStyleUrl, type ReportJson } from "./api/api.ts";
import type { TimeLapse } from "./lapse/time-lapse.ts";
import { canDrawMap } from "./map/can-draw.ts";
import { NEIGHBOURHOOD_ZOOM } from "./map/neighbourhood.ts";
import { bindCitySwitch } from "./page/city-switch.ts";
import { sayCodeMissing } from "./page/code-missing.ts";
import { greetOnce } from "./page/first-visit.ts";
import { bindFold } from "./page/fold.ts";
import { keepOffline } from "./page/keep-offline.ts";
import { bindLayerSwitch, bindWindowSwitch } from "./page/layer-switch.ts";
import { fillLegend } from "./page/legend.ts";
import { createNotices } from "./page/notices.ts";
import { createPage } from "./page/page-state.ts";
import { closeWithBack } from "./page/way-back.ts";
import { bindOutboxStatus } from "./report/outbox-status.ts";
import { bindPendingMarks } from "./report/pending-marks.ts";
import { bindReportDialog } from "./report/report-dialog.ts";
import { startOutbox } from "./report/start-outbox.ts";
import { bindScoreSwitch } from "./scores/score-switch.ts";
import { find, prefersReducedMotion } from "./ui/dom.ts";
import { bindCount, bindLatest, viewOf } from "./view/in-view.ts";
import type { LiveMap } from "./view/live-map.ts";
import { bindProgress, sayWhatIsMissing } from "./view/progress.ts";
import { SENT_HELD, SENT_MASKED } from "./words/form-words.ts";

declare global {
  /** The page's handle for scripts and consoles, there once the map is: `stratum.map` is the MapLibre map. */
  var stratum: { readonly map: MapLibreMap } | undefined;
}

const page = createPage();
const notices = createNotices(find("#notices"));
const onCodeMissing = sayCodeMissing(notices);
bindLayerSwitch(find("#layers"), find<HTMLInputElement>("#combine"), page);
bindWindowSwitch(find("#windows"), page);
const scoreSwitch = bindScoreSwitch(find<HTMLInputElement>("#with-scores"), find("#scores"), page);
fillLegend(find("#legend"));
const fold = bindFold(find("#panel"), find("#fold"), find("#map"), page.back);
page.listen(({ card, report }) => {
  if (card || report) fold();
});
const form = find<HTMLDialogElement>("#report-form");
closeWithBack(page.back, form, () => form.open);
greetOnce(find("#what"));
const outbox = startOutbox();
const outboxStatus = bindOutboxStatus(find("#outbox"), outbox);
let picking = false;
const onOpenChange = (open: boolean) => {
  picking = open;
};
const reportDialog = bindReportDialog({ page, outbox, onOpenChange });
outboxStatus.connect(reportDialog);
outbox.listen((event) => {
  // Whoever has closed the thanks by then would not know.
  if (event.type !== "sent" || form.open) return;
  if (event.report.held) notices.set("sent", SENT_HELD);
  else if (event.report.text_masked) notices.set("sent", SENT_MASKED);
});
outbox.resume();

// The map is the larger part of the code: the controls are there and work before it has arrived, and where it never does.
const starting = startMap();
bindTimeLapse(starting);
starting.catch(doWithoutMap).catch((error: unknown) => {
  console.error(error);
  const run = () => location.reload();
  notices.set("map", "The map could not be loaded. Check your connection.", { label: "Reload", run });
});

async function startMap(): Promise<LiveMap> {
  if (!canDrawMap()) throw new Error("no WebGL 2");
  const [styleUrl, { chooseBasemap, createLiveMap }, { bindScores }] = await Promise.all([
    fetchBasemapStyleUrl().catch(() => undefined),
    import("./view/live-map.ts"),
    import("./scores/score-map.ts"),
  ]);
  const basemap = await chooseBasemap(styleUrl, () =>
    notices.set("basemap", "The detailed basemap cannot be reached; this is the built-in one."),
  );
  const liveMap = createLiveMap({
    container: find("#map"),
    page,
    basemap,
    isPicking: () => picking,
    back: page.back,
    share: (url, link) => void shareLink(url, link).catch(onCodeMissing),
    say: notices.say,
    onCodeMissing,
  });
  bindScores(liveMap.map, page, (cell) => scoreSwitch.point(cell?.score));
  bindProgress(find("#progress"), liveMap.map);
  sayWhatIsMissing(liveMap.map, liveMap.failures, notices);
  bindPendingMarks(liveMap, outbox, outboxStatus.open);
  outboxStatus.connect({ ...reportDialog, see: reportDialog.useMap(liveMap) });
  bindView(liveMap);
  openCards(liveMap);
  // What the first view needs comes first.
  liveMap.map.once("idle", keepOffline);
  globalThis.stratum = { map: liveMap.map };
  return liveMap;
}

async function doWithoutMap(fault: unknown): Promise<void> {
  reportDialog.doWithoutMap();
  const { showWithoutMap } = await import("./view/without-map.ts");
  showWithoutMap(page);
  keepOffline();
  // A browser that could draw it has only not got it.
  if (canDrawMap()) throw fault;
}

function bindView(liveMap: LiveMap): void {
  const { map } = liveMap;
  bindCount(find("#in-view"), liveMap, page);
  bindCardButton(liveMap);
  bindLatest(find("#latest"), viewOf(map), page, (report) => showReport(liveMap, report));
  void bindCitySwitch(find<HTMLSelectElement>("#city"), page, ({ center, zoom }) => {
    const target = { center: [...center] as [number, number], zoom };
    const { view } = page.get();
    liveMap.popups.close();
    page.back.opened(target, () => {
      map.stop();
      page.set({ view });
    });
    if (prefersReducedMotion()) map.jumpTo(target);
    else map.flyTo({ ...target, duration: 2_400 });
  });
}

/** The way to a card without a pointer: that of the middle of the map. */
function bindCardButton({ map, cardInMiddle }: LiveMap): void {
  const button = find("#open-card");
  const show = () => {
    button.hidden = map.getZoom() < NEIGHBOURHOOD_ZOOM;
  };
  map.on("moveend", show);
  show();
  button.addEventListener("click", () => page.set({ card: cardInMiddle() }));
}

function showReport({ popups }: LiveMap, report: ReportJson): void {
  popups.showReport([report.lon, report.lat], report.id, { ...report, createdAtMs: Date.parse(report.created_at) });
}

async function shareLink(url: string, link: HTMLElement): Promise<void> {
  const { share } = await import("./scores/share.ts");
  await share("Stratum", url, link.parentElement, notices);
}

/** The card's code comes with the first card. */
function openCards(liveMap: LiveMap): void {
  let isBound = false;
  const bindOnce = async () => {
    if (isBound || page.get().card === undefined) return;
    isBound = true;
    try {
      const { bindScoreCard } = await import("./scores/score-card.ts");
      const dialog = find<HTMLDialogElement>("#score-card");
      bindScoreCard({ dialog, map: liveMap.map, page, notices, open: (report) => showReport(liveMap, report) });
    } catch (error) {
      onCodeMissing(error);
    }
  };
  page.listen(() => void bindOnce());
  void bindOnce();
}

/** So does the time-lapse's. */
function bindTimeLapse(starting: Promise<LiveMap>): void {
  const opener = find("#open-lapse");
  const section = find("#time-lapse");
  closeWithBack(page.back, section, () => !section.hidden);
  // On a phone the button to report stands on the player, however many lines that has.
  new ResizeObserver(() => {
    document.body.style.setProperty("--player", `${section.offsetHeight}px`);
  }).observe(section);
  let loading: Promise<TimeLapse> | undefined;
  const load = async () => {
    const [liveMap, { createTimeLapse }] = await Promise.all([starting, import("./lapse/time-lapse.ts")]);
    return createTimeLapse({ section, opener, liveMap, page });
  };
  opener.addEventListener("click", async () => {
    // Asked for already, and not there yet.
    if (opener.ariaBusy) return;
    loading ??= load();
    opener.ariaBusy = "true";
    try {
      (await loading).toggle();
    } catch (error) {
      onCodeMissing(error);
    } finally {
      opener.ariaBusy = null;
    }
  });
}
