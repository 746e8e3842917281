import type { PopupOptions, ReportPopups } from "./report-popup.ts";

/** The popups, whose code comes with the first one: a map that is only looked at needs none. */
export interface PopupsOnDemand extends ReportPopups {
  /** Somebody is about to open one. */
  prepare(): void;
}

export interface OnDemandOptions extends PopupOptions {
  /** Their code cannot be had. */
  onCodeMissing(error: unknown): void;
}

export function createPopupsOnDemand(options: OnDemandOptions): PopupsOnDemand {
  const { page, onCodeMissing } = options;
  let popups: ReportPopups | undefined;
  let loading: Promise<ReportPopups> | undefined;
  /** Counts what was asked for, so that only the last is shown. */
  let asked = 0;
  const load = (): Promise<ReportPopups> => {
    loading ??= import("./report-popup.ts").then(({ createReportPopups }) => {
      popups = createReportPopups(options);
      return popups;
    });
    return loading;
  };
  const show = async (open: (popups: ReportPopups) => void): Promise<void> => {
    const mine = ++asked;
    const loaded = await load();
    if (mine === asked) open(loaded);
  };
  /** What the address names the popups open by themselves, once they are there. */
  const follow = () => {
    if (popups === undefined && page.get().report !== undefined) load().catch(onCodeMissing);
  };
  page.listen(follow);
  follow();
  return {
    prepare: () => void load().catch(() => {}),
    showReport(at, id, summary) {
      show((loaded) => loaded.showReport(at, id, summary)).catch((error: unknown) => {
        // The address opens it when the page is loaded again.
        page.set({ report: id });
        onCodeMissing(error);
      });
    },
    showCluster: (...cluster) => void show((loaded) => loaded.showCluster(...cluster)).catch(onCodeMissing),
    showList: (...list) => void show((loaded) => loaded.showList(...list)).catch(onCodeMissing),
    isOpen: () => popups?.isOpen() ?? false,
    close() {
      asked++;
      popups?.close();
    },
  };
}
