import "./docs.css";
import { element } from "../dom.ts";

/** Stands in the page, which is written before anyone knows where it will be served from. */
const PLACEHOLDER = "https://stratum.example";
const SAID_MS = 2000;

for (const code of document.querySelectorAll("code")) {
  code.textContent = code.textContent.replaceAll(PLACEHOLDER, location.origin);
}
for (const block of document.querySelectorAll("pre")) block.before(copyButton(block));

function copyButton(block: HTMLElement): HTMLElement {
  const button = element("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    const said = await navigator.clipboard.writeText(block.textContent).then(
      () => "Copied",
      // Not allowed, as on a page without https: the text is there to be copied by hand.
      () => {
        getSelection()?.selectAllChildren(block);
        return "Selected";
      },
    );
    button.textContent = said;
    setTimeout(() => {
      button.textContent = "Copy";
    }, SAID_MS);
  });
  return button;
}
