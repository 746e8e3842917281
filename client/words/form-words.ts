/** Words of the report form and of what becomes of a report. */

/** Before and behind the number, or the whole sentence where no number is known. */
export const IN_AN_EMERGENCY = {
  known: ["In an emergency call ", "."],
  unknown: "In an emergency call your emergency number.",
} as const;

/** Beside the button: what becomes of a report, and of one whose place is told coarsely. */
export const WHAT_BECOMES = {
  usual: "Anonymous. Disappears after 90 days.",
  sensitive: "Anonymous. Shown only to about 100 m, for 90 days.",
} as const;

export const SENT_MASKED = "It is on the map for everyone, with some words masked. It disappears after 90 days.";
export const SENT_HELD =
  "We have it. Very many come from around here just now, so somebody looks at it before it is on the map.";
export const KIND_IS_GONE = "Reports of this kind are not taken any more. Please choose another one.";

/** What whoever flags a report is told. */
export const FLAG_THANKS = {
  hidden: "Thank you. It is hidden now.",
  counted: "Thank you. It goes when others flag it too.",
  reviewed: "Thank you. A moderator has looked at it already, and it stays.",
} as const;
