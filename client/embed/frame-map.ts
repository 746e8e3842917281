/** What waits for MapLibre, in one piece: the frame itself is there before. */
export { chooseBasemap, createLiveMap } from "../map/live-map.ts";
export { bindScores } from "../scores/score-map.ts";
export { serveHost } from "./serve-host.ts";
