import { element, icon } from "../ui/dom.ts";
import { CLOSE_ICON } from "../ui/icons.ts";

export interface Notices {
  /** A passing word that goes away by itself. */
  say(text: string): void;
  /** A lasting state, one per `kind`; `undefined` takes it away. */
  set(kind: string, text: string | undefined, action?: NoticeAction): void;
}

export interface NoticeAction {
  readonly label: string;
  run(): void;
}

const SAY_MS = 5_000;

export function createNotices(container: HTMLElement): Notices {
  const lasting = new Map<string, HTMLElement>();
  const remove = (kind: string) => {
    lasting.get(kind)?.remove();
    lasting.delete(kind);
  };
  return {
    say(text) {
      const notice = element("p", { class: "card notice" }, text);
      container.append(notice);
      setTimeout(() => notice.remove(), SAY_MS);
    },
    set(kind, text, action) {
      if (text !== undefined && lasting.get(kind)?.dataset.text === text) return;
      remove(kind);
      if (text === undefined) return;
      const notice = element("div", { class: "card notice lasting", "data-kind": kind, "data-text": text }, text);
      if (action) {
        const button = element("button", { type: "button", class: "link" }, action.label);
        button.addEventListener("click", () => {
          remove(kind);
          action.run();
        });
        notice.append(button);
      } else {
        const close = element("button", { type: "button", class: "bare", "aria-label": "Dismiss" }, icon(CLOSE_ICON));
        close.addEventListener("click", () => remove(kind));
        notice.append(close);
      }
      lasting.set(kind, notice);
      container.append(notice);
    },
  };
}

/** Says so while the browser knows that it is offline. */
export function watchConnection(notices: Notices): void {
  const show = () =>
    notices.set("offline", navigator.onLine ? undefined : "You are offline. The map shows what it has.");
  addEventListener("online", show);
  addEventListener("offline", show);
  show();
}
