import { element } from "../ui/dom.ts";
import { inWords, type OpenApi, type Operation, type Parameter, resolve, type Schema } from "./openapi.ts";
import { tryIt } from "./try-it.ts";

/** One operation, folded: its address and what it is for; inside, what it takes and answers, and a form to try it. */
export function operationCard(api: OpenApi, method: string, path: string, operation: Operation): HTMLElement {
  const { summary = "", description, parameters = [], requestBody, responses, security } = operation;
  const card = element(
    "details",
    { class: "operation", id: `${method}${path.replace(/\W+/g, "-")}` },
    element(
      "summary",
      {},
      element("span", { class: `method ${method}` }, method.toUpperCase()),
      element("code", {}, path),
      element("span", { class: "about" }, ...withCode(summary)),
    ),
  );
  // Twenty operations of which one is looked at: the inside is made when it is opened.
  card.addEventListener("toggle", () => {
    if (!card.open || card.childElementCount > 1) return;
    if (description !== undefined) card.append(element("p", {}, ...withCode(description)));
    if (parameters.length > 0) card.append(...parameterTable(parameters));
    const body = Object.values(requestBody?.content ?? {})[0]?.schema;
    if (body !== undefined) card.append(...bodyTable(resolve(api, body)));
    card.append(...answerTable(responses));
    if (method === "get") card.append(tryIt(path, parameters, security !== undefined));
  });
  return card;
}

function parameterTable(parameters: readonly Parameter[]): HTMLElement[] {
  const rows = parameters.map(({ name, in: place, required, description, schema }) => {
    const needed = place === "path" ? "in the path" : place === "header" ? "header" : required ? "required" : "";
    return row(name, needed, inWords(schema), description ?? schema.description ?? "");
  });
  return [element("h3", {}, "It takes"), table(rows)];
}

function bodyTable({ properties = {}, required = [] }: Schema): HTMLElement[] {
  const rows = Object.entries(properties).map(([name, schema]) =>
    row(name, required.includes(name) ? "required" : "", inWords(schema), schema.description ?? ""),
  );
  return [element("h3", {}, "JSON body"), table(rows)];
}

function answerTable(responses: Operation["responses"]): HTMLElement[] {
  const rows = Object.entries(responses).map(([status, { description, content }]) =>
    row(status, Object.keys(content ?? {})[0]?.replace("application/", "") ?? "", "", description),
  );
  return [element("h3", {}, "It answers"), table(rows)];
}

const table = (rows: readonly HTMLElement[]): HTMLElement =>
  element("div", { class: "scroll", tabindex: "0" }, element("table", {}, element("tbody", {}, ...rows)));

function row(name: string, note: string, kind: string, about: string): HTMLElement {
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, element("code", {}, name), note === "" ? undefined : element("small", {}, note)),
    element(
      "td",
      {},
      kind === "" ? undefined : element("span", { class: "kind" }, kind),
      element("span", {}, ...withCode(about)),
    ),
  );
}

/** Text in which `backquotes` mark code. */
function withCode(text: string): (Node | string)[] {
  return text.split("`").map((part, index) => (index % 2 === 1 ? element("code", {}, part) : part));
}
