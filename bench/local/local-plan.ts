import { OperatorError } from "../../server/console/operator-error.ts";
export const PARTS = ["import", "tiles", "load", "endurance", "posts"] as const;
export type Part = (typeof PARTS)[number];

/** How much is measured. */
export interface Plan {
  readonly parts: readonly Part[];
  /** Reports of the city here and in PostGIS. */
  readonly count: number;
  /** Of the city on the emulator, which takes minutes for more. */
  readonly emulatorCount: number;
  readonly zooms: readonly number[];
  /** Of the emulator's cold tiles, whose starts take longer than the tiles. */
  readonly emulatorZooms: readonly number[];
  readonly tilesPerZoom: number;
  /** Of the mixed load. */
  readonly enduranceSeconds: number;
  /** Of every other load. */
  readonly loadSeconds: number;
}

const COUNT = 1_000_000;
const EMULATOR_COUNT = 20_000;
const ENDURANCE_SECONDS = 1200;

const FULL = {
  parts: PARTS,
  count: COUNT,
  emulatorCount: EMULATOR_COUNT,
  zooms: Array.from({ length: 18 }, (_, z) => z),
  emulatorZooms: [0, 4, 8, 10, 12, 14, 16, 17],
  tilesPerZoom: 12,
  enduranceSeconds: ENDURANCE_SECONDS,
  loadSeconds: 10,
} as const satisfies Plan;

/** Whether it runs at all, within seconds. */
const SMALL = {
  ...FULL,
  count: 1_000,
  emulatorCount: 300,
  zooms: [0, 12, 17],
  emulatorZooms: [12],
  tilesPerZoom: 2,
  enduranceSeconds: 6,
  loadSeconds: 0.5,
} as const satisfies Plan;

/** Reads `--small`, `--count N`, `--seconds N` and `--only import,tiles`. @throws Error on anything else. */
export function readPlan(args: readonly string[]): Plan {
  const base: Plan = args.includes("--small") ? SMALL : FULL;
  const after = (name: string) => args[args.indexOf(name) + 1] ?? "";
  const number = (name: string, fallback: number) => {
    if (!args.includes(name)) return fallback;
    const value = Number(after(name));
    if (!(value >= 1)) throw new Error(`${name} takes a number from 1 on, not ${after(name)}`);
    return value;
  };
  const count = number("--count", base.count);
  const only = args.includes("--only") ? after("--only").split(",") : PARTS;
  const parts = PARTS.filter((part) => only.includes(part));
  if (parts.length !== only.length) throw new OperatorError(`--only takes some of ${PARTS.join(",")}`);
  return {
    ...base,
    parts,
    count,
    emulatorCount: Math.min(count, base.emulatorCount),
    enduranceSeconds: number("--seconds", base.enduranceSeconds),
  };
}

/** Name of the results: what was measured with less does not overwrite the figures of the whole. */
export const resultName = ({ count }: Plan): string => (count === COUNT ? "local" : `local-${count}`);
