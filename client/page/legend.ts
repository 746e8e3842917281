import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { element, icon } from "../ui/dom.ts";
import { LAYER_ICONS } from "../ui/icons.ts";
import { LAYER_LABELS } from "../words/words.ts";

/** What the marks on the map mean. */
export function fillLegend(details: HTMLElement): void {
  const discs = REPORT_LAYERS.map((layer) =>
    element(
      "li",
      { class: `on-${layer}` },
      element("span", { class: "disc" }, icon(LAYER_ICONS[layer])),
      LAYER_LABELS[layer],
    ),
  );
  details.append(
    element("ul", { class: "shapes" }, ...discs),
    row("cluster", "Many reports: the number counts them, the circle is larger where they are recent and severe"),
    row("single weak", "One report, severity 1 or 2; its sign tells what it is"),
    row("single", "One report, severity 3 to 5: larger is more severe"),
    row("single fresh", "Reported in the last 24 hours"),
  );
  details.addEventListener("toggle", () => {
    if (details.hasAttribute("open")) details.scrollIntoView({ block: "nearest" });
  });
}

function row(kind: string, meaning: string): HTMLElement {
  const sample = element("span", { class: `sample ${kind}`, "aria-hidden": "true" }, kind === "cluster" ? "42" : "");
  return element("p", { class: "legend-row" }, sample, element("span", {}, meaning));
}
