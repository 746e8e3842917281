// Words of the dashboard that all of its views share. Those of single views stand beside, so that a view brings its own alone.

export const UNREACHABLE = "The server cannot be reached. Check your connection and try again.";
export const BUSY = "The server is having trouble. Try again in a moment.";
/** Of accounts and of what is counted; the map needs neither. */
export const DATABASE_AWAY = "Accounts and figures cannot be read just now. Try again in a moment.";
export const STARTING = "The server is still starting. We go on by ourselves as soon as it is ready.";
export const tooMany = (seconds: number): string => `That was a lot at once. Try again in ${seconds} seconds.`;

export const DASHBOARD = "Stratum dashboard";
export const MENU = "Menu";
export const LOADING = "Loading…";
export const TRY_AGAIN = "Try again";
export const SIGN_OUT = "Sign out";
export const SIGN_IN = "Sign in";
export const SESSION_ENDED = "Your session has ended. Sign in to go on.";
export const DEMO_NOTE = "This is the demo account. It may look at everything; what others see it cannot change.";
export const PART_MISSING = "This part of the page could not be loaded.";

/** Title and a line of what a view is for, by its name. */
export const VIEW_WORDS = {
  overview: { link: "Overview", title: "Overview", lead: "How the city is doing, against a week ago." },
  trends: {
    link: "Trends",
    title: "Trends",
    lead: "Scores and reports over time, of a city or one of its neighbourhoods.",
  },
  compare: { link: "Compare", title: "Compare", lead: "Up to four neighbourhoods beside each other." },
  queue: {
    link: "Infrastructure",
    title: "Infrastructure queue",
    lead: "What residents reported about streets, lights and pipes: newest or most severe first.",
  },
  moderation: {
    link: "Moderation",
    title: "Moderation",
    lead: "Reports that others flagged, or that came in a flood.",
  },
  exports: {
    link: "Exports",
    title: "Exports",
    lead: "Scores, counts of reports, and the reports themselves as files.",
  },
  areas: { link: "Own areas", title: "Own areas", lead: "Districts or patches of your own, which nobody else sees." },
  keys: { link: "API keys", title: "API keys", lead: "Keys for programs and for tile addresses." },
  usage: { link: "Usage", title: "Usage", lead: "Calls by day, by kind and by key." },
  billing: { link: "Billing", title: "Plan and billing", lead: "What you have, and what else there is." },
  account: { link: "Account", title: "Account", lead: "Your name, password, sessions and data." },
  operator: { link: "Accounts", title: "All accounts", lead: "Plans, keys and usage of everybody." },
  pricing: { link: "Pricing", title: "Plans", lead: "The map is free. These are for whoever works with it." },
} as const;

/** Headings of the navigation's parts. */
export const GROUP_WORDS = {
  city: "City",
  data: "Data",
  account: "You",
  operator: "Operator",
} as const;

export const CITY = "City";
export const SOURCE = "Source";
/** For whom a link's looks do not say it. */
export const sourceOf = (what: string): string => `The request behind ${what}`;
export const NO_DATA = "No data";
export const NOTHING_YET = "Nothing yet";
export const CANCEL = "Cancel";
export const CLOSE = "Close";
export const COPY = "Copy";
export const COPIED = "Copied";
export const SELECTED = "Selected: copy it by hand";
export const SHOW_TABLE = "As a table";
export const DAY = "Day";
export const showAll = (count: number): string => `Show all ${count}`;

/** What a plan lacks, and where to get it. */
export const PLAN_NAMES = { anonymous: "No account", resident: "Resident", agent: "Agent", city: "City" } as const;
export const planNeeded = (plan: string): string => `Part of the ${plan} plan`;
export const SEE_PLANS = "See the plans";

export const ROLE_NAMES = {
  resident: "Resident",
  agent: "Agent",
  city: "City",
  operator: "Operator",
} as const;

export const than = { week: "than a week ago" } as const;

const longDay = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "UTC" });
/** "Nov 29, 2026", of a day or an instant, UTC. */
export const formatDay = (day: string): string => longDay.format(new Date(day));

const shortDay = new Intl.DateTimeFormat("en", { month: "short", day: "numeric", timeZone: "UTC" });
/** "Nov 29", UTC. */
export const formatShortDay = (day: string): string => shortDay.format(new Date(day));

const percents = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" });
/** "+30%", of 30. */
export const formatPercent = (percent: number): string => percents.format(percent / 100).replace("-", "−");

const dollars = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumFractionDigits: 0 });
export const formatDollars = (amount: number): string => dollars.format(amount);

export const SHARE_WORDS = {
  share: "Copy link",
  shared: "Link copied. Whoever may open this dashboard sees the same, but for areas of your own.",
  copyByHand: "The link is in the address bar.",
} as const;
