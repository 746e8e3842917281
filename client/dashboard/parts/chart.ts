import { type ChartOptions, chartTable } from "./chart-data.ts";

/** A chart of days. Its code comes with the first one; where that cannot run, the same is a table. */
export async function chart(options: ChartOptions): Promise<HTMLElement> {
  try {
    useKnownLanguage();
    const { timeChart } = await import("./time-chart.ts");
    return timeChart(options);
  } catch (error) {
    console.warn("chart:", error);
    const shown = chartTable(options);
    shown.classList.add("short");
    return shown;
  }
}

/** The chart's library formats numbers by the browser's language as it loads, and ends there when the browser names none that is one (`en-US@posix`). */
function useKnownLanguage(): void {
  try {
    Intl.NumberFormat.supportedLocalesOf(navigator.language);
  } catch {
    Object.defineProperty(navigator, "language", { value: "en", configurable: true });
  }
}
