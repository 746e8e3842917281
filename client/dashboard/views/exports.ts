import { BASE } from "../../api/base.ts";
import { element } from "../../ui/dom.ts";
import { EXPORT_WORDS as WORDS } from "../../words/dashboard-export-words.ts";
import { PLAN_NAMES } from "../../words/dashboard-words.ts";
import { hasPlan } from "../api/account.ts";
import { addressOf } from "../api/ask.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { choice, segments, toolbar } from "../parts/choice.ts";
import { copyField } from "../parts/copy-field.ts";
import { offer, panel } from "../parts/panel.ts";
import { areaChoice } from "./area-choice.ts";
import { cityChoice } from "./city-choice.ts";

const DATASETS = ["scores", "reports-counts", "reports"] as const;
type Dataset = (typeof DATASETS)[number];
const FORMATS = ["csv", "geojson", "ndjson", "parquet"] as const;
const SPANS = ["7d", "30d", "90d"] as const;

/** Files of scores, counts and reports, to download with the session or to ask for with a key. */
export function exportsView(visit: Visit): ViewContent {
  const { account, route, hrefOf, signal, set } = visit;
  if (!hasPlan(account, "agent")) return [offer(PLAN_NAMES.agent, WORDS.offerTitle, WORDS.offer, hrefOf("billing"))];
  const { query } = route;
  const dataset = DATASETS.find((each) => each === query.dataset) ?? "scores";
  const span = SPANS.find((each) => each === query.span) ?? "30d";
  const options = DATASETS.map((value) => ({ value, label: WORDS.datasets[value] }));
  const spans = SPANS.map((value) => ({ value, label: WORDS.spans[value] }));
  return [
    toolbar(
      segments("dataset", WORDS.what, options, dataset, (value) => set({ dataset: value })),
      cityChoice(visit),
      areaChoice(visit),
      ...(query.area === undefined && dataset !== "reports" ? [detail(visit)] : []),
      segments("span", WORDS.span, spans, span, (value) => set({ span: value })),
    ),
    panel({
      title: WORDS.datasets[dataset],
      hint: WORDS.about[dataset],
      className: "wide",
      signal,
      load: () => downloads(visit, dataset, span),
    }),
  ];
}

/** Of a whole city: by cells or by its neighbourhoods. */
function detail({ route, set }: Visit): HTMLElement {
  const options = [
    { value: "cells", label: WORDS.cells },
    { value: "areas", label: WORDS.areas },
  ];
  return choice("choose-detail", WORDS.where, options, route.query.by === "areas" ? "areas" : "cells", (by) =>
    set({ by }),
  );
}

function downloads({ city, route }: Visit, dataset: Dataset, span: string): Node[] {
  const { area, by } = route.query;
  const isByAreas = by === "areas" && dataset !== "reports";
  const place = area === undefined ? (isByAreas ? { areas: city.id } : { city: city.id }) : { area };
  const address = (format: string) => addressOf(`/api/exports/${dataset}.${format}`, { ...place, from: span });
  const buttons = FORMATS.map((format) =>
    element(
      "a",
      {
        class: "secondary",
        href: BASE + address(format),
        download: true,
        "aria-label": WORDS.file(WORDS.files[format]),
      },
      WORDS.files[format],
    ),
  );
  const curl = `curl -OJ -H "Authorization: Bearer KEY" "${BASE}${address("csv")}"`;
  return [
    element("div", { class: "formats" }, ...buttons),
    element("p", { class: "hint" }, WORDS.downloadHint),
    element("h3", {}, WORDS.asked),
    copyField(curl, WORDS.asked),
    element("p", { class: "hint" }, WORDS.askedHint),
  ];
}
