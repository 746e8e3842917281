import type { ReportLayer } from "../../tiles/layers.ts";
import type { HostChannel } from "./host-channel.ts";

/** Cells that are told at once; a busier moment is told in several messages. */
const MAX_CHANGES = 64;
const GATHER_MS = 250;

/** Gathers what the server tells, cell by cell, into few messages to the host. */
export function gatherChanges(channel: HostChannel): (layer: ReportLayer, geohash: string) => void {
  const gathered = new Map<string, { readonly layer: ReportLayer; readonly geohash: string }>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    clearTimeout(timer);
    timer = undefined;
    channel.tell({ type: "changed", changes: [...gathered.values()] });
    gathered.clear();
  };
  return (layer, geohash) => {
    gathered.set(`${layer}/${geohash}`, { layer, geohash });
    if (gathered.size >= MAX_CHANGES) tell();
    else timer ??= setTimeout(tell, GATHER_MS);
  };
}
