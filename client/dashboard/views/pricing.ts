import type { Navigation, ViewContent } from "../page/visit.ts";
import { planCards } from "./plan-cards.ts";

/** What there is to buy, for visitors; whoever is signed in buys on the page of their plan. */
export const pricingView = (visit: Navigation): ViewContent => [planCards(visit)];
