/*
 * `/embed.js`: what a host's page may load to put a frame into itself and talk with it. Small, without imports, so that it
 * stays one file; the frame checks what it is sent.
 */
import type { FrameEvent, FrameState, HostRequest, ViewRequest } from "./messages.ts";

export interface EmbedOptions {
  readonly layers?: readonly string[];
  readonly center?: readonly [lonDeg: number, latDeg: number];
  readonly zoom?: number;
  readonly window?: string;
  readonly scores?: string;
  readonly theme?: string;
  readonly legend?: 0 | 1 | boolean;
  /** For those who cannot see the frame. */
  readonly title?: string;
}

type EventOf<T extends FrameEvent["type"]> = Extract<FrameEvent, { type: T }>;

export interface EmbeddedMap {
  readonly frame: HTMLIFrameElement;
  /** Hears of what happens in the frame; what it returns ends that. */
  on<T extends FrameEvent["type"]>(type: T, listener: (event: EventOf<T>) => void): () => void;
  setView(view: ViewRequest): Promise<FrameState>;
  flyTo(view: ViewRequest): Promise<FrameState>;
  setLayers(layers: readonly string[]): Promise<FrameState>;
  setWindow(window: string): Promise<FrameState>;
  /** `null` takes the scores off the map. */
  setScores(scores: string | null): Promise<FrameState>;
  setTheme(theme: string): Promise<FrameState>;
  setLegend(legend: boolean): Promise<FrameState>;
  getState(): Promise<FrameState>;
  /** Takes the frame out of the page. */
  remove(): void;
}

const { origin, pathname } = new URL(import.meta.url);
/** Where Stratum is: this file lies beside the frame's page. */
const base = origin + pathname.replace(/[^/]*$/, "");

/**
 * Fills an element of the host's page with a map. Resolves when the map is there. @throws Error when there is no such element,
 * or the map cannot start; requests reject with the frame's words.
 */
export function embed(target: string | Element, options: EmbedOptions = {}): Promise<EmbeddedMap> {
  return new Promise((resolve, reject) => {
    const element = typeof target === "string" ? document.querySelector(target) : target;
    if (element === null) throw new Error(`nothing matches ${target}`);
    const frame = frameOf(options);
    const listeners = new Map<string, Set<(event: never) => void>>();
    const waiting = new Map<unknown, [(state: FrameState) => void, (error: Error) => void]>();
    let requests = 0;

    const hear = ({ source, origin: from, data }: MessageEvent) => {
      if (source !== frame.contentWindow || from !== origin || data?.stratum !== 1) return;
      const { id, type, state, message } = data;
      const [done, fail] = waiting.get(id) ?? [];
      waiting.delete(id);
      if (type === "answer") return done?.(state);
      if (fail) return fail(new Error(message));
      for (const listener of listeners.get(type) ?? []) listener(data as never);
      if (type === "ready") resolve(map);
      if (type === "error" && data.code === "map") reject(new Error(message));
    };
    const ask = (request: { readonly type: HostRequest["type"]; readonly [member: string]: unknown }) =>
      new Promise<FrameState>((done, fail) => {
        waiting.set(++requests, [done, fail]);
        frame.contentWindow?.postMessage({ ...request, stratum: 1, id: requests }, origin);
      });
    const map: EmbeddedMap = {
      frame,
      on(type, listener) {
        const of = listeners.get(type) ?? new Set();
        listeners.set(type, of.add(listener));
        return () => of.delete(listener);
      },
      setView: (to) => ask({ ...to, type: "setView" }),
      flyTo: (to) => ask({ ...to, type: "flyTo" }),
      setLayers: (layers) => ask({ type: "setLayers", layers }),
      setWindow: (window) => ask({ type: "setWindow", window }),
      setScores: (scores) => ask({ type: "setScores", scores }),
      setTheme: (theme) => ask({ type: "setTheme", theme }),
      setLegend: (legend) => ask({ type: "setLegend", legend }),
      getState: () => ask({ type: "getState" }),
      remove() {
        removeEventListener("message", hear);
        frame.remove();
      },
    };

    addEventListener("message", hear);
    // A host without a referrer must speak first: the frame then knows whom it talks to.
    frame.addEventListener("load", () => void map.getState().catch(() => {}));
    element.append(frame);
  });
}

function frameOf({ title = "Live neighbourhood reports", legend, ...view }: EmbedOptions): HTMLIFrameElement {
  const frame = document.createElement("iframe");
  const query = Object.entries({ ...view, ...(legend !== undefined && { legend: Number(legend) }) });
  frame.src = `${base}embed?${new URLSearchParams(query.map(([name, value]) => [name, String(value)]))}`;
  frame.title = title;
  frame.allow = "fullscreen";
  frame.style.cssText = "display:block;width:100%;height:100%;border:0";
  return frame;
}
