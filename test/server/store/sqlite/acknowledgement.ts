import type { KeyClaim } from "../../../../server/ports/report-store.ts";
import type { Report } from "../../../../tiles/report.ts";

/** One line of what a writing process says: a write that was acknowledged, as it was asked for. */
export type Acknowledgement =
  | { readonly kind: "put"; readonly reports: readonly Report[] }
  | {
      readonly kind: "edit";
      readonly id: string;
      readonly version: number;
      readonly isShown: boolean;
      readonly text?: string;
    }
  | { readonly kind: "claim"; readonly key: string; readonly claim: KeyClaim }
  /** The body is its number as text. */
  | { readonly kind: "derived"; readonly name: string; readonly number: number };

export const DERIVED_GROUP = "cuts";

/** Whole lines alone: the last one of a killed process may be cut. */
export const acknowledgementsIn = (text: string): Acknowledgement[] =>
  text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Acknowledgement);

export const lineOf = (acknowledgement: Acknowledgement): string => `${JSON.stringify(acknowledgement)}\n`;
