import "./docs.css";
import "./builder.css";
import { BASE } from "../api/base.ts";
import { startBuilder } from "./builder.ts";
import { createCodeBlock } from "./code-block.ts";

/** Stands in the page, which is written before anyone knows where it will be served from. */
const PLACEHOLDER = "https://stratum.example";

for (const code of document.querySelectorAll("code")) {
  // An origin has no path, and messages have an origin.
  const place = code.closest('[data-about="By hand"]') ? location.origin : BASE;
  code.textContent = code.textContent.replaceAll(PLACEHOLDER, place);
}
for (const block of document.querySelectorAll("pre")) {
  const code = createCodeBlock();
  code.show(block.textContent, block.dataset.about ?? "");
  block.replaceWith(code.node);
}
startBuilder();
