import { type ChartOptions, chartTable } from "./chart-data.ts";

/** A chart of days. Its code comes with the first one; where that cannot run, the same is a table. */
export async function chart(options: ChartOptions): Promise<HTMLElement> {
  try {
    const { timeChart } = await import("./time-chart.ts");
    return timeChart(options);
  } catch (error) {
    console.warn("chart:", error);
    const shown = chartTable(options);
    shown.classList.add("short");
    return shown;
  }
}
