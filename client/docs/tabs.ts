import { element } from "../ui/dom.ts";

export interface Tab {
  readonly id: string;
  readonly label: string;
}

/**
 * Tabs over one panel that `onChoose` fills. Arrow keys go from one to the next, as the pattern has it
 * (https://www.w3.org/WAI/ARIA/apg/patterns/tabs/). The address names the chosen one.
 */
export function bindTabs(
  list: HTMLElement,
  panel: HTMLElement,
  tabs: readonly Tab[],
  onChoose: (id: string) => void,
): void {
  const buttons = tabs.map(({ id, label }) =>
    element("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": panel.id }, label),
  );
  const idAt = (index: number): string => tabs[index]?.id ?? "";
  const choose = (index: number) => {
    for (const [i, button] of buttons.entries()) {
      button.setAttribute("aria-selected", String(i === index));
      button.tabIndex = i === index ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", `tab-${idAt(index)}`);
    onChoose(idAt(index));
  };
  const go = (index: number) => {
    choose(index);
    buttons[index]?.scrollIntoView({ block: "nearest", inline: "nearest" });
    history.replaceState(history.state, "", `#${idAt(index)}`);
  };
  for (const [i, button] of buttons.entries()) button.addEventListener("click", () => go(i));
  list.addEventListener("keydown", (event) => {
    const at = buttons.findIndex((button) => button.matches(":focus"));
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = (to + buttons.length) % buttons.length;
    buttons[index]?.focus();
    go(index);
  });
  list.append(...buttons);
  const named = () => tabs.findIndex(({ id }) => `#${id}` === location.hash);
  choose(Math.max(0, named()));
  addEventListener("hashchange", () => {
    if (named() >= 0) choose(named());
  });
}
