import { element } from "../ui/dom.ts";

const SAID_MS = 2000;

export interface CodeBlock {
  readonly node: HTMLElement;
  show(code: string, about: string): void;
}

/** Code with its colours, what it is for, and a button that copies it. */
export function createCodeBlock(): CodeBlock {
  const text = element("code");
  const words = element("p");
  // Wider than the screen on a phone: what scrolls must be in reach of the keyboard.
  const block = element("pre", { tabindex: "0", role: "region" }, text);
  return {
    node: element(
      "div",
      { class: "code-block" },
      element("div", { class: "code-bar" }, words, copyButton(text)),
      block,
    ),
    show(code, about) {
      text.replaceChildren(...inColors(code));
      words.textContent = about;
      block.setAttribute("aria-label", `Code: ${about.replace(/[.:].*/s, "")}`);
    },
  };
}

function copyButton(text: HTMLElement): HTMLElement {
  const button = element("button", { type: "button", class: "copy" }, "Copy");
  const said = element("span", { class: "visually-hidden", role: "status" });
  button.addEventListener("click", async () => {
    const outcome = await navigator.clipboard.writeText(text.textContent).then(
      () => "Copied",
      // Not allowed, as on a page without https: the text is there to be copied by hand.
      () => {
        getSelection()?.selectAllChildren(text);
        return "Selected";
      },
    );
    button.textContent = outcome;
    said.textContent = outcome;
    setTimeout(() => {
      button.textContent = "Copy";
      said.textContent = "";
    }, SAID_MS);
  });
  return element("div", {}, button, said);
}

/** Strings, tags and the words of the language; whatever else stays plain. highlight.js would be 11 KB. */
const TOKENS =
  /(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`|'[^'\n]*')|(?<tag><\/?[a-z!][\w-]*|(?<=[\w"])>)|(?<word>\b(?:import|from|const|let|for|of|new|await|return|undefined)\b)/g;

function inColors(code: string): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  let at = 0;
  for (const match of code.matchAll(TOKENS)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) ?? [];
    nodes.push(code.slice(at, match.index), element("span", { class: `token-${kind}` }, match[0]));
    at = match.index + match[0].length;
  }
  return [...nodes, code.slice(at)];
}
