import { readdirSync, readFileSync } from "node:fs";

/** What Linux' procfs tells of a process. */
export interface ProcessFigures {
  /** Resident memory now, and the most that it ever was. */
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  /** User and system time of all its threads. */
  readonly cpuSeconds: number;
}

/** The kernel counts in hundredths of a second towards programs, on every architecture. */
const TICKS_PER_SECOND = 100;

/** Undefined where the system does not tell, and when the process has ended. */
export function readProcessFigures(pid: number | undefined): ProcessFigures | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1]);
    const figures = { rssBytes: kilobytes("VmRSS") * 1024, peakRssBytes: kilobytes("VmHWM") * 1024 };
    // One that has ended and was not waited for has no memory any more.
    if (Number.isNaN(figures.rssBytes)) return undefined;
    return { ...figures, cpuSeconds: readCpuSeconds(pid) ?? Number.NaN };
  } catch {
    return undefined;
  }
}

/** Undefined where the system does not tell. */
export function readCpuSeconds(pid: number | undefined): number | undefined {
  try {
    // The name in brackets may hold blanks.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}

/** Open file descriptors, sockets among them; undefined where the system does not tell. */
export function countFileDescriptors(pid: number | undefined): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}
