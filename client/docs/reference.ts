import "./docs.css";
import "./reference.css";
import { BASE } from "../api/base.ts";
import { element, find } from "../ui/dom.ts";
import type { OpenApi } from "./openapi.ts";
import { operationCard } from "./operation.ts";

/**
 * The reference is drawn from /openapi.json by these few files, 6 KB with their styles; kept viewers take 218 KB (RapiDoc) to
 * 989 KB (Scalar), all gzip.
 */
const HEADINGS: Readonly<Record<string, string>> = {
  tiles: "Tiles",
  reports: "Reports",
  clusters: "Clusters",
  cities: "Cities",
  scores: "Scores",
  trends: "Trends",
  exports: "Exports",
  accounts: "Accounts",
  moderation: "Moderation",
  operations: "Operations",
};

const list = find("#operations");
fetchApi().then(
  (api) => {
    list.replaceChildren(...sections(api));
    openAddressed();
  },
  (error: unknown) => {
    console.error(error);
    list.replaceChildren(
      element("p", { role: "alert" }, "The description of the API cannot be reached. Try again in a moment."),
    );
  },
);
addEventListener("hashchange", openAddressed);
list.addEventListener("click", ({ target }) => {
  const card = target instanceof Element ? target.closest("summary")?.parentElement : undefined;
  if (card) history.replaceState(undefined, "", `#${card.id}`);
});

async function fetchApi(): Promise<OpenApi> {
  const response = await fetch(`${BASE}/openapi.json`);
  if (!response.ok) throw new Error(`/openapi.json: ${response.status}`);
  return response.json();
}

function sections(api: OpenApi): HTMLElement[] {
  list.removeAttribute("aria-busy");
  const all = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const byTag = Map.groupBy(all, ({ operation }) => operation.tags?.[0] ?? "operations");
  const known = Object.keys(HEADINGS);
  const tags = [...byTag.keys()].sort((a, b) => known.indexOf(a) - known.indexOf(b));
  return tags.map((tag) =>
    element(
      "section",
      {},
      element("h2", { id: tag }, HEADINGS[tag] ?? tag),
      ...(byTag.get(tag) ?? []).map(({ path, method, operation }) => operationCard(api, method, path, operation)),
    ),
  );
}

/** Opens the operation that the address names. */
function openAddressed(): void {
  const named = document.getElementById(location.hash.slice(1));
  if (!(named instanceof HTMLDetailsElement)) return;
  named.open = true;
  named.scrollIntoView();
}
