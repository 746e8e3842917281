import "./docs.css";
import "./scores.css";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { AGE_BANDS, ageBand, REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { FULL_QUARTERS } from "../../tiles/report-columns.ts";
import { unclampedTenths } from "../../tiles/scores/scores.ts";
import { type CellCardJson, fetchReportPage, fetchScoreCard, type ReportJson, type ScoreCardJson } from "../api/api.ts";
import { BASE } from "../api/base.ts";
import { element, find } from "../ui/dom.ts";
import { LAYER_LABELS } from "../words/words.ts";

/** The reports of a worked score are read from the API, so many pages of them. */
const PAGES = 5;
const PAGE_LENGTH = 500;
const AGES = ["under 1 day", "up to 7 days", "up to 14 days", "up to 30 days"] as const;

const worked = find("#worked");
void work().then(
  (content) => worked.replaceChildren(...content),
  (error: unknown) => {
    console.error(error);
    worked.replaceChildren(element("p", { role: "alert" }, "The scores cannot be reached. Try again in a moment."));
  },
);
worked.removeAttribute("aria-busy");

/** The score of the cell that the address names, or else of the busiest neighbourhood. */
async function work(): Promise<HTMLElement[]> {
  const [, named] = /^#([0-9b-hjkmnp-z]{6})$/.exec(location.hash) ?? [];
  const geohash = named ?? (await findBusiest());
  const card = geohash && (await fetchScoreCard(geohash, AbortSignal.timeout(20_000)));
  const layer = card && busiestLayer(card);
  if (!card || !layer || !("geohash" in card))
    return [element("p", {}, "Nothing was reported there in the last 30 days, so there is no score.")];
  return example(card, layer, await readReports(card, layer));
}

async function findBusiest(): Promise<string | undefined> {
  const response = await fetch(`${BASE}/api/trends/daily?days=30&limit=1`);
  if (!response.ok) throw new Error(`/api/trends/daily: ${response.status}`);
  const { neighborhoods } = (await response.json()) as { neighborhoods: { geohash: string }[] };
  return neighborhoods[0]?.geohash;
}

function busiestLayer({ report_count_30d: counts }: ScoreCardJson): ReportLayer | undefined {
  const [most] = REPORT_LAYERS.toSorted((a, b) => counts[b] - counts[a]);
  return most !== undefined && counts[most] > 0 ? most : undefined;
}

async function readReports({ geohash, bbox }: CellCardJson, layer: ReportLayer): Promise<ReportJson[]> {
  const reports: ReportJson[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const found = await fetchReportPage({ bbox, layers: [layer], since: "30d", limit: PAGE_LENGTH }, cursor);
    reports.push(...found.reports.filter(({ lon, lat }) => encodeGeohash(lon, lat, geohash.length) === geohash));
    if (!found.nextCursor) break;
    cursor = found.nextCursor;
  }
  return reports;
}

function example(card: CellCardJson, layer: ReportLayer, reports: readonly ReportJson[]): HTMLElement[] {
  const name = [card.place ?? card.geohash, card.city?.name].filter(Boolean).join(", ");
  const sums = AGES.map(() => ({ count: 0, severity: 0 }));
  for (const { created_at, severity } of reports) {
    const sum = sums[ageBand(Date.now() - Date.parse(created_at))];
    if (sum) sum.count++;
    if (sum) sum.severity += severity;
  }
  const tenths = sums.map(({ severity }, band) => severity * (AGE_BANDS[band]?.weightTenths ?? 0));
  const start = unclampedTenths(layer, 0) / 10;
  const change = (weight: number) => unclampedTenths(layer, FULL_QUARTERS * weight) / 10 - start;
  const total = tenths.reduce((sum, weight) => sum + weight, 0);
  const whole = Math.min(100, Math.max(0, start + change(total)));
  const score = card.scores[layer] ?? start;
  const missing = card.report_count_30d[layer] - reports.length;
  return [
    element(
      "p",
      {},
      `${LAYER_LABELS[layer]} of ${name}, cell ${card.geohash}: the reports of the last 30 days, as the API tells them.`,
    ),
    table(
      sums.map(({ count, severity }, band) => [
        AGES[band] ?? "",
        String(count),
        String(severity),
        String((AGE_BANDS[band]?.weightTenths ?? 0) / 10),
        signed(change(tenths[band] ?? 0)),
      ]),
      signed(change(total)),
    ),
    ...(missing > 0 ? [element("p", {}, `The table lacks the oldest ${missing}: so many are not read here.`)] : []),
    element(
      "p",
      {},
      `If each weighed 1, the score would be ${start} ${signed(change(total))}, within 0 and 100: ${whole.toFixed(1)}.`,
    ),
    element(
      "p",
      {},
      `The ${card.report_count_30d[layer]} reports weigh ${card.worth[layer]} together, so the score is `,
      element("b", {}, score.toFixed(1)),
      `, of ${card.confidence[layer]} confidence. `,
      element("a", { href: `${BASE}/api/neighborhood/${card.geohash}` }, "The card"),
    ),
  ];
}

const signed = (points: number): string => `${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(1)}`;

function table(rows: readonly (readonly string[])[], total: string): HTMLElement {
  const heads = ["Age", "Reports", "Sum of severities", "Counts", "Points"];
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell))))),
    element(
      "tfoot",
      {},
      element("tr", {}, element("th", { scope: "row", colspan: "4" }, "Together"), element("td", {}, total)),
    ),
  );
}
