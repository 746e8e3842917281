import "./docs.css";
import "./builder.css";
import { startBuilder } from "./builder.ts";
import { createCodeBlock } from "./code-block.ts";

/** Stands in the page, which is written before anyone knows where it will be served from. */
const PLACEHOLDER = "https://stratum.example";

for (const code of document.querySelectorAll("code")) {
  code.textContent = code.textContent.replaceAll(PLACEHOLDER, location.origin);
}
for (const block of document.querySelectorAll("pre")) {
  const code = createCodeBlock();
  code.show(block.textContent, block.dataset.about ?? "");
  block.replaceWith(code.node);
}
startBuilder();
