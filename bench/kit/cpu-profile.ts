import type { CDPSession } from "playwright-core";

/** A stretch of the main thread, as `PerformanceObserver` tells of those above 50 ms. */
export interface LongTask {
  /** Milliseconds since the page began. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** A long task's time by whose code ran. */
export interface AttributedTask extends LongTask {
  /** Samples with a function of our own anywhere on the stack: what we did, and what others did because we called them. */
  readonly oursMs: number;
  readonly maplibreMs: number;
  /** Collecting garbage. */
  readonly garbageMs: number;
  /** No script at all: layout, painting, and the graphics library's work in software. */
  readonly nativeMs: number;
  /** Our functions that took most of it, by their names in the build. */
  readonly ourFunctions: readonly string[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds on the same clock as the page's beginning. */
  readonly startTime: number;
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

const SAMPLE_EVERY_MICROS = 500;

/** Profiles the page's main thread while `act` runs, and attributes its long tasks. */
export async function profileLongTasks(session: CDPSession, act: () => Promise<void>): Promise<AttributedTask[]> {
  await session.send("Performance.enable", { timeDomain: "timeTicks" });
  const evaluate = async <T>(expression: string): Promise<T> =>
    (await session.send("Runtime.evaluate", { expression, returnByValue: true })).result.value as T;
  await evaluate(`
    globalThis.longTasks = [];
    globalThis.longTaskObserver = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) longTasks.push({ startMs: startTime, durationMs: duration });
    });
    longTaskObserver.observe({ type: "longtask" });`);
  await session.send("Profiler.enable");
  await session.send("Profiler.setSamplingInterval", { interval: SAMPLE_EVERY_MICROS });
  await session.send("Profiler.start");
  await act();
  const { profile } = await session.send("Profiler.stop");
  const tasks = await evaluate<LongTask[]>("longTaskObserver.disconnect(), longTasks");
  const { metrics } = await session.send("Performance.getMetrics");
  const originMicros = (metrics.find(({ name }) => name === "NavigationStart")?.value ?? 0) * 1e6;
  return attribute(profile as CpuProfile, tasks, originMicros);
}

type Owner = "ours" | "maplibre" | "garbage" | "native" | "none";

function attribute(profile: CpuProfile, tasks: readonly LongTask[], originMicros: number): AttributedTask[] {
  const { ownerOf, ourFunctionOf } = readStacks(profile.nodes);
  const samples: { readonly atMs: number; readonly ms: number; readonly node: number }[] = [];
  let at = profile.startTime;
  const { samples: ids = [], timeDeltas = [] } = profile;
  for (const [i, node] of ids.entries()) {
    at += timeDeltas[i] ?? 0;
    samples.push({ atMs: (at - originMicros) / 1000, ms: (timeDeltas[i + 1] ?? 0) / 1000, node });
  }
  return tasks.map((task) => {
    const inside = samples.filter(({ atMs }) => atMs >= task.startMs && atMs < task.startMs + task.durationMs);
    const sum = (owner: Owner) =>
      inside.reduce((total, { ms, node }) => (ownerOf.get(node) === owner ? total + ms : total), 0);
    const byFunction = new Map<string, number>();
    for (const { ms, node } of inside) {
      const name = ourFunctionOf.get(node);
      if (name !== undefined) byFunction.set(name, (byFunction.get(name) ?? 0) + ms);
    }
    const ourFunctions = [...byFunction].sort((a, b) => b[1] - a[1]).map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`);
    return {
      ...task,
      oursMs: sum("ours"),
      maplibreMs: sum("maplibre"),
      garbageMs: sum("garbage"),
      nativeMs: sum("native"),
      ourFunctions: ourFunctions.slice(0, 3),
    };
  });
}

/** For every stack, who is to answer for it, and the innermost of our functions on it. */
function readStacks(nodes: readonly ProfileNode[]) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const ownerOf = new Map<number, Owner>();
  const ourFunctionOf = new Map<number, string>();
  const visit = (node: ProfileNode, above: Owner): void => {
    const owner = ownerBelow(node, above);
    ownerOf.set(node.id, owner);
    const name = isOurs(node) ? nameOf(node) : undefined;
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child === undefined) continue;
      const inherited = name ?? ourFunctionOf.get(node.id);
      if (inherited !== undefined) ourFunctionOf.set(id, inherited);
      visit(child, owner);
    }
    if (name !== undefined) ourFunctionOf.set(node.id, name);
  };
  const [root] = nodes;
  if (root) visit(root, "none");
  return { ownerOf, ourFunctionOf };
}

function ownerBelow(node: ProfileNode, above: Owner): Owner {
  const { functionName, url } = node.callFrame;
  if (functionName === "(idle)") return "none";
  if (functionName === "(garbage collector)") return "garbage";
  if (above === "ours" || isOurs(node)) return "ours";
  if (url.includes("maplibre")) return "maplibre";
  return above === "maplibre" ? above : "native";
}

const isOurs = ({ callFrame: { url } }: ProfileNode): boolean => url.includes("/assets/") && !url.includes("maplibre");

const nameOf = ({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string =>
  functionName || `${url.split("/").at(-1)}:${lineNumber}`;
