/** What waits for MapLibre, in one piece: the frame itself is there before. */

export { bindScores } from "../scores/score-map.ts";
export { chooseBasemap, createLiveMap } from "../view/live-map.ts";
export { serveHost } from "./serve-host.ts";
