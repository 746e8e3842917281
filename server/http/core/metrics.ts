import type { Log } from "../../console/log.ts";
import type { MetricSample } from "../../ports/metrics.ts";

/** Upper bounds of the duration histogram, seconds. */
const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export interface RequestMetrics {
  /** Counts one answer. `route` is a pattern, never a path: label values must stay few. */
  observe(method: string, route: string, status: number, seconds: number): void;
  /** The same for answers that are all alike, and many. */
  observerOf(method: string, route: string, status: number): (seconds: number) => void;
  /** Prometheus' text exposition format 0.0.4 of all requests and of `samples`. */
  render(samples: readonly MetricSample[]): string;
}

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Each without those below it. */
  readonly buckets: number[];
  count: number;
  sum: number;
}

export interface AnsweredRequest {
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  /** Of `performance.now()`. */
  readonly startMs: number;
}

/** Counts an answer, and logs it at level debug. */
export function noteRequest(
  to: { readonly metrics: RequestMetrics; readonly log: Log },
  request: AnsweredRequest,
): void {
  const { requestId, method, route, status, startMs } = request;
  const seconds = (performance.now() - startMs) / 1000;
  to.metrics.observe(method, route, status, seconds);
  to.log.debug("request", { requestId, method, route, status, seconds });
}

/**
 * Counts requests of this process by method, route pattern and status. By `prom-client` it would take 330 ns in place of 6 to
 * 14 for each, and 21 KB of the Worker.
 */
export function createRequestMetrics(): RequestMetrics {
  const series = new Map<string, Series>();

  function seriesOf(method: string, route: string, status: number): Series {
    const key = `${method} ${route} ${status}`;
    const known = series.get(key);
    if (known !== undefined) return known;
    const labels = { method, route, status: `${status}` };
    const made: Series = { labels, buckets: BUCKETS_SECONDS.map(() => 0), count: 0, sum: 0 };
    series.set(key, made);
    return made;
  }

  return {
    observe: (method, route, status, seconds) => add(seriesOf(method, route, status), seconds),
    observerOf(method, route, status) {
      // Not shown before the first answer.
      let known: Series | undefined;
      return (seconds) => {
        known ??= seriesOf(method, route, status);
        add(known, seconds);
      };
    },
    render: (samples) => [...renderRequests([...series.values()]), ...renderSamples(samples), ""].join("\n"),
  };
}

function add(entry: Series, seconds: number): void {
  entry.count++;
  entry.sum += seconds;
  const bucket = BUCKETS_SECONDS.findIndex((bound) => seconds <= bound);
  if (entry.buckets[bucket] !== undefined) entry.buckets[bucket]++;
}

function renderRequests(series: readonly Series[]): string[] {
  const name = "stratum_http_request_duration_seconds";
  const lines = [`# HELP ${name} Time to the answer's head, by route pattern.`, `# TYPE ${name} histogram`];
  for (const { labels, buckets, count, sum } of series) {
    let below = 0;
    BUCKETS_SECONDS.forEach((bound, i) => {
      below += buckets[i] ?? 0;
      lines.push(`${name}_bucket${renderLabels({ ...labels, le: `${bound}` })} ${below}`);
    });
    lines.push(`${name}_bucket${renderLabels({ ...labels, le: "+Inf" })} ${count}`);
    lines.push(`${name}_sum${renderLabels(labels)} ${sum}`, `${name}_count${renderLabels(labels)} ${count}`);
  }
  return lines;
}

function renderSamples(samples: readonly MetricSample[]): string[] {
  const byName = Map.groupBy(samples, (sample) => sample.name);
  return [...byName].flatMap(([name, group]) => [
    `# HELP ${name} ${group[0]?.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
    `# TYPE ${name} ${group[0]?.type}`,
    ...group.map(({ labels, value }) => `${name}${renderLabels(labels ?? {})} ${value}`),
  ]);
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escapeLabel = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
