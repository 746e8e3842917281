/** How much happens in each local hour, from midnight on. Only the proportions count. */
export const RHYTHMS = {
  lateNight: [10, 9, 7, 3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 4, 6, 8, 10, 11],
  evening: [5, 3, 2, 1, 1, 0, 1, 2, 3, 3, 4, 4, 5, 5, 5, 6, 7, 9, 11, 11, 10, 9, 8, 7],
  afterDark: [8, 6, 4, 2, 1, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 5, 8, 11, 12, 12, 11, 9],
  earlyWork: [0, 0, 0, 0, 1, 4, 12, 14, 10, 8, 7, 6, 5, 5, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0],
  commute: [1, 0, 0, 0, 1, 3, 7, 12, 14, 8, 4, 3, 3, 3, 3, 5, 8, 12, 11, 6, 3, 2, 2, 1],
  daytime: [1, 0, 0, 0, 0, 1, 3, 5, 7, 9, 10, 11, 11, 10, 9, 9, 9, 9, 8, 6, 4, 3, 2, 1],
  afternoon: [1, 0, 0, 0, 0, 0, 1, 2, 4, 6, 9, 11, 12, 12, 12, 12, 12, 11, 10, 8, 5, 3, 2, 1],
  nightOut: [7, 5, 2, 1, 0, 0, 0, 0, 0, 1, 1, 2, 3, 3, 3, 4, 5, 7, 10, 13, 14, 13, 12, 10],
} as const;

export type Rhythm = keyof typeof RHYTHMS;

/** How much happens on each day of the week, from Sunday on. */
export const WEEKS = {
  every: [1, 1, 1, 1, 1, 1, 1],
  workdays: [0.15, 1, 1.05, 1.05, 1, 0.95, 0.4],
  weekend: [1.5, 0.5, 0.5, 0.6, 0.8, 1.5, 1.9],
  lateWeek: [1, 0.6, 0.65, 0.7, 0.9, 1.3, 1.5],
  errands: [0.9, 0.95, 1, 1, 1.05, 1.1, 1.2],
} as const;

export type Week = keyof typeof WEEKS;
