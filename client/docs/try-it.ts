import { BASE } from "../api/base.ts";
import { element } from "../ui/dom.ts";
import type { Parameter } from "./openapi.ts";

/** As much of an answer as one reads on a page. */
const SHOWN_CHARACTERS = 6_000;
const STREAMS = "text/event-stream";

/** A form that asks an address with values of the reader's own, and an API key if it takes one, and shows the answer. */
export function tryIt(path: string, parameters: readonly Parameter[], takesKey: boolean): HTMLElement {
  const fields = parameters.filter(({ in: place }) => place !== "header").map(field);
  const key = element("input", { type: "password", name: "api-key", autocomplete: "off", placeholder: "stratum_…" });
  const keyLabel = takesKey ? element("label", {}, element("span", {}, "API key"), key) : undefined;
  const address = element("code", { class: "address" });
  const answer = element("div", { class: "answer", role: "status" });
  const url = () => addressOf(path, fields);
  const form = element(
    "form",
    { class: "try" },
    element("h3", {}, "Try it"),
    element("div", { class: "fields" }, ...fields.map(({ label }) => label), keyLabel),
    element("p", {}, address),
    element("button", { type: "submit", class: "ask" }, "Ask"),
    answer,
  );
  const show = () => {
    address.textContent = url();
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer.textContent = "Asking…";
    void ask(url(), key.value.trim()).then((parts) => answer.replaceChildren(...parts));
  });
  show();
  return form;
}

interface Field {
  readonly parameter: Parameter;
  readonly input: HTMLInputElement;
  readonly label: HTMLElement;
}

function field(parameter: Parameter): Field {
  const { name, required, schema } = parameter;
  const input = element("input", { name, autocomplete: "off", spellcheck: "false" });
  if (required || parameter.in === "path") input.value = String(schema.example ?? schema.default ?? "");
  input.required = required === true;
  input.placeholder = String(schema.example ?? schema.default ?? "");
  return { parameter, input, label: element("label", {}, element("span", {}, name), input) };
}

function addressOf(path: string, fields: readonly Field[]): string {
  let filled = path;
  const query = new URLSearchParams();
  for (const { parameter, input } of fields) {
    if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") query.set(parameter.name, input.value);
  }
  // Commas and colons may stand in a query as they are, and are read more easily so.
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return `${BASE}${filled.replaceAll("%2C", ",")}${text === "" ? "" : `?${text}`}`;
}

async function ask(url: string, key: string): Promise<HTMLElement[]> {
  try {
    const aborter = new AbortController();
    const headers: HeadersInit = key === "" ? {} : { Authorization: `Bearer ${key}` };
    const response = await fetch(url, { headers, signal: aborter.signal });
    const type = response.headers.get("Content-Type") ?? "";
    const head = element("p", {}, element("strong", {}, `${response.status} ${response.statusText}`), ` ${type}`);
    if (type.startsWith(STREAMS)) {
      aborter.abort();
      return [head, element("p", {}, "A stream that goes on; open the address in a tab of its own to watch it.")];
    }
    const bytes = await response.arrayBuffer();
    if (!/json|text|csv/.test(type)) {
      const size = `${bytes.byteLength.toLocaleString("en")} bytes`;
      return [head, element("p", {}, bytes.byteLength === 0 ? "Nothing inside." : `${size}, not text.`)];
    }
    return [
      head,
      element("pre", { tabindex: "0" }, element("code", {}, readable(new TextDecoder().decode(bytes), type))),
    ];
  } catch (error) {
    return [element("p", {}, `The address cannot be reached: ${error instanceof Error ? error.message : error}`)];
  }
}

function readable(text: string, type: string): string {
  const isOneDocument = /json/.test(type) && !/ndjson/.test(type);
  const laidOut = isOneDocument ? JSON.stringify(JSON.parse(text), undefined, 2) : text;
  if (laidOut.length <= SHOWN_CHARACTERS) return laidOut;
  return `${laidOut.slice(0, SHOWN_CHARACTERS)}\n… ${(laidOut.length - SHOWN_CHARACTERS).toLocaleString("en")} characters more`;
}
