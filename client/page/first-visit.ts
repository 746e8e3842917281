const KEY = "stratum-visited";

/** Shows what this is to who comes for the first time, as far as the browser remembers. */
export function greetOnce(sentence: HTMLElement): void {
  try {
    const isKnown = localStorage.getItem(KEY) !== null;
    localStorage.setItem(KEY, "1");
    sentence.hidden = isKnown;
  } catch {
    // Some settings of privacy forbid it: then nobody is greeted, rather than the same one every time.
  }
}
