/** Words of the report form and of what becomes of a report. */

/** Before and behind the number, or the whole sentence where no number is known. */
export const IN_AN_EMERGENCY = {
  known: ["In an emergency call ", "."],
  unknown: "In an emergency call your emergency number.",
} as const;

export const SENT_MASKED = "It is on the map for everyone, with some words masked. It disappears after 90 days.";
export const KIND_IS_GONE = "Reports of this kind are not taken any more. Please choose another one.";
