/** What an abbreviation stands for somewhere: minutes ahead of UTC, and a zone in which it does. */
export interface Meaning {
  readonly minutes: readonly number[];
  readonly example: string;
}

const NEW_YORK = "America/New_York";
const CHICAGO = "America/Chicago";
const DENVER = "America/Denver";
const LOS_ANGELES = "America/Los_Angeles";

/** Those in wide use, with every meaning in wide use: an abbreviation names a zone only together with a place. */
const ABBREVIATIONS: Readonly<
  Record<string, readonly (readonly [hours: number | readonly number[], example: string])[]>
> = {
  EST: [[-5, NEW_YORK]],
  EDT: [[-4, NEW_YORK]],
  ET: [[[-5, -4], NEW_YORK]],
  CST: [
    [-6, CHICAGO],
    [8, "Asia/Shanghai"],
  ],
  CDT: [[-5, CHICAGO]],
  CT: [[[-6, -5], CHICAGO]],
  MST: [[-7, DENVER]],
  MDT: [[-6, DENVER]],
  MT: [[[-7, -6], DENVER]],
  PST: [
    [-8, LOS_ANGELES],
    [8, "Asia/Manila"],
  ],
  PDT: [[-7, LOS_ANGELES]],
  PT: [[[-8, -7], LOS_ANGELES]],
  AKST: [[-9, "America/Anchorage"]],
  AKDT: [[-8, "America/Anchorage"]],
  HST: [[-10, "Pacific/Honolulu"]],
  AST: [
    [-4, "America/Halifax"],
    [3, "Asia/Riyadh"],
  ],
  ADT: [[-3, "America/Halifax"]],
  NST: [[-3.5, "America/St_Johns"]],
  NDT: [[-2.5, "America/St_Johns"]],
  BRT: [[-3, "America/Sao_Paulo"]],
  ART: [[-3, "America/Argentina/Buenos_Aires"]],
  WET: [[0, "Europe/Lisbon"]],
  WEST: [[1, "Europe/Lisbon"]],
  BST: [
    [1, "Europe/London"],
    [6, "Asia/Dhaka"],
  ],
  IST: [
    [5.5, "Asia/Kolkata"],
    [1, "Europe/Dublin"],
    [2, "Asia/Jerusalem"],
  ],
  IDT: [[3, "Asia/Jerusalem"]],
  CET: [[1, "Europe/Paris"]],
  CEST: [[2, "Europe/Paris"]],
  MEZ: [[1, "Europe/Berlin"]],
  MESZ: [[2, "Europe/Berlin"]],
  EET: [[2, "Europe/Helsinki"]],
  EEST: [[3, "Europe/Helsinki"]],
  MSK: [[3, "Europe/Moscow"]],
  SAST: [[2, "Africa/Johannesburg"]],
  CAT: [[2, "Africa/Maputo"]],
  EAT: [[3, "Africa/Nairobi"]],
  WAT: [[1, "Africa/Lagos"]],
  GST: [[4, "Asia/Dubai"]],
  PKT: [[5, "Asia/Karachi"]],
  WIB: [[7, "Asia/Jakarta"]],
  HKT: [[8, "Asia/Hong_Kong"]],
  SGT: [[8, "Asia/Singapore"]],
  PHT: [[8, "Asia/Manila"]],
  JST: [[9, "Asia/Tokyo"]],
  KST: [[9, "Asia/Seoul"]],
  AWST: [[8, "Australia/Perth"]],
  ACST: [[9.5, "Australia/Adelaide"]],
  ACDT: [[10.5, "Australia/Adelaide"]],
  AEST: [[10, "Australia/Sydney"]],
  AEDT: [[11, "Australia/Sydney"]],
  NZST: [[12, "Pacific/Auckland"]],
  NZDT: [[13, "Pacific/Auckland"]],
};

/** What an abbreviation in capitals can stand for; `undefined` when nobody uses it. */
export function abbreviationsOf(abbreviation: string): readonly Meaning[] | undefined {
  if (!Object.hasOwn(ABBREVIATIONS, abbreviation)) return undefined;
  return ABBREVIATIONS[abbreviation]?.map(([hours, example]) => ({
    minutes: (typeof hours === "number" ? [hours] : hours).map((hour) => hour * 60),
    example,
  }));
}
